"""Looks after the system: probes its parts in the background, so that /health waits for nobody,
and says which mode holds."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import update

from datamind.breakers import Breaker
from datamind.errors import DataMindError
from datamind.ports import Notifier
from datamind.records import Identity, Severity
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth.service import load_revocations
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.system import changing, overriding
from datamind.rooms.system.alerts import Alerts, Condition
from datamind.rooms.system.components import components
from datamind.rooms.system.conditions import Conditions
from datamind.rooms.system.health import Health, State, by_rule, health_of, status_in
from datamind.rooms.system.looks import PROBE_S, Look, Probe, Probed, Threaded
from datamind.rooms.system.models import SystemState
from datamind.rooms.system.modes import ORDER, Mode, Standing
from datamind.rooms.system.notifying import Sending
from datamind.rooms.system.overriding import Override
from datamind.rooms.system.schemas import HealthOut, ModeOut, OverrideOut
from datamind.rooms.users import service as users
from datamind.settings.changeable import Changes

log = logging.getLogger(__name__)

EVERY_S = 3.0
SOON_S = 1.0  # while a part is down
AUDIT_COPIES = ("database", "file")
AUDIT = "the audit log"
STOOD_IN_FOR = ("llm", "redis", "vector_db", "clickhouse")
MOST_CHANGES = 500
OWN_KINDS = frozenset(("mode_change", "part_down", "circuit_open", "audit_copy_down"))
SEVERITIES: Mapping[Mode, Severity] = {"LIMITED_AI": "warning"}
SYSTEM = Caller(Identity("", "admin"), "", "system")


class Watch:
    """The last look at each part; a part that hangs is down."""

    def __init__(
        self, parts: Callable[[], Parts], notifiers: Sequence[Notifier] = (),
        tune: Callable[[Changes], None] = lambda changes: None,
    ) -> None:  # fmt: skip
        self._now = parts  # they may change while the server runs
        self.tune = tune  # put changed settings into the parts
        self._sending = Sending(notifiers, parts().breakers, parts().metrics)
        self.alerts = Alerts(parts, self._sending)
        self.conditions = Conditions(parts)
        self.conditions.hang_into(self.alerts)
        self._override: Override | None = None
        self._said = 0  # how often an admin said something of it here
        self._changes: deque[Mapping[str, Any]] = deque(maxlen=MOST_CHANGES)
        self._news = asyncio.Event()
        self._looks: dict[str, Look] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self._set_up = False
        self._loaded = False

    @property
    def _parts(self) -> Parts:
        return self._now()

    def add(self, part: str, probe: Probe) -> None:
        """Look at this part too, from the next look on; what it finds is told in /health."""
        breaker = self._parts.breakers.add(Breaker(part))
        self._looks[part] = Look(breaker, probe)
        loop = asyncio.get_running_loop()

        def tell(changed: Breaker) -> None:
            # Asked here: when the loop comes to it, a look that found this may have ended.
            by_look = self._looks[changed.part].looking
            loop.call_soon_threadsafe(self._changed, changed, by_look)

        breaker.on_change(tell)

    async def start(self) -> None:
        """Look once, then on in the background."""
        self.add("metadata", self._metadata)
        self.add("warehouse", Threaded(self._warehouse))
        if self._parts.beside is not None:
            self.add("clickhouse", Threaded(self._beside))
        if self._parts.redis is not None:
            self.add("redis", self._parts.redis.look)
        self._sending.start()
        await self.look()
        await self._follow()
        self._tasks = [
            asyncio.create_task(self._keep_looking()), asyncio.create_task(self._keep_following()),
        ]  # fmt: skip

    async def end(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sending.end()

    async def look(self) -> None:
        """Look at all parts at once, until it is known of each how it is."""
        await asyncio.gather(*(look.look() for look in self._looks.values()))
        with suppress(TimeoutError):
            # Not `wait_for`, anywhere here: with Python 3.11 it may swallow a cancellation.
            async with asyncio.timeout(PROBE_S):
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
        parts, health, mode = self._parts, self.health, self._computed()
        until = None
        if self._override is not None and self._override.until <= parts.now():
            self._override = None
        if self._override is not None and mode != "CONFIGURATION":
            # What is down outweighs what is wanted.
            by_parts = by_rule(self.states)
            mode = max(self._override.mode, by_parts, key=ORDER.index)
            until = self._override.until if mode != by_parts else None
        names = [look.breaker.name for look in self._looks.values() if look.state == "down"]
        if self.audit == "down":
            names.append(AUDIT)
        standing = Standing(mode, tuple(names), until)
        was, parts.modes.standing = parts.modes.standing, standing
        if was.mode != mode:
            self._mode_changed(was.mode, standing)
        self.alerts.hold(OWN_KINDS, list(self._conditions()))
        self._news.set()
        down = parts.audit.down()
        for copy in AUDIT_COPIES:
            parts.metrics.audit.labels(copy).set(copy not in down)
        parts.metrics.health.clear()
        parts.metrics.health.labels(mode).set(health.score)
        for part, breaker in parts.breakers.items():
            parts.metrics.circuits.labels(part).set(CIRCUITS.index(breaker.state))

    def mode(self, caller: Caller) -> ModeOut:
        """The mode that holds, and why."""
        need(caller, "admin")
        standing, wanted = self._parts.modes.standing, self._override
        return ModeOut(
            mode=standing.mode, computed=self._computed(), down=list(standing.down),
            override=OverrideOut.model_validate(wanted) if wanted is not None else None,
        )  # fmt: skip

    def want(self, wanted: Override | None, caller: Caller) -> ModeOut:
        """An admin has said this of the mode, or nothing more, and the store has it: other servers
        read it there."""
        self._override = wanted
        self._said += 1
        self.settle()
        return self.mode(caller)

    def _computed(self) -> Mode:
        """The mode by what is known of the parts alone."""
        if not self._set_up and self._looks["metadata"].state == "healthy":
            return "CONFIGURATION"
        return self.health.mode

    def _mode_changed(self, before: Mode, standing: Standing) -> None:
        self._parts.metrics.mode_changes.labels(standing.mode).inc()
        score = self.health.score
        change = {"before": before, "mode": standing.mode, "down": list(standing.down),
                  "score": score, "at": self._parts.now().isoformat()}  # fmt: skip
        self._changes.append(change)
        log.warning("Mode: %s (before: %s)", standing.mode, before, extra=change)

    def _conditions(self) -> Iterator[Condition]:
        """What the looks say that somebody should look at."""
        standing = self._parts.modes.standing
        if standing.mode not in ("FULL_OPERATIONAL", "CONFIGURATION"):
            planned = standing.wanted_until is not None
            severity = "warning" if planned else SEVERITIES.get(standing.mode, "critical")
            message = f"Mode {standing.mode}: {standing.because}."
            yield Condition("mode_change", standing.mode, message, severity)
        for part, breaker in self._parts.breakers.items():
            if not breaker.opened:
                continue
            name = f"{breaker.name[0].upper()}{breaker.name[1:]}"
            if part in self._looks:
                yield Condition("part_down", part, f"{name} is down.", "critical")
            else:
                yield Condition("circuit_open", part, f"{name} failed, and is left alone.")
        for copy in self._parts.audit.down():
            message = f"The audit log's {copy} can't be written."
            yield Condition("audit_copy_down", copy, message, "critical")

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
            spared = part in STOOD_IN_FOR and look.state == "down"
            found[part] = "degraded" if spared else look.state
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
        standing = parts.modes.standing
        told = HealthOut(
            status=status_in(standing.mode, health.status),
            operational_mode=standing.mode,
            health_score=health.score,
            timestamp=parts.now(),
        )
        if not whole:
            return told
        because = None if standing.mode == "FULL_OPERATIONAL" else standing.because
        return told.model_copy(update={"mode_because": because, **components(self, parts)})

    def _changed(self, breaker: Breaker, by_look: bool) -> None:
        """Requests found a part to fail, or a look settled it: what that means holds at once."""
        self.settle()
        if breaker.suspect and not by_look:
            self._wake.set()

    async def _keep_looking(self) -> None:
        while True:
            ill = any(look.breaker.suspect for look in self._looks.values())
            with suppress(TimeoutError):
                async with asyncio.timeout(SOON_S if ill else EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.look()
            except Exception:
                log.exception("a look at the parts failed")

    async def _keep_following(self) -> None:
        """What takes the store and the audit log, apart from the looks: it may wait for them."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._follow()
            except Exception:
                log.exception("looking after the system failed")

    async def _follow(self) -> None:
        parts = self._parts
        try:
            if not parts.breakers["metadata"].opened:
                await self._read()
        except DataMindError as fault:
            log.info("what others did can't be read: %s", fault.message)
        await self.alerts.look()
        await self.alerts.keep()
        while self._changes:
            try:
                await note(parts, SYSTEM, "mode_change", Outcome.success, **self._changes[0])
            except DataMindError:
                return  # as soon as the log can be written
            self._changes.popleft()

    async def _read(self) -> None:
        """What others did: the command line, other servers."""
        parts = self._parts
        if not self._loaded:
            await self.alerts.load()
            self._loaded = True
        await load_revocations(parts)
        said = self._said
        async with parts.database.unit() as session:
            found = await overriding.read(session, parts.now())
            changes = await changing.read(session)
        if changes != parts.changes and parts.changes is self._parts.changes:  # as below
            self.tune(changes)
        if found != self._override and said == self._said:  # else it is older than what was said
            self._override = found
            self.settle()

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

    def _beside(self) -> Mapping[str, Any]:
        beside = self._parts.beside
        if beside is not None:
            beside.ping()
        return {}


CIRCUITS = ("closed", "half_open", "open")
