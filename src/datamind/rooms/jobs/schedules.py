"""Schedules: what is asked for by the clock, once for each time that is due, whoever looks."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock, tracing
from datamind.errors import AccessDenied, BadInput, NotFound
from datamind.log import restored
from datamind.records import Identity
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.kinds import SHUT_TO_KEYS, WAYS, Way
from datamind.rooms.jobs.models import Schedule
from datamind.rooms.jobs.queue import Order
from datamind.rooms.jobs.schemas import JobOut, ScheduleOut, SchedulePatch, SchedulesOut
from datamind.rooms.parts import Ground
from datamind.rooms.system import overriding
from datamind.rooms.system.modes import Modes

log = logging.getLogger(__name__)

APART = dt.timedelta(minutes=5)  # so far may clocks of servers be apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A schedule that comes with the product: by `cron` in UTC, or each `every_s` seconds."""

    name: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    cron: str | None = None
    every_s: int | None = None


def following(cron: str | None, every_s: int | None, after: dt.datetime) -> dt.datetime:
    """The next time after the moment; BadInput where the expression is none."""
    if cron is None:
        return after + dt.timedelta(seconds=every_s or 0)
    from croniter import CroniterError, croniter

    try:
        if len(cron.split()) != 5:
            raise ValueError
        found: dt.datetime = croniter(cron, after.astimezone(dt.UTC)).get_next(dt.datetime)
    except (CroniterError, ValueError, KeyError, OverflowError):
        raise BadInput(
            f"{cron!r} is no time of a schedule.",
            hint="Write five fields, in UTC: minute hour day month weekday, as 0 2 * * *.",
        ) from None
    return found


async def put_in(ground: Ground, usual: Collection[Usual]) -> None:
    """See that these are there; those that are stay as they are, for an admin may have changed
    them."""
    now = ground.now()
    for one in usual:
        ground.job_metrics.fired.labels(one.name)
    async with ground.database.in_turn() as session:
        for one in usual:
            await session.execute(
                queue.insert_into(ground.database, Schedule)
                .values(
                    name=one.name, kind=one.kind, payload=dict(one.payload), cron=one.cron,
                    every_s=one.every_s, enabled=True,
                    next_at=following(one.cron, one.every_s, now),
                )
                .on_conflict_do_nothing()
            )  # fmt: skip


async def fire(ground: Ground) -> Sequence[str]:
    """Ask for the jobs of all schedules that are due; the names of those that were ours to take.

    Times that were missed are caught up once, however many they are; so are those of while an
    admin wants nothing to be changed. One that was reckoned by a clock that was ahead is reckoned
    anew.
    """
    now = ground.now()
    async with ground.database.unit() as session:
        found = (await session.scalars(select(Schedule).where(Schedule.enabled))).all()
        may_ask = (await overriding.modes(session, now)).works("write")
    taken = []
    for schedule in found if may_ask else ():
        then = following(schedule.cron, schedule.every_s, now)
        if schedule.next_at <= now:
            if await _fired(ground, schedule, then):
                ground.job_metrics.fired.labels(schedule.name).inc()
                taken.append(schedule.name)
        elif schedule.next_at > following(schedule.cron, schedule.every_s, now + APART):
            log.warning("a schedule was set by a clock that was ahead: %s", schedule.name)
            async with ground.database.in_turn() as session:
                await session.execute(_moved(schedule).values(next_at=then))
    ground.job_metrics.looked_at = time.time()
    return taken


async def _fired(ground: Ground, schedule: Schedule, then: dt.datetime) -> bool:
    """Ask for the job of the schedule's time, unless somebody else did."""
    due_at = schedule.next_at
    move = _moved(schedule).values(next_at=then, last_at=due_at).returning(Schedule)
    async with ground.database.in_turn() as session:
        ours = await session.scalar(move)
        if ours is not None:
            await _take(session, ground, ours, due_at)
    return ours is not None


def _moved(schedule: Schedule) -> Update:
    """A change of the schedule as it was read: whoever is the first makes it."""
    same = (Schedule.name == schedule.name, Schedule.next_at == schedule.next_at)
    return update(Schedule).where(*same, Schedule.enabled)


async def _take(
    session: AsyncSession, ground: Ground, schedule: Schedule, due_at: dt.datetime
) -> None:
    """Ask for the job of the schedule's time."""
    clock_s = _by_the_clock()
    known = {"correlation_id": clock_s.correlation_id, "user_id": clock_s.identity.user}
    at = due_at.isoformat()
    with restored(known), tracing.span(f"schedule {schedule.name}", datamind__due_at=at):
        schedule.last_job = (await _ask(session, ground, clock_s, schedule, at)).id
        log.warning("a schedule is due: %s", schedule.name)


async def next_due(ground: Ground) -> dt.datetime | None:
    """When the next one is due; what is due by now waits for an admin's word."""
    due_later = (Schedule.enabled, Schedule.next_at > ground.now())
    async with ground.database.unit() as session:
        soonest = select(Schedule.next_at).where(*due_later).order_by(Schedule.next_at)
        return await session.scalar(soonest.limit(1))


async def find(session: AsyncSession, caller: Caller) -> SchedulesOut:
    """All schedules, by name."""
    need(caller, "admin")
    found = (await session.scalars(select(Schedule).order_by(Schedule.name))).all()
    return SchedulesOut(items=[ScheduleOut.model_validate(s) for s in found], total=len(found))


async def change(
    session: AsyncSession, ground: Ground, caller: Caller, name: str, patch: SchedulePatch,
    modes: Modes,
) -> ScheduleOut:  # fmt: skip
    """Change when it is due, switch it on or off, or ask for its job at once. Where nothing may be
    changed, it can be switched off."""
    need(caller, "admin")
    if patch.model_dump(exclude_unset=True) != {"enabled": False}:
        modes.must("write")
    if patch.cron is not None and patch.every_s is not None:
        raise BadInput("A schedule has `cron` or `every_s`, not both.")
    schedule = await session.get(Schedule, name)
    if schedule is None:
        raise NotFound("There is no such schedule.", hint="`system/schedules` lists them.")
    if caller.key is not None and schedule.kind in SHUT_TO_KEYS:
        raise AccessDenied(
            "No API key changes when backups and the audit log are looked after.",
            hint="Sign in as an admin.",
        )
    now = ground.now()
    if patch.cron is not None or patch.every_s is not None:
        schedule.next_at = following(patch.cron, patch.every_s, now)
        schedule.cron, schedule.every_s = patch.cron, patch.every_s
    if patch.enabled is not None:
        if patch.enabled and not schedule.enabled:  # what was missed meanwhile was not wanted
            schedule.next_at = following(schedule.cron, schedule.every_s, now)
        schedule.enabled = patch.enabled
    if patch.now:
        schedule.last_job = (await _ask(session, ground, caller, schedule, None)).id
    await session.flush()
    await note(
        ground, caller, "schedule_change", Outcome.success, schedule=name,
        **patch.model_dump(exclude_unset=True),
    )  # fmt: skip
    return ScheduleOut.model_validate(schedule)


async def _ask(
    session: AsyncSession, ground: Ground, caller: Caller, schedule: Schedule, key: str | None
) -> JobOut:
    way = WAYS.get(schedule.kind, Way(exclusive=f"schedule:{schedule.name}"))
    order = Order(
        kind=schedule.kind, payload=schedule.payload, **way,
        idempotency_key=key and f"{schedule.name} {key}",
    )  # fmt: skip
    return await queue.enqueue(session, ground, caller, order)


def _by_the_clock() -> Caller:
    return Caller(Identity("system", "admin"), "local", clock.new_id("corr"))
