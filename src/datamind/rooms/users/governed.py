"""Users whom policies concern: their address, role and leaving, kept together with policies."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Governing
from datamind.rooms.policies import moving
from datamind.rooms.users import service
from datamind.rooms.users.schemas import UserOut, UserPatch


async def change(
    session: AsyncSession, parts: Governing, caller: Caller, user_id: str, wanted: UserPatch, *,
    force: bool = False,
) -> UserOut:  # fmt: skip
    """The user, changed; what policies say of their address they say of the new one."""
    need(caller, "admin")
    if wanted.email is None:
        return await service.change(session, parts, caller, user_id, wanted)
    before = (await service.existing(session, user_id)).email

    async def work(unit: AsyncSession) -> UserOut:
        changed = await service.change(unit, parts, caller, user_id, wanted)
        moving.forget_once_kept(unit, parts)
        return changed

    return await moving.renamed(
        session, parts, caller, work, "users", before, wanted.email, force=force
    )


async def assign_role(
    session: AsyncSession, parts: Governing, caller: Caller, user_id: str, role: str, *,
    force: bool = False,
) -> UserOut:  # fmt: skip
    """The user with this role; AssertionBroken where one would not hold of them, unless forced."""
    need(caller, "admin")
    user = await service.existing(session, user_id)
    then = moving.of_user(user.email, lambda asker: replace(asker, roles=frozenset((role,))))
    return await moving.moved(
        session, parts, caller,
        lambda unit: service.assign_role(unit, parts, caller, user_id, role), then, force=force,
    )  # fmt: skip


async def delete(
    session: AsyncSession, parts: Governing, caller: Caller, user_id: str, *, force: bool = False
) -> None:
    """Forget who a user is; InUse where policies name them, unless forced."""
    need(caller, "admin")
    user = await service.existing(session, user_id)
    await moving.removed(
        session, parts, caller, lambda unit: service.delete(unit, parts, caller, user_id),
        "users", user.email, moving.of_user(user.email, lambda _: None), force=force,
    )  # fmt: skip
