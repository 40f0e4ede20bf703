"""Backups as admins see them: asked for, and listed; none leaves the machine this way."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import NotFound
from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs import queue
from datamind.rooms.jobs import service as jobs
from datamind.rooms.jobs.queue import Order
from datamind.rooms.jobs.schemas import JobOut, Status
from datamind.rooms.parts import Ground, Parts
from datamind.rooms.system.alerts import Condition
from datamind.rooms.system.schemas import BackupOut, BackupsOut

KIND, INCREMENT = "backup_create", "backup_increment"
# A whole one names its moment, an increment that of the whole one before its own.
NAME = re.compile(r"datamind-(?:\d{8}T\d{6}Z\.backup|(\d{8}T\d{6}Z)-\d{8}T\d{6}Z\.increment)")
MOMENT = "%Y%m%dT%H%M%SZ"
SUBJECTS = {KIND: "backup", INCREMENT: "increment"}
SAID = {KIND: "The last backup", INCREMENT: "The last increment of a backup"}
ENDED: tuple[Status, ...] = ("succeeded", "failed", "dead")
MARK = b"DataMind backup, encrypted\n"  # what an encrypted one begins with
LOOKED = ".looked"  # its time is when all was still as the newest has it
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


def listed(folder: Path) -> list[Path]:
    """The whole backups in the installation's own folder, newest first."""
    return [path for path in states(folder) if base_of(path) is None]


def states(folder: Path) -> list[Path]:
    """The same with their increments, newest first."""
    return sorted((p for p in folder.glob("datamind-*") if is_ours(p)), key=made_at, reverse=True)


def is_ours(path: Path) -> bool:
    """Whether its name is one that we give to backups."""
    return NAME.fullmatch(path.name) is not None


def made_at(path: Path) -> dt.datetime:
    """When that one of ours was made."""
    moment = path.stem.rpartition("-")[2]
    return dt.datetime.strptime(moment, MOMENT).replace(tzinfo=dt.UTC)


def base_of(path: Path) -> str | None:
    """The name of the whole backup that the increment goes on from; None where it is whole."""
    found = NAME.fullmatch(path.name)
    return f"datamind-{found[1]}.backup" if found and found[1] else None


def newest(folder: Path, at: dt.datetime | None = None) -> Path:
    """The newest in the folder, or the newest that was made at the moment or before."""
    for path in states(folder):
        if at is None or made_at(path) <= at:
            return path
    when = "" if at is None else f" of {at:%Y-%m-%d %H:%M:%S} UTC or before"
    raise NotFound(f"There is no backup{when} in {folder}.", hint="datamind backup list")


def looked_at(folder: Path) -> None:
    """Note that all is as the newest has it now."""
    (folder / LOOKED).touch()


def as_of(folder: Path) -> dt.datetime | None:
    """How things were when, at the latest, is kept in the folder; None where nothing is."""
    found = states(folder)
    if not found:
        return None
    looked = folder / LOOKED
    seconds = looked.stat().st_mtime if looked.exists() else 0.0
    return max(made_at(found[0]), dt.datetime.fromtimestamp(seconds, dt.UTC))


def is_encrypted(path: Path) -> bool:
    """Whether that one is."""
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK


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
