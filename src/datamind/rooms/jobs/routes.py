"""Routes of jobs and schedules, for admins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from sse_starlette import EventSourceResponse

from datamind.rooms.http import Admin, Cursor, Limit, TheParts, Unit
from datamind.rooms.jobs import following, schedules, service
from datamind.rooms.jobs.schemas import (
    JobDetail,
    JobOut,
    JobsPage,
    ScheduleOut,
    SchedulePatch,
    SchedulesOut,
    Status,
)
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.text import Text

router = APIRouter(prefix="/system", tags=["system"], responses=problems(*USUAL))
Word = Annotated[Text | None, Query(max_length=100)]
After = Annotated[int, Query(ge=0, le=10**9, description="`seq` of the last line that is known.")]

LastEvent = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)]
FOLLOWS: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/event-stream": {}}},
    204: {"description": "All of it was heard (`Last-Event-ID`)."},
    **problems(404),
}
SEND_S = 30  # whoever reads no more is let go of


def streamed(events: AsyncIterator[following.Event] | None) -> Response:
    """The events as they come; nothing (204) for whoever has heard all, so that browsers ask no
    more."""
    if events is None:
        return Response(status_code=204)
    return EventSourceResponse(events, ping=15, send_timeout=SEND_S)


@router.get("/jobs")
async def find(
    caller: Admin, session: Unit, kind: Word = None, status: Status | None = None,
    owner: Word = None, limit: Limit = 50, cursor: Cursor = None,
) -> JobsPage:  # fmt: skip
    """Jobs, newest first."""
    return await service.find(
        session, caller, kind=kind, status=status, owner=owner, limit=limit, cursor=cursor
    )


@router.get("/jobs/{job_id}", responses=problems(404))
async def get(caller: Admin, session: Unit, job_id: str, after: After = 0) -> JobDetail:
    """A job, how far it is, and its log."""
    return await service.get(session, caller, job_id, after=after)


@router.get("/jobs/{job_id}/log", response_class=EventSourceResponse, responses=FOLLOWS)
async def log(
    request: Request, caller: Admin, parts: TheParts, job_id: str, after: After = 0,
    last_event_id: LastEvent = None,
) -> Response:  # fmt: skip
    """Follow a job: each `line` of its log, its `state` where that changes, then the `end`. With
    `Last-Event-ID` it goes on where it was left, at any server."""
    return streamed(await following.follow(
        parts, caller, job_id, request.url.path, after=after, last_event=last_event_id
    ))  # fmt: skip


@router.post("/jobs/{job_id}/cancel", responses=problems(404))
async def cancel(caller: Admin, parts: TheParts, session: Unit, job_id: str) -> JobOut:
    """Call a job off: one that waits is over at once, one that runs within seconds."""
    return await service.cancel(session, parts, caller, job_id)


@router.post("/jobs/{job_id}/retry", responses=problems(404, 409))
async def retry(caller: Admin, parts: TheParts, session: Unit, job_id: str) -> JobOut:
    """Do a job anew that failed, died or was cancelled."""
    return await service.retry(session, parts, caller, job_id)


@router.get("/schedules")
async def find_schedules(caller: Admin, session: Unit) -> SchedulesOut:
    """What is asked for by the clock."""
    return await schedules.find(session, caller)


@router.patch("/schedules/{name}", responses=problems(404))
async def change_schedule(
    body: SchedulePatch, caller: Admin, parts: TheParts, session: Unit, name: str
) -> ScheduleOut:
    """Change when a schedule is due, switch it on or off, or ask for its job at once."""
    return await schedules.change(session, parts, caller, name, body, parts.modes)
