"""Whether the audit log holds: its segments, both copies of what is live, and the anchors.

All is read as it was at one moment, link by link, so that memory does not grow with the log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from datamind.adapters.audit.anchors import USE, head_of
from datamind.adapters.audit.chain import START, Damaged, Head, Link, of_use
from datamind.adapters.audit.database import LINKS, read_only
from datamind.adapters.audit.file import lines_of
from datamind.adapters.audit.following import Follower
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.segments import Segment, Segments, digest
from datamind.adapters.audit.turn import Turn
from datamind.errors import Unavailable
from datamind.records import AuditVerdict

MOST_FAULTS = 100
GONE = "it is missing or can't be read"
Links = Callable[[], Iterator[Link]]


def verify(places: AuditPlaces, key: bytes) -> AuditVerdict:
    """Changes, gaps, reordering, and what was cut off up to the last anchor; what retention deleted
    is told apart. What was written after the last anchor and cut off can't be known, nor what was
    never written."""
    with ExitStack() as stack:
        return _Inquiry(_snapshot(places, stack), key, Segments(places.segments, key)).verdict()


@dataclass(frozen=True)
class _Snapshot:
    """What was there at one moment; `named` is the end of the chain as it was named."""

    named: Head
    copies: dict[str, Links]
    anchors: Links


def _snapshot(places: AuditPlaces, stack: ExitStack) -> _Snapshot:
    """Taken while nobody writes; where that can't be seen to, as it is."""
    with ExitStack() as held:
        named = START
        with suppress(OSError):
            turn = held.enter_context(closing(Turn(places.turn, read_only=True)))
            with suppress(Unavailable):
                held.enter_context(turn.held())
            named = turn.head()
        copies = {"database": _rows(places.database, stack), "file": _lines(places.file, stack)}
        return _Snapshot(named, copies, _lines(places.anchors, stack))


def _rows(path: Path, stack: ExitStack) -> Links:
    try:
        db = stack.enter_context(closing(read_only(path)))
        db.execute("BEGIN")
        db.execute("SELECT 1 FROM audit_log LIMIT 1").fetchone()
    except sqlite3.Error:
        return _nothing

    def links() -> Iterator[Link]:
        try:
            for seq, mac, record in db.execute(LINKS, (0,)):
                yield Link(seq, mac, record)
        except sqlite3.Error as fault:
            raise Damaged(GONE) from fault

    return links


def _lines(path: Path, stack: ExitStack) -> Links:
    try:
        file = stack.enter_context(path.open("rb"))
        size = path.stat().st_size
    except OSError:
        return _nothing

    def links() -> Iterator[Link]:
        file.seek(0)
        return lines_of(file, size)

    return links


def _nothing() -> Iterator[Link]:
    """Of what can't be read."""
    yield from _gone()


def _gone() -> Iterator[Link]:
    raise Damaged(GONE)


@dataclass
class _Inquiry:
    """What is found, part by part."""

    was: _Snapshot
    key: bytes
    segments: Segments
    faults: list[str] = field(default_factory=list)
    anchored: int = 0
    unanchored: list[str] = field(default_factory=list)

    def verdict(self) -> AuditVerdict:
        """All parts looked at."""
        self._look_at_anchors()
        sealed = self._listed()
        for segment in sealed:
            if not segment.deleted:
                self._look_at_segment(segment)
        last = self._look_at_copies(sealed)
        if last:  # nothing is anchored of nothing
            self._tell("anchors", self.unanchored or ([] if self.anchored else ["there are none"]))
        for seen, who in ((self.anchored, "an anchor has seen them"),
                          (self.was.named[0], "audit.head names the last")):  # fmt: skip
            if seen > last:
                self._tell("log", [f"records {last + 1} to {seen} were cut off: {who}"])
        return AuditVerdict(
            records=last, anchored=self.anchored,
            faults=tuple(dict.fromkeys(self.faults))[:MOST_FAULTS],
            sealed=sealed[-1].last if sealed else 0,
            deleted=max((s.last for s in sealed if s.deleted), default=0),
        )  # fmt: skip

    def _look_at_anchors(self) -> None:
        follower = Follower(of_use(self.key, USE), START)
        for link in follower.all(self.was.anchors()):
            seen = head_of(link)[0]
            if seen <= self.anchored:
                self._tell("anchors", [f"record {seen} comes after record {self.anchored} there"])
            self.anchored = max(self.anchored, seen)
        self.unanchored = [*follower.faults()]

    def _listed(self) -> list[Segment]:
        try:
            return self.segments.all()
        except (Damaged, OSError) as fault:
            self._tell("segments", [f"their list was changed: {fault}"])
            return []

    def _look_at_segment(self, segment: Segment) -> None:
        path = self.segments.folder / segment.file
        if not path.exists():
            now = {s.file for s in self._listed() if s.deleted}
            if segment.file not in now:  # else retention took it just now
                told = f"it is missing, with records {segment.first} to {segment.last}"
                self._tell(segment.file, [told])
            return
        follower = self._followed((segment.first - 1, segment.before), self.segments.links(segment))
        self._tell(segment.file, follower.faults())
        if follower.head != (segment.last, segment.head):
            told = f"it ends with record {follower.head[0]}, not with record {segment.last}"
            self._tell(segment.file, [told])
        elif digest(path) != segment.sha256:
            self._tell(segment.file, ["the file was changed, its records were not"])

    def _look_at_copies(self, sealed: list[Segment]) -> int:
        """The last record of all."""
        base = (sealed[-1].last, sealed[-1].head) if sealed else START
        # Where a stop came between sealing and taking away, live records begin with sealed ones.
        starts = {s.first - 1: (s.first - 1, s.before) for s in sealed} | {base[0]: base}
        ends: dict[str, Head] = {}
        for name, links in self.was.copies.items():
            follower = Follower(self.key, base)
            read = follower.readable(links())
            first = next(read, None)
            if first is not None:
                follower.head = starts.get(first.seq - 1, base)
                self._followed(follower.head, chain((first,), read), follower)
            told = list(follower.faults())
            if first is not None or not told:
                ends[name] = follower.head
            self._tell(name, told)
        last = max((end[0] for end in ends.values()), default=base[0])
        for name, end in ends.items():
            if end[0] < last:
                self._tell(name, [f"records {end[0] + 1} to {last} are in the other copy only"])
        if len({end[1] for end in ends.values() if end[0] == last}) > 1:
            self._tell("log", [f"the copies do not agree on record {last}"])
        return last

    def _followed(
        self, head: Head, links: Iterable[Link], follower: Follower | None = None
    ) -> Follower:
        """The links followed from that head, and held against the anchors."""
        follower = follower or Follower(self.key, head)
        anchors = Follower(of_use(self.key, USE), START).readable(self.was.anchors())
        seen = next(anchors, None)
        for link in follower.all(links):
            while seen is not None and head_of(seen)[0] <= link.seq:
                if head_of(seen)[0] == link.seq and head_of(seen)[1] != link.mac:
                    told = f"record {link.seq} is not the one that an anchor has seen"
                    self._tell("log", [told])
                seen = next(anchors, None)
        return follower

    def _tell(self, where: str, faults: Iterable[str]) -> None:
        self.faults += (f"{where}: {fault}" for fault in faults)
