"""Signing in and out: sessions, and refresh tokens that rotate."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import BadInput, Conflict, Unauthenticated
from datamind.records import Identity
from datamind.rooms.audit.service import Outcome, mask_email, note
from datamind.rooms.auth import attempts, lockout
from datamind.rooms.auth.models import RefreshToken, Session
from datamind.rooms.auth.schemas import Ended, MeOut, TokensOut
from datamind.rooms.auth.tokens import ACCESS, digest, new_refresh_token
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Ground, Parts
from datamind.rooms.text import address_of
from datamind.rooms.users import service as users

LASTS = dt.timedelta(days=7)
GRACE = dt.timedelta(seconds=10)  # a second tab may hand in the token that the first just used
WRONG = "Email or password is wrong."


async def login(parts: Parts, caller: Caller, email: str, password: str, agent: str) -> TokensOut:
    """Tokens of a new session; Unauthenticated says the same whatever was wrong.

    Nothing of the store is held while the password is hashed, and the user is read anew after it:
    who was deactivated, or got another password or role meanwhile, is so from the start.
    """
    email = address_of(email)
    tried = await _try(parts, caller, email)
    async with _place(parts, tried):
        async with parts.database.unit() as session:
            user = await users.by_email(session, email)
            kept = user.password_hash if user is not None and user.active else None
        right = await parts.passwords.matches(password, kept)
    async with parts.database.in_turn() as session:
        user = await users.by_email(session, email, locked=True)
        if right and user is not None and user.active and user.password_hash == kept:
            await lockout.give_back(session, parts, tried, "right")
            _record(session, parts, tried, "success", user)
            return await _begun(session, parts, caller, user, agent)
        locked = await lockout.give_back(session, parts, tried, "wrong")
        _record(session, parts, tried, _why(user), user)
    await note(parts, caller, "login", Outcome.blocked, email=mask_email(tried.address))
    await _tell_locked(parts, caller, locked)
    raise Unauthenticated(WRONG, hint="Check both; an admin can set a new password.")


async def _begun(
    session: AsyncSession, parts: Parts, caller: Caller, user: users.Row, agent: str
) -> TokensOut:
    now = parts.now()
    await session.execute(
        delete(Session).where(Session.user_id == user.id, Session.expires_at < now)
    )
    entry = Session(
        id=clock.new_id("ses"), user_id=user.id, created_at=now, last_seen_at=now,
        expires_at=now + LASTS, ip_address=caller.ip[:45], user_agent=agent[:200],
    )  # fmt: skip
    session.add(entry)
    user.last_login_at = now
    await session.flush()
    known = Caller(
        Identity(user.id, user.role), caller.ip, caller.correlation_id, user.email, entry.id
    )
    await note(parts, known, "login", Outcome.success, session=entry.id)
    return _tokens(session, parts, entry, user.role, user.email)


async def _try(parts: Parts, caller: Caller, email: str) -> lockout.Try:
    """The try, its place taken; Locked, and once a minute noted, where there is none."""
    tried = lockout.Try(attempts.typed(email), caller.ip)
    try:
        await lockout.take(parts, tried)
    except lockout.Locked as locked:
        async with parts.database.in_turn() as session:
            news = await lockout.is_news(session, parts, locked.count)
            if news:
                _record(session, parts, tried, "locked", None)
        if news:
            await note(
                parts, caller, "login_limit", Outcome.blocked, email=mask_email(tried.address)
            )
        raise
    return tried


@asynccontextmanager
async def _place(parts: Parts, tried: lockout.Try) -> AsyncIterator[None]:
    """Whatever keeps the password from being looked at is no wrong one."""
    try:
        yield
    except BaseException:
        async with parts.database.in_turn() as session:
            await lockout.give_back(session, parts, tried, "untried")
        raise


def _record(
    session: AsyncSession, parts: Parts, tried: lockout.Try, outcome: Ended, user: users.Row | None
) -> None:
    attempts.record(
        session, parts, address=tried.address, ip=tried.ip, outcome=outcome,
        user_id=None if user is None else user.id,
    )  # fmt: skip


def _why(user: users.Row | None) -> Ended:
    """What was wrong, for admins alone."""
    if user is None:
        return "unknown_address"
    return "wrong_password" if user.active else "deactivated"


async def _tell_locked(parts: Parts, caller: Caller, counts: Sequence[lockout.Count]) -> None:
    for count in counts:
        await note(
            parts, caller, "login_lock", Outcome.blocked, email=mask_email(count.address or ""),
            network=count.network, failures=count.most,
        )  # fmt: skip


async def refresh(session: AsyncSession, parts: Parts, caller: Caller, token: str) -> TokensOut:
    """The next tokens of a session.

    A token that was used longer ago than the grace has been stolen, by whoever used it first or
    last: its whole family is revoked.
    """
    await parts.limits.spend(parts.settings.server.user_limit, "refresh", caller.ip)
    found = await session.get(RefreshToken, digest(token))
    entry = await session.get(Session, found.session_id) if found is not None else None
    if found is None or entry is None:
        raise Unauthenticated("The session is over.", hint="Sign in again.")
    user = await users.by_id(session, entry.user_id)
    now = parts.now()
    if found.used_at is not None and now - found.used_at > GRACE and entry.revoked_at is None:
        await _revoke_family(parts, caller, entry)
        raise Unauthenticated("The session is over.", hint="Sign in again.")
    over = entry.revoked_at is not None or entry.expires_at <= now
    if over or user is None or not user.active or entry.created_at < user.sessions_valid_from:
        raise Unauthenticated("The session is over.", hint="Sign in again.")
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.digest == found.digest, RefreshToken.used_at.is_(None))
        .values(used_at=now)
    )
    entry.last_seen_at = now
    return _tokens(session, parts, entry, user.role, user.email)


async def logout(session: AsyncSession, parts: Parts, caller: Caller) -> None:
    """End the caller's session: its tokens count no more."""
    entry = await session.get(Session, caller.session)
    if entry is not None and entry.revoked_at is None:
        entry.revoked_at, entry.revoked_because = parts.now(), "logout"
        parts.revocations.session(entry.id)
    await note(parts, caller, "logout", Outcome.success)


async def change_password(parts: Parts, caller: Caller, old: str, new: str) -> None:
    """Set one's own password; all other sessions of the user end."""
    tried = await _try(parts, caller, caller.email)
    async with _place(parts, tried):
        async with parts.database.unit() as session:
            user = await users.by_id(session, caller.identity.user)
            kept = user.password_hash if user is not None else None
        right = await parts.passwords.matches(old, kept)
    async with parts.database.in_turn() as session:
        ended: lockout.Ended = "right" if right else "wrong"
        locked = await lockout.give_back(session, parts, tried, ended)
    if not right:
        await note(parts, caller, "password_change", Outcome.blocked)
        await _tell_locked(parts, caller, locked)
        raise BadInput("The old password is wrong.", hint="An admin can set a new one.")
    made = await parts.passwords.hash(new)
    async with parts.database.in_turn() as session:
        user = await users.by_id(session, caller.identity.user, locked=True)
        if user is None or user.password_hash != kept:
            raise Conflict("The password was changed meanwhile.", hint="Sign in again.")
        user.password_hash = made
        others = (
            update(Session)
            .where(Session.user_id == user.id, Session.id != caller.session)
            .where(Session.revoked_at.is_(None))
            .values(revoked_at=parts.now(), revoked_because="password")
            .returning(Session.id)
        )
        for other in await session.scalars(others):
            parts.revocations.session(other)
        await note(parts, caller, "password_change", Outcome.success)


async def load_revocations(parts: Ground) -> None:
    """What was revoked, here or elsewhere, while access tokens of that time may be about."""
    since = parts.now() - ACCESS
    async with parts.database.unit() as session:
        for user in await users.changed_since(session, since):
            parts.revocations.learn_user(user.id, user.access_valid_from)
        for over in await session.scalars(select(Session.id).where(Session.revoked_at > since)):
            parts.revocations.learn_session(over)


async def _revoke_family(parts: Parts, caller: Caller, entry: Session) -> None:
    """In a unit of its own, for the request ends in an error."""
    async with parts.database.in_turn() as own:
        await own.execute(
            update(Session)
            .where(Session.id == entry.id)
            .values(revoked_at=parts.now(), revoked_because="reuse")
        )
    parts.revocations.session(entry.id)
    await note(parts, caller, "refresh_reuse", Outcome.blocked, session=entry.id)


def _tokens(
    session: AsyncSession, parts: Parts, entry: Session, role: str, email: str
) -> TokensOut:
    token = new_refresh_token()
    session.add(RefreshToken(digest=digest(token), session_id=entry.id, issued_at=parts.now()))
    access = parts.tokens.issue(user=entry.user_id, role=role, email=email, session=entry.id)
    return TokensOut(
        access_token=access, refresh_token=token, expires_in=int(ACCESS.total_seconds())
    )


async def me(session: AsyncSession, caller: Caller) -> MeOut:
    """Who is signed in."""
    user = await users.by_id(session, caller.identity.user)
    if user is None:
        raise Unauthenticated("The session is over.", hint="Sign in again.")
    return MeOut(id=user.id, email=user.email, name=user.name, role=user.role)
