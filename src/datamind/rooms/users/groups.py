"""Groups of users, and the attributes of users that row predicates may ask for."""

from __future__ import annotations

from sqlalchemy import delete, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import BadInput, Conflict, NotFound
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts
from datamind.rooms.users.models import UserGroup, UserGroupMembership
from datamind.rooms.users.schemas import (
    AttributesIn,
    GroupIn,
    GroupOut,
    GroupsOut,
    MembershipsIn,
    UserDetail,
)
from datamind.rooms.users.service import existing, told


async def find(
    session: AsyncSession, caller: Caller, *, limit: int, cursor: str | None
) -> GroupsOut:
    """A page of groups, newest first, with how many are in each."""
    need(caller, "admin")
    rows, total, following = await page_of(
        session, select(UserGroup), UserGroup.created_at, UserGroup.id, limit=limit, cursor=cursor
    )
    counts = await _counts(session)
    items = [_out(row, counts.get(row.id, 0)) for row in rows]
    return GroupsOut(items=items, total=total, next_cursor=following)


async def create(session: AsyncSession, parts: Parts, caller: Caller, wanted: GroupIn) -> GroupOut:
    """A new group; Conflict where the name is taken."""
    need(caller, "admin")
    group = UserGroup(
        id=clock.new_id("grp"), name=wanted.name, description=wanted.description,
        created_at=parts.now(),
    )  # fmt: skip
    session.add(group)
    await _flush(session)
    await note(parts, caller, "group_create", Outcome.success, group=group.id, name=group.name)
    return _out(group, 0)


async def change(
    session: AsyncSession, parts: Parts, caller: Caller, group_id: str, wanted: GroupIn
) -> GroupOut:
    """The group under this name and description; policies know groups by their names."""
    need(caller, "admin")
    group = await _existing(session, group_id)
    group.name, group.description = wanted.name, wanted.description
    await _flush(session)
    _forget_once_kept(session, parts)
    await note(parts, caller, "group_change", Outcome.success, group=group.id, name=group.name)
    return _out(group, (await _counts(session)).get(group.id, 0))


async def remove(session: AsyncSession, parts: Parts, caller: Caller, group_id: str) -> None:
    """No such group any more; who was in it stays."""
    need(caller, "admin")
    group = await _existing(session, group_id)
    await session.execute(
        delete(UserGroupMembership).where(UserGroupMembership.group_id == group.id)
    )
    await session.delete(group)
    _forget_once_kept(session, parts)
    await note(parts, caller, "group_delete", Outcome.success, group=group.id, name=group.name)


async def put_into(
    session: AsyncSession, parts: Parts, caller: Caller, user_id: str, wanted: MembershipsIn
) -> UserDetail:
    """The user in these groups, by name, and in no others."""
    need(caller, "admin")
    user = await existing(session, user_id)
    names = set(wanted.groups)
    found = list(await session.scalars(select(UserGroup).where(UserGroup.name.in_(names))))
    if missing := sorted(names - {group.name for group in found}):
        raise BadInput(f"There is no group {missing[0]}.", hint="`GET groups` lists them.")
    await session.execute(delete(UserGroupMembership).where(UserGroupMembership.user_id == user.id))
    session.add_all(UserGroupMembership(user_id=user.id, group_id=group.id) for group in found)
    await session.flush()
    _forget_once_kept(session, parts)
    await note(parts, caller, "user_groups", Outcome.success, user=user.id, groups=sorted(names))
    return await told(session, user)


async def describe(
    session: AsyncSession, parts: Parts, caller: Caller, user_id: str, wanted: AttributesIn
) -> UserDetail:
    """The user with these attributes and no others."""
    need(caller, "admin")
    user = await existing(session, user_id)
    user.attributes = dict(wanted.attributes)
    _forget_once_kept(session, parts)
    await note(
        parts, caller, "user_attributes", Outcome.success, user=user.id,
        attributes=sorted(wanted.attributes),
    )  # fmt: skip
    return await told(session, user)


async def _counts(session: AsyncSession) -> dict[str, int]:
    rows = await session.execute(
        select(UserGroupMembership.group_id, func.count().label("members")).group_by(
            UserGroupMembership.group_id
        )
    )
    return {row.group_id: row.members for row in rows}


async def _existing(session: AsyncSession, group_id: str) -> UserGroup:
    group = await session.get(UserGroup, group_id)
    if group is None:
        raise NotFound("There is no such group.")
    return group


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict("There is a group of this name already.") from None


def _forget_once_kept(session: AsyncSession, parts: Parts) -> None:
    event.listen(session.sync_session, "after_commit", lambda _: parts.rights.forget(), once=True)


def _out(group: UserGroup, members: int) -> GroupOut:
    return GroupOut(
        id=group.id, name=group.name, description=group.description, members=members,
        created_at=group.created_at,
    )  # fmt: skip
