"""Routes of signing in, and of API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query

from datamind.rooms.auth import keys, service, sessions
from datamind.rooms.auth.schemas import (
    KeyIn,
    KeyOut,
    KeysOut,
    LoginIn,
    MeOut,
    PasswordIn,
    RefreshIn,
    SessionsOut,
    TokensOut,
)
from datamind.rooms.http import Anybody, Cursor, Limit, Reader, SignedIn, TheParts, Unit
from datamind.rooms.problems import USUAL, problems

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/login", responses=problems(401, 413, 422, 429, 503))
async def login(
    body: LoginIn, caller: Anybody, parts: TheParts,
    user_agent: Annotated[str, Header()] = "",
) -> TokensOut:  # fmt: skip
    """Sign in with e-mail address and password."""
    return await service.login(parts, caller, body.email, body.password, user_agent)


@router.post("/refresh", responses=problems(401, 413, 422, 429, 503))
async def refresh(body: RefreshIn, caller: Anybody, parts: TheParts, session: Unit) -> TokensOut:
    """Get the next access token. A refresh token may be used once; used again it ends them all."""
    return await service.refresh(session, parts, caller, body.refresh_token)


@router.post("/logout", status_code=204, responses=problems(401, 429))
async def logout(caller: SignedIn, parts: TheParts, session: Unit) -> None:
    """End this session."""
    await service.logout(session, parts, caller)


@router.get("/me", responses=problems(401, 403, 429))
async def me(caller: Reader, session: Unit) -> MeOut:
    """Who is signed in."""
    return await service.me(session, caller)


@router.post("/password", status_code=204, responses=problems(401, 409, 413, 422, 429, 503))
async def password(body: PasswordIn, caller: SignedIn, parts: TheParts) -> None:
    """Change one's own password; all other sessions end."""
    await service.change_password(parts, caller, body.old_password, body.new_password)


of_sessions = APIRouter(prefix="/auth/sessions", tags=["auth"], responses=problems(*USUAL))


@of_sessions.get("")
async def find_sessions(
    caller: SignedIn, parts: TheParts, session: Unit, limit: Limit = 50, cursor: Cursor = None
) -> SessionsOut:
    """Where the caller is signed in, newest first."""
    return await sessions.find_own(session, parts, caller, limit=limit, cursor=cursor)


@of_sessions.delete("/{session_id}", status_code=204, responses=problems(404))
async def end_session(session_id: str, caller: SignedIn, parts: TheParts, session: Unit) -> None:
    """End a session of the caller's own: its tokens count no more."""
    await sessions.end_own(session, parts, caller, session_id)


of_keys = APIRouter(prefix="/auth/keys", tags=["auth"], responses=problems(*USUAL))


@of_keys.get("")
async def find_keys(
    caller: SignedIn, session: Unit,
    user_id: Annotated[str | None, Query(max_length=64)] = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> KeysOut:  # fmt: skip
    """The caller's API keys, newest first; admins see everybody's."""
    return await keys.find(session, caller, user_id=user_id, limit=limit, cursor=cursor)


@of_keys.post("", status_code=201, responses=problems(409))
async def make_key(body: KeyIn, caller: SignedIn, parts: TheParts, session: Unit) -> KeyOut:
    """Make an API key for a program; its secret is told this once."""
    return await keys.create(session, parts, caller, body)


@of_keys.delete("/{key_id}", status_code=204, responses=problems(404))
async def revoke_key(key_id: str, caller: SignedIn, parts: TheParts, session: Unit) -> None:
    """Revoke an API key, at once; admins also somebody else's."""
    await keys.revoke(session, parts, caller, key_id)
