"""An admin's word on the mode: kept in the store, for all servers, until it ends."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.system.models import SystemState
from datamind.rooms.system.modes import Mode, Modes, Standing
from datamind.rooms.system.schemas import ModeIn

NAME = "mode_override"


@dataclass(frozen=True, slots=True)
class Override:
    """The mode that an admin wants, why, who they are (user id), and until when."""

    mode: Mode
    reason: str
    by: str
    until: dt.datetime


async def read(session: AsyncSession, now: dt.datetime) -> Override | None:
    """What holds of it now."""
    row = await session.get(SystemState, NAME)
    if row is None or row.value is None:
        return None
    found = Override(
        row.value["mode"], row.value["reason"], row.changed_by or "",
        dt.datetime.fromisoformat(row.value["until"]),
    )  # fmt: skip
    return found if found.until > now else None


async def modes(session: AsyncSession, now: dt.datetime) -> Modes:
    """What may be done by an admin's word alone, for whoever does not know how the parts are."""
    found, wanted = Modes(), await read(session, now)
    if wanted is not None:
        found.standing = Standing(wanted.mode, wanted_until=wanted.until)
    return found


async def set_to(session: AsyncSession, parts: Parts, caller: Caller, wanted: ModeIn) -> Override:
    """Want this mode from now on, for so many minutes."""
    need(caller, "admin")
    until = parts.now() + dt.timedelta(minutes=wanted.minutes)
    value = {"mode": wanted.mode, "reason": wanted.reason, "until": until.isoformat()}
    await _put(session, parts, caller, value)
    await note(
        parts, caller, "mode_override", Outcome.success, mode=wanted.mode, reason=wanted.reason,
        until=until.isoformat(),
    )  # fmt: skip
    return Override(wanted.mode, wanted.reason, caller.identity.user, until)


async def clear(session: AsyncSession, parts: Parts, caller: Caller) -> None:
    """What the parts say holds again."""
    need(caller, "admin")
    await _put(session, parts, caller, None)
    await note(parts, caller, "mode_override_clear", Outcome.success)


async def _put(
    session: AsyncSession, parts: Parts, caller: Caller, value: dict[str, str] | None
) -> None:
    now, by = parts.now(), caller.identity.user
    await session.merge(SystemState(name=NAME, value=value, changed_at=now, changed_by=by))
    await session.flush()
