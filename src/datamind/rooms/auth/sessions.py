"""Sessions: who is signed in from where, and how to end that; all for admins, else one's own."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import NotFound
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth.models import ApiKey, Session
from datamind.rooms.auth.schemas import SessionOut, SessionsOut
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts


async def find(
    session: AsyncSession, parts: Parts, caller: Caller, *, user_id: str | None, limit: int,
    cursor: str | None,
) -> SessionsOut:  # fmt: skip
    """A page of the sessions that are alive, newest first."""
    need(caller, "admin")
    return await _page(session, parts, caller, user_id=user_id, limit=limit, cursor=cursor)


async def find_own(
    session: AsyncSession, parts: Parts, caller: Caller, *, limit: int, cursor: str | None
) -> SessionsOut:
    """A page of the caller's own."""
    need(caller, "viewer")
    mine = caller.identity.user
    return await _page(session, parts, caller, user_id=mine, limit=limit, cursor=cursor)


async def active_since(session: AsyncSession, moment: dt.datetime) -> int:
    """How many people were here since, themselves or by an API key of theirs; for the metrics."""
    seen = union(
        select(Session.user_id).where(Session.last_seen_at >= moment),
        select(ApiKey.user_id).where(ApiKey.last_used_at >= moment),
    ).subquery()
    return await session.scalar(select(func.count()).select_from(seen)) or 0


async def _page(
    session: AsyncSession, parts: Parts, caller: Caller, *, user_id: str | None, limit: int,
    cursor: str | None,
) -> SessionsOut:  # fmt: skip
    found = select(Session).where(Session.revoked_at.is_(None), Session.expires_at > parts.now())
    if user_id is not None:
        found = found.where(Session.user_id == user_id)
    rows, total, following = await page_of(
        session, found, Session.created_at, Session.id, limit=limit, cursor=cursor
    )
    items = [
        SessionOut.model_validate(row).model_copy(update={"current": row.id == caller.session})
        for row in rows
    ]
    return SessionsOut(items=items, total=total, next_cursor=following)


async def end(session: AsyncSession, parts: Parts, caller: Caller, session_id: str) -> None:
    """End a session: neither its access tokens nor its refresh tokens count any more."""
    need(caller, "admin")
    await _end(session, parts, caller, await session.get(Session, session_id), "admin")


async def end_own(session: AsyncSession, parts: Parts, caller: Caller, session_id: str) -> None:
    """End one of the caller's own; somebody else's is like one that isn't there."""
    need(caller, "viewer")
    entry = await session.get(Session, session_id)
    own = entry is not None and entry.user_id == caller.identity.user
    await _end(session, parts, caller, entry if own else None, "owner")


async def _end(
    session: AsyncSession, parts: Parts, caller: Caller, entry: Session | None, because: str
) -> None:
    if entry is None:
        raise NotFound("There is no such session.")
    if entry.revoked_at is None:
        entry.revoked_at, entry.revoked_because = parts.now(), because
        parts.revocations.session(entry.id)
    await note(
        parts, caller, "session_revoke", Outcome.success, session=entry.id, user=entry.user_id
    )
