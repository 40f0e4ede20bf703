"""Looks at a part: bounded in time, never two at once, and settled by a few of them, not by one.

A part is down after TRIES looks in a row have failed, or as soon as requests found it so, and up
again after UP_AFTER good ones.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from datamind.breakers import Breaker
from datamind.rooms.system.health import State

log = logging.getLogger(__name__)

PROBE_S = 2.0
GRACE_S = 0.1
TRIES = 2
PAUSE_S = 0.7  # between them: what restarts within it was never down
UP_AFTER = 2
Found = Mapping[str, Any]
# What a probe finds out, by a coroutine, or by a function that blocks, in a thread.
Probe = Callable[[], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Probed:
    """What the last look found."""

    state: State
    latency_ms: float
    more: Found = field(default_factory=dict)


class Look:
    """The looks at one part, whose breaker they open and close."""

    def __init__(self, breaker: Breaker, probe: Probe) -> None:
        self.breaker = breaker
        self._probe = probe
        self._task: asyncio.Task[Found] | None = None
        self._latency, self._more = 0.0, {}  # type: tuple[float, Found]
        self._good = 0
        self.looking = False

    @property
    def state(self) -> State:
        """Whether the part is to be counted on."""
        return "down" if self.breaker.opened else "healthy"

    @property
    def probed(self) -> Probed:
        """What is known of it."""
        return Probed(self.state, self._latency, self._more)

    async def look(self) -> None:
        """Look until it is known how the part is."""
        self.looking = True
        try:
            for attempt in range(TRIES):
                if attempt:
                    await asyncio.sleep(PAUSE_S)
                if await self._went_well():
                    self._good += 1
                    if self._good >= UP_AFTER or not self.breaker.opened:
                        self.breaker.succeeded()
                    return
                self._good = 0
                self.breaker.failed()
                if self.breaker.opened:
                    return
        finally:
            self.looking = False

    async def _went_well(self) -> bool:
        started = time.perf_counter()
        # One that still hangs is waited for again: there is never a second one beside it.
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._probe())
            self._task.add_done_callback(_heard)
        await asyncio.wait({self._task}, timeout=PROBE_S)
        if not self._task.done():  # where it was we who stood still, the answer is here already
            await asyncio.wait({self._task}, timeout=GRACE_S)
        self._latency = round(1000 * (time.perf_counter() - started), 2)
        if not self._task.done():
            self._task.cancel()
            log.info("%s does not answer in time", self.breaker.name)
            return False
        if self._task.cancelled() or self._task.exception() is not None:
            return False
        self._more = self._task.result()
        return True


def _heard(task: asyncio.Task[Found]) -> None:
    """Say what kind of fault it was, once for each look; its text may hold an address."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        log.info("a part does not answer: %s", type(fault).__name__)


class Threaded:
    """A probe that blocks, in a thread of its own; while one hangs no other is started."""

    def __init__(self, probe: Callable[[], Found]) -> None:
        self._probe = probe
        self._asked: Future[Found] | None = None

    async def __call__(self) -> Found:
        if self._asked is None or self._asked.done():
            self._asked = Future()
            # A daemon: what hangs outside must not keep this process from ending.
            threading.Thread(
                target=self._run, args=(self._asked,), name="probe", daemon=True
            ).start()
        answer = asyncio.wrap_future(self._asked)
        # Heard also where nobody waits for it any more: asyncio would tell its text in the log.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(answer)

    def _run(self, asked: Future[Found]) -> None:
        try:
            asked.set_result(self._probe())
        except Exception as fault:  # noqa: BLE001 (whatever it is, the part does not answer)
            asked.set_exception(fault)
