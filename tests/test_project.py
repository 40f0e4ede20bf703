"""Holds the project's own promises: files, documentation, pins, licences and modesty of size."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 400
CODE_FOLDERS = ("src", "tests", "demo", "benchmarks", "scripts")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Hosts that committed text may name: standards, licences, the code's home, and what none reach.
HOSTS = frozenset(
    "apache.org www.apache.org keepachangelog.com semver.org github.com docs.github.com www.w3.org"
    " localhost 127.0.0.1 0.0.0.0 host db example.com example.org user".split()
)
BINDING = re.compile(r"\b(A?GPL|EUPL|SSPL)|Affero|(?<!Lesser )General Public")
# Distributions under two licences, of which we take the permissive one.
DUAL_LICENSED = {"text-unidecode": "Artistic", "docutils": "Public Domain"}


def committed() -> list[Path]:
    """Files of the repository that exist, as git knows them."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listing.returncode:
        pytest.skip("not a git checkout")
    files = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return [file for file in files if file.is_file()]


def texts() -> list[tuple[str, str]]:
    """Name and text of each committed text file."""
    found = []
    for file in committed():
        try:
            found.append((file.relative_to(ROOT).as_posix(), file.read_text()))
        except UnicodeDecodeError:
            continue
    return found


def modules(*folders: str) -> list[Path]:
    """Python files of these folders that are ours, not made or fetched."""
    ours = set(committed())
    return sorted(f for folder in folders for f in (ROOT / folder).rglob("*.py") if f in ours)


def test_no_file_names_a_host_that_is_not_expected() -> None:
    found = [
        f"{name}: {host}"
        for name, text in texts()
        for host in re.findall(r"\bhttps?://(?:[^/\s@]*@)?([\w.-]+)", text)
        if host.strip(".") not in HOSTS
        and "." in host
        and not host.strip(".").endswith(".example.com")
    ]
    assert not found, found


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [
        f"{name}: {path}"
        for name, text in texts()
        for path in re.findall(r"(?<![\w.$}/~-])/(?:work|root|home|opt|Users)/[\w./-]+", text)
    ]
    assert not found, found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_requirements_are_pinned_with_hashes_and_name_no_host(lock: Path) -> None:
    text = lock.read_text().replace("\\\n", " ")
    pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert pins
    assert [
        p for p in pins if not re.match(r"[\w.-]+(\[[\w, -]+\])?==\S+ .*--hash=sha256:", p)
    ] == []
    assert "://" not in text
    assert "index-url" not in text and "find-links" not in text


def test_all_sets_agree_and_dev_holds_them_all() -> None:
    pin = re.compile(r"^([\w.-]+)(?:\[[\w, -]+\])?(==[\w.]+)", re.MULTILINE)
    pins = {lock.stem: set(pin.findall(lock.read_text())) for lock in LOCKS}
    assert set(pins) == {"base", "demo", "dev"}
    assert pins["base"] <= pins["demo"] <= pins["dev"]


def test_what_we_declare_is_what_we_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    declared = [*project["dependencies"], *(d for extra in extras for d in extra)]
    names = {re.split(r"[\[=<>]", d)[0].lower() for d in declared} - {"datamind"}
    lock = (ROOT / "requirements/dev.txt").read_text()
    locked = set(re.findall(r"^([\w.-]+)(?:\[[\w, -]+\])?==", lock, re.MULTILINE))
    assert names <= locked


def test_no_dependency_has_a_licence_that_binds_our_code() -> None:
    bound = []
    for dist in importlib.metadata.distributions():
        meta = dist.metadata
        classifiers = [c for c in meta.get_all("Classifier") or [] if c.startswith("License")]
        licence = " ".join([meta.get("License-Expression") or "", *classifiers])
        permissive = DUAL_LICENSED.get(dist.name, "\0")
        if (
            re.search(r"\b(A?GPL|EUPL|SSPL)|Affero|(?<!Lesser )General Public", licence)
            and permissive not in licence
        ):
            bound.append(f"{dist.name}: {licence}")
    assert not bound, bound


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text and "Version 2.0" in text and "END OF TERMS" in text


def test_every_module_opens_with_a_sentence() -> None:
    opening = re.compile(r'(?:#.*\n)*r?"""[^"]*?[.?!](?:"""|\n\n|\n""")')
    silent = [
        str(f.relative_to(ROOT))
        for f in modules(*CODE_FOLDERS)
        if (text := f.read_text()).strip() and not opening.match(text)
    ]
    assert not silent, silent


def test_no_module_is_too_long_to_read_at_a_sitting() -> None:
    def is_table(file: Path) -> bool:
        return "tables" in file.parts or file.stem.endswith(("_table", "_data"))

    long = [
        f"{f.relative_to(ROOT)}: {lines}"
        for f in modules("src")
        if not is_table(f) and (lines := f.read_text().count("\n")) > MAX_LINES
    ]
    assert not long, long


def errors() -> list[type]:
    """All error classes, the base included."""
    from datamind import errors as module

    return [
        e for e in vars(module).values()
        if isinstance(e, type) and issubclass(e, module.DataMindError)
    ]  # fmt: skip


def test_every_error_is_documented_with_its_code_status_and_exit_code() -> None:
    text = (ROOT / "docs/errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    documented = {code: (int(status), int(exit_code)) for code, status, exit_code in rows}
    assert documented == {e.code: (e.status, e.exit_code) for e in errors()}  # type: ignore[attr-defined]
    assert len(rows) == len(documented)


def test_every_error_has_a_code_of_its_own_and_a_hint() -> None:
    codes = [e.code for e in errors()]  # type: ignore[attr-defined]
    assert len(codes) == len(set(codes))
    assert all(e.default_hint for e in errors())  # type: ignore[attr-defined]


def test_every_exit_code_is_documented() -> None:
    documented = set(
        re.findall(r"^\| (\d+) \|", (ROOT / "docs/exit-codes.md").read_text(), re.MULTILINE)
    )
    assert {"0", *(str(e.exit_code) for e in errors())} <= documented  # type: ignore[attr-defined]


@pytest.mark.slow
def test_documentation_holds() -> None:
    check = subprocess.run(
        [sys.executable, "scripts/check_docs.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
