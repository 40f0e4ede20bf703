"""Figures and tables of verdicts and traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from datamind.evaluation.oracle import PLACES, Trace
from datamind.evaluation.run import Outcome, Verdict

T = TypeVar("T", Verdict, Trace)
Grid = tuple[list[str], list[list[str]]]
ROWS_BY = ("set", "database", "tag", "person")
SCORES = ("questions", "right", "%", "wrong", "no answer", "to refuse", "refused", "in vain",
          "errors", "p50 ms", "p95 ms")  # fmt: skip
BINS = 10
# What has to be looked at comes first.
WORST_FIRST: tuple[Outcome, ...] = (
    "wrong", "answered in vain", "error", "no answer", "right", "refused",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Totals:
    """How many questions ended how: `answerable` have an answer, `to_refuse` have none."""

    answerable: int
    right: int
    wrong: int
    no_answer: int
    to_refuse: int
    refused: int
    in_vain: int
    errors: int
    p50_ms: float
    p95_ms: float

    @property
    def right_percent(self) -> float | None:
        """Right ones of those that have an answer; None where none has."""
        return 100 * self.right / self.answerable if self.answerable else None

    @property
    def wrong_percent(self) -> float:
        """Wrong answers, and answers in vain, of all questions."""
        asked = self.answerable + self.to_refuse
        return 100 * (self.wrong + self.in_vain) / asked if asked else 0.0


def totals(verdicts: Sequence[Verdict]) -> Totals:
    """The figures of a run, or of a part of it."""
    found = Counter(v.outcome for v in verdicts)
    to_refuse = found["refused"] + found["answered in vain"]
    times = sorted(v.elapsed_ms for v in verdicts)
    return Totals(
        answerable=len(verdicts) - to_refuse, right=found["right"], wrong=found["wrong"],
        no_answer=found["no answer"], to_refuse=to_refuse, refused=found["refused"],
        in_vain=found["answered in vain"], errors=found["error"],
        p50_ms=percentile(times, 50), p95_ms=percentile(times, 95),
    )  # fmt: skip


def scores(verdicts: Sequence[Verdict], by: str) -> Grid:
    """One row for each set (or what it is by), and one for all. `%` is of the questions with
    answers."""
    return [by, *SCORES], [[name, *_scored(totals(group))] for name, group in groups(verdicts, by)]


def _scored(t: Totals) -> list[str]:
    return [
        str(t.answerable), str(t.right), share(t.right_percent), str(t.wrong), str(t.no_answer),
        str(t.to_refuse), str(t.refused), str(t.in_vain), str(t.errors),
        f"{t.p50_ms:.1f}", f"{t.p95_ms:.1f}",
    ]  # fmt: skip


def worst_first(verdict: Verdict) -> int:
    """For sorting: wrong answers before none, and those before right ones."""
    return WORST_FIRST.index(verdict.outcome)


def share(percent: float | None) -> str:
    """A percentage for a table, without its sign."""
    return "-" if percent is None else f"{percent:.1f}"


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which that share of the sorted values lies, interpolated; 0 of none."""
    if not ordered:
        return 0.0
    at = (len(ordered) - 1) * percent / 100
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def places(traces: Sequence[Trace], by: str) -> Grid:
    """How many questions of each set or database were decided where."""
    rows = []
    for name, group in groups(traces, by):
        found = Counter(t.place for t in group)
        rows.append([name, *(str(found[place]) for place in PLACES)])
    return [by, *PLACES], rows


def groups(items: Sequence[T], by: str) -> list[tuple[str, list[T]]]:
    """The items of each set, database, tag or person, and all of them; one with several tags is in
    several groups."""
    found: dict[str, list[T]] = {}
    for item in items:
        for name in _names(item, by):
            found.setdefault(name, []).append(item)
    named: list[tuple[str, list[T]]] = sorted(found.items())
    if list(found) != ["all"]:
        named.append(("all", list(items)))
    return named


def _names(item: Verdict | Trace, by: str) -> Sequence[str]:
    match by:
        case "tag":
            return item.tags
        case "person":
            return (item.asker or "nobody",)
    return (str(getattr(item, by)),)


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence was about the same, and how many of them were right."""

    low: float
    high: float
    answers: int
    confidence: float
    right: float


def reliability(verdicts: Iterable[Verdict]) -> list[Bin]:
    """How often answers were right, by how sure the engine was of them."""
    found: dict[int, list[Verdict]] = {}
    for v in verdicts:
        if v.outcome in ("right", "wrong", "answered in vain"):
            found.setdefault(min(BINS - 1, int(v.confidence * BINS)), []).append(v)
    return [
        Bin(
            at / BINS, (at + 1) / BINS, len(group),
            sum(v.confidence for v in group) / len(group),
            sum(v.outcome == "right" for v in group) / len(group),
        )
        for at, group in sorted(found.items())
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Floors:
    """What a run has to reach, in percent: right ones at least, wrong ones at most."""

    min_right: float | None = None
    max_wrong: float | None = None

    def missed(self, figures: Totals) -> list[str]:
        """What the figures miss, in words; a floor for answers says nothing where none is due."""
        found = []
        right, wrong = figures.right_percent, figures.wrong_percent
        if self.min_right is not None and right is not None and right < self.min_right:
            found.append(f"{right:.1f} % right, {self.min_right:g} % wanted")
        if self.max_wrong is not None and wrong > self.max_wrong:
            found.append(f"{wrong:.1f} % wrong, {self.max_wrong:g} % allowed")
        return found
