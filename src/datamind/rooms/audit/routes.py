"""Routes of the audit log, for admins."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from datamind.records import AuditFilter
from datamind.rooms.audit import reading
from datamind.rooms.audit.events import EVENTS
from datamind.rooms.audit.schemas import AuditPage, VerdictOut
from datamind.rooms.audit.service import Outcome
from datamind.rooms.http import Auditor, Cursor, Limit, TheParts
from datamind.rooms.paging import moment
from datamind.rooms.problems import USUAL, problems

router = APIRouter(prefix="/security/audit-log", tags=["security"], responses=problems(*USUAL))
Word = Annotated[str | None, Query(max_length=200)]


def _known(event: str | None) -> str | None:
    if event is not None and event not in EVENTS:
        raise ValueError("there is no such event; they are listed in the documentation")
    return event


Event = Annotated[Word, AfterValidator(_known)]


def wanted(
    q: Word = None, event_type: Event = None, user_id: Word = None, status: Outcome | None = None,
    correlation_id: Word = None, since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> AuditFilter:  # fmt: skip
    """Which records; `q` stands anywhere in them."""
    return AuditFilter(
        q, event_type, user_id, status, correlation_id, since and moment(since),
        until and moment(until),
    )  # fmt: skip


Wanted = Annotated[AuditFilter, Depends(wanted)]


@router.get("")
async def find(
    caller: Auditor, parts: TheParts, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> AuditPage:
    """Search the audit log's live records, newest first."""
    return await reading.find(parts, caller, wanted, limit=limit, cursor=cursor)


@router.get("/export", response_class=StreamingResponse)
async def export(caller: Auditor, parts: TheParts, wanted: Wanted) -> StreamingResponse:
    """All records that fit, oldest first, as JSON Lines; those of sealed segments that the time
    asked for reaches are among them."""
    lines = await reading.export(parts, caller, wanted)
    name = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(lines, media_type="application/jsonl", headers=name)


@router.post("/verify")
async def verify(caller: Auditor, parts: TheParts) -> VerdictOut:
    """Whether the chain holds in both copies and all segments: changes, gaps, reordering, what is
    missing, truncation up to the last anchor."""
    return await reading.verify(parts, caller)
