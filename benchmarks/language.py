"""How fast questions are read, and in how much memory, on catalogs from usual to huge.

Each catalog is made in a process of its own (`python -m benchmarks.language TABLES`). All of its
columns are described, and those of text hold 50 values each, most of them found nowhere else.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.catalogs import questions, view
from benchmarks.figures import Figure, milliseconds, p50_and_p95, seconds
from datamind.adapters.catalog_store import dump, load
from datamind.evaluation.report import percentile
from datamind.language.engine import BuiltinPlanner
from datamind.records import Identity, Question

TODAY = dt.date(2026, 6, 30)
COLUMNS, VALUES = 20, 50
# Tables, and the targets: p50 and p95 of reading a question, seconds to make ready, megabytes.
SIZES = ((20, 25, 100, 1, 150), (200, 100, 200, 5, 200), (1_000, 300, 300, 20, 400))


def figures() -> list[Figure]:
    """The engine's figures for each size."""
    return [figure for size in SIZES for figure in _figures(*size)]


def _figures(tables: int, p50: float, p95: float, ready: float, memory: float) -> list[Figure]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.language", str(tables)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(ran.stdout)
    said = f"{tables:,} tables"
    return [
        *p50_and_p95(f"reading a question, {said}", found["times"], p50, p95),
        Figure(f"making {said} and {tables * COLUMNS:,} columns ready", found["ready"], "s", ready),
        Figure(f"loading {said} from where they are kept", found["load"], "s"),
        Figure(f"memory of a process that reads about {said}, peak", found["peak"], "MB", memory),
    ]


def _measure(tables: int) -> dict[str, object]:
    seen = view(tables, COLUMNS, values=VALUES)
    planner = BuiltinPlanner()
    ready = seconds(lambda: planner.compiled(seen))
    asked = [Question(text, Identity("bench"), TODAY) for text in questions(seen, 60)]
    times = milliseconds(partial(planner.interpret, question, seen) for question in asked)
    peak = peak_memory()
    kept = gzip.compress(json.dumps(dump(seen.catalog)).encode(), compresslevel=1)
    loaded = [seconds(lambda: load(json.loads(gzip.decompress(kept)))) for _ in range(3)]
    return {"times": times, "ready": ready, "peak": peak, "load": percentile(sorted(loaded), 50)}


def peak_memory() -> float:
    """The most that this process has held, in MB (proc_pid_status); not what its parent had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]))))
