"""Routes of the settings, for admins; secrets are masked before they get here."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from datamind.rooms.http import Admin, SignedIn, TheParts
from datamind.rooms.policies.side_routes import IfMatch, version_of
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.system import changing
from datamind.rooms.system.schemas import ConfigIn, ConfigOut

router = APIRouter(prefix="/system/config", tags=["system"], responses=problems(*USUAL))


@router.get("")
async def config(caller: Admin, parts: TheParts, response: Response) -> ConfigOut:
    """All settings with what holds on this node, secrets as ***; the ETag is the revision of what
    was changed while servers run."""
    told = changing.shown(parts, caller)
    response.headers["ETag"] = f'"{told.revision}"'
    return told


@router.patch("", responses=problems(412))
async def change(
    body: ConfigIn, request: Request, response: Response, caller: SignedIn, parts: TheParts,
    if_match: IfMatch = None,
) -> ConfigOut:  # fmt: skip
    """Change settings that may be while servers run, all or none; null takes a change back. They
    hold at once here, and on all other servers within seconds."""
    revision = version_of(if_match)
    changes = await changing.change(parts, caller, body.settings, revision=revision)
    request.app.state.watch.tune(changes)
    return await config(caller, request.app.state.parts, response)
