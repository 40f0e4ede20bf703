"""Routes of the two sides of policies: rows and columns."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Query, Response

from datamind.errors import BadInput
from datamind.rooms.http import Admin, Cursor, Limit, TheParts, Unit
from datamind.rooms.policies import typed
from datamind.rooms.policies.schemas import (
    ColumnPoliciesOut,
    ColumnPolicyIn,
    ColumnPolicyOut,
    PolicyOut,
    RowPoliciesOut,
    RowPolicyIn,
    RowPolicyOut,
    VersionsOut,
)
from datamind.rooms.problems import problems

of_sides = APIRouter()
Out = TypeVar("Out", PolicyOut, RowPolicyOut, ColumnPolicyOut)
IfMatch = Annotated[str | None, Header(max_length=20)]
Force = Annotated[bool, Query(description="Also where an assertion would not hold; audited.")]
Relation = Annotated[str | None, Query(max_length=400)]


@of_sides.get("/rows")
async def find_rows(
    caller: Admin, session: Unit, on: Relation = None, limit: Limit = 50, cursor: Cursor = None
) -> RowPoliciesOut:
    """List policies that say something of rows, newest first."""
    return await typed.rows.find(session, caller, relation=on, limit=limit, cursor=cursor)


@of_sides.post("/rows", status_code=201, responses=problems(409))
async def create_rows(
    body: RowPolicyIn, response: Response, caller: Admin, parts: TheParts, session: Unit,
    force: Force = False,
) -> RowPolicyOut:  # fmt: skip
    """Add a row filter: a restriction unless `kind` says grant."""
    return tagged(await typed.rows.create(session, parts, caller, body, force=force), response)


@of_sides.get("/rows/{policy_id}")
async def get_rows(
    policy_id: str, response: Response, caller: Admin, session: Unit
) -> RowPolicyOut:
    """What one policy says of rows."""
    return tagged(await typed.rows.get(session, caller, policy_id), response)


@of_sides.patch("/rows/{policy_id}", responses=problems(409, 412))
async def change_rows(
    policy_id: str, body: RowPolicyIn, response: Response, caller: Admin, parts: TheParts,
    session: Unit, if_match: IfMatch = None, force: Force = False,
) -> RowPolicyOut:  # fmt: skip
    """Change what a policy says of rows; what it says of columns stays."""
    changed = await typed.rows.change(
        session, parts, caller, policy_id, body, version_of(if_match), force=force
    )
    return tagged(changed, response)


@of_sides.delete("/rows/{policy_id}", status_code=204, responses=problems(409, 412))
async def take_rows_away(
    policy_id: str, caller: Admin, parts: TheParts, session: Unit, if_match: IfMatch = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Take a row filter away; of a restriction, what it says of columns stays."""
    await typed.rows.take_away(session, parts, caller, policy_id, version_of(if_match), force=force)


@of_sides.get("/rows/{policy_id}/versions")
async def versions_of_rows(policy_id: str, caller: Admin, session: Unit) -> VersionsOut:
    """What the whole policy has said, newest first."""
    return await typed.rows.versions(session, caller, policy_id)


@of_sides.get("/columns")
async def find_columns(
    caller: Admin, session: Unit, on: Relation = None, limit: Limit = 50, cursor: Cursor = None
) -> ColumnPoliciesOut:
    """List policies that mask or hide columns, newest first."""
    return await typed.columns.find(session, caller, relation=on, limit=limit, cursor=cursor)


@of_sides.post("/columns", status_code=201, responses=problems(409))
async def create_columns(
    body: ColumnPolicyIn, response: Response, caller: Admin, parts: TheParts, session: Unit,
    force: Force = False,
) -> ColumnPolicyOut:  # fmt: skip
    """Add a restriction that masks or hides columns."""
    return tagged(await typed.columns.create(session, parts, caller, body, force=force), response)


@of_sides.get("/columns/{policy_id}")
async def get_columns(
    policy_id: str, response: Response, caller: Admin, session: Unit
) -> ColumnPolicyOut:
    """What one policy says of columns."""
    return tagged(await typed.columns.get(session, caller, policy_id), response)


@of_sides.patch("/columns/{policy_id}", responses=problems(409, 412))
async def change_columns(
    policy_id: str, body: ColumnPolicyIn, response: Response, caller: Admin, parts: TheParts,
    session: Unit, if_match: IfMatch = None, force: Force = False,
) -> ColumnPolicyOut:  # fmt: skip
    """Change what a policy says of columns; what it says of rows stays."""
    changed = await typed.columns.change(
        session, parts, caller, policy_id, body, version_of(if_match), force=force
    )
    return tagged(changed, response)


@of_sides.delete("/columns/{policy_id}", status_code=204, responses=problems(409, 412))
async def take_columns_away(
    policy_id: str, caller: Admin, parts: TheParts, session: Unit, if_match: IfMatch = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Mask and hide no more; what the policy says of rows stays."""
    await typed.columns.take_away(
        session, parts, caller, policy_id, version_of(if_match), force=force
    )


@of_sides.get("/columns/{policy_id}/versions")
async def versions_of_columns(policy_id: str, caller: Admin, session: Unit) -> VersionsOut:
    """What the whole policy has said, newest first."""
    return await typed.columns.versions(session, caller, policy_id)


def version_of(if_match: str | None) -> int | None:
    """The version that was read, as If-Match says it; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    try:
        return int(if_match.strip().removeprefix("W/").strip('"'))
    except ValueError:
        raise BadInput("If-Match takes the ETag that was read.") from None


def tagged(told: Out, response: Response) -> Out:
    """What is told, with its version as the ETag."""
    response.headers["ETag"] = f'"{told.version}"'
    return told
