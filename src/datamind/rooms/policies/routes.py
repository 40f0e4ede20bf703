"""Routes of policies, for admins; the same at `policies` and at `data-control/policies`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Response

from datamind.errors import BadInput
from datamind.rooms.caller import Caller
from datamind.rooms.http import Admin, Cursor, Limit, TheParts, Unit
from datamind.rooms.parts import Parts
from datamind.rooms.policies import files, preview, proposals, service, testing
from datamind.rooms.policies.effective import effective
from datamind.rooms.policies.schemas import (
    EffectiveOut,
    ImportOut,
    PoliciesOut,
    PolicyIn,
    PolicyOut,
    PolicyPatch,
    PreviewIn,
    PreviewOut,
    ProposalsOut,
    TestIn,
    TestOut,
    VersionsOut,
)
from datamind.rooms.policies.side_routes import (
    Force,
    IfMatch,
    Relation,
    of_sides,
    tagged,
    version_of,
)
from datamind.rooms.problems import USUAL, problems

router = APIRouter(tags=["policies"], responses=problems(*USUAL, 404))
YAML = "application/yaml"


@router.get("")
async def find(
    caller: Admin, session: Unit, kind: Literal["grant", "restriction"] | None = None,
    on: Relation = None, limit: Limit = 50, cursor: Cursor = None,
) -> PoliciesOut:  # fmt: skip
    """List policies, newest first."""
    return await service.find(session, caller, kind=kind, relation=on, limit=limit, cursor=cursor)


@router.post("", status_code=201, responses=problems(409))
async def create(
    body: PolicyIn, response: Response, caller: Admin, parts: TheParts, session: Unit,
    force: Force = False,
) -> PolicyOut:  # fmt: skip
    """Add a policy. It holds at once here, on other nodes within POLICY_CACHE_SECONDS."""
    return tagged(await service.create(session, parts, caller, body, force=force), response)


@router.post("/preview")
async def look_as(body: PreviewIn, caller: Admin, parts: TheParts, session: Unit) -> PreviewOut:
    """What a user sees and why: of all tables, and of a statement the text that would run."""
    return await preview.preview(session, parts, caller, body)


@router.post("/test")
async def test(body: TestIn, caller: Admin, parts: TheParts, session: Unit) -> TestOut:
    """Whether the assertions of policies hold; with `proposed`, whether that change would break
    any."""
    await _spend(parts, caller)
    return await testing.test(session, parts, caller, body)


@router.get("/effective")
async def who_sees(
    caller: Admin, parts: TheParts, session: Unit,
    item: Annotated[str, Query(max_length=500, description="A table's or column's id.")],
    limit: Limit = 50, cursor: Cursor = None,
) -> EffectiveOut:  # fmt: skip
    """Who sees a table or a column, and which policies make it so."""
    return await effective(session, parts, caller, item, limit=limit, cursor=cursor)


@router.get(
    "/export", response_class=Response,
    responses={200: {"content": {YAML: {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def export(caller: Admin, session: Unit) -> Response:
    """All policies as one YAML file, in the form that `import` takes; the same for the same."""
    text, revision = await files.exported(session, caller)
    headers = {"ETag": f'"{revision}"', "Content-Disposition": "attachment; filename=policies.yaml"}
    return Response(text, media_type=YAML, headers=headers)


@router.post("/import", responses=problems(409, 412))
async def take_in(
    response: Response, caller: Admin, parts: TheParts, session: Unit,
    body: Annotated[bytes, Body(media_type=YAML)] = b"", mode: files.Mode = "merge",
    dry_run: bool = False, force: Force = False, if_match: IfMatch = None,
) -> ImportOut:  # fmt: skip
    """Take in a YAML file of policies, as a whole or not at all; `replace` takes away what is not
    in it. With `dry_run`, only say what would be done; with `If-Match`, only if nothing
    was changed since the export."""
    await _spend(parts, caller)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("The file is not UTF-8.") from None
    told = await files.imported(
        session, parts, caller, text, mode=mode, dry_run=dry_run, force=force,
        revision=version_of(if_match),
    )  # fmt: skip
    response.headers["ETag"] = f'"{told.revision}"'
    return told


router.include_router(of_sides)


@router.get("/{policy_id}")
async def get(policy_id: str, response: Response, caller: Admin, session: Unit) -> PolicyOut:
    """One policy."""
    return tagged(await service.get(session, caller, policy_id), response)


@router.patch("/{policy_id}", responses=problems(409, 412))
async def change(
    policy_id: str, body: PolicyPatch, response: Response, caller: Admin, parts: TheParts,
    session: Unit, if_match: IfMatch = None, force: Force = False,
) -> PolicyOut:  # fmt: skip
    """Change what the body names of a policy; a body with `kind`, `name`, `on` and `to` says all of
    it but its assertions. With `If-Match`, only the version that was read."""
    changed = await service.change(
        session, parts, caller, policy_id, body, version_of(if_match), force=force
    )
    return tagged(changed, response)


@router.delete("/{policy_id}", status_code=204, responses=problems(409, 412))
async def take_away(
    policy_id: str, caller: Admin, parts: TheParts, session: Unit, if_match: IfMatch = None,
    force: Force = False,
) -> None:  # fmt: skip
    """Take a policy away; its versions stay."""
    await service.take_away(session, parts, caller, policy_id, version_of(if_match), force=force)


@router.get("/{policy_id}/versions")
async def versions(policy_id: str, caller: Admin, session: Unit) -> VersionsOut:
    """What a policy has said, newest first."""
    return await service.versions(session, caller, policy_id)


async def _spend(parts: Parts, caller: Caller) -> None:
    """What may run statements counts as an ask."""
    await parts.limits.spend(parts.settings.server.ask_limit, "ask", caller.identity.user)


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
