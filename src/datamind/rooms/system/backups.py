"""Backups as admins see them: asked for, and listed; none leaves the machine this way."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import Unavailable
from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs import queue
from datamind.rooms.jobs import service as jobs
from datamind.rooms.jobs.kinds import WAYS
from datamind.rooms.jobs.queue import Order
from datamind.rooms.jobs.schemas import JobOut, Status
from datamind.rooms.parts import Ground, Parts
from datamind.rooms.system.alerts import Condition
from datamind.rooms.system.backup_files import (
    base_of,
    is_encrypted,
    latest,
    made_at,
    moments,
    states,
)
from datamind.rooms.system.looks import Found, Threaded
from datamind.rooms.system.schemas import BackupOut, BackupsOut

KIND, INCREMENT = "backup_create", "backup_increment"
SUBJECTS = {KIND: "backup", INCREMENT: "increment"}
SAID = {KIND: "The last backup", INCREMENT: "The last increment of a backup"}
LOOK_S = 3.0  # less than alerts wait
ENDED: tuple[Status, ...] = ("succeeded", "failed", "dead")


async def ask(session: AsyncSession, ground: Ground, caller: Caller) -> JobOut:
    """A job that makes one; the one that waits or runs already, if any, is not waited for."""
    need(caller, "admin")
    return await queue.enqueue(session, ground, caller, Order(kind=KIND, **WAYS[KIND]))


async def find(session: AsyncSession, ground: Ground, caller: Caller) -> BackupsOut:
    """Those in this node's folder, newest first, and how the last one that was asked for went."""
    need(caller, "admin")
    items = (await _found(_files(ground.settings.backup_folder)))["files"]
    return BackupsOut(
        items=items, total=len(items), keep_days=ground.settings.backups.keep_days,
        keep=ground.settings.backups.keep,
        last=await jobs.last_of(session, KIND, until=ground.now()),
    )  # fmt: skip


async def _found(look: Threaded) -> Found:
    """What is in the folder, which may be another machine's: Unavailable where that one does not
    answer, and nobody else is held up."""
    try:
        async with asyncio.timeout(LOOK_S):
            return await look()
    except OSError:  # TimeoutError is one
        hint = "Look at the disk or share of BACKUP_FOLDER."
        raise Unavailable("The folder of backups does not answer.", hint=hint) from None


@lru_cache(maxsize=8)
def _files(folder: Path) -> Threaded:
    return Threaded(lambda: {"files": [one for p in states(folder) if (one := told(p))]})


@lru_cache(maxsize=8)
def _moments(folder: Path) -> Threaded:
    return Threaded(lambda: {"moments": moments(folder)})


def told(path: Path) -> BackupOut | None:
    """What is seen of it from outside; None once it is tidied away."""
    encrypted = None
    try:
        size = path.stat().st_size
        with suppress(PermissionError):
            encrypted = is_encrypted(path)
    except FileNotFoundError:
        return None
    return BackupOut(
        name=path.name, bytes=size, made_at=made_at(path), base=base_of(path), encrypted=encrypted
    )


async def conditions(parts: Parts) -> Sequence[Condition]:
    """The last backup or increment that ended failed, and that there is none as new as wanted, as
    alerts have it."""
    now, kinds = parts.now(), (KIND, INCREMENT)
    async with parts.database.unit() as session:
        ended = [await jobs.last_of(session, kind, *ENDED, until=now) for kind in kinds]
        made = [await jobs.last_of(session, kind, "succeeded", until=now) for kind in kinds]
    failed = [
        Condition("backup_failed", SUBJECTS[last.kind], f"{SAID[last.kind]} failed: "
                  f"{last.error_message or last.status}"[:500], "critical")
        for last in ended if last is not None and last.status != "succeeded"
    ]  # fmt: skip
    try:
        here = (await _found(_moments(parts.settings.backup_folder)))["moments"]
    except Unavailable:  # what jobs have told is known all the same
        here = []
    known = [job.created_at for job in made if job is not None] + here
    return [*failed, *_overdue(parts, latest(known, now))]


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
