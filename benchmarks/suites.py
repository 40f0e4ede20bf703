"""Our own question suites: seventeen, over databases that their writers made up, to fit and judge.

    python -m benchmarks.suites FOLDER [--traces traces.jsonl]

unpacks each suite's databases into FOLDER/<suite>/*.duckdb; with `--traces` it also writes what
the engine makes of all questions, for `make train`. A suite is a file of questions with golden SQL
beside an archive of DuckDB databases (suites/README.md).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent / "suites"
TODAY = "2025-06-18"  # the day for which the golden SQL is written


def build(folder: Path) -> list[str]:
    """The suites, their databases unpacked into a folder of each one's name."""
    found = sorted(HERE.glob("*.zip"))
    for archive in found:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder / archive.stem)
    return [archive.stem for archive in found]


def trace(folder: Path, suites: list[str], file: Path) -> None:
    """What the engine made of every question, as `datamind eval explain --out` writes it."""
    lines = []
    for suite in suites:
        part = folder / f"{suite}.traces.jsonl"
        command = [
            "datamind", "eval", "explain", str(HERE / f"{suite}.jsonl"), "--databases",
            str(folder / suite), "--today", TODAY, "--out", str(part),
        ]  # fmt: skip
        subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], check=True)
        lines.append(part.read_text("utf-8"))
    file.write_text("".join(lines), "utf-8")


def main() -> None:
    """Unpack, and trace if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--traces", type=Path)
    given = parser.parse_args()
    suites = build(given.folder)
    if given.traces is not None:
        trace(given.folder, suites, given.traces)


if __name__ == "__main__":
    main()
