"""Tries to sign in: remembered for admins, searched, unlocked, and forgotten in time."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import BadInput
from datamind.rooms.addresses import counted_as
from datamind.rooms.audit.service import Outcome, mask_email, note
from datamind.rooms.auth.models import LoginAttempt, LoginCounter
from datamind.rooms.auth.schemas import AttemptOut, AttemptsOut, Ended, UnlockedOut, UnlockIn
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Ground
from datamind.rooms.text import address_of

NO_ADDRESS = "not an address"


def typed(email: str) -> str:
    """What is kept of an address that was typed: a password in the wrong field is not."""
    email = address_of(email)
    whole = len(email) <= 254 and email.isprintable() and re.fullmatch(r"[^@\s]+@[^@\s]+", email)
    return email if whole else NO_ADDRESS


def record(
    session: AsyncSession, parts: Ground, *, address: str, ip: str, outcome: Ended,
    user_id: str | None = None,
) -> None:  # fmt: skip
    """Remember a try."""
    session.add(
        LoginAttempt(
            id=clock.new_id("try"),
            at=parts.now(),
            address=address,
            ip_address=ip[:45],
            network=counted_as(ip),
            outcome=outcome,
            user_id=user_id,
        )
    )


async def find(
    session: AsyncSession, caller: Caller, *, address: str | None, ip: str | None,
    outcome: Ended | None, limit: int, cursor: str | None,
) -> AttemptsOut:  # fmt: skip
    """A page of the tries to sign in, newest first."""
    need(caller, "admin")
    found = select(LoginAttempt)
    for column, wanted in (
        (LoginAttempt.address, address and address_of(address)),
        (LoginAttempt.ip_address, ip),
        (LoginAttempt.outcome, outcome),
    ):
        if wanted is not None:
            found = found.where(column == wanted)
    rows, total, following = await page_of(
        session, found, LoginAttempt.at, LoginAttempt.id, limit=limit, cursor=cursor
    )
    items = [AttemptOut.model_validate(row) for row in rows]
    return AttemptsOut(items=items, total=total, next_cursor=following)


async def unlock(
    session: AsyncSession, parts: Ground, caller: Caller, wanted: UnlockIn
) -> UnlockedOut:
    """Forget the wrong passwords for an account, from anywhere, and those from an IP address."""
    need(caller, "admin")
    if wanted.address is None and wanted.ip is None:
        raise BadInput("Nothing was named to unlock.", hint="Send an `address`, an `ip`, or both.")
    of = []
    if wanted.address is not None:
        of.append(LoginCounter.address == typed(wanted.address))
    if wanted.ip is not None:
        of.append(LoginCounter.network == counted_as(wanted.ip))
    gone = await session.scalars(
        delete(LoginCounter).where(or_(*of)).returning(LoginCounter.address)
    )
    counts = len(gone.all())
    await note(
        parts, caller, "login_unlock", Outcome.success, email=mask_email(wanted.address or ""),
        ip=wanted.ip, counts=counts,
    )  # fmt: skip
    return UnlockedOut(counts=counts)


async def forget(session: AsyncSession, address: str) -> None:
    """Nothing is kept of who typed this address: its user is to be forgotten."""
    await session.execute(delete(LoginAttempt).where(LoginAttempt.address == address))
    await session.execute(delete(LoginCounter).where(LoginCounter.address == address))


async def tidy(parts: Ground) -> None:
    """Forget tries that are older than they are kept, and counts that say nothing any more."""
    now, rules = parts.now(), parts.settings.server.login
    old = now - dt.timedelta(days=rules.kept_days)
    over = now - dt.timedelta(seconds=rules.window_s)
    free = LoginCounter.blocked_until.is_(None) | (LoginCounter.blocked_until <= now)
    async with parts.database.in_turn() as session:
        await session.execute(delete(LoginAttempt).where(LoginAttempt.at < old))
        await session.execute(delete(LoginCounter).where(LoginCounter.since < over, free))
