"""Figures: what metrics have to look up, now and then in the background; a scrape waits for no
database. What could not be looked up is not told, rather than told as it was."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import Metric

from datamind.errors import DataMindError
from datamind.rooms.auth import sessions
from datamind.rooms.feedback import service as feedback
from datamind.rooms.gauges import gauge
from datamind.rooms.jobs import figures as jobs_figures
from datamind.rooms.parts import Parts
from datamind.rooms.questions import history
from datamind.rooms.system.memory import memory_of_us
from datamind.semantics import quality

log = logging.getLogger(__name__)

LOOK_S = 5.0  # how long a look at the store may take
TICK_S = 0.5
ACTIVE = dt.timedelta(minutes=15)  # an access token's life: who is at work renews it within
RATE_S = 300.0  # what the hit rate is of


class Figures:
    """The last look; `parts` may change while the server runs."""

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._now = parts
        self._task: asyncio.Task[None] | None = None
        self._reads: deque[tuple[float, tuple[int, int]]] = deque()
        self._lag = 0.0

    async def start(self) -> None:
        """Look once, then on in the background."""
        await self.look()
        self._task = asyncio.create_task(self._keep_looking())

    async def end(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Look everything up, and tell it from now on."""
        parts = self._now()
        found = [*await self._stored(parts), *self._here(parts)]
        memory = await asyncio.to_thread(memory_of_us)
        found.append(gauge(
            "process_tree_memory_bytes", "Memory of this process and those below it (PSS).",
            {(kind,): size for kind, size in memory.items()}, ("kind",),
        ))  # fmt: skip
        parts.metrics.looked.families = found

    async def _stored(self, parts: Parts) -> list[Metric]:
        """What the metadata store knows."""
        try:
            async with asyncio.timeout(LOOK_S), parts.database.unit() as session:
                now = parts.now()
                midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
                flags, oldest = await feedback.open_flags(session)
                asked = await history.asked_since(session, midnight)
                jobs = await jobs_figures.figures(session, now)
                active = await sessions.active_since(session, now - ACTIVE)
        except (DataMindError, TimeoutError) as fault:
            log.warning("figures could not be looked up: %s", type(fault).__name__)
            return []
        age = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
        return [
            gauge("total_queries_today", "Questions and statements since midnight, UTC.", asked),
            gauge("active_users_count", "People who were seen in the last 15 minutes.", active),
            gauge("feedback_flagged_count", "Flags that nobody has reviewed.", flags),
            gauge("feedback_oldest_open_seconds", "How long the oldest of them waits.", age),
            *jobs_figures.gauges(jobs),
        ]

    def _here(self, parts: Parts) -> Iterator[Metric]:
        """What this machine and process know."""
        rate = self._hit_rate(parts.metrics.reads_so_far)
        if rate is not None:
            yield gauge(
                "redis_cache_hit_rate", "Results of the last 5 minutes that were kept ones, in"
                " Redis or in what stands in for it.", rate,
            )  # fmt: skip
        disk = shutil.disk_usage(parts.settings.home)
        yield gauge("disk_free_bytes", "Room that is left for our files.", disk.free)
        yield gauge("disk_size_bytes", "Room that there is.", disk.total)
        found = list(quality.of_itself(parts.bindings.catalog.quality, parts.now()))
        failures = sum(issue.kind == "failed" for issue in found)
        stale = len({issue.table for issue in found if issue.kind != "failed"})
        yield gauge("data_quality_failures", "Tests of the data that fail.", failures)
        yield gauge("data_stale_tables", "Tables that are stale or could not be built.", stale)
        lag, self._lag = self._lag, 0.0
        yield gauge("event_loop_lag_seconds", "The longest that the server was held up.", lag)

    def _hit_rate(self, so_far: tuple[int, int]) -> float | None:
        """The share of kept results among those of the last minutes; None where there were none."""
        now = time.monotonic()
        self._reads.append((now, so_far))
        while len(self._reads) > 1 and self._reads[1][0] <= now - RATE_S:
            self._reads.popleft()
        before = self._reads[0][1] if len(self._reads) > 1 else (0, 0)
        kept, read = so_far[0] - before[0], so_far[1] - before[1]
        return kept / read if read else None

    async def _keep_looking(self) -> None:
        every = self._now().settings.telemetry.figures_s
        looked = time.monotonic()
        while True:
            before = time.monotonic()
            await asyncio.sleep(min(TICK_S, every))
            self._lag = max(self._lag, time.monotonic() - before - min(TICK_S, every))
            if time.monotonic() - looked < every:
                continue
            try:
                await self.look()
            except Exception:
                log.exception("figures could not be looked up")
            looked = time.monotonic()
