"""Asks the questions of a suite and compares what is answered with what is right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from datamind.evaluation.gold import Golds
from datamind.evaluation.suite import Case
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Answer, Identity, Question

Outcome = Literal["right", "wrong", "no answer", "refused", "answered in vain", "error"]
ASKER = Identity("evaluation")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a question; `right` and `refused` are as they should be.

    `wrong` was answered, but not rightly; `no answer` was refused or asked back although there is
    one; `answered in vain` should have been refused; `error` failed.
    """

    id: str
    set: str
    database: str
    question: str
    outcome: Outcome
    confidence: float
    elapsed_ms: float
    sql: str | None = None
    why: str = ""

    def as_line(self) -> dict[str, object]:
        """For a file of verdicts."""
        return asdict(self)


def question_of(case: Case, today: dt.date) -> Question:
    """The case's question, asked on that day."""
    return Question(case.question, ASKER, today, evidence=case.evidence)


def verdict(case: Case, answer: Answer, golds: Golds) -> Verdict:
    """The answer judged."""
    return Verdict(
        case.id, case.set, case.database, case.question, _outcome(case, answer, golds),
        answer.confidence, answer.elapsed_ms, answer.sql, answer.error_code or "",
    )  # fmt: skip


def _outcome(case: Case, answer: Answer, golds: Golds) -> Outcome:
    if answer.status in ("error", "forbidden"):
        return "error"
    if answer.status != "answered":
        return "no answer" if case.answerable else "refused"
    if not case.answerable:
        return "answered in vain"
    return "right" if golds.judge(case, answer.rows) else "wrong"


def run(cases: Iterable[Case], context: AskContext, golds: Golds, today: dt.date) -> list[Verdict]:
    """A verdict for each case."""
    return [verdict(c, ask(question_of(c, today), context), golds) for c in cases]
