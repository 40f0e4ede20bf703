"""The audit store: appends records durably to both copies of the chain, by one thread.

Records that wait together are written together: first the file, then the database. One copy is
enough; one that could not be written is caught up from the other, in order, when it can be again.
Without both nothing is taken, and what is to be audited does not run (design.md, section 7).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice

from datamind.adapters.audit import reading, sealing
from datamind.adapters.audit.anchors import Anchors
from datamind.adapters.audit.chain import START, Damaged, Head, going_on, linked
from datamind.adapters.audit.database import ChainDatabase
from datamind.adapters.audit.file import ChainFile
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.segments import Segments
from datamind.adapters.audit.turn import Turn
from datamind.adapters.audit.verify import verify
from datamind.errors import Unavailable
from datamind.records import AuditEvent, AuditFilter, AuditVerdict

log = logging.getLogger(__name__)

MOST_AT_ONCE = 256
ANCHOR_S = 60.0
BATCH = 1000
AGAIN_S = 2.0  # after which a copy that is down is tried again
FAULTS = (OSError, sqlite3.Error, Damaged)

_Waiting = tuple[str, "Future[None]"]


@dataclass(slots=True, eq=False)
class _Copy:
    """A copy of the chain; `why` it can't be written, and when that is tried again."""

    chain: ChainDatabase | ChainFile
    why: str | None = None
    again: float = 0.0

    @property
    def due(self) -> bool:
        """Whether it is worth a try."""
        return self.why is None or time.monotonic() >= self.again

    def down(self, why: str) -> None:
        """It can't be written."""
        if self.why != why:
            log.error("the audit log's %s can't be written: %s", self.chain.name, why)
        self.why, self.again = why, time.monotonic() + AGAIN_S

    def up(self) -> None:
        """It can be written, and has all."""
        if self.why is not None:
            log.warning("the audit log's %s is written again", self.chain.name)
        self.why = None


class AuditStore:
    """Appends audit events; `key` makes the chain's HMACs and is kept elsewhere."""

    def __init__(self, places: AuditPlaces, key: bytes) -> None:
        self._places = places
        self._key = key
        self._turn = Turn(places.turn)
        self._segments = Segments(places.segments, key)
        self._anchors = Anchors(places.anchors, key)
        self._anchored = 0.0  # when the head was written down last, by the monotonic clock
        self._database = ChainDatabase(places.database)
        self._copies = (_Copy(ChainFile(places.file)), _Copy(self._database))
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = False
        try:
            self._mend()
        except BaseException:
            self._let_go()
            raise
        self._thread = threading.Thread(target=self._write, name="audit", daemon=True)
        self._thread.start()

    async def append(self, event: AuditEvent) -> None:
        """Return once the event is on the disk; Unavailable if it can't be put there."""
        await asyncio.wrap_future(self.submit(event))

    def submit(self, event: AuditEvent) -> Future[None]:
        """The same for callers without an event loop."""
        done: Future[None] = Future()
        if self._closed:
            done.set_exception(Unavailable("The audit log is closed."))
        else:
            self._queue.put((canonical(event), done))
        return done

    def close(self) -> None:
        """Write what waits, then end; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        with contextlib.suppress(Unavailable), self._turn.held():
            self._anchor(self._turn.head())
        self._let_go()

    def down(self) -> dict[str, str]:
        """The copies that can't be written, and why."""
        return {copy.chain.name: copy.why for copy in self._copies if copy.why is not None}

    def find(self, wanted: AuditFilter, *, before: int | None, limit: int) -> list[reading.Found]:
        """Live records that fit, newest first, from before the number `before`."""
        return reading.find(self._places, wanted, before=before, limit=limit)

    def count(self, wanted: AuditFilter) -> int:
        """How many live records fit."""
        return reading.count(self._places, wanted)

    def lines(self, wanted: AuditFilter) -> Iterator[reading.Found]:
        """All records that fit, oldest first, those in sealed segments too."""
        return reading.lines(self._places, self._key, wanted)

    def verify(self) -> AuditVerdict:
        """Whether the chain holds."""
        return verify(self._places, self._key)

    def oldest(self) -> dt.datetime | None:
        """The moment of the oldest live record."""
        return reading.oldest(self._places)

    def last_sealed(self) -> int:
        """The last record that is in a sealed segment (0: there is none)."""
        return sealing.last_sealed(self._places, self._key)

    def seal(self, before: dt.datetime) -> int:
        """Move live records of before that moment into segments; how many."""
        return sealing.seal(self._places, self._key, before)

    def due(self, before: dt.datetime) -> bool:
        """Whether there is something to prune."""
        return sealing.due(self._places, self._key, before)

    def prune(self, before: dt.datetime, now: dt.datetime) -> int:
        """Delete segments that hold nothing newer; how many records."""
        return sealing.prune(self._places, self._key, before, now)

    def _write(self) -> None:
        ended = False
        while not ended:
            group, ended = self._next_group()
            # Who waits may be gone by now, and what was noted is written all the same.
            waiting = [done for _, done in group if done.set_running_or_notify_cancel()]
            try:
                with self._turn.held():
                    self._commit([record for record, _ in group])
            except Exception as fault:  # noqa: BLE001 (without this thread nothing can be done)
                log.error("the audit log can't be written: %s", why(fault))
                for done in waiting:
                    done.set_exception(Unavailable("The audit log can't be written."))
            else:
                for done in waiting:
                    done.set_result(None)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """What waits; and whether the log is to end. Nothing, where a copy is down and nobody
        came meanwhile."""
        group: list[_Waiting] = []
        try:
            item = self._queue.get(timeout=AGAIN_S if self.down() else None)
        except queue.Empty:
            return [], False
        while item is not None:
            group.append(item)
            if len(group) == MOST_AT_ONCE or self._queue.empty():
                return group, False
            item = self._queue.get()
        return group, True

    def _commit(self, records: list[str]) -> None:
        """The records, on to both copies, or to the one that can be written."""
        head, ready = self._caught_up()
        links = linked(self._key, head, records)
        written = [c for c in ready if not links or _tried(c, partial(c.chain.append, links))]
        for copy in written:
            copy.up()
        if not written:
            raise Unavailable("Neither copy can be written.")
        end = links[-1].head if links else head
        if end != self._turn.head():
            self._turn.name(end)
        if links and time.monotonic() - self._anchored > ANCHOR_S:
            self._anchor(end)

    def _caught_up(self) -> tuple[Head, list[_Copy]]:
        """The chain's end, and the copies that were brought to it."""
        named = self._named()
        heads = self._heads([c for c in self._copies if c.due], named)
        end = max([named, *heads.values()], key=_place)
        if end not in heads.values():  # what is down is looked at too, before nothing is done
            heads |= self._heads([c for c in self._copies if c not in heads], named)
            end = max([named, *heads.values()], key=_place)
        ready = [copy for copy, head in heads.items() if head == end]
        if not ready:
            for copy, head in heads.items():
                copy.down(f"it ends with record {head[0]}, and the other can't be read")
            raise Unavailable(f"No copy of the audit log reaches record {end[0]}.")
        source = ready[0]
        for copy, head in heads.items():
            if head[0] == end[0] and head != end:
                copy.down("its last record is of another chain")
            elif head != end and _tried(copy, partial(self._catch_up, copy, head, source)):
                ready.append(copy)
        return end, ready

    def _named(self) -> Head:
        """The chain's end as it was named last; without that, what the live records go on from."""
        head = self._turn.head()
        if head != START:
            return head
        try:
            return self._segments.end()
        except FAULTS:
            return START

    def _heads(self, copies: list[_Copy], named: Head) -> dict[_Copy, Head]:
        """The ends of those that can be read; what goes beyond the named one has to fit it."""
        found: dict[_Copy, Head] = {}

        def look(copy: _Copy) -> None:
            head = copy.chain.head() or self._segments.end()
            if head[0] > named[0]:
                for _ in going_on(self._key, named, copy.chain.after(named[0])):
                    pass
            found[copy] = head

        for copy in copies:
            _tried(copy, partial(look, copy))
        return found

    def _catch_up(self, copy: _Copy, head: Head, source: _Copy) -> None:
        """Bring a copy that ends with that head to where the source ends."""
        missing = going_on(self._key, head, source.chain.after(head[0]))
        count = 0
        while batch := list(islice(missing, BATCH)):
            copy.chain.append(batch)
            count += len(batch)
        log.warning("the audit log's %s was caught up: %d records", copy.chain.name, count)

    def _mend(self) -> None:
        """Finish what a stop in the middle has left; Unavailable if neither copy is of use."""
        with self._turn.held():
            try:
                self._segments.mend()
                sealing.trimmed(self._places, self._segments.end()[0])
            except FAULTS as fault:
                log.error("the audit log's segments can't be mended: %s", why(fault))
            self._commit([])

    def _anchor(self, head: Head) -> None:
        """Write the chain's head down elsewhere: what is cut off before that shows."""
        self._anchored = time.monotonic()
        if head == START:
            return
        try:
            self._anchors.drop(head)
        except FAULTS as fault:
            log.error("the audit log can't be anchored: %s", why(fault))

    def _let_go(self) -> None:
        self._database.close()
        self._turn.close()


def _tried(copy: _Copy, work: Callable[[], None]) -> bool:
    """Whether it could be done; if not, the copy is down."""
    try:
        work()
    except FAULTS as fault:
        copy.down(why(fault))
        return False
    return True


def why(fault: BaseException) -> str:
    """What kept a copy from being written; holds no record."""
    if isinstance(fault, OSError):
        return fault.strerror or type(fault).__name__
    known = isinstance(fault, (*FAULTS, Unavailable))
    return str(fault) if known else type(fault).__name__


def _place(head: Head) -> int:
    return head[0]


def canonical(event: AuditEvent) -> str:
    """The event as one line of JSON, always the same for the same."""
    made = asdict(event) | {"timestamp": event.timestamp.isoformat()}
    made["details"] = dict(event.details)
    text = json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # halves of letters as escapes
