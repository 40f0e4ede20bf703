"""Alerts: what somebody should look at, opened once, ended by itself, kept, and told.

What holds is said as a set of conditions for some kinds: what is new is opened, what is gone is
ended. Where the store is down, alerts are told all the same, and kept when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from datamind import clock
from datamind.errors import DataMindError, Unavailable
from datamind.records import Notice, Severity
from datamind.rooms.parts import Parts
from datamind.rooms.system.models import Alert
from datamind.rooms.system.notifying import Sending

log = logging.getLogger(__name__)

EVERY_S = 30.0
LOOK_S = 5.0
MOST = 500  # that wait to be kept
KINDS = (
    "mode_change", "part_down", "circuit_open", "audit_copy_down", "disk_nearly_full",
    "data_quality", "feedback_overdue", "role_may_write", "advice", "backup_failed",
    "backup_overdue",
)  # fmt: skip

OF_ONE_SERVER = frozenset({"audit_copy_down", "disk_nearly_full"})  # each has its own
BELIEVED = timedelta(days=7)  # of another server, which may be gone for good by then


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now and somebody should look at; holds no value of the data."""

    kind: str
    subject: str
    message: str
    severity: Severity = "warning"


Provider = Callable[[], Awaitable[Sequence[Condition]]]


class Alerts:
    """The alerts that are open, as this server knows them."""

    def __init__(self, parts: Callable[[], Parts], sending: Sending) -> None:
        self._parts = parts
        self._sending = sending
        self._open: dict[tuple[str, str], Notice] = {}
        self._unkept: deque[Notice] = deque(maxlen=MOST)
        self._told: set[tuple[str, str]] = set()
        self._turn = asyncio.Lock()
        self._providers: list[tuple[frozenset[str], Provider]] = []
        self._looked = -EVERY_S

    @property
    def open(self) -> list[Notice]:
        """Those that are open, newest first."""
        return sorted(self._open.values(), key=lambda notice: notice.at, reverse=True)

    def watch(self, kinds: Iterable[str], provider: Provider) -> None:
        """Ask `provider` every half minute which conditions of these kinds hold. Nobody else may
        say something of the same kinds."""
        self._providers.append((frozenset(kinds), provider))

    def hold(self, kinds: frozenset[str], conditions: Sequence[Condition]) -> None:
        """Of these kinds, exactly these conditions hold."""
        wanted = {(c.kind, self._subject(c)): c for c in conditions}
        now, mode = self._parts().now(), self._parts().modes.standing.mode
        for key in [k for k in self._open if k[0] in kinds and k not in wanted]:
            self._note(replace(self._open.pop(key), at=now, state="ended", mode=mode))
        for key, found in wanted.items():
            if key not in self._open:
                self._open[key] = made = Notice(
                    clock.new_id("alr"), found.kind, key[1], found.severity, found.message,
                    now, "opened", mode,
                )  # fmt: skip
                self._note(made)
            elif self._open[key].message != found.message:  # kept as it is now, and not told again
                now_it_is = replace(
                    self._open[key], message=found.message, severity=found.severity, state="changed"
                )
                self._open[key] = now_it_is
                self._note(now_it_is)
        gauge = self._parts().metrics.alerts_open
        counts = Counter(kind for kind, _ in self._open)
        for kind in kinds:
            gauge.labels(kind).set(counts[kind])

    async def look(self) -> None:
        """Ask the providers, if it is time; one that fails or takes too long says nothing new."""
        if time.monotonic() - self._looked < EVERY_S:
            return
        self._looked = time.monotonic()
        for kinds, provider in self._providers:
            try:
                async with asyncio.timeout(LOOK_S):
                    found = await provider()
                self.hold(kinds, found)
            except (DataMindError, TimeoutError) as fault:
                log.info("whether to alert is not known: %s", type(fault).__name__)
            except Exception:
                log.exception("whether to alert could not be found out")
        with contextlib.suppress(DataMindError):  # as soon as the store answers
            await self._end_those_of_the_gone()
            await self._open_again()

    async def load(self) -> None:
        """Those that were open when this installation was last looked after."""
        async with self._parts().database.unit() as session:
            for row in await session.scalars(select(Alert).where(Alert.ended_at.is_(None))):
                if row.kind not in OF_ONE_SERVER or row.subject.endswith(self._of_us):
                    self._open.setdefault((row.kind, row.subject), _notice(row))

    async def _end_those_of_the_gone(self) -> None:
        """A server that is there opens its own again."""
        if not self._of_us:
            return
        now = self._parts().now()
        others = (
            Alert.ended_at.is_(None), Alert.kind.in_(OF_ONE_SERVER),
            Alert.opened_at < now - BELIEVED, ~Alert.subject.endswith(self._of_us, autoescape=True),
        )  # fmt: skip
        async with self._parts().database.unit() as session:
            await session.execute(update(Alert).where(*others).values(ended_at=now))

    async def _open_again(self) -> None:
        """What holds here, and was ended by a server where it does not."""
        if not self._open:
            return
        async with self._parts().database.unit() as session:
            kept = await session.execute(
                select(Alert.kind, Alert.subject).where(Alert.ended_at.is_(None))
            )
            known = {(kind, subject) for kind, subject in kept}
        known |= {(notice.kind, notice.subject) for notice in self._unkept}
        for key in self._open.keys() - known:
            mode = self._parts().modes.standing.mode
            self._open[key] = made = replace(
                self._open[key], id=clock.new_id("alr"), at=self._parts().now(), state="opened",
                mode=mode,
            )  # fmt: skip
            self._note(made)

    @property
    def _of_us(self) -> str:
        """What tells our alerts from those of other servers, where there may be some."""
        return "" if self._parts().database.is_sqlite else f" of {socket.gethostname()[:100]}"

    def _subject(self, found: Condition) -> str:
        if found.kind in OF_ONE_SERVER:
            return f"{found.subject}{self._of_us}"[:200]
        return found.subject

    async def keep(self) -> None:
        """Keep and tell what is new; where the store is down, tell it, and keep it later."""
        async with self._turn:
            await self._keep()

    async def _keep(self) -> None:
        while self._unkept:
            notice = self._unkept[0]
            try:
                ours = await self._kept(notice)
            except Unavailable:
                for waiting in self._unkept:
                    self._tell(waiting)
                return
            if self._unkept[0] is notice:  # else there were too many meanwhile, and it went
                self._unkept.popleft()
            if ours:  # else another server told it
                self._tell(notice)
            self._told.discard((notice.id, notice.state))

    def _note(self, notice: Notice) -> None:
        if notice.state == "changed":  # the last says it all; the first may be being kept just now
            for waiting in list(self._unkept)[1:]:
                if (waiting.id, waiting.state) == (notice.id, notice.state):
                    self._unkept.remove(waiting)
        if len(self._unkept) == MOST:
            self._tell(self._unkept[0])
        self._unkept.append(notice)

    def _tell(self, notice: Notice) -> None:
        if notice.state != "changed" and (notice.id, notice.state) not in self._told:
            self._told.add((notice.id, notice.state))
            self._sending.put(notice)

    async def _kept(self, notice: Notice) -> bool:
        """Whether it was this server that opened, or ended, it."""
        same = (Alert.kind == notice.kind, Alert.subject == notice.subject)
        async with self._parts().database.in_turn() as session:
            if notice.state == "ended":
                ended = await session.scalars(
                    update(Alert).where(*same, Alert.ended_at.is_(None))
                    .values(ended_at=notice.at).returning(Alert.id)
                )  # fmt: skip
                return bool(ended.all())
            if notice.state == "changed":
                now_it_is = {"message": notice.message, "severity": notice.severity}
                open_one = update(Alert).where(*same, Alert.ended_at.is_(None))
                await session.execute(open_one.values(now_it_is))
                return False
            made = Alert(
                id=notice.id, kind=notice.kind, subject=notice.subject, severity=notice.severity,
                message=notice.message, opened_at=notice.at,
            )  # fmt: skip
            try:
                async with session.begin_nested():
                    session.add(made)
            except IntegrityError:
                return False
            return True


def _notice(row: Alert) -> Notice:
    return Notice(
        row.id, row.kind, row.subject, _severity(row.severity), row.message, row.opened_at,
        "opened", "",
    )  # fmt: skip


def _severity(text: str) -> Severity:
    return "critical" if text == "critical" else "info" if text == "info" else "warning"
