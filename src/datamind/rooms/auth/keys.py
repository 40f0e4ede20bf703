"""API keys: for programs, scoped, expiring, kept by their hash, looked up at each call.

A key never does more than its owner may do at that moment, and only where a route takes its scope.
"""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import secrets
from dataclasses import replace

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import (
    AccessDenied,
    BadInput,
    Conflict,
    DataMindError,
    NotFound,
    Unauthenticated,
)
from datamind.personal import API_KEY
from datamind.records import Identity
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth.models import ApiKey
from datamind.rooms.auth.schemas import KeyIn, KeyOut, KeysOut
from datamind.rooms.auth.tokens import digest
from datamind.rooms.caller import SCOPES, Caller, need, whose
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts
from datamind.rooms.users import service as users

log = logging.getLogger(__name__)
PREFIX = "dm_"
MOST_EACH = 50  # good ones of a user
USED_EVERY = dt.timedelta(minutes=1)


async def create(session: AsyncSession, parts: Parts, caller: Caller, wanted: KeyIn) -> KeyOut:
    """A new key of the caller's, its secret told this once; AccessDenied for a scope that takes
    more than their role."""
    need(caller, "viewer")
    for scope in wanted.scopes:
        need(caller, SCOPES[scope])
    server, now = parts.settings.server, parts.now()
    days = wanted.expires_in_days or min(server.key_days, server.key_days_most)
    if days > server.key_days_most:
        raise BadInput(f"A key may last {server.key_days_most:,} days at most.")
    alive = select(func.count()).where(
        ApiKey.user_id == caller.identity.user, ApiKey.revoked_at.is_(None), ApiKey.expires_at > now
    )
    if (await session.scalar(alive) or 0) >= MOST_EACH:
        raise Conflict(f"You have {MOST_EACH} keys already.", hint="Revoke one first.")
    mark = secrets.token_hex(8)
    secret = f"{PREFIX}{mark}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=f"key-{mark}", user_id=caller.identity.user, name=wanted.name, digest=digest(secret),
        scopes=sorted(set(wanted.scopes)), created_at=now, expires_at=now + dt.timedelta(days=days),
    )  # fmt: skip
    session.add(key)
    await session.flush()
    await note(
        parts, caller, "api_key_create", Outcome.success, key=key.id, scopes=key.scopes,
        expires_at=key.expires_at.isoformat(),
    )  # fmt: skip
    return KeyOut.model_validate(key).model_copy(update={"key": secret})


async def find(
    session: AsyncSession, caller: Caller, *, user_id: str | None, limit: int, cursor: str | None
) -> KeysOut:
    """A page of the caller's keys, newest first; admins see everybody's."""
    need(caller, "viewer")
    found = select(ApiKey)
    if (of := whose(caller, user_id)) is not None:
        found = found.where(ApiKey.user_id == of)
    rows, total, following = await page_of(
        session, found, ApiKey.created_at, ApiKey.id, limit=limit, cursor=cursor
    )
    items = [KeyOut.model_validate(row) for row in rows]
    return KeysOut(items=items, total=total, next_cursor=following)


async def revoke(session: AsyncSession, parts: Parts, caller: Caller, key_id: str) -> None:
    """The key counts no more; somebody else's, but for admins, is like one that isn't there."""
    need(caller, "viewer")
    key = await session.get(ApiKey, key_id)
    if key is None or not (caller.is_admin or key.user_id == caller.identity.user):
        raise NotFound("There is no such key.")
    if key.revoked_at is None:
        key.revoked_at = parts.now()
    await note(parts, caller, "api_key_revoke", Outcome.success, key=key.id, user=key.user_id)


async def caller_of(
    parts: Parts, secret: str, ip: str, correlation_id: str
) -> tuple[Caller, ApiKey]:
    """Who calls with this key, as they are now; Unauthenticated whatever is wrong with it."""
    now = parts.now()
    async with parts.database.unit() as session:
        key = user = None
        if API_KEY.fullmatch(secret):
            key = await session.get(ApiKey, f"key-{secret.removeprefix(PREFIX).partition('_')[0]}")
        if key is not None:
            user = await users.by_id(session, key.user_id)
    good = (
        key is not None
        and hmac.compare_digest(key.digest, digest(secret))
        and key.revoked_at is None
        and key.expires_at > now
        and user is not None
        and user.active
        # A new password from an admin, and deactivation, end all that could be signed in with.
        and key.created_at >= user.sessions_valid_from
    )
    if not good or key is None or user is None:
        raise Unauthenticated("The API key is not valid.", hint="Make a new one.")
    await _used(parts, key, ip)
    identity = Identity(user.id, user.role)
    return Caller(identity, ip, correlation_id, user.email, key=key.id), key


def scoped(caller: Caller, key: ApiKey, scope: str | None) -> Caller:
    """The caller where a route takes this scope of keys; AccessDenied where the key has it not, the
    owner's role is too little for it, or the route takes no keys."""
    if scope is None:
        raise AccessDenied("API keys can't do this.", hint="Sign in to do it.")
    if scope not in key.scopes:
        raise AccessDenied(
            f"This takes a key with the scope {scope}.", hint="Make a key that has it."
        )
    opened = replace(caller, scope=scope)
    need(opened, SCOPES[scope])
    return opened


async def _used(parts: Parts, key: ApiKey, ip: str) -> None:
    """Remember when and from where, once a minute; a call does not fail for it."""
    now = parts.now()
    if key.last_used_at is not None and key.last_used_at > now - USED_EVERY:
        return
    try:
        async with parts.database.in_turn() as session:
            await session.execute(
                update(ApiKey)
                .where(ApiKey.id == key.id)
                .values(last_used_at=now, last_used_ip=ip[:45])
            )
    except DataMindError:
        log.warning("the last use of a key can't be kept")
