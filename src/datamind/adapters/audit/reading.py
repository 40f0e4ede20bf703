"""Reading the audit log: search among the live records, and export, sealed ones included.

Where the database can't be read the file is, which takes longer.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

from datamind.adapters.audit.chain import Damaged, Link
from datamind.adapters.audit.database import read_only
from datamind.adapters.audit.file import ChainFile
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.segments import Segment, Segments
from datamind.errors import Unavailable
from datamind.records import AuditFilter

log = logging.getLogger(__name__)

# What may be asked for: the field of a record, and how it compares.
FIELDS = {
    "event_type": ("event_type", "="), "user_id": ("user_id", "="), "status": ("status", "="),
    "correlation_id": ("correlation_id", "="), "since": ("timestamp", ">="),
    "until": ("timestamp", "<"),
}  # fmt: skip
COMPARES = {"=": str.__eq__, ">=": str.__ge__, "<": str.__lt__}
Found = tuple[int, dict[str, object]]


def find(
    places: AuditPlaces, wanted: AuditFilter, *, before: int | None, limit: int
) -> list[Found]:
    """Live records that fit, newest first, from before the number `before`."""
    where, values = _where(wanted)
    if before is not None:
        where.append("seq < ?")
        values.append(before)
    sql = f"SELECT seq, record FROM audit_log{_clause(where)} ORDER BY seq DESC LIMIT ?"
    try:
        return list(_rows(places, sql, [*values, limit]))
    except sqlite3.Error:
        fit = (f for f in _in_file(places, wanted) if before is None or f[0] < before)
        return list(reversed(deque(fit, maxlen=limit)))


def count(places: AuditPlaces, wanted: AuditFilter) -> int:
    """How many live records fit."""
    where, values = _where(wanted)
    sql = f"SELECT count(*) FROM audit_log{_clause(where)}"
    try:
        with closing(read_only(places.database)) as db:
            return int(db.execute(sql, values).fetchone()[0])
    except sqlite3.Error:
        return sum(1 for _ in _in_file(places, wanted))


def lines(places: AuditPlaces, key: bytes, wanted: AuditFilter) -> Iterator[Found]:
    """All records that fit, oldest first: those of segments that the time asked for reaches, then
    the live ones. What can't be read is Unavailable, so that nobody takes a part for the whole."""
    segments = Segments(places.segments, key)
    try:
        listed = [s for s in segments.all() if not s.deleted]
    except (OSError, Damaged):
        raise Unavailable("The list of the audit log's segments can't be read.") from None
    last = listed[-1].last if listed else 0
    sealed = chain.from_iterable(segments.links(s) for s in listed if _reaches(wanted, s))
    return chain(_told(sealed, wanted), _live(places, wanted, last))


def oldest(places: AuditPlaces) -> dt.datetime | None:
    """The moment of the oldest live record."""
    link = next(ChainFile(places.file).after(0), None)
    return dt.datetime.fromisoformat(json.loads(link.record)["timestamp"]) if link else None


def _live(places: AuditPlaces, wanted: AuditFilter, last: int) -> Iterator[Found]:
    """Those after that place, which sealing may take away meanwhile."""
    where, values = _where(wanted)
    where.append("seq > ?")
    sql = f"SELECT seq, record FROM audit_log{_clause(where)} ORDER BY seq"
    try:
        for found in _rows(places, sql, [*values, last]):
            yield found
            last = found[0]
    except sqlite3.Error:
        yield from (f for f in _in_file(places, wanted) if f[0] > last)


def _in_file(places: AuditPlaces, wanted: AuditFilter) -> Iterator[Found]:
    log.warning("the audit log's database can't be read: its file is")
    return _told(ChainFile(places.file).after(0), wanted)


def _told(links: Iterator[Link], wanted: AuditFilter) -> Iterator[Found]:
    """What fits of them."""
    try:
        for link in links:
            record = json.loads(link.record)
            if _fits(record, link.record, wanted):
                yield link.seq, record
    except (OSError, Damaged) as fault:
        raise Unavailable("The audit log can't be read.", hint=f"{fault}; see verify.") from None


def _fits(record: dict[str, object], text: str, wanted: AuditFilter) -> bool:
    """The same as `_where` says."""
    for name, (field, compares) in FIELDS.items():
        value = getattr(wanted, name)
        if value is not None:
            there = record.get(field)
            asked = value if isinstance(value, str) else value.isoformat()
            if not isinstance(there, str) or not COMPARES[compares](there, asked):
                return False
    return not wanted.words or wanted.words.lower() in text.lower()


def _reaches(wanted: AuditFilter, segment: Segment) -> bool:
    return not (
        (wanted.since is not None and segment.until < wanted.since.isoformat())
        or (wanted.until is not None and segment.since >= wanted.until.isoformat())
    )


def _where(wanted: AuditFilter) -> tuple[list[str], list[object]]:
    where, values = [], list[object]()
    for name, (field, compares) in FIELDS.items():
        value = getattr(wanted, name)
        if value is not None:
            where.append(f"json_extract(record, '$.{field}') {compares} ?")
            values.append(value if isinstance(value, str) else value.isoformat())
    if wanted.words:
        where.append("instr(lower(record), lower(?)) > 0")
        values.append(wanted.words)
    return where, values


def _clause(where: list[str]) -> str:
    return f" WHERE {' AND '.join(where)}" if where else ""


def _rows(places: AuditPlaces, sql: str, values: list[object]) -> Iterator[Found]:
    with closing(read_only(places.database)) as db:
        for seq, record in db.execute(sql, values):
            yield seq, json.loads(record)
