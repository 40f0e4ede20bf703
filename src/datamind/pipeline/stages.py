"""Stages: runs the steps of one ask, times them and reports each as it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from datamind.records import StageReport

T = TypeVar("T")


def silent(report: StageReport) -> None:
    """Nobody listens to the stages."""


def summed(reports: Iterable[StageReport]) -> tuple[StageReport, ...]:
    """One report for each stage that was run several times, in the order that they began."""
    found: dict[str, list[StageReport]] = {}
    for report in reports:
        found.setdefault(report.stage, []).append(report)
    return tuple(
        StageReport(name, round(sum(r.elapsed_ms for r in runs), 2), f"{len(runs)} times",
                    runs[0].began)
        if len(runs) > 1 else runs[0]
        for name, runs in found.items()
    )  # fmt: skip


@dataclass
class Stages:
    """The reports of one ask so far; `timer` counts seconds."""

    timer: Callable[[], float]
    on_stage: Callable[[StageReport], None] = silent
    reports: list[StageReport] = field(default_factory=list)

    def run(self, name: str, stage: Callable[[], T], detail: Callable[[T], str] | None = None) -> T:
        """What the stage makes; its report is told and kept."""
        began, started = time.time(), self.timer()
        made = stage()
        elapsed = 1000 * (self.timer() - started)
        self.add(StageReport(name, round(elapsed, 2), detail(made) if detail else "", began))
        return made

    def add(self, report: StageReport) -> None:
        """A report of a stage that ran elsewhere."""
        self.reports.append(report)
        self.on_stage(report)
