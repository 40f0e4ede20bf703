"""Routes of users, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from datamind.rooms.http import Admin, Cursor, Limit, SignedIn, TheParts, Unit
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.users import governed, groups, service
from datamind.rooms.users.schemas import (
    AttributesIn,
    GroupIn,
    GroupOut,
    GroupsOut,
    MembershipsIn,
    Role,
    RoleIn,
    UserDetail,
    UserIn,
    UserOut,
    UserPatch,
    UsersOut,
)

Force = Annotated[bool, Query(description="Whatever policies and assertions say; audited.")]
router = APIRouter(prefix="/users", tags=["users"], responses=problems(*USUAL))


@router.get("")
async def find(
    caller: Admin, session: Unit, q: Annotated[str | None, Query(max_length=200)] = None,
    role: Role | None = None, limit: Limit = 50, cursor: Cursor = None,
) -> UsersOut:  # fmt: skip
    """List users, newest first; `q` looks in names and addresses."""
    return await service.find(session, caller, words=q, role=role, limit=limit, cursor=cursor)


@router.post("", status_code=201, responses=problems(409))
async def create(body: UserIn, caller: SignedIn, parts: TheParts, session: Unit) -> UserOut:
    """Add a user. Where no password is given one is made, and told this once."""
    return await service.create(session, parts, caller, body)


@router.get("/{user_id}", responses=problems(404))
async def get(user_id: str, caller: Admin, session: Unit) -> UserDetail:
    """One user."""
    return await service.get(session, caller, user_id)


@router.patch("/{user_id}", responses=problems(404, 409))
async def change(
    user_id: str, body: UserPatch, caller: SignedIn, parts: TheParts, session: Unit,
    force: Force = False,
) -> UserOut:  # fmt: skip
    """Change name or address, (de)activate, or make a new password. Policies that name the address
    say the new one."""
    return await governed.change(session, parts, caller, user_id, body, force=force)


@router.delete("/{user_id}", status_code=204, responses=problems(404, 409))
async def delete(
    user_id: str, caller: SignedIn, parts: TheParts, session: Unit, force: Force = False
) -> None:
    """Forget who a user is, and let them in no more; what they asked stays in the history. Refused
    where a policy names them."""
    await governed.delete(session, parts, caller, user_id, force=force)


@router.post("/{user_id}/assign-role", responses=problems(404, 409))
async def assign_role(
    user_id: str, body: RoleIn, caller: SignedIn, parts: TheParts, session: Unit,
    force: Force = False,
) -> UserOut:  # fmt: skip
    """Give a role; access tokens that say another count no more."""
    return await governed.assign_role(session, parts, caller, user_id, body.role, force=force)


@router.post("/{user_id}/deactivate", responses=problems(404, 409))
async def deactivate(user_id: str, caller: SignedIn, parts: TheParts, session: Unit) -> UserOut:
    """Sign the user out everywhere, and let them in no more."""
    return await service.change(session, parts, caller, user_id, UserPatch(active=False))


@router.put("/{user_id}/groups", responses=problems(404, 409, 412))
async def put_into(
    user_id: str, body: MembershipsIn, caller: Admin, parts: TheParts, session: Unit,
    force: Force = False,
) -> UserDetail:  # fmt: skip
    """Put a user into these groups, and into no others."""
    return await groups.put_into(session, parts, caller, user_id, body, force=force)


@router.put("/{user_id}/attributes", responses=problems(404, 409, 412))
async def describe(
    user_id: str, body: AttributesIn, caller: Admin, parts: TheParts, session: Unit,
    force: Force = False,
) -> UserDetail:  # fmt: skip
    """Give a user these attributes, and no others; row predicates may ask for them."""
    return await groups.describe(session, parts, caller, user_id, body, force=force)


of_groups = APIRouter(prefix="/groups", tags=["users"], responses=problems(*USUAL))


@of_groups.get("")
async def find_groups(
    caller: Admin, session: Unit, limit: Limit = 50, cursor: Cursor = None
) -> GroupsOut:
    """List groups, newest first."""
    return await groups.find(session, caller, limit=limit, cursor=cursor)


@of_groups.post("", status_code=201, responses=problems(409))
async def create_group(body: GroupIn, caller: Admin, parts: TheParts, session: Unit) -> GroupOut:
    """Add a group."""
    return await groups.create(session, parts, caller, body)


@of_groups.patch("/{group_id}", responses=problems(404, 409, 412))
async def change_group(
    group_id: str, body: GroupIn, caller: Admin, parts: TheParts, session: Unit,
    force: Force = False,
) -> GroupOut:  # fmt: skip
    """Give a group this name and description; policies that name it say the new name."""
    return await groups.change(session, parts, caller, group_id, body, force=force)


@of_groups.delete("/{group_id}", status_code=204, responses=problems(404, 409, 412))
async def remove_group(
    group_id: str, caller: Admin, parts: TheParts, session: Unit, force: Force = False
) -> None:
    """Take a group away; who was in it stays. Refused where a policy names it."""
    await groups.remove(session, parts, caller, group_id, force=force)
