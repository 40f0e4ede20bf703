"""Routes of policies, for admins; the same at `policies` and at `data-control/policies`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from datamind.errors import BadInput
from datamind.rooms.http import Admin, TheParts, Unit
from datamind.rooms.paging import Cursor, Limit
from datamind.rooms.policies import preview, proposals, service
from datamind.rooms.policies.schemas import (
    PoliciesOut,
    PolicyIn,
    PolicyOut,
    PreviewIn,
    PreviewOut,
    ProposalsOut,
    VersionsOut,
)
from datamind.rooms.problems import USUAL, problems

router = APIRouter(tags=["policies"], responses=problems(*USUAL, 404))
IfMatch = Annotated[str | None, Header(max_length=20)]


@router.get("")
async def find(
    caller: Admin, session: Unit, kind: Literal["grant", "restriction"] | None = None,
    on: Annotated[str | None, Query(max_length=400)] = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> PoliciesOut:  # fmt: skip
    """List policies, newest first."""
    return await service.find(session, caller, kind=kind, relation=on, limit=limit, cursor=cursor)


@router.post("", status_code=201)
async def create(
    body: PolicyIn, response: Response, caller: Admin, parts: TheParts, session: Unit
) -> PolicyOut:
    """Add a policy. It holds at once here, on other nodes within POLICY_CACHE_SECONDS."""
    return _tagged(await service.create(session, parts, caller, body), response)


@router.post("/preview")
async def look_as(body: PreviewIn, caller: Admin, parts: TheParts, session: Unit) -> PreviewOut:
    """What a user sees and why: of all tables, and of a statement the text that would run."""
    return await preview.preview(session, parts, caller, body)


@router.get("/{policy_id}")
async def get(policy_id: str, response: Response, caller: Admin, session: Unit) -> PolicyOut:
    """One policy."""
    return _tagged(await service.get(session, caller, policy_id), response)


@router.patch("/{policy_id}", responses=problems(412))
async def change(
    policy_id: str, body: PolicyIn, response: Response, caller: Admin, parts: TheParts,
    session: Unit, if_match: IfMatch = None,
) -> PolicyOut:  # fmt: skip
    """Let a policy say something else. With `If-Match`, only the version that was read."""
    changed = await service.change(session, parts, caller, policy_id, body, _version(if_match))
    return _tagged(changed, response)


@router.delete("/{policy_id}", status_code=204, responses=problems(412))
async def take_away(
    policy_id: str, caller: Admin, parts: TheParts, session: Unit, if_match: IfMatch = None
) -> None:
    """Take a policy away; its versions stay."""
    await service.take_away(session, parts, caller, policy_id, _version(if_match))


@router.get("/{policy_id}/versions")
async def versions(policy_id: str, caller: Admin, session: Unit) -> VersionsOut:
    """What a policy has said, newest first."""
    return await service.versions(session, caller, policy_id)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    try:
        return int(if_match.strip().removeprefix("W/").strip('"'))
    except ValueError:
        raise BadInput("If-Match takes the ETag that was read.") from None


def _tagged(told: PolicyOut, response: Response) -> PolicyOut:
    response.headers["ETag"] = f'"{told.version}"'
    return told


pii = APIRouter(prefix="/security/pii", tags=["security"], responses=problems(*USUAL))


@pii.post("/scan")
async def scan(caller: Admin, parts: TheParts, session: Unit) -> ProposalsOut:
    """What looks like personal data in the catalog, and policies that would mask it; none is
    made."""
    return await proposals.scan(session, parts, caller)


routers = [pii]
for _prefix in ("/policies", "/data-control/policies"):
    _mounted = APIRouter()
    _mounted.include_router(router, prefix=_prefix)
    routers.append(_mounted)
