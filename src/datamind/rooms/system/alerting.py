"""Alerts as admins see them: listed, and acknowledged."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select

from datamind.errors import NotFound, Unavailable
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts
from datamind.rooms.system.alerts import Alerts
from datamind.rooms.system.models import Alert
from datamind.rooms.system.schemas import AlertOut, AlertsPage

State = Literal["open", "ended", "acknowledged"]


async def find(
    parts: Parts, caller: Caller, alerts: Alerts, *, state: State | None, kind: str | None,
    limit: int, cursor: str | None,
) -> AlertsPage:  # fmt: skip
    """A page of them; while the store is down, those that are open here."""
    need(caller, "admin")
    found = select(Alert)
    if kind is not None:
        found = found.where(Alert.kind == kind)
    if state == "ended":
        found = found.where(Alert.ended_at.is_not(None))
    elif state == "open":
        found = found.where(Alert.ended_at.is_(None))
    elif state == "acknowledged":
        found = found.where(Alert.acknowledged_at.is_not(None))
    try:
        async with parts.database.unit() as session:
            rows, total, following = await page_of(
                session, found, Alert.opened_at, Alert.id, limit=limit, cursor=cursor
            )
    except Unavailable:
        here = [
            AlertOut(
                id=n.id, kind=n.kind, subject=n.subject, severity=n.severity, message=n.message,
                opened_at=n.at, kept=False,
            )
            for n in alerts.open
            if kind in (None, n.kind) and state in (None, "open")
        ]  # fmt: skip
        return AlertsPage(items=here[:limit], total=len(here))
    items = [AlertOut.model_validate(row) for row in rows]
    return AlertsPage(items=items, total=total, next_cursor=following)


async def acknowledge(parts: Parts, caller: Caller, alert_id: str) -> AlertOut:
    """Somebody has seen it; it ends by itself when what it tells of does."""
    need(caller, "admin")
    async with parts.database.in_turn() as session:
        row = await session.get(Alert, alert_id)
        if row is None:
            raise NotFound("There is no such alert.")
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = parts.now(), caller.identity.user
            await note(
                parts, caller, "alert_acknowledge", Outcome.success, alert=row.id, kind=row.kind
            )
        return AlertOut.model_validate(row)
