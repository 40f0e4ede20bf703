"""Ask: the seven stages in a row, from a question to its answer."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from functools import partial

from datamind.errors import DataMindError, QueryCancelled, QueryTimeout, Unavailable, WarehouseError
from datamind.pipeline.answers import blank, completed, failed, told
from datamind.pipeline.context import AskContext
from datamind.pipeline.elsewhere import routed
from datamind.pipeline.execute import execute
from datamind.pipeline.interpret import interpret
from datamind.pipeline.kept import Read
from datamind.pipeline.prepare import Prepared, prepare, prepare_sql
from datamind.pipeline.stages import Stages, summed
from datamind.pipeline.why import MOST_MEMBERS, Cut, told_why
from datamind.records import (
    Answer,
    Candidate,
    Drill,
    Governed,
    Interpretation,
    Question,
    Result,
)

log = logging.getLogger(__name__)


def ask(question: Question, context: AskContext) -> Answer:
    """The answer, whatever happens: errors are answers too, with their code and hint."""
    started = context.timer()
    stages = Stages(context.timer, context.on_stage)
    answer = blank(
        question.text,
        query_id=context.new_id("qry"),
        correlation_id=context.new_id("corr"),
        now=context.now(),
        warehouse=context.target.name,
    )
    try:
        answer = _answer(question, context, stages, answer)
    except DataMindError as fault:
        answer = failed(answer, fault)
    except Exception:
        log.exception("an ask failed", extra={"query_id": answer.query_id})
        answer = failed(answer, DataMindError("Something went wrong inside DataMind."))
    elapsed = round(1000 * (context.timer() - started), 2)
    return replace(answer, stages=tuple(stages.reports), elapsed_ms=elapsed)


def run_reading(reading: Candidate, context: AskContext) -> Result:
    """The rows of one reading, governed like any other; the errors of the stages."""
    return _run(_prepared((reading,), context, Stages(context.timer)).governed, context)


def run_sql(sql: str, context: AskContext) -> Result:
    """The rows of somebody's SQL, governed like any other; the errors of the stages."""
    return _run(prepared_sql(sql, context).governed, context)


def prepared_sql(sql: str, context: AskContext) -> Prepared:
    """Somebody's SQL, governed; nothing is run."""
    return prepare_sql(
        sql, context.view, context.target, Stages(context.timer), row_limit=context.row_limit,
        policy=context.policy,
    )  # fmt: skip


def said_of(read: Interpretation) -> str:
    """What stage 1 says to the asker."""
    return f"{read.status}, {len(read.candidates)} readings"


def _answer(question: Question, context: AskContext, stages: Stages, answer: Answer) -> Answer:
    read = stages.run(
        "interpret", lambda: interpret(question, context.view, context.planner), said_of
    )
    answer = told(answer, read, context.view, question.today)
    if read.status != "answered":
        return answer
    if read.drill is not None:
        return _why(answer, read, read.drill, context, stages, question.today)
    prepared = _prepared(read.candidates, context, stages)
    answer, result = stages.run("execute", partial(_rows, answer, prepared, context))
    rows = Read(result, answer.generated_at)
    return stages.run("explain", partial(
        completed, answer, prepared, rows, context.view, rows.as_of, question.today,
    ))  # fmt: skip


def _why(
    answer: Answer,
    read: Interpretation,
    drill: Drill,
    context: AskContext,
    stages: Stages,
    today: dt.date,
) -> Answer:
    """The answer of a drill: all readings are run, each governed like any other, while there is
    time; the one that explains most is told."""
    apart, until = Stages(context.timer), context.timer() + context.timeout_s
    cuts: list[Cut] = []
    late: list[str] = []
    for name, reading in zip(("", *drill.dimensions), read.candidates, strict=True):
        try:
            if cuts and context.timer() > until:
                raise QueryTimeout("There was no time left.")
            prepared = _prepared((reading,), context, apart, row_limit=MOST_MEMBERS)
            ran, result = apart.run("execute", partial(_rows, answer, prepared, context))
        except QueryCancelled:
            raise
        except DataMindError as fault:
            if not cuts:
                raise
            log.info("a dimension was left out: %s %s", fault.code, fault.message)
            late.append(name)
            continue
        answer = answer if cuts else ran
        cuts.append(Cut(name, prepared, Read(result, answer.generated_at), drill.unit))
    for report in summed(apart.reports):
        stages.add(report)
    return stages.run("explain", lambda: told_why(
        answer, drill, cuts[0], cuts[1:], context.view, answer.generated_at, today,
        limit=context.row_limit, left_out=late,
    ))  # fmt: skip


def _prepared(
    readings: tuple[Candidate, ...], context: AskContext, stages: Stages,
    row_limit: int | None = None,
) -> Prepared:  # fmt: skip
    most = row_limit or context.row_limit
    made = prepare(
        readings, context.view, context.target, stages, row_limit=most, policy=context.policy
    )
    return routed(made, context.beside, row_limit=most) if context.beside is not None else made


def _rows(answer: Answer, prepared: Prepared, context: AskContext) -> tuple[Answer, Result]:
    """The rows, from where the plan was routed to; where that fails, from where everything can be
    asked. The answer says which, and why."""
    elsewhere, why = prepared.elsewhere, prepared.routed
    if elsewhere is not None:
        try:
            result = _run(elsewhere, context)
        except QueryCancelled:
            raise
        except (WarehouseError, Unavailable) as fault:
            log.info("a routed query failed: %s", fault.code)
            why = f"{elsewhere.target} did not answer this"
        else:
            return replace(answer, warehouse=elsewhere.target, routed=why), result
    return replace(answer, routed=why), _run(prepared.governed, context)


def _run(governed: Governed, context: AskContext) -> Result:
    return execute(
        governed,
        context.warehouse,
        timeout_s=context.timeout_s,
        max_estimate=context.max_estimate,
    )
