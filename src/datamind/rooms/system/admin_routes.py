"""Routes of the mode and of alerts, for admins."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Query, Request

from datamind.rooms.http import Admin, Cursor, Limit, SignedIn, TheParts
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.system import alerting, overriding
from datamind.rooms.system.schemas import AlertOut, AlertsPage, ModeIn, ModeOut
from datamind.rooms.system.service import Watch
from datamind.rooms.text import Text

router = APIRouter(prefix="/system", tags=["system"], responses=problems(*USUAL))
Kind = Annotated[Text | None, Query(max_length=40)]


def _watch(request: Request) -> Watch:
    return cast(Watch, request.app.state.watch)


@router.get("/mode")
async def mode(request: Request, caller: Admin) -> ModeOut:
    """The mode that holds, and why."""
    return _watch(request).mode(caller)


@router.post("/mode")
async def set_mode(body: ModeIn, request: Request, caller: SignedIn, parts: TheParts) -> ModeOut:
    """Want a mode for a while: a worse one for maintenance, or a better one than the score says.
    Where a database or the audit log is down, that outweighs it."""
    # Committed before it holds here, or a look at the store in between would take it back.
    async with parts.database.unit() as session:
        wanted = await overriding.set_to(session, parts, caller, body)
    return _watch(request).want(wanted, caller)


@router.delete("/mode")
async def clear_mode(request: Request, caller: SignedIn, parts: TheParts) -> ModeOut:
    """Leave the mode to the parts again."""
    async with parts.database.unit() as session:
        await overriding.clear(session, parts, caller)
    return _watch(request).want(None, caller)


@router.get("/alerts")
async def alerts(
    request: Request, caller: Admin, parts: TheParts, state: alerting.State | None = None,
    kind: Kind = None, limit: Limit = 50, cursor: Cursor = None,
) -> AlertsPage:  # fmt: skip
    """Alerts, newest first."""
    return await alerting.find(
        parts, caller, _watch(request).alerts, state=state, kind=kind, limit=limit, cursor=cursor
    )


@router.post("/alerts/{alert_id}/acknowledge", responses=problems(404))
async def acknowledge(alert_id: str, caller: SignedIn, parts: TheParts) -> AlertOut:
    """Say that somebody has seen to it."""
    return await alerting.acknowledge(parts, caller, alert_id)
