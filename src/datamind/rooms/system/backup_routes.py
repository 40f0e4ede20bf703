"""Routes of backups, for admins. None is given out here: they are files of the machine."""

from __future__ import annotations

from fastapi import APIRouter

from datamind.rooms.http import Admin, SignedIn, TheParts, Unit
from datamind.rooms.jobs.schemas import JobOut
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.system import backups
from datamind.rooms.system.schemas import BackupsOut

router = APIRouter(prefix="/system/backup", tags=["system"], responses=problems(*USUAL))


@router.get("")
async def find(caller: Admin, parts: TheParts, session: Unit) -> BackupsOut:
    """The backups in this node's folder, and how the last one that was asked for went."""
    return await backups.find(session, parts, caller)


@router.post("", status_code=202)
async def make(caller: SignedIn, parts: TheParts, session: Unit) -> JobOut:
    """Make a backup, as a job: `system/jobs/{id}` says how far it is."""
    return await backups.ask(session, parts, caller)
