"""The queue of record: jobs are asked for, claimed, renewed and ended by changes of their rows.

Each step is one conditional statement, so that it holds on SQLite and PostgreSQL alike, whoever
else is at it.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, event, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from datamind import clock, tracing
from datamind.database import Base, Database
from datamind.errors import BadInput, Conflict
from datamind.rooms.caller import Caller
from datamind.rooms.jobs.metrics import Outcome
from datamind.rooms.jobs.models import Job, JobLine
from datamind.rooms.jobs.schemas import ENDED, JobOut
from datamind.rooms.parts import Ground

LEASE = dt.timedelta(seconds=30)
SENT_AGAIN = dt.timedelta(seconds=10)
BACK_OFF_S, BACK_OFF_MOST_S = 5.0, 900.0
PAYLOAD_BYTES = 64 * 1024
MOST_LINES = 20_000
KEPT = dt.timedelta(days=30)
LOST = ("worker_lost", "Whoever ran it was lost, as often as it may be tried.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A job that is asked for; whoever asks has looked whether they may.

    The payload is JSON and holds no secret. The same `idempotency_key` of the same owner and kind
    asks for it once. Of those with one `exclusive` key one runs at a time. It is tried `attempts`
    times, each for `timeout_s` seconds, not before `delay_s` seconds from now.
    """

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    exclusive: str | None = None
    attempts: int = 3
    timeout_s: int = 3600
    delay_s: float = 0.0


async def enqueue(session: AsyncSession, ground: Ground, caller: Caller, order: Order) -> JobOut:
    """The job, waiting as soon as the session's unit of work is committed; the one there is where
    its key was used, Conflict if that was for another payload."""
    text = json.dumps(dict(order.payload))
    payload = json.loads(text)
    if len(text) > PAYLOAD_BYTES:
        raise BadInput("What this job is to work on is too long.")
    now = ground.now()
    values = {
        "id": clock.new_id("job"), "kind": order.kind, "payload": payload,
        "owner": caller.identity.user, "correlation_id": caller.correlation_id,
        "idempotency_key": order.idempotency_key, "exclusive": order.exclusive,
        "status": "queued", "attempts": 0, "attempts_most": order.attempts,
        "timeout_s": order.timeout_s, "cancel_asked": False, "progress": 0.0, "message": "",
        "lines": 0, "created_at": now, "available_at": now + dt.timedelta(seconds=order.delay_s),
        "sent_at": None if order.delay_s else now,
    }  # fmt: skip
    with tracing.span(f"send {order.kind}", kind="producer", **told_of("send", values)):
        values["traceparent"] = tracing.carry().get("traceparent")
        # No savepoint: in SQLite one that begins a transaction would commit it at its end.
        made = insert_into(ground.database, Job).values(values).on_conflict_do_nothing()
        job = await session.scalar(made.returning(Job))
    if job is None:
        return await _same(session, values)
    if not order.delay_s:
        send_once_kept(session, ground, job.id)
    return JobOut.model_validate(job)


def told_of(operation: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """What a span tells of a job, by OpenTelemetry's conventions for messages."""
    return {
        "messaging__system": "datamind", "messaging__destination__name": job["kind"],
        "messaging__operation__type": operation, "messaging__operation__name": operation,
        "messaging__message__id": job["id"],
    }  # fmt: skip


def insert_into(database: Database, table: type[Base]) -> Any:
    """An INSERT that can be told what to do about a row that is there."""
    return (sqlite.insert if database.is_sqlite else postgresql.insert)(table)


def send_once_kept(session: AsyncSession, ground: Ground, job_id: str) -> None:
    """Tell that the job waits, once that is committed; if it is lost, it is told again."""

    def send(_: object) -> None:
        ground.jobs.send(job_id)

    event.listen(session.sync_session, "after_commit", send, once=True)


async def _same(session: AsyncSession, wanted: Mapping[str, Any]) -> JobOut:
    """The job that was asked for by this key; Conflict if it was for something else."""
    key = ("owner", "kind", "idempotency_key")
    found = select(Job).where(*(getattr(Job, name) == wanted[name] for name in key))
    job = (await session.scalars(found)).one()
    if job.payload != wanted["payload"]:
        raise Conflict(
            "This Idempotency-Key was sent with something else.", hint="Take a new key for each."
        )
    return JobOut.model_validate(job)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that is ours to run, for this attempt."""

    id: str
    kind: str
    payload: dict[str, Any]
    owner: str
    correlation_id: str
    traceparent: str | None
    exclusive: str | None
    attempt: int
    attempts_most: int
    timeout_s: int
    worker: str
    lines: int


async def claim(ground: Ground, job_id: str, worker: str) -> Claimed | None:
    """The job, if it waits and nobody else has it."""
    now = ground.now()
    mine = (
        update(Job)
        .where(Job.id == job_id, Job.status == "queued", Job.available_at <= now, ~_shut_out())
        .values(
            status="running", worker=worker, lease_until=now + LEASE, heartbeat_at=now,
            attempts=Job.attempts + 1, started_at=func.coalesce(Job.started_at, now),
            progress=0.0, message="", result=None, error_code=None, error_message=None,
        )
        .returning(Job)
    )  # fmt: skip
    try:
        async with ground.database.in_turn() as session:
            job = await session.scalar(mine)
    except IntegrityError:  # its like was claimed at the same moment
        job = None
    if job is None:
        await _hold(ground.database, job_id)
        return None
    return Claimed(
        job.id, job.kind, job.payload, job.owner, job.correlation_id, job.traceparent,
        job.exclusive, job.attempts, job.attempts_most, job.timeout_s, worker, job.lines,
    )  # fmt: skip


async def _hold(database: Database, job_id: str) -> None:
    """If the job waits for its like, it is told of again once it may run."""
    held = update(Job).where(Job.id == job_id, Job.status == "queued", _shut_out())
    async with database.in_turn() as session:
        await session.execute(held.values(sent_at=None))


def _shut_out() -> ColumnElement[bool]:
    """Whether another one with the job's exclusive key runs."""
    other = aliased(Job)
    runs = select(other.id).where(other.exclusive == Job.exclusive, other.status == "running")
    return Job.exclusive.is_not(None) & runs.exists()


def _ours(job: Claimed) -> tuple[ColumnElement[bool], ...]:
    return (
        Job.id == job.id,
        Job.status == "running",
        Job.worker == job.worker,
        Job.attempts == job.attempt,
    )


async def renew(
    ground: Ground, job: Claimed, progress: tuple[float, str] | None,
    lines: Sequence[tuple[int, dt.datetime, str]],
) -> bool | None:  # fmt: skip
    """The lease lasts on, with what the job told; whether it is called off, None if it is no longer
    ours."""
    now = ground.now()
    values: dict[str, Any] = {"lease_until": now + LEASE, "heartbeat_at": now}
    if progress is not None:
        values |= {"progress": progress[0], "message": progress[1]}
    if lines:
        values["lines"] = lines[-1][0]
    async with ground.database.in_turn() as session:
        asked = await session.scalar(
            update(Job).where(*_ours(job)).values(values).returning(Job.cancel_asked)
        )
        if asked is not None and lines:
            rows = [
                {"job_id": job.id, "seq": seq, "at": at, "line": line} for seq, at, line in lines
            ]
            await session.execute(insert(JobLine), rows)
    return asked


async def cancel_asked(ground: Ground, job: Claimed) -> bool | None:
    """Whether it is called off; None if it is no longer ours."""
    async with ground.database.unit() as session:
        return await session.scalar(select(Job.cancel_asked).where(*_ours(job)))


async def end(
    ground: Ground, job: Claimed, status: str, *, result: dict[str, Any] | None = None,
    error: tuple[str, str] | None = None,
) -> bool:  # fmt: skip
    """The attempt ended so; False if the job is no longer ours, and then nothing is changed."""
    now = ground.now()
    values: dict[str, Any] = {
        "status": status, "ended_at": now, "result": result, "worker": None, "lease_until": None,
        "error_code": error and error[0], "error_message": error and error[1],
    }  # fmt: skip
    if status == "succeeded":
        values["progress"] = 1.0
    return await _put(ground, job, values)


async def try_again(ground: Ground, job: Claimed, error: tuple[str, str]) -> bool:
    """The attempt failed: another one is made after a while; past the last it is dead."""
    if job.attempt >= job.attempts_most:
        return await end(ground, job, "dead", error=error)
    wait = dt.timedelta(seconds=back_off_s(job.attempt))
    return await _put(
        ground, job,
        {
            "status": "queued", "available_at": ground.now() + wait, "sent_at": None,
            "worker": None, "lease_until": None, "error_code": error[0],
            "error_message": error[1],
        },
    )  # fmt: skip


async def hand_back(ground: Ground, job: Claimed) -> bool:
    """Whoever runs it has to end: somebody else begins it anew, and the attempt does not count."""
    return await _put(
        ground, job,
        {
            "status": "queued", "available_at": ground.now(), "sent_at": None, "worker": None,
            "lease_until": None, "attempts": Job.attempts - 1,
        },
    )  # fmt: skip


async def _put(ground: Ground, job: Claimed, values: dict[str, Any]) -> bool:
    async with ground.database.in_turn() as session:
        done = update(Job).where(*_ours(job)).values(values).returning(Job.id)
        return await session.scalar(done) is not None


def back_off_s(attempt: int) -> float:
    """Seconds after this attempt: twice as long each time, and never the same for all."""
    usual = min(BACK_OFF_MOST_S, BACK_OFF_S * 2.0 ** (attempt - 1))
    return usual * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)


async def reap(ground: Ground) -> None:
    """Jobs whose worker let the lease run out wait again; past their last attempt, or called off,
    they are over."""
    now = ground.now()
    lost = (Job.status == "running", Job.lease_until < now)
    gone: dict[str, Any] = {"worker": None, "lease_until": None}
    over = {**gone, "ended_at": now}
    told = {"error_code": LOST[0], "error_message": LOST[1]}
    ways: tuple[tuple[Outcome, tuple[Any, ...], dict[str, Any]], ...] = (
        ("cancelled", (Job.cancel_asked,), {**over, "status": "cancelled"}),
        ("dead", (Job.attempts >= Job.attempts_most,), {**over, **told, "status": "dead"}),
        ("lost", (), {**gone, "status": "queued", "available_at": now, "sent_at": None}),
    )
    found: list[tuple[str, Outcome]] = []
    async with ground.database.in_turn() as session:
        for outcome, where, values in ways:
            taken = update(Job).where(*lost, *where).values(values).returning(Job.kind)
            found += [(kind, outcome) for kind in await session.scalars(taken)]
    for kind, outcome in found:
        ground.job_metrics.attempt(kind, outcome)


async def is_over(ground: Ground, job_id: str) -> bool:
    """Whether the job has ended, whoever ended it; one that is forgotten has."""
    async with ground.database.unit() as session:
        status = await session.scalar(select(Job.status).where(Job.id == job_id))
    return status is None or status in ENDED


async def due(ground: Ground, most: int) -> list[str]:
    """Jobs that wait and may run now, those that wait longest first."""
    if most <= 0:
        return []
    async with ground.database.unit() as session:
        found = await session.scalars(_waiting(ground.now()).limit(most))
        return list(found)


async def to_send(ground: Ground, most: int, *, again: bool) -> list[str]:
    """Jobs whose waiting is still to be told; with `again` also those of which nobody took note.
    They count as told from now on."""
    now = ground.now()
    untold: ColumnElement[bool] = Job.sent_at.is_(None)
    if again:
        untold = or_(untold, Job.sent_at < now - SENT_AGAIN)
    wanted = _waiting(now).where(untold).limit(most)
    async with ground.database.unit() as session:
        if not (await session.scalars(wanted)).all():
            return []
    async with ground.database.in_turn() as session:
        told = update(Job).where(Job.id.in_(wanted), untold).values(sent_at=now).returning(Job.id)
        return list(await session.scalars(told))


def _waiting(now: dt.datetime) -> Any:
    """Ids of jobs that wait and may run now."""
    waits = (Job.status == "queued", Job.available_at <= now, ~_shut_out())
    return select(Job.id).where(*waits).order_by(Job.available_at, Job.id)


async def tidy(ground: Ground) -> int:
    """Forget jobs that have been over for a while, with their logs, but for dead ones; how many."""
    over = Job.status.in_(ENDED - {"dead"})
    old = Job.ended_at < ground.now() - KEPT
    async with ground.database.in_turn() as session:
        gone = await session.scalars(delete(Job).where(over, old).returning(Job.id))
        return len(gone.all())
