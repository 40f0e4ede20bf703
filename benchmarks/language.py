"""How fast questions are read, on a usual and on a huge catalog."""

from __future__ import annotations

import datetime as dt
from functools import partial

from benchmarks.catalogs import questions, view
from benchmarks.figures import Figure, milliseconds, p50_and_p95, seconds
from datamind.language.engine import BuiltinPlanner
from datamind.records import Identity, Question

TODAY = dt.date(2026, 6, 30)


def figures() -> list[Figure]:
    """The engine's figures."""
    usual = _times(BuiltinPlanner(), 20, 20)
    planner = BuiltinPlanner()
    huge = view(1_000, 20)
    ready = seconds(lambda: planner.compiled(huge))
    times = _times(planner, 1_000, 20)
    return [
        *p50_and_p95("reading a question, 20 tables", usual, 25, 100),
        *p50_and_p95("reading a question, 1,000 tables", times, 300, 300),
        Figure("making 1,000 tables and 20,000 columns ready", ready, "s", 20),
    ]


def _times(planner: BuiltinPlanner, tables: int, columns: int) -> list[float]:
    seen = view(tables, columns)
    planner.compiled(seen)
    asked = [Question(text, Identity("bench"), TODAY) for text in questions(seen, 60)]
    return milliseconds(partial(planner.interpret, question, seen) for question in asked)
