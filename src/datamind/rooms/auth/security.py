"""Routes of what guards the door, for admins: sessions, tries to sign in, IP restrictions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from datamind.rooms.auth import attempts, restrictions, sessions
from datamind.rooms.auth.schemas import (
    AttemptsOut,
    Ended,
    Ip,
    RestrictionIn,
    RestrictionOut,
    RestrictionPatch,
    RestrictionsOut,
    SessionsOut,
    UnlockedOut,
    UnlockIn,
)
from datamind.rooms.http import Auditor, Cursor, Limit, SignedIn, TheParts, Unit
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.text import Text

of_sessions = APIRouter(prefix="/security/sessions", tags=["security"], responses=problems(*USUAL))
of_attempts = APIRouter(
    prefix="/security/login-attempts", tags=["security"], responses=problems(*USUAL)
)
of_restrictions = APIRouter(
    prefix="/security/ip-restrictions", tags=["security"], responses=problems(*USUAL)
)
routers = (of_sessions, of_attempts, of_restrictions)
Force = Annotated[bool, Query(description="Also where it shuts the caller out.")]


@of_sessions.get("")
async def find(
    caller: SignedIn, parts: TheParts, session: Unit,
    user_id: Annotated[str | None, Query(max_length=64)] = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> SessionsOut:  # fmt: skip
    """Who is signed in, from where, newest first."""
    return await sessions.find(session, parts, caller, user_id=user_id, limit=limit, cursor=cursor)


@of_sessions.delete("/{session_id}", status_code=204, responses=problems(404))
async def end(session_id: str, caller: SignedIn, parts: TheParts, session: Unit) -> None:
    """End a session: its tokens count no more."""
    await sessions.end(session, parts, caller, session_id)


@of_attempts.get("")
async def find_attempts(
    caller: Auditor, session: Unit,
    address: Annotated[Text | None, Query(max_length=254)] = None,
    ip: Annotated[Ip | None, Query()] = None, outcome: Ended | None = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> AttemptsOut:  # fmt: skip
    """Who tried to sign in as whom, from where, and how it ended, newest first."""
    return await attempts.find(
        session, caller, address=address, ip=ip, outcome=outcome, limit=limit, cursor=cursor
    )


@of_attempts.post("/unlock")
async def unlock(body: UnlockIn, caller: SignedIn, parts: TheParts, session: Unit) -> UnlockedOut:
    """Let an account, or an IP address, try to sign in again."""
    return await attempts.unlock(session, parts, caller, body)


@of_restrictions.get("")
async def find_restrictions(
    caller: SignedIn, session: Unit, limit: Limit = 50, cursor: Cursor = None
) -> RestrictionsOut:
    """List IP restrictions, newest first."""
    return await restrictions.find(session, caller, limit=limit, cursor=cursor)


@of_restrictions.post("", status_code=201, responses=problems(409))
async def restrict(
    body: RestrictionIn, caller: SignedIn, parts: TheParts, force: Force = False
) -> RestrictionOut:
    """Let a network in, or keep it out. Here at once, on other nodes within
    POLICY_CACHE_SECONDS."""
    return await restrictions.create(parts, caller, body, force=force)


@of_restrictions.patch("/{restriction_id}", responses=problems(404, 409))
async def change_restriction(
    restriction_id: str, body: RestrictionPatch, caller: SignedIn, parts: TheParts,
    force: Force = False,
) -> RestrictionOut:  # fmt: skip
    """Change a restriction, or switch it on or off."""
    return await restrictions.change(parts, caller, restriction_id, body, force=force)


@of_restrictions.delete("/{restriction_id}", status_code=204, responses=problems(404, 409))
async def remove_restriction(
    restriction_id: str, caller: SignedIn, parts: TheParts, force: Force = False
) -> None:
    """Take a restriction away."""
    await restrictions.remove(parts, caller, restriction_id, force=force)
