"""How much memory this process and those below it take: shared pages are counted once (PSS)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
# What a process is, by what its command line holds.
KINDS = ((b"warehouse/worker.py", "query"), (b"multiprocessing", "engine"), (b"dbt", "dbt"))


def memory_of_us() -> dict[str, float]:
    """Bytes by kind: `server` (this process), `engine`, `query`, `dbt`, `other`; empty where the
    system does not tell."""
    found: dict[str, float] = {}
    for pid in (os.getpid(), *_below(os.getpid())):
        try:
            size, kind = _size(pid), _kind(pid)
        except (OSError, ValueError):
            continue  # it has ended meanwhile
        found[kind] = found.get(kind, 0.0) + size
    return found


def _below(root: int) -> Iterator[int]:
    waiting = [root]
    while waiting:
        try:
            tasks = list((PROC / str(waiting.pop()) / "task").iterdir())
            children = [int(c) for task in tasks for c in (task / "children").read_text().split()]
        except (OSError, ValueError):
            continue
        waiting += children
        yield from children


def _size(pid: int) -> float:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return 1024.0 * int(line.split()[1])
    raise ValueError("it is no process any more")


def _kind(pid: int) -> str:
    if pid == os.getpid():
        return "server"
    command = (PROC / str(pid) / "cmdline").read_bytes()
    return next((kind for words, kind in KINDS if words in command), "other")
