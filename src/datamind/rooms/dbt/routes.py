"""Routes of dbt, for admins; the same at `/admin/dbt` and `/api/v1/admin/dbt`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import HTMLResponse
from sse_starlette import EventSourceResponse

from datamind.dbt_records import Command
from datamind.rooms.caller import Caller
from datamind.rooms.dbt import service
from datamind.rooms.dbt.schemas import (
    DbtIn,
    ModelsOut,
    RunDetail,
    RunOut,
    RunsPage,
    StartedOut,
    Status,
    WaitedOut,
)
from datamind.rooms.http import Admin, Cursor, Limit, TheParts, Unit
from datamind.rooms.jobs.routes import FOLLOWS, LastEvent, streamed
from datamind.rooms.parts import Parts
from datamind.rooms.problems import USUAL, problems

router = APIRouter(prefix="/admin/dbt", tags=["dbt"], responses=problems(*USUAL))
After = Annotated[int, Query(ge=0, le=10**9, description="`seq` of the last line that is known.")]
Wait = Annotated[bool, Query(description="Answer once the run is over.")]
Key = Annotated[str | None, Header(max_length=100)]
STARTS = {200: {"model": WaitedOut, "description": "It is over (`wait`)."}, **problems(409)}


@router.post("/run", status_code=202, responses=STARTS)
async def run(
    caller: Admin, parts: TheParts, response: Response, body: DbtIn | None = None,
    wait: Wait = False, idempotency_key: Key = None,
) -> StartedOut | WaitedOut:  # fmt: skip
    """Build the models, without their tests, and put them in use together."""
    return await _start("run", body, caller, parts, response, idempotency_key, wait=wait)


@router.post("/test", status_code=202, responses=STARTS)
async def test(
    caller: Admin, parts: TheParts, response: Response, body: DbtIn | None = None,
    wait: Wait = False, idempotency_key: Key = None,
) -> StartedOut | WaitedOut:  # fmt: skip
    """Test what is in use; answers warn of what fails."""
    return await _start("test", body, caller, parts, response, idempotency_key, wait=wait)


@router.post("/build", status_code=202, responses=STARTS)
async def build(
    caller: Admin, parts: TheParts, response: Response, body: DbtIn | None = None,
    wait: Wait = False, idempotency_key: Key = None,
) -> StartedOut | WaitedOut:  # fmt: skip
    """Build and test the models beside those in use, and put them in use if all is well."""
    return await _start("build", body, caller, parts, response, idempotency_key, wait=wait)


@router.post("/docs", status_code=202, responses=STARTS)
async def docs(
    caller: Admin, parts: TheParts, response: Response, wait: Wait = False,
    idempotency_key: Key = None,
) -> StartedOut | WaitedOut:  # fmt: skip
    """Make dbt's documentation of what is in use."""
    return await _start("docs", None, caller, parts, response, idempotency_key, wait=wait)


@router.post("/sync", status_code=202, responses=STARTS)
async def sync(
    caller: Admin, parts: TheParts, response: Response, wait: Wait = False,
    idempotency_key: Key = None,
) -> StartedOut | WaitedOut:  # fmt: skip
    """Look how fresh the sources are, and read the artifacts again: catalog, lineage, quality."""
    return await _start("sync", None, caller, parts, response, idempotency_key, wait=wait)


@router.get("/runs")
async def find(
    caller: Admin, parts: TheParts, session: Unit, command: Command | None = None,
    status: Status | None = None, limit: Limit = 50, cursor: Cursor = None,
) -> RunsPage:  # fmt: skip
    """Runs, newest first."""
    return await service.find(
        session, parts, caller, command=command, status=status, limit=limit, cursor=cursor
    )


@router.get("/runs/{run_id}", responses=problems(404))
async def get(
    caller: Admin, parts: TheParts, session: Unit, run_id: str, after: After = 0
) -> RunDetail:
    """A run and its log as it comes: ask again with `after`."""
    return await service.get(session, parts, caller, run_id, after=after)


@router.get("/runs/{run_id}/log", response_class=EventSourceResponse, responses=FOLLOWS)
async def log(
    request: Request, caller: Admin, parts: TheParts, run_id: str, after: After = 0,
    last_event_id: LastEvent = None,
) -> Response:  # fmt: skip
    """Follow a run: each `line` of its log, the `state` of its job, then the `end`. With
    `Last-Event-ID` it goes on where it was left, at any server."""
    return streamed(await service.follow(
        parts, caller, run_id, request.url.path, after=after, last_event=last_event_id
    ))  # fmt: skip


@router.post("/runs/{run_id}/cancel", responses=problems(404))
async def cancel(caller: Admin, parts: TheParts, session: Unit, run_id: str) -> RunOut:
    """Call a run off: one that waits is over at once, one that runs within seconds."""
    return await service.cancel(session, parts, caller, run_id)


@router.get("/models")
async def models(caller: Admin, parts: TheParts) -> ModelsOut:
    """The models in use: when each was built, how its tests ended, what it is made of."""
    return await service.models(parts, caller)


@router.get("/docs/site", response_class=HTMLResponse, responses=problems(404))
async def site(caller: Admin, parts: TheParts) -> HTMLResponse:
    """dbt's documentation: one page that fetches nothing, in a sandbox of its own."""
    page = await service.docs(parts, caller)
    return HTMLResponse(page.html, headers={"Content-Security-Policy": page.policy})


async def _start(
    command: Command, body: DbtIn | None, caller: Caller, parts: Parts, response: Response,
    key: str | None, *, wait: bool,
) -> StartedOut | WaitedOut:  # fmt: skip
    async with parts.database.unit() as session:
        told = await service.start(session, parts, caller, command, body or DbtIn(), key)
    if not wait:
        return told
    response.status_code = 200
    return await service.waited(parts, caller, told.run_id)
