"""Drilling: the statements of a why-question, each governed, audited and kept like any other."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from datamind.errors import DataMindError, QueryCancelled, QueryTimeout
from datamind.pipeline.answers import drafted
from datamind.pipeline.kept import Read
from datamind.pipeline.prepare import Prepared
from datamind.pipeline.stages import summed
from datamind.pipeline.why import MOST_MEMBERS, Cut, told_why
from datamind.records import Answer, Drill, Interpretation, StageReport

if TYPE_CHECKING:
    from datamind.rooms.questions.asking import Ask

log = logging.getLogger(__name__)
Rows = Callable[[Prepared], Awaitable[tuple[Read, StageReport]]]


async def why(ask: Ask, read: Interpretation, drill: Drill, rows: Rows, *, limit: int) -> Answer:
    """The answer with the cut that explains most. All together take no longer than one statement
    may; what there was no time for, or what failed, is told as not looked at."""
    parts, until = ask.parts, time.monotonic() + ask.parts.settings.query_timeout_s
    cuts: list[Cut] = []
    late: list[str] = []
    reports: list[StageReport] = []
    for name, reading in zip(("", *drill.dimensions), read.candidates, strict=True):
        try:
            if cuts and time.monotonic() > until:
                raise QueryTimeout("There was no time left.")
            prepared, prepares = await parts.engine.prepare(
                (reading,), ask.rights, row_limit=MOST_MEMBERS
            )
            if not cuts:
                ask.answer = drafted(ask.answer, prepared, ask.view, parts.today())
            found, executed = await rows(prepared)
        except QueryCancelled:
            raise
        except DataMindError as fault:
            if not cuts:
                raise
            log.info("a dimension was left out: %s", fault.code)
            late.append(name)
            continue
        reports += (*prepares, executed)
        cuts.append(Cut(name, prepared, found, drill.unit))
    ask.report(summed(reports))
    started = time.perf_counter()
    tell = partial(
        told_why, ask.answer, drill, cuts[0], cuts[1:], ask.view, parts.now(), parts.today(),
        limit=limit, left_out=late,
    )  # fmt: skip
    done = await asyncio.get_running_loop().run_in_executor(parts.threads, tell)
    ask.report((StageReport("explain", round(1000 * (time.perf_counter() - started), 2)),))
    return replace(done, cached=all(cut.read.cached for cut in cuts))
