"""The oracle: where a right answer was lost, by looking through all readings and not the first.

A reading is right where its rows are. `width` readings are looked for beside those that the engine
keeps, to tell what it can express at all from what it finds in time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from datamind.errors import DataMindError
from datamind.evaluation.gold import Golds
from datamind.evaluation.run import question_of
from datamind.evaluation.suite import Case
from datamind.language.engine import BuiltinPlanner
from datamind.pipeline.ask import run_reading
from datamind.pipeline.context import AskContext
from datamind.pipeline.interpret import interpret
from datamind.records import Candidate

WIDER = 6

Place = Literal[
    "answered rightly", "first, but refused", "in the beam, not first", "beyond the beam",
    "not found", "refused rightly", "answered in vain", "failed",
]  # fmt: skip
PLACES: tuple[Place, ...] = Place.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a question ended. `readings` are the beam's: features of each, and if it is right."""

    id: str
    set: str
    database: str
    question: str
    place: Place
    status: str
    rank: int | None
    readings: tuple[tuple[Mapping[str, float], bool], ...] = ()
    tags: tuple[str, ...] = ()
    asker: str = ""

    def as_line(self) -> dict[str, object]:
        """For a file of traces."""
        line = asdict(self)
        line["readings"] = [{"features": dict(f), "right": right} for f, right in self.readings]
        return line


class Oracle:
    """Traces questions on one database."""

    def __init__(self, context: AskContext, golds: Golds, today: dt.date) -> None:
        self._context = context
        self._golds = golds
        self._today = today
        self._wide = BuiltinPlanner(width=WIDER)

    def trace(self, case: Case) -> Trace:
        """Where the case was decided."""
        try:
            question = question_of(case, self._context, self._today)
            read = interpret(question, self._context.view, self._context.planner)
        except DataMindError:
            return self._made(case, "failed", "error", [], read=())
        right = self._right(case, read.candidates)
        if not case.answerable:
            place: Place = "answered in vain" if read.status == "answered" else "refused rightly"
        elif True in right:
            place = _place(right.index(True), read.status)
        else:
            wide = interpret(question, self._context.view, self._wide).candidates
            beyond = [c for c in wide if c.plan not in {kept.plan for kept in read.candidates}]
            place = "beyond the beam" if True in self._right(case, beyond) else "not found"
        return self._made(case, place, read.status, right, read=read.candidates)

    def _made(
        self, case: Case, place: Place, status: str, right: list[bool], *, read: Sequence[Candidate]
    ) -> Trace:
        pairs = zip(read, right, strict=True)
        return Trace(
            case.id, case.set, case.database, case.question, place, status,
            right.index(True) if True in right else None,
            tuple((dict(c.features), ok) for c, ok in pairs), case.tags, case.asker,
        )  # fmt: skip

    def _right(self, case: Case, readings: Sequence[Candidate]) -> list[bool]:
        return [case.answerable and self._is_right(case, reading) for reading in readings]

    def _is_right(self, case: Case, reading: Candidate) -> bool:
        try:
            rows = run_reading(reading, self._context).rows
        except DataMindError:
            return False
        return self._golds.judge(case, rows)


def _place(rank: int, status: str) -> Place:
    if rank:
        return "in the beam, not first"
    return "answered rightly" if status == "answered" else "first, but refused"


def trace_all(cases: Iterable[Case], oracle: Oracle) -> list[Trace]:
    """A trace for each case."""
    return [oracle.trace(case) for case in cases]
