"""Routes of questions and SQL."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Coroutine
from typing import Annotated, TypeVar

from fastapi import APIRouter, Cookie, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse

from datamind.errors import QueryCancelled
from datamind.pipeline.wire import as_bytes
from datamind.records import Answer
from datamind.rooms.http import Anybody, Asker, Cursor, Limit, Reader, SignedIn, TheParts, Unit
from datamind.rooms.parts import Parts
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.questions import asking, checking, exporting, history, sharing
from datamind.rooms.questions.schemas import (
    AskIn,
    AskOut,
    CancelOut,
    DemoIn,
    ExecuteIn,
    GenerateIn,
    GenerateOut,
    QueriesOut,
    QueryDetail,
    ResultOut,
    SharedQueriesOut,
    SharedQuery,
    ShareIn,
    ShareOut,
    Status,
    StreamOut,
    ValidateIn,
    ValidateOut,
)
from datamind.rooms.questions.streams import events
from datamind.rooms.questions.waiting import LASTS_S

FAULTS = (*USUAL, 404, 409, 501, 504)
T = TypeVar("T")
RowLimit = Annotated[int | None, Query(ge=1, le=1_000_000)]
Name = Annotated[str | None, Query(max_length=254)]
COOKIE = "stream_ticket"
SEND_S = 30  # whoever reads no more is let go of
Ticket = Annotated[str | None, Header(max_length=100)]
router = APIRouter(prefix="/sql", tags=["questions"], responses=problems(*FAULTS))
queries = APIRouter(prefix="/queries", tags=["history"], responses=problems(*USUAL, 404))


@router.post("/generate", response_model=GenerateOut)
async def generate(body: GenerateIn, request: Request, caller: Asker, parts: TheParts) -> Response:
    """Turn a question into SQL, without running it."""
    return await _told(request, parts, asking.generate(parts, caller, body))


@router.post("/ask", response_model=AskOut, responses={202: {"model": StreamOut}})
async def ask(
    body: AskIn, request: Request, caller: Asker, parts: TheParts, stream: bool = False
) -> Response:
    """Answer a question. With `stream=true`, 202 and a ticket to follow the stages with."""
    if not stream:
        return await _told(request, parts, asking.ask(parts, caller, body))
    stream_id, ticket = await parts.streams.open(caller, body)
    made = StreamOut(stream_id=stream_id, ticket=ticket, expires_in=LASTS_S)
    response = Response(made.model_dump_json(), 202, media_type="application/json")
    response.set_cookie(
        COOKIE, ticket, max_age=LASTS_S, path=f"{request.url.path.removesuffix('/ask')}/stream/"
        f"{stream_id}", httponly=True, samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.get(
    "/stream/{stream_id}",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream(
    stream_id: str, request: Request, parts: TheParts, x_stream_ticket: Ticket = None,
    stream_ticket: Annotated[str | None, Cookie(max_length=100)] = None,
) -> EventSourceResponse:  # fmt: skip
    """Follow an ask: `accepted`, each `stage`, then `answer` or `problem`. Once for each ticket;
    to go away is to call the query off."""
    taken = await parts.streams.take(stream_id, x_stream_ticket or stream_ticket)
    return EventSourceResponse(events(parts, taken, request.url.path), ping=15, send_timeout=SEND_S)


@router.post("/execute", response_model=ResultOut)
async def execute(body: ExecuteIn, request: Request, caller: Asker, parts: TheParts) -> Response:
    """Run SQL, governed afresh whoever wrote it."""
    return await _told(request, parts, asking.run_sql(parts, caller, body))


@router.post("/validate")
async def validate(body: ValidateIn, caller: Asker, parts: TheParts) -> ValidateOut:
    """Whether SQL may run for the caller, without running it."""
    return await checking.validate(parts, caller, body.sql)


@router.post("/{query_id}/cancel")
async def cancel(query_id: str, caller: Asker, parts: TheParts) -> CancelOut:
    """Call a running query off; `cancelled` is false where it had ended already."""
    done = await asking.cancel(parts, caller, query_id)
    return CancelOut(query_id=query_id, cancelled=done)


@queries.get("")
async def find(
    caller: Reader, session: Unit, q: Annotated[str | None, Query(max_length=200)] = None,
    status: Status | None = None, user_id: Annotated[str | None, Query(max_length=64)] = None,
    conversation_id: Annotated[str | None, Query(max_length=64)] = None,
    flagged: bool | None = None, since: dt.datetime | None = None,
    until: dt.datetime | None = None, limit: Limit = 50, cursor: Cursor = None,
) -> QueriesOut:  # fmt: skip
    """The caller's history, newest first; admins see everybody's."""
    return await history.find(
        session, caller, words=q, status=status, user_id=user_id, flagged=flagged,
        conversation_id=conversation_id, since=since, until=until, limit=limit, cursor=cursor,
    )  # fmt: skip


@queries.get("/shared")
async def shared(
    caller: Reader, session: Unit, parts: TheParts, limit: Limit = 50, cursor: Cursor = None
) -> SharedQueriesOut:
    """What others share with the caller, newest first; what they may not read is not there."""
    return await sharing.find(session, parts, caller, limit=limit, cursor=cursor)


@queries.get("/{query_id}")
async def get(
    query_id: str, caller: Reader, session: Unit, parts: TheParts
) -> QueryDetail | SharedQuery:
    """All that is kept of a query; there are no rows in it: its results are run anew. Of one that
    somebody shared, what its reader may see."""
    return await sharing.get(session, parts, caller, query_id)


@queries.get("/{query_id}/results", response_model=ResultOut, responses=problems(*FAULTS))
async def results(
    query_id: str, request: Request, caller: Reader, parts: TheParts, limit: RowLimit = None,
    cache: bool = True,
) -> Response:  # fmt: skip
    """The rows of one's own query, or of one that somebody shared, by a run under the caller's own
    rights; with `cache=false` they are read anew."""
    work = asking.results(parts, caller, query_id, limit=limit, cache=cache)
    return await _told(request, parts, work)


@queries.get(
    "/{query_id}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {kind: {} for kind in exporting.MEDIA_TYPES.values()}},
               **problems(*FAULTS)},
)  # fmt: skip
async def export(
    query_id: str, format: exporting.Format, request: Request, caller: Reader, parts: TheParts
) -> StreamingResponse:
    """The same rows as a file, and more of them than on the screen. `X-Rows` says how many there
    are, `X-Truncated` whether there would be more."""
    file = await _while_there(request, parts, exporting.export(parts, caller, query_id, format))
    headers = {
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Content-Length": str(file.size),
        "X-Rows": str(file.written.rows),
        "X-Truncated": str(file.written.truncated).lower(),
    }
    return StreamingResponse(file.chunks(), media_type=file.media_type, headers=headers)


@queries.post("/{query_id}/share")
async def share(
    query_id: str, body: ShareIn, caller: SignedIn, session: Unit, parts: TheParts
) -> ShareOut:
    """Share a query of one's own with these too. Each reads the rows that they may see themselves;
    rows, figures and words of the owner's run are shown to nobody else."""
    return await sharing.share(session, parts, caller, query_id, body)


@queries.delete("/{query_id}/share", status_code=204)
async def unshare(
    query_id: str, caller: SignedIn, session: Unit, parts: TheParts, user: Name = None,
    group: Name = None,
) -> None:  # fmt: skip
    """Share a query no more with a user (by address) or a group, or with nobody at all."""
    await sharing.unshare(session, parts, caller, query_id, user=user, group=group)


async def _told(
    request: Request, parts: Parts, work: Coroutine[object, object, Answer]
) -> Response:
    """The answer as JSON, made in a thread."""
    answer = await _while_there(request, parts, work)
    loop = asyncio.get_running_loop()
    body = await loop.run_in_executor(parts.threads, as_bytes, answer)
    return Response(body, media_type="application/json")


async def _while_there(request: Request, parts: Parts, work: Coroutine[object, object, T]) -> T:
    """What comes of the work; if the client goes away it is called off."""
    task = parts.running.start(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise QueryCancelled("Whoever asked went away.")
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


public = APIRouter(prefix="/public/demo", tags=["public"], responses=problems(403, 422, 429, 503))


@public.get("/questions")
async def demo_questions(parts: TheParts) -> dict[str, list[str]]:
    """Questions that the demo answers."""
    return {"questions": list(parts.demo_questions)}


@public.post("/ask", response_model=AskOut)
async def demo_ask(body: DemoIn, request: Request, caller: Anybody, parts: TheParts) -> Response:
    """Answer anybody's question about the demo's data, a few a minute."""
    return await _told(request, parts, asking.ask_the_demo(parts, caller, body))
