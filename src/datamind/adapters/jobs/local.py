"""Runs jobs within this process: so many at once, on its event loop, found in the queue of record.

It is told of new ones, and looks by itself, so that a job that it was not told of runs as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from datamind.errors import DataMindError

log = logging.getLogger(__name__)

LOOK_S = 1.0
TEND_S = 5.0
GRACE_S = 5.0  # how long what runs may go on when the process ends


class Untold:
    """For those who leave after they asked: whoever runs jobs looks by itself."""

    def send(self, job_id: str) -> None:
        """Nothing."""


class LocalJobs:
    """`send` tells of a job; the rest is the runner's.

    `due` gives ids of so many jobs that may run, `run` runs one if nobody else does, `tend` looks
    after the queue and the schedules.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._stop_at: float | None = None

    def send(self, job_id: str) -> None:
        """Look at once: it is in the table."""
        self._wake.set()

    def stopping(self) -> float | None:
        """Seconds that what runs has left, once this is to end."""
        return None if self._stop_at is None else self._stop_at - time.monotonic()

    def start(
        self, *, due: Callable[[int], Awaitable[Sequence[str]]],
        run: Callable[[str], Awaitable[bool]], tend: Callable[[], Awaitable[object]],
    ) -> None:  # fmt: skip
        """Run jobs from now on; `run` says whether it was the one to run it."""
        self._task = asyncio.create_task(self._keep_running(due, run, tend))

    async def end(self) -> None:
        """Begin no more; what runs ends soon, or is handed back."""
        self._stop_at = time.monotonic() + GRACE_S
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *self._running.values(), return_exceptions=True)

    async def _keep_running(
        self, due: Callable[[int], Awaitable[Sequence[str]]],
        run: Callable[[str], Awaitable[bool]], tend: Callable[[], Awaitable[object]],
    ) -> None:  # fmt: skip
        tended = 0.0
        while True:
            self._wake.clear()
            try:
                if time.monotonic() - tended > TEND_S or not tended:
                    await tend()
                    tended = time.monotonic()
                for job_id in await due(self._places - len(self._running)):
                    self._begin(job_id, run)
            except DataMindError as fault:
                log.warning("the queue of jobs can't be read: %s", fault.message)
            except Exception:
                log.exception("a look at the queue of jobs failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_S)

    def _begin(self, job_id: str, run: Callable[[str], Awaitable[bool]]) -> None:
        if job_id in self._running:
            return
        self._running[job_id] = task = asyncio.create_task(self._one(job_id, run))
        task.add_done_callback(lambda _: self._running.pop(job_id))

    async def _one(self, job_id: str, run: Callable[[str], Awaitable[bool]]) -> None:
        try:
            if await run(job_id):
                self._wake.set()  # there is a place, and perhaps its like may run now
        except DataMindError as fault:
            log.warning("a job can't be run now: %s", fault.message)
        except Exception:
            log.exception("a job can't be run")
