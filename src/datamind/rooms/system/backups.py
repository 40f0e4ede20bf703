"""Backups as admins see them: asked for, and listed; none leaves the machine this way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs import queue
from datamind.rooms.jobs import service as jobs
from datamind.rooms.jobs.queue import Order
from datamind.rooms.jobs.schemas import JobOut
from datamind.rooms.parts import Ground, Parts
from datamind.rooms.system.alerts import Condition
from datamind.rooms.system.schemas import BackupOut, BackupsOut

KIND = "backup_create"
NAME, NAMED = re.compile(r"datamind-\d{8}T\d{6}Z\.backup"), "datamind-%Y%m%dT%H%M%SZ.backup"
MARK = b"DataMind backup, encrypted\n"  # what an encrypted one begins with
TIMEOUT_S = 6 * 3600


async def ask(session: AsyncSession, ground: Ground, caller: Caller) -> JobOut:
    """A job that makes one; the one that waits or runs already, if any, is not waited for."""
    need(caller, "admin")
    order = Order(kind=KIND, exclusive="backup", attempts=2, timeout_s=TIMEOUT_S)
    return await queue.enqueue(session, ground, caller, order)


async def find(session: AsyncSession, ground: Ground, caller: Caller) -> BackupsOut:
    """Those in this node's folder, newest first, and how the last one that was asked for went."""
    need(caller, "admin")
    items = [told(path) for path in listed(ground.settings.backup_folder)]
    return BackupsOut(
        items=items, total=len(items), keep=ground.settings.backups.keep,
        last=await jobs.last_of(session, KIND),
    )  # fmt: skip


def listed(folder: Path) -> list[Path]:
    """The backups in the installation's own folder, newest first."""
    return sorted((p for p in folder.glob("*.backup") if NAME.fullmatch(p.name)), reverse=True)


def is_encrypted(path: Path) -> bool:
    """Whether that one is."""
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK


def told(path: Path) -> BackupOut:
    """What is seen of it from outside."""
    made = dt.datetime.strptime(path.name, NAMED).replace(tzinfo=dt.UTC)
    return BackupOut(
        name=path.name, bytes=path.stat().st_size, made_at=made,
        encrypted=is_encrypted(path),
    )  # fmt: skip


async def conditions(parts: Parts) -> Sequence[Condition]:
    """The last backup that ended failed, as alerts have it."""
    async with parts.database.unit() as session:
        last = await jobs.last_of(session, KIND, "succeeded", "failed", "dead")
    if last is None or last.status == "succeeded":
        return ()
    message = f"The last backup failed: {last.error_message or last.status}"
    return [Condition("backup_failed", "backup", message[:500], "critical")]
