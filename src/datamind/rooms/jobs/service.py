"""Jobs as admins see them: listed, looked into, called off, sent again."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import Conflict, NotFound
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.models import Job, JobLine
from datamind.rooms.jobs.schemas import ENDED, JobDetail, JobOut, JobsPage, LineOut, Status
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Ground

LINES = 1_000


async def find(
    session: AsyncSession, caller: Caller, *, kind: str | None, status: Status | None,
    owner: str | None, limit: int, cursor: str | None,
) -> JobsPage:  # fmt: skip
    """A page of jobs, newest first."""
    need(caller, "admin")
    found = select(Job)
    for column, wanted in ((Job.kind, kind), (Job.status, status), (Job.owner, owner)):
        if wanted is not None:
            found = found.where(column == wanted)
    rows, total, after = await page_of(
        session, found, Job.created_at, Job.id, limit=limit, cursor=cursor
    )
    items = [JobOut.model_validate(row) for row in rows]
    return JobsPage(items=items, total=total, next_cursor=after)


async def get(session: AsyncSession, caller: Caller, job_id: str, *, after: int = 0) -> JobDetail:
    """A job and the lines of its log after this one."""
    need(caller, "admin")
    job = JobOut.model_validate(await _existing(session, job_id))
    lines = await session.scalars(
        select(JobLine).where(JobLine.job_id == job_id, JobLine.seq > after)
        .order_by(JobLine.seq).limit(LINES)
    )  # fmt: skip
    log = [LineOut.model_validate(line) for line in lines]
    return JobDetail(**job.model_dump(), log=log)


async def last_of(
    session: AsyncSession, kind: str, *statuses: Status, until: dt.datetime
) -> JobOut | None:
    """The job of this kind that was asked for last, of those in one of the states, if any are
    named; none of later than `until`, which a clock that was ahead asked for."""
    found = select(Job).where(Job.kind == kind, Job.created_at <= until)
    found = found.order_by(Job.created_at.desc(), Job.id).limit(1)
    if statuses:
        found = found.where(Job.status.in_(statuses))
    row = await session.scalar(found)
    return JobOut.model_validate(row) if row is not None else None


async def cancel(session: AsyncSession, ground: Ground, caller: Caller, job_id: str) -> JobOut:
    """One that waits is over at once, one that runs is told; one that is over stays as it is."""
    need(caller, "admin")
    now = ground.now()
    for status, values in (
        ("queued", {"status": "cancelled", "ended_at": now, "cancel_asked": True}),
        ("running", {"cancel_asked": True}),
    ):
        mine = update(Job).where(Job.id == job_id, Job.status == status).values(values)
        if await session.scalar(mine.returning(Job.id)) is not None:
            break
    job = await _existing(session, job_id)
    await note(ground, caller, "job_cancel", Outcome.success, job=job.id, kind=job.kind)
    return JobOut.model_validate(job)


async def retry(session: AsyncSession, ground: Ground, caller: Caller, job_id: str) -> JobOut:
    """One that is over and did not succeed is done anew, with all its attempts; Conflict else."""
    need(caller, "admin")
    job = await _existing(session, job_id)
    now = ground.now()
    again = (
        update(Job)
        .where(Job.id == job_id, Job.status.in_(ENDED - {"succeeded"}))
        .values(
            status="queued", attempts=0, cancel_asked=False, available_at=now, sent_at=now,
            ended_at=None, started_at=None, progress=0.0, message="",
        )
    )  # fmt: skip
    if await session.scalar(again.returning(Job.id)) is None:
        raise Conflict(
            f"This job is {job.status}.", hint="Those that failed, died or were cancelled are."
        )
    await session.refresh(job)
    queue.send_once_kept(session, ground, job_id)
    await note(ground, caller, "job_retry", Outcome.success, job=job.id, kind=job.kind)
    return JobOut.model_validate(job)


async def _existing(session: AsyncSession, job_id: str) -> Job:
    job = await session.get(Job, job_id, populate_existing=True)
    if job is None:
        raise NotFound("There is no such job.", hint="`system/jobs` lists them.")
    return job
