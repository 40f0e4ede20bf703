"""Asking: the seven stages for one caller, audited before and after, remembered whatever happens.

The pure stages run in the engine pool, the warehouse in threads: the event loop only waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeVar

from datamind import clock, tracing
from datamind.errors import (
    AccessDenied,
    BadInput,
    DataMindError,
    NotFound,
    QueryCancelled,
    Unavailable,
)
from datamind.governance.rules import Rights
from datamind.pipeline.answers import HINT, blank, completed, drafted, failed, told
from datamind.pipeline.engine import Reports
from datamind.pipeline.prepare import Prepared
from datamind.pipeline.stages import Stages
from datamind.records import (
    Answer,
    Candidate,
    Interpretation,
    Question,
    StageReport,
)
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.places import CallOff
from datamind.rooms.policies.values import rights_of
from datamind.rooms.questions import drilling, history, sharing
from datamind.rooms.questions.reading import ms_since, rows
from datamind.rooms.questions.schemas import AskIn, DemoIn, ExecuteIn, GenerateIn
from datamind.semantics import codec
from datamind.semantics import plan as P
from datamind.semantics.catalog import View

log = logging.getLogger(__name__)

Kind = Literal["ask", "generate", "execute", "results"]
OnStage = Callable[[StageReport], None]
T = TypeVar("T")
DEMO_ROWS = 100
LOOK = "Ask in words of the data: the catalog lists them."
NOT_KEPT = "This answer could not be kept in the history."


def _silent(report: StageReport) -> None:
    """Nobody listens."""


@dataclass
class Ask:
    """One ask on its way: who asks, what is known of the answer so far, and how it is stopped.

    `of` is the query of the history whose rows are read.
    """

    parts: Parts
    caller: Caller
    kind: Kind
    answer: Answer
    stop: CallOff
    stages: Stages
    rights: Rights
    view: View
    conversation_id: str | None = None
    project_id: str | None = None
    fresh: bool = False
    of: str | None = None
    started: float = field(default_factory=time.perf_counter)

    def report(self, reports: Reports) -> None:
        """Stages that ended elsewhere."""
        for report in reports:
            self.stages.add(report)
            seconds = report.elapsed_ms / 1000
            self.parts.metrics.stage(report.stage, seconds)
            if report.stage != "execute":  # that has a span of its own
                tracing.note(report.stage, report.began or time.time() - seconds, seconds)

    async def by_engine(self, work: Awaitable[tuple[T, Reports]]) -> T:
        """What the engine makes; its stages are reported."""
        started = time.perf_counter()
        made, reports = await work
        self.report(reports)
        waited = ms_since(started) - sum(report.elapsed_ms for report in reports)
        self.parts.metrics.waited.labels("engine").observe(max(0.0, waited / 1000))
        return made


async def generate(parts: Parts, caller: Caller, wanted: GenerateIn) -> Answer:
    """The SQL that would answer; nothing is run."""
    need(caller, "analyst")
    asked = AskIn(**wanted.model_dump(), execute=False)
    return await answer(parts, caller, asked, kind="generate")


async def ask(
    parts: Parts, caller: Caller, wanted: AskIn, *, query_id: str | None = None,
    on_stage: OnStage = _silent,
) -> Answer:  # fmt: skip
    """The answer to a question, its rows included."""
    need(caller, "analyst")
    return await answer(parts, caller, wanted, query_id=query_id, on_stage=on_stage)


async def ask_the_demo(parts: Parts, caller: Caller, wanted: DemoIn) -> Answer:
    """The answer to anybody's question, where the warehouse is the demo's."""
    if not (parts.demo_questions and parts.settings.server.public_demo):
        raise AccessDenied("There is no public demo here.", hint="Sign in to ask.")
    await parts.limits.spend(parts.settings.server.demo_limit, "demo", caller.ip)
    return await answer(parts, caller, AskIn(question=wanted.question, limit=DEMO_ROWS))


async def answer(
    parts: Parts, caller: Caller, wanted: AskIn, *, kind: Kind = "ask",
    query_id: str | None = None, on_stage: OnStage = _silent,
) -> Answer:  # fmt: skip
    """The answer, for a caller whose right to ask was checked."""
    await parts.limits.spend(parts.settings.server.ask_limit, "ask", caller.counted)
    if wanted.engine == "model":
        raise BadInput("No language model is configured.", hint="Use builtin or auto.")
    if wanted.execute:
        parts.modes.must("execute")
    limit = _row_limit(parts, wanted.limit)
    chosen = codec.load(wanted.plan) if wanted.plan is not None else None

    async def work(ask: Ask) -> Answer:
        read = await _read(ask, wanted, chosen)
        readings = read.candidates
        if ask.answer.status != "answered":
            return ask.answer
        if read.drill is not None and wanted.execute:
            read_rows = partial(rows, ask)
            return await drilling.why(ask, read, read.drill, read_rows, limit=limit)
        prepared = await ask.by_engine(parts.engine.prepare(readings, ask.rights, row_limit=limit))
        if not wanted.execute:
            return drafted(ask.answer, prepared, ask.view, ask.parts.today())
        return await _executed(ask, prepared)

    return await _asked(
        parts, caller, kind, wanted.question, work, query_id=query_id, on_stage=on_stage,
        conversation_id=wanted.conversation_id, project_id=wanted.project_id,
        fresh=not wanted.cache,
    )  # fmt: skip


async def run_sql(parts: Parts, caller: Caller, wanted: ExecuteIn) -> Answer:
    """Rows of SQL that the caller sent, governed afresh."""
    need(caller, "analyst")
    await parts.limits.spend(parts.settings.server.ask_limit, "ask", caller.identity.user)
    limit = _row_limit(parts, wanted.limit)
    question, plan = "", None
    if wanted.query_id is not None:
        question, plan = await history.origin_of(parts, caller, wanted.query_id, wanted.sql)

    async def work(ask: Ask) -> Answer:
        prepared = await ask.by_engine(
            parts.engine.prepare_sql(wanted.sql, ask.rights, row_limit=limit, plan=plan)
        )
        ask.answer = replace(ask.answer, status="answered", confidence=1.0)
        return await _executed(ask, prepared)

    return await _asked(
        parts, caller, "execute", question, work, sql=wanted.sql,
        conversation_id=wanted.conversation_id, fresh=not wanted.cache,
    )  # fmt: skip


async def results(
    parts: Parts, caller: Caller, query_id: str, *, limit: int | None, cache: bool
) -> Answer:
    """The rows that the caller may see of their own query, or of one that is shared with them."""
    need(caller, "viewer")
    await parts.limits.spend(parts.settings.server.ask_limit, "ask", caller.identity.user)
    kept = await sharing.readable(parts, caller, query_id)
    most = _row_limit(parts, limit)

    async def work(ask: Ask) -> Answer:
        prepared = await ask.by_engine(kept.prepared(parts, ask.rights, row_limit=most))
        ask.answer = replace(ask.answer, status="answered", confidence=1.0)
        return await _executed(ask, prepared)

    answer = await _asked(parts, caller, "results", kept.question, work, sql=kept.sql, of=kept.id,
                          fresh=not cache)  # fmt: skip
    answer = replace(answer, query_id=kept.id)
    if kept.told:
        return answer
    return replace(answer, sql=None, plan=None, explanation="", follow_ups=())


async def cancel(parts: Parts, caller: Caller, query_id: str) -> bool:
    """Call a query off; whether it was still running. Somebody else's looks like none at all."""
    need(caller, "analyst")
    run = parts.running.find(query_id)
    if run is not None and (caller.is_admin or run.user == caller.identity.user):
        run.stop.set()
    elif not await _called_off_elsewhere(parts, caller, query_id):
        await history.must_exist(parts, caller, query_id)
        return False
    await note(parts, caller, "query_cancel", Outcome.success, query=query_id)
    return True


async def _called_off_elsewhere(parts: Parts, caller: Caller, query_id: str) -> bool:
    """Whether another server ran it, for this caller, and calls it off; Unavailable where they
    can't be asked and it has not ended either."""
    who, admin = caller.identity.user, "yes" if caller.is_admin else ""
    try:
        return await parts.signals.ask("cancel", query=query_id, user=who, admin=admin)
    except Unavailable:
        with suppress(NotFound):
            await history.must_exist(parts, caller, query_id)
            return False
        raise Unavailable("Other servers, where it may run, can't be asked now.") from None


async def _asked(
    parts: Parts, caller: Caller, kind: Kind, question: str,
    work: Callable[[Ask], Awaitable[Answer]], *, query_id: str | None = None,
    on_stage: OnStage = _silent, sql: str | None = None, conversation_id: str | None = None,
    project_id: str | None = None, fresh: bool = False, of: str | None = None,
) -> Answer:  # fmt: skip
    """Run the work, then audit and remember how it ended; its error, if any, is raised again."""
    answer = blank(
        question, query_id=query_id or clock.new_id("qry"), now=parts.now(),
        correlation_id=caller.correlation_id, warehouse=parts.warehouse.name,
    )  # fmt: skip
    answer = replace(answer, sql=sql)
    server = parts.settings.server
    with parts.running.entered(
        answer.query_id, caller.identity.user, most=server.queue, most_each=server.queue_each
    ) as stop:
        rights = await rights_of(parts, caller)
        ask = Ask(
            parts, caller, kind, answer, stop, Stages(time.perf_counter, on_stage), rights,
            parts.bindings.of(rights).view, conversation_id, project_id, fresh, of,
        )  # fmt: skip
        fault: DataMindError | None = None
        try:
            with tracing.span(kind, datamind__query_id=answer.query_id) as span:
                ask.answer = await work(ask)
                span.tell(datamind__status=ask.answer.status)
        except asyncio.CancelledError:
            stop.set()
            gone = QueryCancelled("Whoever asked went away.")
            await parts.running.keep(_remember(ask, gone))
            raise
        except DataMindError as known:
            fault = known
        except Exception:
            log.exception("an ask failed", extra={"query_id": answer.query_id})
            fault = DataMindError("Something went wrong inside DataMind.")
        await parts.running.keep(_remember(ask, fault))
        if fault is not None:
            raise fault
        return ask.answer


async def _read(ask: Ask, wanted: AskIn, chosen: P.Query | None) -> Interpretation:
    """Stage 1: the readings to prepare, best first; the answer learns what they say."""
    if chosen is not None:
        read = Interpretation("answered", (Candidate(chosen, 1.0),), 1.0)
    else:
        question = Question(
            wanted.question, ask.caller.identity, ask.parts.today(),
            evidence=wanted.context.definitions, project=wanted.project_id,
            earlier=await history.turns(ask.parts, ask.caller, wanted.conversation_id),
        )  # fmt: skip
        read = await ask.by_engine(ask.parts.engine.interpret(question, ask.rights))
    ask.answer = told(ask.answer, read, ask.view, ask.parts.today())
    if ask.answer.hint == HINT:
        ask.answer = replace(ask.answer, hint=LOOK)
    return read


async def _executed(ask: Ask, prepared: Prepared) -> Answer:
    """Stages 6 and 7."""
    parts = ask.parts
    ask.answer = drafted(ask.answer, prepared, ask.view, ask.parts.today())
    read, report = await rows(ask, prepared)
    if read.cached:
        ask.stages.add(report)
    else:
        ask.report((report,))
    started = time.perf_counter()
    done = await asyncio.get_running_loop().run_in_executor(
        parts.threads, completed, ask.answer, prepared, read, ask.view, parts.now(), parts.today()
    )
    ask.report((StageReport("explain", ms_since(started)),))
    return done


async def _remember(ask: Ask, fault: DataMindError | None) -> None:
    """The outcome in the audit, and the query in the history."""
    parts = ask.parts
    if fault is not None:
        ask.answer = failed(ask.answer, fault)
    elapsed = 1000 * (time.perf_counter() - ask.started)
    ask.answer = replace(ask.answer, stages=tuple(ask.stages.reports), elapsed_ms=round(elapsed, 2))
    answer = ask.answer
    parts.metrics.asked(ask.kind, answer)
    log.info("asked: %s", answer.status, extra={
        "kind": ask.kind, "query_id": answer.query_id, "elapsed_ms": answer.elapsed_ms,
        "code": answer.error_code, "rows": len(answer.rows), "cached": answer.cached,
    })  # fmt: skip
    blocked = answer.status in ("forbidden", "refused") or answer.error_code == "sql_rejected"
    outcome = Outcome.failed if fault is not None else Outcome.success
    await asyncio.gather(
        note(
            parts, ask.caller, f"query_{ask.kind}", Outcome.blocked if blocked else outcome,
            query=answer.query_id, of=ask.of, question=answer.question, answer=answer.status,
            sql=answer.sql, code=answer.error_code, rows=len(answer.rows), cached=answer.cached,
        ),
        _kept(ask, answer),
    )  # fmt: skip


async def _kept(ask: Ask, answer: Answer) -> None:
    """In the history, where rows that are read again are not; where that is down the answer
    stands, for the audit has it too."""
    if ask.of is not None:
        return
    try:
        await history.keep(
            ask.parts, ask.caller, ask.kind, answer, ask.conversation_id, ask.project_id
        )
    except Unavailable:
        log.exception("an ask is not in the history", extra={"query_id": answer.query_id})
        ask.answer = replace(ask.answer, warnings=(*ask.answer.warnings, NOT_KEPT))


def _row_limit(parts: Parts, wanted: int | None) -> int:
    most = parts.settings.row_limit
    return min(wanted or most, most)
