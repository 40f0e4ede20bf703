#!/usr/bin/env bash
# Puts requirements/$1.txt and this checkout into .venv: with uv, the machine's or the locked one, or
# else with pip.
# Additive on purpose: a .venv that holds the dev set keeps it when the demo set is asked for.
set -euo pipefail
cd "$(dirname "$0")/.."
set_name=${1:?usage: scripts/install.sh demo|dev}
venv=.venv
lock=requirements/$set_name.txt

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf '\033[31m%s\033[0m\n' "$*" >&2; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if new_enough "$name"; then command -v "$name"; return; fi
    done
    die "DataMind needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3.11)."
}

make_venv() {
    local python=$1
    if command -v uv >/dev/null; then uv venv --quiet --clear --seed --python "$python" "$venv"; return; fi
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "This Python has no ensurepip: installing the system package python3-venv"
            { apt-get update -qq && apt-get install -y -qq python3-venv; } >/dev/null || true
        fi
        "$python" -c 'import ensurepip' 2>/dev/null ||
            die "This Python can't make virtual environments (no ensurepip). Install uv, or the" \
                "system package for it (Debian, Ubuntu: apt-get install python3-venv), and run make again."
    fi
    "$python" -m venv --clear "$venv"
}

if [ "$set_name" = demo ] && [ "$venv/.dev" -nt "$lock" ]; then
    exit 0  # the dev set holds the demo set
fi
if ! new_enough "$venv/bin/python"; then
    python=$(find_python)
    say "Making $venv with $("$python" --version)"
    make_venv "$python"
fi
# No resolving: a lock is complete, and older pips stumble over its extras. Where uv's own way to the
# registry is shut (it heeds none of pip's settings), pip does all of it.
say "Installing $lock into $venv"
pip() { "$venv/bin/python" -m pip -qq --disable-pip-version-check "$@"; }
with_uv() {
    PATH=$PATH:$venv/bin uv pip install --quiet --compile-bytecode --no-deps \
        --python "$venv/bin/python" "$@"
}
if ! command -v uv >/dev/null && ! "$venv/bin/python" -c 'import uv' 2>/dev/null; then
    pip install --require-hashes --no-deps -r <(sed -n '/^uv==/,/[^\\]$/p' "$lock") || true
fi
with_uv --require-hashes -r "$lock" || pip install --require-hashes --no-deps -r "$lock"
with_uv --no-build-isolation -e . || pip install --no-deps --no-build-isolation -e .
# The pages are tested in a real browser, and disks are made slow. Where that can't be installed,
# the tests say so.
missing=()
command -v chromium chromium-browser google-chrome >/dev/null || missing+=(chromium)
command -v strace >/dev/null || missing+=(strace)
if [ "$set_name" = dev ] && [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing the system packages ${missing[*]}, which tests drive"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"; } \
            >/dev/null 2>&1 || say "They could not be installed: their tests will be skipped"
    else
        say "Not found: ${missing[*]} (Debian: apt-get install ${missing[*]}): their tests will be skipped"
    fi
fi
