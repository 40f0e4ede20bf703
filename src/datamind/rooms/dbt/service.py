"""dbt's runs, for admins: asked for as jobs, followed, called off; and the models in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.dbt_records import Command, DbtWanted, DocsPage
from datamind.errors import BadInput, NotFound
from datamind.ports import Dbt
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.dbt.jobs import KIND, new_run
from datamind.rooms.dbt.models import DbtRun
from datamind.rooms.dbt.schemas import (
    UNDER_WAY,
    DbtIn,
    LogLine,
    ModelOut,
    ModelsOut,
    RunDetail,
    RunOut,
    RunsPage,
    StartedOut,
    Status,
    WaitedOut,
)
from datamind.rooms.jobs import following, queue
from datamind.rooms.jobs import service as jobs
from datamind.rooms.jobs.kinds import WAYS
from datamind.rooms.jobs.queue import MOST_LINES, Order
from datamind.rooms.jobs.schemas import JobDetail
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Ground, Parts

LOOK_S = 0.3
SPARE_S = 600  # a job's time beyond dbt's own limit, in which it waits for nothing
LOST = "Whoever ran it was lost; what is in use was left as it was."
CALLED_OFF = "The run was called off before it began."


def dbt_of(ground: Ground) -> Dbt:
    """The configured project; BadInput where there is none."""
    if ground.dbt is None:
        raise BadInput("No dbt project is configured.", hint="Set DBT_PROJECT_PATH to its folder.")
    return ground.dbt()


async def start(
    session: AsyncSession, ground: Ground, caller: Caller, command: Command, wanted: DbtIn,
    key: str | None = None,
) -> StartedOut:  # fmt: skip
    """Ask for a run. One runs at a time; others wait. The same `key` again asks for it once."""
    need(caller, "admin")
    await asyncio.to_thread(dbt_of, ground)  # told now if it can't be run
    asked = DbtWanted(command, tuple(wanted.models), tuple(wanted.exclude), wanted.full_refresh)
    run_id = clock.new_id("run") if key is None else _run_of(caller, key)
    payload = {
        "run_id": run_id, "command": command, "select": list(asked.select),
        "exclude": list(asked.exclude), "full_refresh": asked.full_refresh,
    }  # fmt: skip
    order = Order(kind=KIND, payload=payload, idempotency_key=key, **WAYS[KIND])
    order = replace(order, timeout_s=ground.settings.dbt.timeout_s + SPARE_S)
    job = await queue.enqueue(session, ground, caller, order)
    if await session.get(DbtRun, run_id) is None:
        session.add(new_run(run_id, job.id, asked, caller.identity.user, ground.now()))
        await session.flush()
        await note(
            ground, caller, f"dbt_{command}", Outcome.intent, run=run_id,
            models=list(asked.select), exclude=list(asked.exclude),
        )  # fmt: skip
    return StartedOut(job_id=job.id, run_id=run_id)


def _run_of(caller: Caller, key: str) -> str:
    """The run that the key stands for: the same each time."""
    import hashlib

    return f"run-{hashlib.sha256(f'{caller.identity.user} {key}'.encode()).hexdigest()[:24]}"


async def waited(ground: Ground, caller: Caller, run_id: str) -> WaitedOut:
    """The run once it is over. Keeps no session meanwhile."""
    while True:
        async with ground.database.unit() as session:
            run = await get(session, ground, caller, run_id)
        if run.status not in UNDER_WAY:
            break
        await asyncio.sleep(LOOK_S)
    lines = list(run.lines)
    while len(run.lines) == jobs.LINES:
        async with ground.database.unit() as session:
            run = await get(session, ground, caller, run_id, after=lines[-1].seq)
        lines += run.lines
    good = run.status == "success"
    output = "\n".join(line.line for line in lines) or run.message
    return WaitedOut(status="success" if good else "failed", output=output, run_id=run_id)


async def find(
    session: AsyncSession, ground: Ground, caller: Caller, *, command: Command | None,
    status: Status | None, limit: int, cursor: str | None,
) -> RunsPage:  # fmt: skip
    """A page of runs, newest first."""
    need(caller, "admin")
    await _settle(session, ground, caller)
    found = select(DbtRun)
    if command is not None:
        found = found.where(DbtRun.command == command)
    if status is not None:
        found = found.where(DbtRun.status == status)
    rows, total, following = await page_of(
        session, found, DbtRun.created_at, DbtRun.id, limit=limit, cursor=cursor
    )
    items = [RunOut.model_validate(row) for row in rows]
    return RunsPage(items=items, total=total, next_cursor=following)


async def get(
    session: AsyncSession, ground: Ground, caller: Caller, run_id: str, *, after: int = 0
) -> RunDetail:
    """A run and the lines of its log after this one."""
    need(caller, "admin")
    run = await _existing(session, run_id)
    job = await _job_of(session, caller, run, after)
    if job is not None:
        await _settle_one(session, ground, run, job)
    lines = [LogLine(seq=x.seq, at=x.at, line=x.line) for x in job.log] if job else []
    told = RunOut.model_validate(run).model_dump()
    if job is not None and job.status in ("queued", "running") and run.status not in UNDER_WAY:
        told["status"] = "running"  # how it ended is known, and the last of its log not kept yet
    progress = job.progress if job is not None and told["status"] in UNDER_WAY else 1.0
    return RunDetail(**told, progress=progress, lines=lines)


async def follow(
    parts: Parts, caller: Caller, run_id: str, path: str, *, after: int, last_event: str | None
) -> AsyncIterator[following.Event] | None:
    """The log of a run as it comes, as `jobs.following` tells it of its job."""
    async with parts.database.unit() as session:
        run = await get(session, parts, caller, run_id)

    async def told(_: JobDetail) -> Mapping[str, Any]:
        async with parts.database.unit() as session:
            ended = await get(session, parts, caller, run_id, after=MOST_LINES)
        return {"status": ended.status, "message": ended.message, "failed": ended.failed}

    return await following.follow(
        parts, caller, run.job_id, path, after=after, last_event=last_event, told=told
    )


async def cancel(session: AsyncSession, ground: Ground, caller: Caller, run_id: str) -> RunOut:
    """Call a run off; one that is over stays as it is."""
    need(caller, "admin")
    run = await _existing(session, run_id)
    if run.status in UNDER_WAY:
        await jobs.cancel(session, ground, caller, run.job_id)
        job = await _job_of(session, caller, run, 0)
        if job is not None:
            await _settle_one(session, ground, run, job)
        await note(ground, caller, "dbt_cancel", Outcome.success, run=run_id)
    return RunOut.model_validate(run)


async def models(ground: Ground, caller: Caller) -> ModelsOut:
    """The models of the build in use, each with its tests."""
    need(caller, "admin")
    found = await asyncio.to_thread(lambda: dbt_of(ground).models())
    items = [ModelOut.model_validate(model) for model in found]
    return ModelsOut(items=items, total=len(items))


async def docs(ground: Ground, caller: Caller) -> DocsPage:
    """dbt's documentation of the build in use."""
    need(caller, "admin")
    found = await asyncio.to_thread(lambda: dbt_of(ground).docs())
    if found is None:
        raise NotFound("There is no documentation yet.", hint="POST /admin/dbt/docs makes it.")
    return found


async def _settle(session: AsyncSession, ground: Ground, caller: Caller) -> None:
    """Runs whose job is over without a word of it are over, too."""
    for run in (await session.scalars(select(DbtRun).where(DbtRun.status.in_(UNDER_WAY)))).all():
        job = await _job_of(session, caller, run, 0)
        if job is not None:
            await _settle_one(session, ground, run, job)


async def _settle_one(session: AsyncSession, ground: Ground, run: DbtRun, job: JobDetail) -> None:
    if run.status not in UNDER_WAY or job.ended_at is None:
        return
    off = job.status == "cancelled"
    ending = {
        "status": "cancelled" if off else "error",
        "message": CALLED_OFF if off and job.started_at is None else job.error_message or LOST,
        "ended_at": job.ended_at,
    }
    mine = update(DbtRun).where(DbtRun.id == run.id, DbtRun.status.in_(UNDER_WAY))
    await session.execute(mine.values(ending))
    await session.refresh(run)


async def _job_of(
    session: AsyncSession, caller: Caller, run: DbtRun, after: int
) -> JobDetail | None:
    """The job of a run; jobs are not kept as long."""
    try:
        return await jobs.get(session, caller, run.job_id, after=after)
    except NotFound:
        return None


async def _existing(session: AsyncSession, run_id: str) -> DbtRun:
    run = await session.get(DbtRun, run_id)
    if run is None:
        raise NotFound("There is no such run.", hint="GET /admin/dbt/runs lists them.")
    return run
