"""Looks after the system: probes its parts in the background, so that /health waits for nobody."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datamind import __version__
from datamind.errors import DataMindError
from datamind.rooms.auth.service import load_revocations
from datamind.rooms.parts import Parts
from datamind.rooms.system.health import Health, State, health_of
from datamind.rooms.system.schemas import HealthOut

log = logging.getLogger(__name__)

EVERY_S = 5.0
PROBE_S = 2.0
EMBEDDED = "embedded"
AUDIT_COPIES = ("database", "file")


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found."""

    state: State
    latency_ms: float
    more: Mapping[str, Any] = field(default_factory=dict)


class Watch:
    """The last look at each part; a part that hangs is down."""

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._now = parts  # they may change while the server runs
        self._found: dict[str, Probed] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def _parts(self) -> Parts:
        return self._now()

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
        """Probe all parts at once, each for PROBE_S seconds at most."""
        names = ("metadata", "warehouse")
        probes: tuple[Callable[[], Awaitable[Mapping[str, Any]]], ...] = (
            self._metadata, self._warehouse,
        )  # fmt: skip
        self._found = dict(zip(names, await asyncio.gather(*map(_probed, probes)), strict=True))
        down = self._parts.audit.down()
        for copy in AUDIT_COPIES:
            self._parts.metrics.audit.labels(copy).set(copy not in down)
        health = self.health
        self._parts.metrics.health.clear()
        self._parts.metrics.health.labels(health.mode).set(health.score)

    @property
    def health(self) -> Health:
        """What the last look makes of the whole.

        Cache, vectors and language serve from inside this process: they are as well as it is.
        """
        inside: dict[str, State] = dict.fromkeys(("llm", "redis", "vector_db"), "healthy")
        found = {name: probed.state for name, probed in self._found.items()}
        return health_of({**inside, **found, "audit": self._audit})

    @property
    def _audit(self) -> State:
        """One copy of the log carries on without the other; without both nothing may run."""
        down = self._parts.audit.down()
        return "healthy" if not down else "degraded" if len(down) < len(AUDIT_COPIES) else "down"

    def report(self, *, whole: bool) -> HealthOut:
        """What /health tells: components to those who are signed in, for they tell an attacker
        what to hit."""
        parts, health = self._parts, self.health
        now = parts.now()
        told = HealthOut(
            status=health.status,
            version=__version__ if whole else None,
            operational_mode=health.mode,
            health_score=health.score,
            timestamp=now,
        )
        if not whole:
            return told
        return told.model_copy(
            update={
                "components": self._components(),
                "uptime_seconds": round((now - parts.started).total_seconds(), 1),
            }
        )

    def _components(self) -> dict[str, dict[str, Any]]:
        metadata, warehouse = self._found["metadata"], self._found["warehouse"]
        quality = self._parts.bindings.catalog.quality
        return {
            "database": {
                "status": metadata.state, "latency_ms": metadata.latency_ms,
                "connection_pool": metadata.more,
            },
            "llm": {"status": "healthy", "provider": "builtin", "model": None, "latency_ms": None},
            "redis": {"status": "healthy", "kind": EMBEDDED},
            "vector_db": {"status": "healthy", "kind": EMBEDDED},
            "dbt": {
                "status": "degraded" if quality else "healthy", "tests_passed": not quality,
                "failing": [f"{q.table}: {q.test}" for q in quality],
            },
            "warehouse": {
                "status": warehouse.state, "latency_ms": warehouse.latency_ms,
                "name": self._parts.warehouse.name, "may_also": list(self._parts.excess),
                **warehouse.more,
            },
            "audit": {"status": self._audit, "not_written": dict(self._parts.audit.down())},
        }  # fmt: skip

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.look()
                await load_revocations(self._parts)  # what the command line did
            except Exception:
                log.exception("a look at the parts failed")

    async def _metadata(self) -> Mapping[str, Any]:
        database = self._parts.database
        await database.ping()
        return {"active": database.active, "size": database.size}

    async def _warehouse(self) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._parts.warehouse.ping)
        return {"data_version": self._parts.warehouse.data_version()}


async def _probed(probe: Callable[[], Awaitable[Mapping[str, Any]]]) -> Probed:
    started = time.perf_counter()
    try:
        more = await asyncio.wait_for(probe(), PROBE_S)
    except (DataMindError, TimeoutError) as fault:
        log.warning("a part does not answer: %s", type(fault).__name__)
        return Probed("down", _since(started))
    except Exception:
        log.exception("a part does not answer")
        return Probed("down", _since(started))
    return Probed("healthy", _since(started), more)


def _since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
