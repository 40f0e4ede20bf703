"""The job that runs dbt: its lines become the job's log, its end a row of dbt_runs."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import update

from datamind import clock
from datamind.dbt_records import Command, DbtLine, DbtOutcome, DbtWanted
from datamind.errors import DataMindError, DbtBuildFailed
from datamind.ports import Dbt
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import need
from datamind.rooms.dbt.models import DbtRun
from datamind.rooms.jobs.running import Handler, JobContext, in_thread
from datamind.settings import Settings

log = logging.getLogger(__name__)

KIND = "dbt.run"
SYNC = "dbt.sync"
DbtOf = Callable[[Settings], Dbt]
_PLACE = re.compile(r"(\d+) of (\d+) (?:OK|PASS|FAIL|WARN|ERROR|SKIP)")


def handlers(dbt: DbtOf) -> Mapping[str, Handler]:
    """Who does dbt's jobs, by the settings as they are then."""

    async def work(context: JobContext) -> Mapping[str, Any]:
        return await _work(context, dbt)

    return {KIND: work, SYNC: work}


async def _work(context: JobContext, dbt: DbtOf) -> Mapping[str, Any]:
    run_id, wanted = await _begun(context)
    try:
        need(context.caller, "admin")  # who asked may be one no more
        outcome = await _run(context, dbt(context.ground.settings), wanted)
    except DataMindError as fault:
        outcome = DbtOutcome("error", fault.message)
    except asyncio.CancelledError:
        outcome = DbtOutcome("cancelled", "The run was called off.")
        await _ended(context, run_id, wanted, outcome)
        raise
    await _ended(context, run_id, wanted, outcome)
    if outcome.status != "success":
        raise DbtBuildFailed(outcome.message, hint="Its log says more.")
    context.progress(1.0, outcome.message)  # else its last line stands for how it ended
    return {"run_id": run_id, "status": outcome.status, "version": outcome.version}


async def _begun(context: JobContext) -> tuple[str, DbtWanted]:
    """The run that was asked for; the clock asks for one that has no row yet."""
    payload, ground = context.payload, context.ground
    command: Command = payload.get("command") or "sync"
    wanted = DbtWanted(
        command, tuple(payload.get("select") or ()), tuple(payload.get("exclude") or ()),
        bool(payload.get("full_refresh")),
    )  # fmt: skip
    run_id, now = payload.get("run_id"), ground.now()
    async with ground.database.in_turn() as session:
        if run_id is None:
            run_id = clock.new_id("run")
            session.add(new_run(run_id, context.job_id, wanted, "system", now))
            await session.flush()
        # One that is done again has nothing of how it ended before.
        started = {
            "status": "running",
            "started_at": now,
            "ended_at": None,
            "message": "",
            "counts": {},
            "failed": [],
            "warnings": [],
            "version": "",
            "log": "",
        }
        await session.execute(update(DbtRun).where(DbtRun.id == run_id).values(started))
    return run_id, wanted


def new_run(run_id: str, job_id: str, wanted: DbtWanted, who: str, now: Any) -> DbtRun:
    """The row of a run that waits."""
    return DbtRun(
        id=run_id, job_id=job_id, command=wanted.command, status="queued", requested_by=who,
        selectors={
            "models": list(wanted.select), "exclude": list(wanted.exclude),
            "full_refresh": wanted.full_refresh,
        },
        counts={}, failed=[], warnings=[], created_at=now,
    )  # fmt: skip


async def _run(context: JobContext, dbt: Dbt, wanted: DbtWanted) -> DbtOutcome:
    """Run it in a thread, which ends within seconds once the job is called off."""
    loop = asyncio.get_running_loop()

    def say(line: DbtLine) -> None:
        loop.call_soon_threadsafe(_tell, context, line)

    return await in_thread(context, lambda stop: dbt.run(wanted, say=say, stop=stop))


def _tell(context: JobContext, line: DbtLine) -> None:
    mark = "" if line.level == "info" else f"{line.level.upper()}: "
    context.log(f"{line.at:%H:%M:%S} {mark}{line.message}")
    log.info("dbt: %s%s", mark, line.message, extra={"dbt_invocation_id": line.invocation})
    place = _PLACE.match(line.message)
    if place is not None:
        context.progress(int(place[1]) / max(1, int(place[2])), line.message)


async def _ended(context: JobContext, run_id: str, wanted: DbtWanted, outcome: DbtOutcome) -> None:
    ground = context.ground
    context.log(outcome.message)
    ending = {
        "status": outcome.status, "message": outcome.message, "counts": dict(outcome.counts),
        "failed": [asdict(f) for f in outcome.failed], "warnings": list(outcome.warnings),
        "version": outcome.version, "artifacts": outcome.artifacts, "log": outcome.log,
        "ended_at": ground.now(),
    }  # fmt: skip
    async with ground.database.in_turn() as session:
        await session.execute(update(DbtRun).where(DbtRun.id == run_id).values(ending))
    good = Outcome.success if outcome.status == "success" else Outcome.failed
    await note(
        ground, context.caller, f"dbt_{wanted.command}", good, component="worker", run=run_id,
        ended=outcome.status, build=outcome.version,
        failed=[f.name for f in outcome.failed][:20],
    )  # fmt: skip
