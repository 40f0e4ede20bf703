"""The log of a job as it comes, as server-sent events; all state is in the store, so that whoever
follows may go on at another server, or at this one after it was started anew."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from datamind.errors import BadInput, DataMindError
from datamind.rooms.caller import Caller
from datamind.rooms.jobs import service
from datamind.rooms.jobs.schemas import ENDED, JobDetail
from datamind.rooms.parts import Parts
from datamind.rooms.problems import problem

LOOK_S = 0.5
LASTS_S = 900.0  # as long as an access token is good; then whoever follows asks again
AGAIN_MS = 2_000  # after which a browser that lost the stream asks again
EVENT_ID = re.compile(r"(\d{1,9})(/end)?")

Event = dict[str, Any]
Told = Callable[[JobDetail], Awaitable[Mapping[str, Any]]]  # how it ended, for who follows


async def follow(
    parts: Parts, caller: Caller, job_id: str, path: str, *, after: int, last_event: str | None,
    told: Told | None = None,
) -> AsyncIterator[Event] | None:  # fmt: skip
    """Each `line` of the job's log after this one, a `state` whenever that changes, then the `end`;
    None for whoever has heard the end. BadInput, NotFound, TooManyRequests, Overloaded are raised
    before anything is sent."""
    after, heard_end = _place(after, last_event)
    async with parts.database.unit() as session:
        job = await service.get(session, caller, job_id, after=after)
    if heard_end and job.status in ENDED and not job.log:
        return None
    parts.listeners.check(caller.counted)
    return _events(parts, caller, job, path, after, told or _ending)


async def _events(
    parts: Parts, caller: Caller, job: JobDetail, path: str, after: int, told: Told
) -> AsyncIterator[Event]:
    began, since, state = time.monotonic(), parts.now(), None
    try:
        with parts.listeners.one(caller.counted):
            yield {"retry": AGAIN_MS, "comment": job.id}
            while True:
                for line in job.log:
                    after = line.seq
                    yield _event("line", line.model_dump(mode="json"), str(after))
                now = {"status": job.status, "progress": job.progress, "message": job.message,
                       "attempts": job.attempts}  # fmt: skip
                if now != state:
                    yield _event("state", state := now)
                if job.status in ENDED and len(job.log) < service.LINES:
                    yield _event("end", await told(job), f"{after}/end")
                    return
                if time.monotonic() - began > LASTS_S or not parts.revocations.holds(
                    caller.identity.user, caller.session, since=since
                ):
                    return
                if len(job.log) < service.LINES:
                    await asyncio.sleep(LOOK_S)
                async with parts.database.unit() as session:
                    job = await service.get(session, caller, job.id, after=after)
    except DataMindError as fault:
        told_of = problem(fault, instance=path, correlation_id=caller.correlation_id)
        yield _event("problem", told_of.model_dump(exclude_none=True))


async def _ending(job: JobDetail) -> Mapping[str, Any]:
    return {"status": job.status, "error_code": job.error_code, "message": job.error_message}


def _place(after: int, last_event: str | None) -> tuple[int, bool]:
    """After which line to go on, and whether the end was heard."""
    if last_event is None:
        return after, False
    found = EVENT_ID.fullmatch(last_event)
    if found is None:
        raise BadInput("This Last-Event-ID is none of this log's.", hint="Leave it out.")
    return int(found[1]), found[2] is not None


def _event(name: str, data: Mapping[str, Any], event_id: str | None = None) -> Event:
    known = {"event": name, "data": json.dumps(data, ensure_ascii=False)}
    return known if event_id is None else {**known, "id": event_id}
