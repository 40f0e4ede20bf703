"""Stage 6 for one ask: its rows, from where its plan was routed to."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from datamind import tracing
from datamind.errors import QueryCancelled, QueryFailed, Unavailable, WarehouseError
from datamind.pipeline.execute import execute
from datamind.pipeline.kept import Read
from datamind.pipeline.prepare import Prepared
from datamind.records import Governed, Result, StageReport
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.policies import blame

if TYPE_CHECKING:
    from datamind.rooms.questions.asking import Ask

log = logging.getLogger(__name__)


async def rows(ask: Ask, prepared: Prepared) -> tuple[Read, StageReport]:
    """Stage 6, where the plan was routed to; where that fails, where everything can be asked."""
    elsewhere, why = prepared.elsewhere, prepared.routed
    if elsewhere is not None:
        try:
            found = await _of(ask, prepared, elsewhere)
        except QueryCancelled:
            raise
        except (WarehouseError, Unavailable) as fault:
            log.warning("a routed query failed: %s", fault.code)
            why = f"{elsewhere.target} did not answer this"
        else:
            ask.answer = replace(ask.answer, warehouse=elsewhere.target, routed=why)
            return found
    ask.answer = replace(ask.answer, routed=why)
    return await _of(ask, prepared, prepared.governed)


async def _of(ask: Ask, prepared: Prepared, governed: Governed) -> tuple[Read, StageReport]:
    """The rows of one form of it: nothing runs before its intent is on the disk."""
    parts = ask.parts
    parts.modes.must("execute")
    await note(
        parts, ask.caller, "query_execution", Outcome.intent, component="warehouse",
        query=ask.answer.query_id, of=ask.of, sql=prepared.draft.sql,
        governed_sql=governed.sql, relations=list(governed.relations),
        columns=list(governed.columns), policies=list(governed.policies),
        fingerprint=governed.fingerprint, target=governed.target,
    )  # fmt: skip
    loop = asyncio.get_running_loop()

    def run() -> Result:
        return execute(
            governed, parts.warehouse, stop=ask.stop,
            timeout_s=parts.settings.query_timeout_s,
        )  # fmt: skip

    async def placed() -> Result:
        async with AsyncExitStack() as stack:
            with parts.metrics.queued("warehouse"):
                await stack.enter_async_context(parts.places.one(ask.caller.counted, ask.stop))
            return await loop.run_in_executor(parts.threads, run)

    started = time.perf_counter()
    try:
        with tracing.span("execute") as span:
            read = await parts.results.of(
                governed, parts.warehouse, placed, stop=ask.stop, fresh=ask.fresh
            )
            span.tell(datamind__cached=read.cached, datamind__rows=len(read.result.rows))
    except QueryFailed as fault:
        raise await blame.told(
            parts, ask.caller, ask.rights, governed, fault
        ) from None  # fmt: skip
    parts.metrics.read(cached=read.cached)
    found = f"{len(read.result.rows):,} rows"
    if read.cached:
        return read, StageReport("execute", ms_since(started), f"{found}, kept")
    return read, StageReport("execute", round(read.result.elapsed_ms, 2), found)


def ms_since(started: float) -> float:
    """Milliseconds since that moment of the process's clock."""
    return round(1000 * (time.perf_counter() - started), 2)
