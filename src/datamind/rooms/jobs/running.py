"""Runs one job, wherever it is run: claims it, keeps its lease, and says how it ended."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import re
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar, cast

from datamind import tracing
from datamind.errors import AccessDenied, DataMindError, TurnedAway
from datamind.log import restored
from datamind.personal import masked
from datamind.records import Identity
from datamind.rooms.caller import Caller
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.metrics import Outcome
from datamind.rooms.jobs.queue import LEASE, MOST_LINES, Claimed
from datamind.rooms.parts import Ground
from datamind.rooms.users import service as users

log = logging.getLogger(__name__)

LOOK_S = 1.0  # how soon a job that is called off is told
RENEW_S = LEASE.total_seconds() / 3
CANCEL_S = 10.0  # how long a handler has to end by itself
END_S = 60.0  # how long the store may be away when a job ends
LINE_LETTERS = 2_000
RESULT_BYTES = 64 * 1024
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # a terminal's colours
T = TypeVar("T")
Stopping = Callable[[], float | None]
Why = Literal["lost", "handed_back", "timed_out", "cancelled"]
OURSELVES = frozenset({"system", "operator"})  # owners that are nobody's account
INTERNAL = ("internal", "The job failed; the log has more, under its correlation id.")


class JobContext:
    """What a handler works with; `caller` is the job's owner, as they are now.

    Handlers are coroutines that never block the event loop, and idempotent: a job may be begun
    anew after it was lost at any point. What they return is kept as the job's result, a small
    mapping of JSON. A DataMindError that is the asker's fault (status below 500) ends the job as
    failed; all else is tried again. One that is called off, and ends by any error, is cancelled;
    that it is over is told by CancelledError to one that does not look.
    """

    caller: Caller

    def __init__(self, ground: Ground, job: Claimed) -> None:
        self.ground = ground
        self.job_id = job.id
        self.payload: Mapping[str, Any] = job.payload
        self.attempt = job.attempt
        self._called_off = asyncio.Event()
        self._progress: tuple[float, str] | None = None
        self._lines: list[tuple[int, dt.datetime, str]] = []
        self._seq = job.lines

    @property
    def cancelled(self) -> bool:
        """Whether it was called off: the handler is to raise something soon."""
        return self._called_off.is_set()

    async def until_cancelled(self) -> None:
        """Return once it is called off."""
        await self._called_off.wait()

    def progress(self, done: float, message: str = "") -> None:
        """How far it is, 0 to 1, and what is done now; told to admins within a second."""
        self._progress = (min(1.0, max(0.0, done)), _line(message))

    def log(self, line: str) -> None:
        """A line for those who look; it holds no secret and no row of the data."""
        if self._seq >= MOST_LINES:
            return
        self._seq += 1
        if self._seq == MOST_LINES:
            line = "The log ends here: it is too long."
        self._lines.append((self._seq, self.ground.now(), _line(line)))

    @property
    def _telling(self) -> bool:
        return self._progress is not None or bool(self._lines)

    def _told(self) -> tuple[tuple[float, str] | None, list[tuple[int, dt.datetime, str]]]:
        """What is to be kept since the last time."""
        told = self._progress, self._lines
        self._progress, self._lines = None, []
        return told

    def _untold(
        self, progress: tuple[float, str] | None, lines: list[tuple[int, dt.datetime, str]]
    ) -> None:
        """It could not be kept."""
        self._progress = self._progress or progress
        self._lines = lines + self._lines


Handler = Callable[[JobContext], Awaitable[Mapping[str, Any] | None]]


async def in_thread(context: JobContext, work: Callable[[threading.Event], T]) -> T:
    """What the work gives, which blocks. Its event is set once the job is called off or has no more
    time, and it is waited for until it has ended by itself."""
    stop = threading.Event()
    done = asyncio.ensure_future(asyncio.to_thread(work, stop))
    called_off = asyncio.ensure_future(context.until_cancelled())
    try:
        await asyncio.wait({done, called_off}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        called_off.cancel()
        if not done.done():
            await asyncio.shield(asyncio.wait({done}))
        done.exception()  # it was heard, also where nobody waits for it any more
    return done.result()


async def run_job(
    ground: Ground, handlers: Mapping[str, Handler], job_id: str, worker: str, *,
    stopping: Stopping = lambda: None,
) -> bool:  # fmt: skip
    """Run the job if it waits and nobody else has it; whether it was ours.

    `stopping` gives the seconds that what runs here has left before it is handed back, None while
    nothing is to end.
    """
    job = await queue.claim(ground, job_id, worker)
    if job is None:
        return False
    began = time.monotonic()
    with restored({"correlation_id": job.correlation_id, "user_id": job.owner}):
        context = JobContext(ground, job)
        ending = await _attempt(context, job, handlers.get(job.kind), stopping)
        seconds = time.monotonic() - began
        if ending is not None and await _settle(context, job, ending):
            ground.job_metrics.attempt(job.kind, ending.outcome, seconds)
    return True


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, and what puts it into the job's row."""

    outcome: Outcome
    put: Callable[[], Awaitable[bool]]


async def _attempt(
    context: JobContext, job: Claimed, handler: Handler | None, stopping: Stopping
) -> Ending | None:
    """Let the handler work, and give how the job's row is to end; None if it isn't ours to say."""
    ground = context.ground
    if handler is None:
        told = ("unknown_job", f"Nobody here knows how to do a job of the kind {job.kind}.")
        return Ending("failed", partial(queue.end, ground, job, "failed", error=told))
    work = asyncio.create_task(_work(context, job, handler))
    watching = asyncio.create_task(_watch(context, job, stopping))
    try:
        await asyncio.wait({work, watching}, return_when=asyncio.FIRST_COMPLETED)
        why = watching.result() if watching.done() else None
        if why is not None:
            work.cancel()
            await asyncio.wait({work}, timeout=CANCEL_S)
    finally:
        for task in (work, watching):
            task.cancel()
    if not work.done():
        log.error("a job does not end: %s", job.kind)
        return _called_off(context, job, why)
    fault: BaseException | None
    fault = asyncio.CancelledError() if work.cancelled() else work.exception()
    if fault is None:
        done = partial(queue.end, ground, job, "succeeded", result=work.result())
        return Ending("succeeded", done)
    if why is not None or context.cancelled:
        return _called_off(context, job, why)
    return _failed(ground, job, fault)


async def _work(context: JobContext, job: Claimed, handler: Handler) -> dict[str, Any]:
    context.caller = await _caller_of(context.ground, job)
    told = queue.told_of("process", {"kind": job.kind, "id": job.id})
    carried = {"traceparent": job.traceparent} if job.traceparent else {}
    with tracing.later(f"process {job.kind}", carried, datamind__attempt=job.attempt, **told):
        result = await handler(context)
    kept = json.dumps(dict(result or {}))
    if len(kept) > RESULT_BYTES:
        raise ValueError("a job's result is too long")
    return cast(dict[str, Any], json.loads(kept))


async def _caller_of(ground: Ground, job: Claimed) -> Caller:
    """As whom it runs: its owner, as they are now."""
    if job.owner in OURSELVES:
        return Caller(Identity(job.owner, "admin"), "local", job.correlation_id)
    async with ground.database.unit() as session:
        owner = await users.by_id(session, job.owner)
    if owner is None or not owner.active:
        raise AccessDenied("Whoever asked for this job may not sign in any more.")
    identity = Identity(owner.id, owner.role)
    return Caller(identity, "local", job.correlation_id, owner.email)


async def _watch(context: JobContext, job: Claimed, stopping: Stopping) -> Why:
    """Keep the lease and what the job tells, until there is a reason that it ends before its
    work does."""
    began = renewed = time.monotonic()
    asked_at: float | None = None
    while True:
        await asyncio.sleep(LOOK_S)
        now = time.monotonic()
        left = stopping()
        if left is not None and left <= 0:
            return "handed_back"
        if now - began > job.timeout_s:
            return "timed_out"
        try:
            asked = await _look(context, job, renew=now - renewed > RENEW_S)
        except DataMindError as fault:
            log.warning("a job's lease can't be renewed: %s", fault.message)
            if now - renewed > LEASE.total_seconds():
                return "lost"
            continue
        if asked is None:
            return "lost"
        if now - renewed > RENEW_S:
            renewed = now
        if asked:
            asked_at = asked_at or now
            context._called_off.set()
            if now - asked_at > CANCEL_S:
                return "cancelled"


async def _look(context: JobContext, job: Claimed, *, renew: bool) -> bool | None:
    if not (renew or context._telling):
        return await queue.cancel_asked(context.ground, job)
    told = context._told()
    try:
        return await queue.renew(context.ground, job, *told)
    except DataMindError:
        context._untold(*told)
        raise


def _called_off(context: JobContext, job: Claimed, why: Why | None) -> Ending | None:
    ground = context.ground
    if why == "lost":
        log.warning("a job is no longer ours: %s", job.id)
        return None
    if why == "handed_back":
        return Ending("handed_back", partial(queue.hand_back, ground, job))
    if why == "timed_out" and not context.cancelled:
        told = ("job_timeout", f"It took longer than {job.timeout_s} s and was stopped.")
        return _again(ground, job, told)
    return Ending("cancelled", partial(queue.end, ground, job, "cancelled"))


def _again(ground: Ground, job: Claimed, told: tuple[str, str]) -> Ending:
    outcome: Outcome = "retried" if job.attempt < job.attempts_most else "dead"
    return Ending(outcome, partial(queue.try_again, ground, job, told))


def _failed(ground: Ground, job: Claimed, fault: BaseException) -> Ending:
    if not isinstance(fault, DataMindError):
        log.error("a job failed: %s", job.kind, exc_info=fault)
        return _again(ground, job, INTERNAL)
    told = (fault.code, masked(fault.message))
    log.warning("a job failed: %s: %s", job.kind, fault.message)
    if fault.status < 500 and not isinstance(fault, TurnedAway):
        return Ending("failed", partial(queue.end, ground, job, "failed", error=told))
    return _again(ground, job, told)


async def _settle(context: JobContext, job: Claimed, ending: Ending) -> bool:
    """Keep the last of what the job told, and how it ended; the store may be away for a while.
    Whether that could be kept."""
    until = time.monotonic() + END_S
    while True:
        try:
            if await _look(context, job, renew=True) is not None and await ending.put():
                return True
            log.warning("a job is no longer ours: %s", job.id)
            return False
        except DataMindError as fault:
            if time.monotonic() > until:
                log.error("how a job ended can't be kept: %s: %s", job.id, fault.message)
                return False
        await asyncio.sleep(LOOK_S)


def _line(text: str) -> str:
    """Text as it may be kept and shown: one line, no controls, no personal data."""
    shown = "".join(c if c.isprintable() else " " for c in CONTROLS.sub("", text))
    return masked(shown[:LINE_LETTERS].rstrip())
