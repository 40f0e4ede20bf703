"""Looks after the system: probes its parts in the background, so that /health waits for nobody,
and says which mode holds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import update

from datamind.breakers import Breaker
from datamind.errors import DataMindError
from datamind.rooms.auth.service import load_revocations
from datamind.rooms.parts import Parts
from datamind.rooms.system.components import components
from datamind.rooms.system.health import Health, State, health_of
from datamind.rooms.system.looks import Look, Probe, Probed, Threaded
from datamind.rooms.system.models import SystemState
from datamind.rooms.system.modes import Standing
from datamind.rooms.system.schemas import HealthOut
from datamind.rooms.users import service as users

log = logging.getLogger(__name__)

EVERY_S = 3.0
SOON_S = 1.0  # while a part is down
AUDIT_COPIES = ("database", "file")
AUDIT = "the audit log"


class Watch:
    """The last look at each part; a part that hangs is down."""

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._now = parts  # they may change while the server runs
        self._looks: dict[str, Look] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._set_up = False

    @property
    def _parts(self) -> Parts:
        return self._now()

    def add(self, part: str, probe: Probe) -> None:
        """Look at this part too, from the next look on; what it finds is told in /health."""
        breaker = self._parts.breakers.add(Breaker(part))
        self._looks[part] = Look(breaker, probe)
        loop = asyncio.get_running_loop()

        def tell(changed: Breaker) -> None:
            loop.call_soon_threadsafe(self._changed, changed)

        breaker.on_change(tell)

    async def start(self) -> None:
        """Look once, then on in the background."""
        self.add("metadata", self._metadata)
        self.add("warehouse", Threaded(self._warehouse))
        if self._parts.redis is not None:
            self.add("redis", self._parts.redis.look)
        await self.look()
        self._task = asyncio.create_task(self._keep_looking())

    async def end(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Look at all parts at once, until it is known of each how it is."""
        await asyncio.gather(*(look.look() for look in self._looks.values()))
        await self.look_at_setup()
        self.settle()

    async def look_at_setup(self) -> None:
        """Whether somebody can sign in, or need not to."""
        parts = self._parts
        if self._set_up or parts.breakers["metadata"].opened:
            return
        try:
            async with parts.database.unit() as session:
                public = parts.demo_questions and parts.settings.server.public_demo
                self._set_up = bool(public) or await users.anybody(session)
        except DataMindError:
            return  # the looks will find out
        self.settle()

    def settle(self) -> None:
        """Say which mode follows from what is known."""
        parts, health = self._parts, self.health
        mode = health.mode
        if not self._set_up and self._looks["metadata"].state == "healthy":
            mode = "CONFIGURATION"
        names = [look.breaker.name for look in self._looks.values() if look.state == "down"]
        if self.audit == "down":
            names.append(AUDIT)
        parts.modes.standing = Standing(mode, tuple(names))
        down = parts.audit.down()
        for copy in AUDIT_COPIES:
            parts.metrics.audit.labels(copy).set(copy not in down)
        parts.metrics.health.clear()
        parts.metrics.health.labels(mode).set(health.score)
        for part, breaker in parts.breakers.items():
            parts.metrics.circuits.labels(part).set(CIRCUITS.index(breaker.state))

    @property
    def health(self) -> Health:
        """What the last looks make of the whole."""
        return health_of(self.states)

    @property
    def states(self) -> dict[str, State]:
        """How each part is. What is not looked at (cache, vectors and language of the embedded
        default) serves from inside this process: it is as well as the process is."""
        found: dict[str, State] = dict.fromkeys(("llm", "redis", "vector_db"), "healthy")
        for part, look in self._looks.items():
            # What serves in the place of these is not as good, but there.
            found[part] = "degraded" if part in found and look.state == "down" else look.state
        return {**found, "audit": self.audit}

    @property
    def audit(self) -> State:
        """One copy of the log carries on without the other; without both nothing may run."""
        down = self._parts.audit.down()
        return "healthy" if not down else "degraded" if len(down) < len(AUDIT_COPIES) else "down"

    def probed(self, part: str) -> Probed | None:
        """What the last look at it found; None for what is not looked at."""
        look = self._looks.get(part)
        return look.probed if look is not None else None

    def report(self, *, whole: bool) -> HealthOut:
        """What /health tells: components to those who are signed in, for they tell an attacker
        what to hit."""
        parts, health = self._parts, self.health
        told = HealthOut(
            status=health.status,
            operational_mode=parts.modes.standing.mode,
            health_score=health.score,
            timestamp=parts.now(),
        )
        return told.model_copy(update=components(self, parts)) if whole else told

    def _changed(self, breaker: Breaker) -> None:
        """Requests found a part to fail, or a look settled it: what that means holds at once."""
        self.settle()
        if breaker.suspect and not self._looks[breaker.part].looking:
            self._wake.set()

    async def _keep_looking(self) -> None:
        while True:
            ill = any(look.breaker.suspect for look in self._looks.values())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SOON_S if ill else EVERY_S)
            self._wake.clear()
            try:
                await self.look()
                if not self._parts.breakers["metadata"].opened:
                    await load_revocations(self._parts)  # what the command line did
            except DataMindError as fault:
                log.warning("a look at the parts was cut short: %s", fault.message)
            except Exception:
                log.exception("a look at the parts failed")

    async def _metadata(self) -> Mapping[str, Any]:
        """Ask it, and write to it where something failed: it may answer and take nothing."""
        database = self._parts.database
        beat = update(SystemState).where(SystemState.name == "heartbeat")
        suspect = database.breaker.suspect
        await database.ping(beat.values(changed_at=self._parts.now()) if suspect else None)
        return {"active": database.active, "size": database.size}

    def _warehouse(self) -> Mapping[str, Any]:
        warehouse = self._parts.warehouse
        warehouse.ping()
        return {"data_version": warehouse.data_version()}


CIRCUITS = ("closed", "half_open", "open")
