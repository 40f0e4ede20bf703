"""Users: who may sign in, added, changed and deactivated by admins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import event, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.database import one_at_a_time
from datamind.errors import Conflict, NotFound
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth.attempts import forget
from datamind.rooms.auth.passwords import new_password
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Ground
from datamind.rooms.users.models import User, UserGroup, UserGroupMembership
from datamind.rooms.users.schemas import UserDetail, UserIn, UserOut, UserPatch, UsersOut

Row = User  # for the rooms that sign people in
ADMINS = "admins"  # who changes users takes turns, so that one admin is left


async def by_email(session: AsyncSession, email: str, *, locked: bool = False) -> User | None:
    """For signing in: the user of this address; `locked`, as nobody changes them meanwhile."""
    found = select(User).where(User.email == email)
    return await session.scalar(found.with_for_update() if locked else found)


async def by_id(session: AsyncSession, user_id: str, *, locked: bool = False) -> User | None:
    """For signing in: the user of this id; `locked`, as nobody changes them meanwhile."""
    return await session.get(User, user_id, with_for_update=locked or None)


async def groups_of(session: AsyncSession, user_id: str) -> Sequence[str]:
    """The names of a user's groups."""
    found = await session.scalars(
        select(UserGroup.name)
        .join(UserGroupMembership, UserGroupMembership.group_id == UserGroup.id)
        .where(UserGroupMembership.user_id == user_id)
        .order_by(UserGroup.name)
    )
    return found.all()


async def group_ids_of(session: AsyncSession, user_id: str) -> Sequence[str]:
    """The ids of a user's groups."""
    mine = UserGroupMembership.user_id == user_id
    return (await session.scalars(select(UserGroupMembership.group_id).where(mine))).all()


async def ids_of_users(session: AsyncSession, emails: Collection[str]) -> dict[str, str]:
    """Ids of those who may sign in, by address."""
    found = await session.scalars(select(User).where(User.email.in_(emails), User.active))
    return {user.email: user.id for user in found if user.deleted_at is None}


async def ids_of_groups(session: AsyncSession, names: Collection[str]) -> dict[str, str]:
    """Ids of groups, by name."""
    found = await session.scalars(select(UserGroup).where(UserGroup.name.in_(names)))
    return {group.name: group.id for group in found}


async def called(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    """The addresses of users and the names of groups, by id."""
    users = await session.scalars(select(User).where(User.id.in_(ids)))
    groups = await session.scalars(select(UserGroup).where(UserGroup.id.in_(ids)))
    return {u.id: u.email for u in users} | {g.id: g.name for g in groups}


async def names_of(session: AsyncSession, ids: Collection[str]) -> dict[str, str]:
    """What users are called, by id."""
    found = await session.scalars(select(User).where(User.id.in_(ids)))
    return {user.id: user.name for user in found}


async def changed_since(session: AsyncSession, moment: dt.datetime) -> Sequence[User]:
    """Whose older access tokens no longer count since then; who is new has none."""
    revoked = User.access_valid_from > User.created_at
    found = await session.scalars(select(User).where(User.access_valid_from > moment, revoked))
    return found.all()


async def find(
    session: AsyncSession, caller: Caller, *, words: str | None, role: str | None, limit: int,
    cursor: str | None,
) -> UsersOut:  # fmt: skip
    """A page of users whose name or address holds the words."""
    need(caller, "admin")
    found = select(User).where(User.deleted_at.is_(None))
    if words:
        like = f"%{_escaped(words.lower())}%"
        found = found.where(
            or_(
                func.lower(User.name).like(like, escape="\\"),
                User.email.like(like, escape="\\"),
            )
        )
    if role:
        found = found.where(User.role == role)
    rows, total, following = await page_of(
        session, found, User.created_at, User.id, limit=limit, cursor=cursor
    )
    items = [UserOut.model_validate(row) for row in rows]
    return UsersOut(items=items, total=total, next_cursor=following)


async def get(session: AsyncSession, caller: Caller, user_id: str) -> UserDetail:
    """One user."""
    need(caller, "admin")
    return await told(session, await existing(session, user_id))


async def create(session: AsyncSession, parts: Ground, caller: Caller, wanted: UserIn) -> UserOut:
    """A new user; Conflict where the address is taken."""
    need(caller, "admin")
    made = new_password() if wanted.password is None else None
    kept = await parts.passwords.hash(wanted.password or made or "")
    now = parts.now()
    user = User(
        id=clock.new_id("usr"), email=wanted.email, name=wanted.name, role=wanted.role,
        password_hash=kept, active=True, created_at=now, access_valid_from=now,
        sessions_valid_from=now,
    )  # fmt: skip
    session.add(user)
    await _flush(session)
    await note(parts, caller, "user_create", Outcome.success, user=user.id, role=user.role)
    return UserOut.model_validate(user).model_copy(update={"password": made})


async def change(
    session: AsyncSession, parts: Ground, caller: Caller, user_id: str, wanted: UserPatch
) -> UserOut:
    """The user, changed; who is deactivated or gets a new password is signed out everywhere."""
    need(caller, "admin")
    made = new_password() if wanted.reset_password else None
    kept = await parts.passwords.hash(made) if made is not None else None
    await one_at_a_time(session, ADMINS)
    user = await existing(session, user_id, locked=True)
    if wanted.name is not None:
        user.name = wanted.name
    if wanted.email is not None:
        user.email = wanted.email
    if wanted.active is False:
        await _keep_an_admin(session, user)
    if kept is not None:
        user.password_hash = kept
    if kept is not None or wanted.active not in (None, user.active):
        _sign_out(session, parts, user)
    if wanted.active is not None:
        user.active = wanted.active
    await _flush(session)
    changed = sorted(wanted.model_dump(exclude_unset=True))
    await note(parts, caller, "user_change", Outcome.success, user=user.id, changed=changed)
    return UserOut.model_validate(user).model_copy(update={"password": made})


async def assign_role(
    session: AsyncSession, parts: Ground, caller: Caller, user_id: str, role: str
) -> UserOut:
    """The user with this role from now on: access tokens that say another count no more."""
    need(caller, "admin")
    await one_at_a_time(session, ADMINS)
    user = await existing(session, user_id, locked=True)
    if role != "admin":
        await _keep_an_admin(session, user)
    before, user.role = user.role, role
    user.access_valid_from = parts.now()
    _revoke_once_kept(session, parts, user.id)
    await note(parts, caller, "user_role", Outcome.success, user=user.id, role=role, before=before)
    return UserOut.model_validate(user)


async def delete(session: AsyncSession, parts: Ground, caller: Caller, user_id: str) -> None:
    """Forget who a user is, and let them in no more; what they asked stays in the history."""
    need(caller, "admin")
    await one_at_a_time(session, ADMINS)
    user = await existing(session, user_id, locked=True)
    await _keep_an_admin(session, user)
    await forget(session, user.email)
    user.email, user.name, user.password_hash = f"{user.id}@deleted", "Deleted user", ""
    user.active, user.deleted_at, user.attributes = False, parts.now(), {}
    await session.execute(
        delete_rows(UserGroupMembership).where(UserGroupMembership.user_id == user.id)
    )
    _sign_out(session, parts, user)
    await note(parts, caller, "user_delete", Outcome.success, user=user.id)


async def told(session: AsyncSession, user: User) -> UserDetail:
    """One user, whole."""
    groups = list(await groups_of(session, user.id))
    plain = UserOut.model_validate(user).model_dump()
    return UserDetail(**plain, groups=groups, attributes=user.attributes)


async def attributes_by_email(session: AsyncSession) -> dict[str, dict[str, Any]]:
    """The addresses that policies may name, with the attributes of each user."""
    found = await session.execute(
        select(User.email, User.attributes).where(User.deleted_at.is_(None))
    )
    return {row.email: row.attributes or {} for row in found}


async def names_of_groups(session: AsyncSession) -> Sequence[str]:
    """The names of all groups."""
    return (await session.scalars(select(UserGroup.name))).all()


async def active_ones(session: AsyncSession) -> list[tuple[User, frozenset[str]]]:
    """Who may sign in, each with the names of their groups."""
    groups: dict[str, set[str]] = {}
    of_groups = select(UserGroupMembership.user_id, UserGroup.name).join(
        UserGroup, UserGroup.id == UserGroupMembership.group_id
    )
    for user_id, name in await session.execute(of_groups):
        groups.setdefault(user_id, set()).add(name)
    found = await session.scalars(select(User).where(User.active, User.deleted_at.is_(None)))
    return [(user, frozenset(groups.get(user.id, ()))) for user in found]


async def anybody(session: AsyncSession) -> bool:
    """Whether there is any user yet."""
    return await session.scalar(select(User.id).where(User.active).limit(1)) is not None


async def existing(session: AsyncSession, user_id: str, *, locked: bool = False) -> User:
    """The user of this id who was not deleted; NotFound else. `locked`, nobody else changes them,
    or signs them in, until the unit ends."""
    user = await by_id(session, user_id, locked=locked)
    if user is None or user.deleted_at is not None:
        raise NotFound("There is no such user.")
    return user


async def _keep_an_admin(session: AsyncSession, leaving: User) -> None:
    """Conflict where no other admin would be left.

    In SQLite the admins' rows are written to first, so that two who see to each other at once take
    turns; in PostgreSQL they took theirs before they read.
    """
    await session.execute(update(User).where(User.role == "admin").values(role=User.role))
    others = select(User.id).where(User.role == "admin", User.active, User.id != leaving.id)
    if leaving.role == "admin" and await session.scalar(others.limit(1)) is None:
        raise Conflict("This is the last admin.", hint="Give somebody else the role admin first.")


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict("There is a user with this address already.") from None


def _sign_out(session: AsyncSession, parts: Ground, user: User) -> None:
    user.access_valid_from = user.sessions_valid_from = parts.now()
    _revoke_once_kept(session, parts, user.id)


def _revoke_once_kept(session: AsyncSession, parts: Ground, user_id: str) -> None:
    """Whatever token is handed out until then, by what was true before, counts no more either."""

    def revoke(_: object) -> None:
        parts.revocations.user(user_id, parts.now())

    event.listen(session.sync_session, "after_commit", revoke, once=True)


def _escaped(words: str) -> str:
    for letter in ("\\", "%", "_"):
        words = words.replace(letter, f"\\{letter}")
    return words
