"""Asks the questions of a suite and compares what is answered with what is right."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from datamind.errors import NotFound
from datamind.evaluation.gold import Golds
from datamind.evaluation.samples import Sample, sample
from datamind.evaluation.suite import Case
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Answer, Identity, Question, Turn
from datamind.values import plain

Outcome = Literal["right", "wrong", "no answer", "refused", "answered in vain", "error"]
OUTCOMES: tuple[Outcome, ...] = Outcome.__args__  # type: ignore[attr-defined]
ASKER = "evaluation"
UNANSWERED = "after a question that was not answered"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a question; `right` and `refused` are as they should be.

    `wrong` was answered, but not rightly; `no answer` was refused or asked back although there is
    one; `answered in vain` should have been refused; `error` failed. `expected` is SQL or rows.
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
    status: str = ""
    expected: str = ""
    tags: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    asker: str = ""
    known_miss: str = ""

    def as_line(self) -> dict[str, object]:
        """For a file of verdicts."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with the first rows of what was answered, and of what was expected; `said` is how
    the question was understood, or why it was not."""

    verdict: Verdict
    found: Sample | None = None
    expected: Sample | None = None
    said: str = ""

    def as_line(self) -> dict[str, object]:
        """For a file of verdicts: no rows."""
        return self.verdict.as_line()


def question_of(case: Case, context: AskContext, today: dt.date) -> Question:
    """The case's question, asked on that day after those before it; NotFound where one of them has
    no answer that it could follow."""
    asker = Identity(case.asker or ASKER)
    earlier: tuple[Turn, ...] = ()
    for text in case.after:
        answer = ask(Question(text, asker, today, case.evidence, earlier=earlier), context)
        if answer.status != "answered" or answer.plan is None:
            raise NotFound(f"{UNANSWERED}: {text}")
        earlier += (Turn(text, answer.plan, context.view.catalog.version),)
    return Question(case.question, asker, today, case.evidence, earlier=earlier)


def judged(
    case: Case, context: AskContext, golds: Golds, today: dt.date, *, rows: bool = False
) -> Judged:
    """The case asked and judged; with its first rows where they are wanted."""
    try:
        answer = ask(question_of(case, context, today), context)
    except NotFound as fault:
        return Judged(_verdict(case, "error", why=fault.message), said=fault.message)
    verdict = _verdict(case, _outcome(case, answer, golds), answer)
    if not rows:
        return Judged(verdict)
    expected = _expected_rows(case, golds, context)
    if answer.status != "answered":
        return Judged(verdict, None, expected, answer.summary)
    found = sample(answer.rows, answer.sql, context, answer.columns)
    return Judged(verdict, found, expected, answer.explanation)


def _verdict(case: Case, outcome: Outcome, answer: Answer | None = None, why: str = "") -> Verdict:
    return Verdict(
        case.id, case.set, case.database, case.question, outcome,
        confidence=answer.confidence if answer else 0.0,
        elapsed_ms=answer.elapsed_ms if answer else 0.0,
        sql=answer.sql if answer else None,
        why=answer.error_code or "" if answer else why,
        status=answer.status if answer else "",
        expected=_expected(case),
        tags=case.tags, after=case.after, asker=case.asker, known_miss=case.known_miss,
    )  # fmt: skip


def _outcome(case: Case, answer: Answer, golds: Golds) -> Outcome:
    if answer.status == "error":
        return "error"
    if answer.status != "answered":
        return "no answer" if case.answerable else "refused"
    if not case.answerable:
        return "answered in vain"
    return "right" if golds.judge(case, answer.rows) else "wrong"


def _expected(case: Case) -> str:
    """What an answer has to give, as text: the first gold as it is written, or rows as JSON."""
    if case.golds:
        return case.golds[0].sql
    if case.rows is None:
        return "refuse"
    return json.dumps([[plain(v) for v in row] for row in case.rows], ensure_ascii=False)


def _expected_rows(case: Case, golds: Golds, context: AskContext) -> Sample | None:
    if case.golds:
        gold = case.golds[0]
        return sample(golds.rows(gold.sql), golds.frozen(gold), context)
    return sample(case.rows, None, context) if case.rows is not None else None


def run(
    cases: Iterable[Case], context: AskContext, golds: Golds, today: dt.date, *, rows: bool = False
) -> Iterator[Judged]:
    """Each case judged, one by one."""
    return (judged(case, context, golds, today, rows=rows) for case in cases)
