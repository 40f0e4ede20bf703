"""Checks that what the documentation points to is there: links, anchors, make targets, commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATAMIND = Path(sys.executable).parent / "datamind"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SHELL_BLOCK = re.compile(r"^```(?:sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """All pages that people read: at the root, in docs/ and in the demo."""
    found = [p for folder in (".", "docs", "demo") for p in (ROOT / folder).glob("*.md")]
    return sorted(found)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


def broken_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(CODE_BLOCK.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue  # elsewhere; nothing is fetched here
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            yield f"no such file: {target}"
        elif anchor and anchor not in anchors(file):
            yield f"no such heading: {target}"


def commands(page: Path) -> Iterator[list[str]]:
    """Command lines of the page's shell blocks, continuation lines joined."""
    for block in SHELL_BLOCK.findall(page.read_text()):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield shlex.split(line, comments=True)


def broken_commands(page: Path, targets: set[str], known: dict[str, bool]) -> Iterator[str]:
    for words in commands(page):
        program, *rest = words
        if program == "make":
            missing = [w for w in rest if "=" not in w and w not in targets]
            if missing:
                yield f"no such make target: {missing[0]}"
        elif Path(program).name == "datamind" and rest:
            if rest[0] not in known:
                known[rest[0]] = has_command(rest[0])
            if not known[rest[0]]:
                yield f"no such command: datamind {rest[0]}"


def has_command(name: str) -> bool:
    if name.startswith("-"):
        return True
    run = subprocess.run([DATAMIND, name, "--help"], capture_output=True, check=False)
    return run.returncode == 0


def main() -> int:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known: dict[str, bool] = {}
    faults = [
        f"{page.relative_to(ROOT)}: {fault}"
        for page in pages()
        for fault in (*broken_links(page), *broken_commands(page, targets, known))
    ]
    print(*faults, sep="\n", file=sys.stderr)
    print(f"{len(pages())} pages, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
