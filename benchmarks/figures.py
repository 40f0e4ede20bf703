"""A figure and its target, and how figures are taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from datamind.evaluation.report import percentile


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and the most that it may be; no target: reported only."""

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def missed(self) -> bool:
        """Whether it is over its target."""
        return self.target is not None and self.value > self.target


def seconds(work: Callable[[], object]) -> float:
    """How long one run takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def milliseconds(works: Iterable[Callable[[], object]], rounds: int = 3) -> list[float]:
    """Sorted times of all the works, each run `rounds` times after one that does not count."""
    found = []
    for work in works:
        work()
        found += [1000 * seconds(work) for _ in range(rounds)]
    return sorted(found)


def p50_and_p95(name: str, times: list[float], p50: float, p95: float) -> list[Figure]:
    """Two figures with their targets in milliseconds."""
    return [
        Figure(f"{name}, p50", percentile(times, 50), "ms", p50),
        Figure(f"{name}, p95", percentile(times, 95), "ms", p95),
    ]
