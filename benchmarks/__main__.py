"""Take all figures, print them beside their targets, and fail on a miss."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import asking, guard, language, serving
from benchmarks.figures import Figure


def main() -> int:
    """1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=300_000, help="order lines of the demo")
    lines: int = parser.parse_args().lines
    found = [*language.figures(), *guard.figures()]
    with tempfile.TemporaryDirectory() as home:
        found += [*asking.figures(lines, Path(home)), *serving.figures(Path(home))]
    _show(found)
    return int(any(figure.missed for figure in found))


def _show(found: list[Figure]) -> None:
    table = Table("figure", "measured", "target", "", show_edge=False)
    for f in found:
        target = "" if f.target is None else f"≤ {f.target:,.4g} {f.unit}"
        mark = "missed" if f.missed else ""
        table.add_row(f.name, f"{f.value:,.4g} {f.unit}", target, mark)
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
