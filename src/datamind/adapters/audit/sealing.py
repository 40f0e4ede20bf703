"""Sealing and retention: old records go into segments, and old segments are deleted.

Nothing is moved that does not verify, in both copies: no tampering is sealed away.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice

from datamind.adapters.audit.chain import Damaged, Head, Link, going_on
from datamind.adapters.audit.database import ChainDatabase
from datamind.adapters.audit.file import ChainFile
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.segments import MOST, Segments
from datamind.adapters.audit.turn import Turn
from datamind.errors import Unavailable


def last_sealed(places: AuditPlaces, key: bytes) -> int:
    """The last record that is in a segment."""
    with _told("read"):
        return Segments(places.segments, key).end()[0]


def seal(places: AuditPlaces, key: bytes, before: dt.datetime) -> int:
    """Move live records of before that moment into segments; how many. The chain is followed from
    the oldest to the first that is too young, and the last record stays."""
    segments = Segments(places.segments, key)
    database, file = ChainDatabase(places.database), ChainFile(places.file)
    with _told("sealed"), segments.turn():
        start = segments.end()
        last = _last_of(database, start, before.isoformat())
        if last <= start[0]:
            return 0
        links = _upto(going_on(key, start, database.after(start[0])), last)
        for one, other in zip(links, file.after(start[0]), strict=False):
            if one != other:
                raise Damaged(f"the copies do not agree on record {one.seq}")
        head, links = start, _upto(database.after(start[0]), last)
        while (made := segments.seal(head, islice(links, MOST))) is not None:
            head = made.last, made.head
        with closing(Turn(places.turn)) as turn, turn.held():
            trimmed(places, last)
        return last - start[0]


def due(places: AuditPlaces, key: bytes, before: dt.datetime) -> bool:
    """Whether there is something to prune."""
    with _told("pruned"):
        return bool(Segments(places.segments, key).due(before.isoformat()))


def prune(places: AuditPlaces, key: bytes, before: dt.datetime, now: dt.datetime) -> int:
    """Delete the oldest segments, as far as they hold nothing newer; how many records."""
    segments, gone = Segments(places.segments, key), 0
    with _told("pruned"), segments.turn():
        for segment in segments.due(before.isoformat()):
            segments.delete(segment, now)
            gone += segment.last - segment.first + 1
    return gone


def trimmed(places: AuditPlaces, last: int) -> None:
    """Take what is sealed away from among the live records; whose turn it is calls this."""
    for copy in (ChainDatabase(places.database), ChainFile(places.file)):
        first = copy.first() if copy.path.exists() else None
        if first is not None and first <= last:
            copy.trim(last)
        if isinstance(copy, ChainDatabase):
            copy.close()


def _last_of(database: ChainDatabase, start: Head, before: str) -> int:
    """The last record that may be sealed."""
    last = start[0]
    for link in database.after(start[0]):
        if json.loads(link.record)["timestamp"] >= before:
            return last
        last = link.seq
    return last - 1


def _upto(links: Iterator[Link], last: int) -> Iterator[Link]:
    """Those up to that place."""
    for link in links:
        yield link
        if link.seq == last:
            return


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, Damaged) as fault:
        message = f"The audit log can't be {what}: {fault}."
        raise Unavailable(message, hint="`datamind audit verify` says more.") from None
