"""Groups of users, and the attributes of users that row predicates may ask for."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import BadInput, Conflict, NotFound
from datamind.governance.rules import Asker, known
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Governing, Parts
from datamind.rooms.policies import moving
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

TAKEN = "There is a group of this name already."


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
    await _must_be_free(session, wanted.name)
    group = UserGroup(
        id=clock.new_id("grp"), name=wanted.name, description=wanted.description,
        created_at=parts.now(),
    )  # fmt: skip
    session.add(group)
    await _flush(session)
    await note(parts, caller, "group_create", Outcome.success, group=group.id, name=group.name)
    return _out(group, 0)


async def change(
    session: AsyncSession, parts: Governing, caller: Caller, group_id: str, wanted: GroupIn, *,
    force: bool = False,
) -> GroupOut:  # fmt: skip
    """The group under this name and description; policies that name it say the new name."""
    need(caller, "admin")
    before = (await _existing(session, group_id)).name
    await _must_be_free(session, wanted.name, group_id)

    async def work(unit: AsyncSession) -> GroupOut:
        group = await _existing(unit, group_id)
        group.name, group.description = wanted.name, wanted.description
        await _flush(unit)
        moving.forget_once_kept(unit, parts)
        await note(parts, caller, "group_change", Outcome.success, group=group.id, name=group.name,
                   before=before)  # fmt: skip
        return _out(group, (await _counts(unit)).get(group.id, 0))

    return await moving.renamed(
        session, parts, caller, work, "groups", before, wanted.name, force=force
    )


async def remove(
    session: AsyncSession, parts: Governing, caller: Caller, group_id: str, *, force: bool = False
) -> None:
    """No such group any more; who was in it stays. InUse where policies name it, unless forced."""
    need(caller, "admin")
    name = (await _existing(session, group_id)).name

    async def work(unit: AsyncSession) -> None:
        group = await _existing(unit, group_id)
        await unit.execute(
            delete(UserGroupMembership).where(UserGroupMembership.group_id == group.id)
        )
        await unit.delete(group)
        moving.forget_once_kept(unit, parts)
        await note(parts, caller, "group_delete", Outcome.success, group=group.id, name=group.name)

    def then(asker: Asker) -> Asker:
        return replace(asker, groups=asker.groups - {name})

    await moving.removed(session, parts, caller, work, "groups", name, then, force=force)


async def put_into(
    session: AsyncSession, parts: Governing, caller: Caller, user_id: str, wanted: MembershipsIn,
    *, force: bool = False,
) -> UserDetail:  # fmt: skip
    """The user in these groups, by name, and in no others; AssertionBroken where one would not hold
    of them, unless forced."""
    need(caller, "admin")
    email, names = (await existing(session, user_id)).email, frozenset(wanted.groups)

    async def work(unit: AsyncSession) -> UserDetail:
        user = await existing(unit, user_id)
        found = list(await unit.scalars(select(UserGroup).where(UserGroup.name.in_(names))))
        if missing := sorted(names - {group.name for group in found}):
            raise BadInput(f"There is no group {missing[0]}.", hint="`GET groups` lists them.")
        await unit.execute(
            delete(UserGroupMembership).where(UserGroupMembership.user_id == user.id)
        )
        unit.add_all(UserGroupMembership(user_id=user.id, group_id=group.id) for group in found)
        await unit.flush()
        moving.forget_once_kept(unit, parts)
        await note(parts, caller, "user_groups", Outcome.success, user=user.id,
                   groups=sorted(names))  # fmt: skip
        return await told(unit, user)

    then = moving.of_user(email, lambda asker: replace(asker, groups=names))
    return await moving.moved(session, parts, caller, work, then, force=force)


async def describe(
    session: AsyncSession, parts: Governing, caller: Caller, user_id: str, wanted: AttributesIn, *,
    force: bool = False,
) -> UserDetail:  # fmt: skip
    """The user with these attributes and no others; AssertionBroken where an assertion would not
    hold of them, unless forced."""
    need(caller, "admin")
    email = (await existing(session, user_id)).email

    async def work(unit: AsyncSession) -> UserDetail:
        user = await existing(unit, user_id)
        user.attributes = dict(wanted.attributes)
        moving.forget_once_kept(unit, parts)
        await note(
            parts, caller, "user_attributes", Outcome.success, user=user.id,
            attributes=sorted(wanted.attributes),
        )  # fmt: skip
        return await told(unit, user)

    attributes = known(wanted.attributes)
    then = moving.of_user(email, lambda asker: replace(asker, attributes=attributes))
    return await moving.moved(session, parts, caller, work, then, force=force)


async def _must_be_free(session: AsyncSession, name: str, but: str = "") -> None:
    """Conflict where another group is called so, in letters of whatever size."""
    for key, taken in await session.execute(select(UserGroup.id, UserGroup.name)):
        if key != but and taken.casefold() == name.casefold():
            raise Conflict(TAKEN, hint=f"It is called {taken}.")


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
        raise Conflict(TAKEN) from None


def _out(group: UserGroup, members: int) -> GroupOut:
    return GroupOut(
        id=group.id, name=group.name, description=group.description, members=members,
        created_at=group.created_at,
    )  # fmt: skip
