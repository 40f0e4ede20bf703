#!/usr/bin/env bash
# Compiles pyproject.toml into hash-pinned requirements that name no host and fit every platform.
# dev.txt is resolved first and constrains the others, so that the sets never disagree.
# `make lock ARGS="--upgrade"` takes newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v uv >/dev/null; then
    tool=$(mktemp -d)
    trap 'rm -rf "$tool"' EXIT
    .venv/bin/python -m venv "$tool"
    "$tool/bin/pip" install --quiet uv
    PATH=$tool/bin:$PATH
fi

compile() {
    local out=requirements/$1.txt
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
        pyproject.toml "$@" --output-file "$out" ${ARGS:-}
}
compile dev requirements/build.in --extra dev
compile demo requirements/build.in --extra demo --constraint requirements/dev.txt
compile base --constraint requirements/dev.txt
if grep -nE '[a-z]+://' requirements/*.txt; then
    echo "A lock file names a host: see the lines above." >&2
    exit 1
fi
