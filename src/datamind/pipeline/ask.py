"""Ask: the seven stages in a row, from a question to its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from datamind.errors import AccessDenied, DataMindError, PlanInvalid, SqlRejected
from datamind.pipeline.context import AskContext
from datamind.pipeline.execute import execute
from datamind.pipeline.explain import explain
from datamind.pipeline.generate import generate
from datamind.pipeline.interpret import interpret
from datamind.pipeline.optimize import optimize
from datamind.pipeline.sanitize import sanitize
from datamind.pipeline.validate import validate
from datamind.records import (
    Answer,
    Candidate,
    Draft,
    Governed,
    Interpretation,
    Question,
    Result,
    StageReport,
)

log = logging.getLogger(__name__)

ATTEMPTS = 3
WHICH = "The question can be read in several ways. Which one is meant?"
CHOOSE = "Ask again in the words of one of these."
WHETHER = "Not sure what is meant. Is it this?"
AGREE = "If it is, ask again in these words; if not, in others."
# What to do about a refusal, by its code.
HINT = "Ask in words of the data: `datamind catalog show` lists it, `catalog search` finds it."
HINTS = {
    "write_request": "Ask what the data says; to change it, use the program that it belongs to.",
    "advice": "Ask for figures that help to decide: how many, how much, which, when.",
    "future": "Ask about the past: a trend over months or years, for example.",
}
T = TypeVar("T")


@dataclass
class _Stages:
    """Runs the stages of one ask, times them and reports each as it ends."""

    context: AskContext
    reports: list[StageReport] = field(default_factory=list)

    def run(self, name: str, stage: Callable[[], T], detail: Callable[[T], str] | None = None) -> T:
        started = self.context.timer()
        made = stage()
        elapsed = 1000 * (self.context.timer() - started)
        report = StageReport(name, round(elapsed, 2), detail(made) if detail else "")
        self.reports.append(report)
        self.context.on_stage(report)
        return made


def ask(question: Question, context: AskContext) -> Answer:
    """The answer, whatever happens: errors are answers too, with their code and hint."""
    started = context.timer()
    stages = _Stages(context)
    blank = Answer(
        query_id=context.new_id("qry"),
        correlation_id=context.new_id("corr"),
        question=question.text,
        status="error",
        generated_at=context.now(),
        warehouse=context.warehouse.name,
    )
    try:
        answer = _answer(question, context, stages, blank)
    except AccessDenied as fault:
        answer = replace(_failed(blank, fault), status="forbidden")
    except DataMindError as fault:
        answer = _failed(blank, fault)
    except Exception:
        log.exception("an ask failed", extra={"query_id": blank.query_id})
        answer = _failed(blank, DataMindError("Something went wrong inside DataMind."))
    elapsed = round(1000 * (context.timer() - started), 2)
    return replace(answer, stages=tuple(stages.reports), elapsed_ms=elapsed)


def run_reading(reading: Candidate, context: AskContext) -> Result:
    """The rows of one reading, governed like any other; the errors of the stages."""
    _, governed = _prepare(reading, context, _Stages(context))
    return _run(governed, context)


def _failed(blank: Answer, fault: DataMindError) -> Answer:
    return replace(blank, summary=fault.message, error_code=fault.code, hint=fault.hint)


def _answer(question: Question, context: AskContext, stages: _Stages, blank: Answer) -> Answer:
    read = stages.run(
        "interpret",
        lambda: interpret(question, context.view, context.planner),
        lambda r: f"{r.status}, {len(r.candidates)} readings",
    )
    told = replace(
        blank,
        status=read.status,
        confidence=read.confidence,
        unresolved=read.unresolved,
        choices=read.choices,
        refusal=read.refusal,
        error_code=read.refusal.code if read.refusal else None,
        summary=read.refusal.reason if read.refusal else "",
        hint=HINTS.get(read.refusal.code, HINT) if read.refusal else None,
    )
    if read.status == "clarify" and read.choices:
        several = len(read.choices) > 1
        summary, hint = (WHICH, CHOOSE) if several else (WHETHER, AGREE)
        return replace(told, summary=summary, hint=hint)
    if read.status != "answered":
        return told
    reading, draft, governed, result = _first_that_runs(read, context, stages)
    result = _with_units(result, draft)
    said = stages.run("explain", lambda: explain(draft, governed, result, context.view))
    return replace(
        told,
        sql=draft.sql,
        governed_sql=governed.sql,
        plan=reading.plan,
        columns=result.columns,
        rows=result.rows,
        truncated=result.truncated,
        summary=said.summary,
        explanation=said.plan,
        assumptions=reading.assumptions,
        links=reading.links,
        chart=said.chart,
        trust=draft.trust,
        origin=draft.origin,
        warnings=said.warnings,
        follow_ups=tuple(f for f in said.follow_ups if not _alike(f, question.text)),
        data_version=result.data_version,
        error_code=None,
        hint=None,
    )


def _with_units(result: Result, draft: Draft) -> Result:
    """The result, its columns with the units that the plan knows; a database knows none."""
    units = dict(draft.units)
    columns = tuple(replace(c, unit=units.get(c.name, c.unit)) for c in result.columns)
    return replace(result, columns=columns)


def _alike(one: str, other: str) -> bool:
    return one.casefold().rstrip(" ?.") == other.casefold().rstrip(" ?.")


def _first_that_runs(
    read: Interpretation, context: AskContext, stages: _Stages
) -> tuple[Candidate, Draft, Governed, Result]:
    """The first reading that passes the guard; the next is tried where one is rejected."""
    rejected: DataMindError = SqlRejected("No reading of the question could be put into SQL.")
    for reading in read.candidates[:ATTEMPTS]:
        try:
            draft, governed = _prepare(reading, context, stages)
        except (SqlRejected, PlanInvalid) as fault:
            log.info("a reading was rejected: %s", fault.code)
            rejected = fault
            continue
        return reading, draft, governed, stages.run("execute", partial(_run, governed, context))
    raise rejected


def _prepare(reading: Candidate, context: AskContext, stages: _Stages) -> tuple[Draft, Governed]:
    """A reading's draft and the governed text that it became."""
    view = context.view
    draft = stages.run("generate", partial(_draft, reading, context))
    checked = stages.run("validate", partial(validate, draft, view))
    optimized = stages.run("optimize", partial(optimize, checked))
    governed = stages.run(
        "sanitize", partial(sanitize, optimized, view, row_limit=context.row_limit)
    )
    return draft, governed


def _draft(reading: Candidate, context: AskContext) -> Draft:
    warehouse = context.warehouse
    return generate(reading, context.view, dialect=warehouse.dialect, target=warehouse.name)


def _run(governed: Governed, context: AskContext) -> Result:
    return execute(
        governed,
        context.warehouse,
        timeout_s=context.timeout_s,
        max_estimate=context.max_estimate,
    )
