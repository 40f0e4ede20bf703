"""Sends alerts through their channels: each by itself, again for a while, never waited for."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress

from datamind.breakers import Breaker, Breakers
from datamind.ports import Notifier
from datamind.records import Notice
from datamind.rooms.system.metrics import Metrics

log = logging.getLogger(__name__)

MOST = 100  # that wait; past it the oldest is dropped
SEND_S = 20.0
PATIENCE_S = 600.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0


class _Channel:
    """One channel, what waits for it, and its breaker."""

    def __init__(self, notifier: Notifier, breaker: Breaker, metrics: Metrics) -> None:
        self.notifier = notifier
        self.breaker = breaker
        self._metrics = metrics
        self._waiting: asyncio.Queue[tuple[Notice, float]] = asyncio.Queue(MOST)

    def put(self, notice: Notice) -> None:
        while self._waiting.full():
            dropped, _ = self._waiting.get_nowait()
            self._count("dropped")
            log.error("an alert was dropped: %s", dropped.id)
        self._waiting.put_nowait((notice, time.monotonic()))

    async def keep_sending(self) -> None:
        while True:
            notice, since = await self._waiting.get()
            await self._sent(notice, since)

    async def _sent(self, notice: Notice, since: float) -> None:
        wait = FIRST_WAIT_S
        while time.monotonic() - since < PATIENCE_S:
            try:
                with self.breaker.guarding():
                    async with asyncio.timeout(SEND_S):
                        await self.notifier.send(notice)
            except Exception as fault:  # noqa: BLE001 (a channel's fault must stop no other alert)
                log.warning(
                    "an alert could not be sent: %s", type(fault).__name__,
                    extra={"channel": self.notifier.name, "alert": notice.id},
                )  # fmt: skip
            else:
                self._count("sent")
                return
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            wait = min(2 * wait, LONGEST_WAIT_S)
        self._count("failed")
        log.error("an alert was given up: %s", notice.id)

    def _count(self, outcome: str) -> None:
        self._metrics.alerts_sent.labels(self.notifier.name, outcome).inc()


class Sending:
    """All channels; the log is one of them, always."""

    def __init__(self, notifiers: Sequence[Notifier], breakers: Breakers, metrics: Metrics) -> None:
        self._channels = [
            _Channel(one, breakers.add(Breaker(one.name, failures=3, rest_s=30)), metrics)
            for one in notifiers
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Send from now on what is handed in."""
        self._tasks = [asyncio.create_task(c.keep_sending()) for c in self._channels]

    async def end(self) -> None:
        """Send no more."""
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, notice: Notice) -> None:
        """Send this; returns at once."""
        log.warning(
            "alert %s: %s", notice.state, notice.message,
            extra={"alert": notice.id, "kind": notice.kind, "severity": notice.severity},
        )  # fmt: skip
        for channel in self._channels:
            channel.put(notice)
