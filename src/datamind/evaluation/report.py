"""Tables of verdicts and traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from datamind.evaluation.oracle import PLACES, Trace
from datamind.evaluation.run import Verdict

T = TypeVar("T", Verdict, Trace)
Grid = tuple[list[str], list[list[str]]]
SCORES = ("questions", "right", "%", "wrong", "no answer", "to refuse", "refused", "in vain",
          "errors", "p50 ms", "p95 ms")  # fmt: skip


def scores(verdicts: Sequence[Verdict], by: str) -> Grid:
    """One row for each set or database, and one for all. `%` is of the questions with answers."""
    return [by, *SCORES], [[name, *_scored(group)] for name, group in _groups(verdicts, by)]


def _scored(group: Sequence[Verdict]) -> list[str]:
    found = Counter(v.outcome for v in group)
    to_refuse = found["refused"] + found["answered in vain"]
    answerable = len(group) - to_refuse
    times = sorted(v.elapsed_ms for v in group)
    share = f"{100 * found['right'] / answerable:.1f}" if answerable else "-"
    return [
        str(answerable), str(found["right"]), share, str(found["wrong"]), str(found["no answer"]),
        str(to_refuse), str(found["refused"]), str(found["answered in vain"]), str(found["error"]),
        f"{percentile(times, 50):.1f}", f"{percentile(times, 95):.1f}",
    ]  # fmt: skip


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which that share of the sorted values lies, interpolated."""
    at = (len(ordered) - 1) * percent / 100
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def places(traces: Sequence[Trace], by: str) -> Grid:
    """How many questions of each set or database were decided where."""
    rows = []
    for name, group in _groups(traces, by):
        found = Counter(t.place for t in group)
        rows.append([name, *(str(found[place]) for place in PLACES)])
    return [by, *PLACES], rows


def _groups(items: Sequence[T], by: str) -> list[tuple[str, list[T]]]:
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(str(getattr(item, by)), []).append(item)
    named: list[tuple[str, list[T]]] = sorted(groups.items())
    if list(groups) != ["all"]:
        named.append(("all", list(items)))
    return named


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> Grid:
    """How many questions went from one outcome to another."""
    moved = Counter((before[i], after[i]) for i in before if i in after)
    rows = [[old, new, str(n)] for (old, new), n in sorted(moved.items()) if old != new]
    return ["was", "is", "questions"], rows
