"""Backups as admins see them: asked for, and listed; none leaves the machine this way."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs import queue
from datamind.rooms.jobs import service as jobs
from datamind.rooms.jobs.queue import Order
from datamind.rooms.jobs.schemas import JobOut, Status
from datamind.rooms.parts import Ground, Parts
from datamind.rooms.system.alerts import Condition
from datamind.rooms.system.backup_files import as_of, base_of, is_encrypted, made_at, states
from datamind.rooms.system.schemas import BackupOut, BackupsOut

KIND, INCREMENT = "backup_create", "backup_increment"
SUBJECTS = {KIND: "backup", INCREMENT: "increment"}
SAID = {KIND: "The last backup", INCREMENT: "The last increment of a backup"}
ENDED: tuple[Status, ...] = ("succeeded", "failed", "dead")
TIMEOUT_S = 6 * 3600


async def ask(session: AsyncSession, ground: Ground, caller: Caller) -> JobOut:
    """A job that makes one; the one that waits or runs already, if any, is not waited for."""
    need(caller, "admin")
    order = Order(kind=KIND, exclusive="backup", attempts=2, timeout_s=TIMEOUT_S)
    return await queue.enqueue(session, ground, caller, order)


async def find(session: AsyncSession, ground: Ground, caller: Caller) -> BackupsOut:
    """Those in this node's folder, newest first, and how the last one that was asked for went."""
    need(caller, "admin")
    items = [told(path) for path in states(ground.settings.backup_folder)]
    return BackupsOut(
        items=items, total=len(items), keep_days=ground.settings.backups.keep_days,
        keep=ground.settings.backups.keep, last=await jobs.last_of(session, KIND),
    )  # fmt: skip


def told(path: Path) -> BackupOut:
    """What is seen of it from outside."""
    return BackupOut(
        name=path.name, bytes=path.stat().st_size, made_at=made_at(path), base=base_of(path),
        encrypted=is_encrypted(path),
    )  # fmt: skip


async def conditions(parts: Parts) -> Sequence[Condition]:
    """The last backup or increment that ended failed, and that there is none as new as wanted, as
    alerts have it."""
    async with parts.database.unit() as session:
        ended = [await jobs.last_of(session, kind, *ENDED) for kind in (KIND, INCREMENT)]
        made = [await jobs.last_of(session, kind, "succeeded") for kind in (KIND, INCREMENT)]
    failed = [
        Condition("backup_failed", SUBJECTS[last.kind], f"{SAID[last.kind]} failed: "
                  f"{last.error_message or last.status}"[:500], "critical")
        for last in ended if last is not None and last.status != "succeeded"
    ]  # fmt: skip
    here = await asyncio.to_thread(as_of, parts.settings.backup_folder)
    known = [job.created_at for job in made if job is not None] + ([here] if here else [])
    return [*failed, *_overdue(parts, max(known, default=None))]


def _overdue(parts: Parts, newest: dt.datetime | None) -> list[Condition]:
    """A server that was just started has its time to catch up first."""
    now, minutes = parts.now(), parts.settings.backups.wanted_minutes
    wanted = dt.timedelta(minutes=minutes)
    age = now - (newest or parts.started)
    parts.metrics.backup_age.set(age.total_seconds())
    parts.metrics.backup_wanted.set(wanted.total_seconds())
    if not minutes or age <= wanted or now - parts.started <= wanted:
        return []
    said = "There is no backup." if newest is None else (
        f"The newest backup is of {newest:%Y-%m-%d %H:%M} UTC, and wanted is one every"
        f" {minutes:,} minutes."
    )  # fmt: skip
    return [Condition("backup_overdue", "backup", said, "critical")]
