"""Reading the audit store: search, export, and whether its chain holds (design.md, section 7)."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from datamind.adapters.audit_chain import FIRST, chained
from datamind.errors import Unavailable
from datamind.records import AuditFilter, AuditVerdict

# What may be asked for: the field of a record, and how it compares.
FIELDS = {
    "event_type": ("event_type", "="), "user_id": ("user_id", "="), "status": ("status", "="),
    "correlation_id": ("correlation_id", "="), "since": ("timestamp", ">="),
    "until": ("timestamp", "<"),
}  # fmt: skip
MOST_FAULTS = 100
Line = tuple[int, dict[str, object]]


def find(path: Path, wanted: AuditFilter, *, before: int | None, limit: int) -> list[Line]:
    """Records that fit, newest first, from before the number `before`."""
    where, values = _where(wanted)
    if before is not None:
        where.append("seq < ?")
        values.append(before)
    sql = f"SELECT seq, record FROM audit_log{_clause(where)} ORDER BY seq DESC LIMIT ?"
    return list(_read(path, sql, [*values, limit]))


def count(path: Path, wanted: AuditFilter) -> int:
    """How many records fit."""
    where, values = _where(wanted)
    with closing(_opened(path)) as db:
        sql = f"SELECT count(*) FROM audit_log{_clause(where)}"
        return int(db.execute(sql, values).fetchone()[0])


def lines(path: Path, wanted: AuditFilter) -> Iterator[Line]:
    """All records that fit, oldest first."""
    where, values = _where(wanted)
    yield from _read(
        path,
        f"SELECT seq, record FROM audit_log{_clause(where)} ORDER BY seq",
        values,
    )


def verify(path: Path, key: bytes, anchors: Path) -> AuditVerdict:
    """Whether the chain holds: changes, gaps, reordering, and what was cut off at the end up to the
    last anchor. What was written after that and cut off can't be known, nor what was never
    written."""
    found: list[str] = []
    macs: dict[int, str] = {}
    kept = _anchors(anchors)
    wanted = {seq for seq, _ in kept}
    expected, before = 1, FIRST
    with closing(_opened(path)) as db:
        for seq, record, mac in db.execute("SELECT seq, record, mac FROM audit_log ORDER BY seq"):
            if seq != expected:
                found.append(f"records {expected} to {seq - 1} are missing")
            elif not hmac.compare_digest(mac, chained(key, seq, before, record)):
                found.append(f"record {seq} was changed, or one before it taken away")
            if seq in wanted:
                macs[seq] = mac
            expected, before = seq + 1, mac
    for seq, mac in kept:
        if seq >= expected:
            found.append(f"records {expected} to {seq} were cut off: an anchor has seen them")
        elif macs.get(seq) != mac:
            found.append(f"record {seq} is not the one that an anchor has seen")
    last = kept[-1][0] if kept else 0
    return AuditVerdict(records=expected - 1, faults=tuple(found[:MOST_FAULTS]), anchored=last)


def _anchors(path: Path) -> list[tuple[int, str]]:
    """Heads of the chain that were written down beside it, oldest first."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        return []
    found = []
    for line in text.splitlines():
        try:
            read = json.loads(line)
            found.append((int(read["seq"]), str(read["mac"])))
        except (ValueError, KeyError, TypeError):
            continue  # half a line, of a machine that stopped
    return found


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


def _read(path: Path, sql: str, values: list[object]) -> Iterator[Line]:
    with closing(_opened(path)) as db:
        for seq, record in db.execute(sql, values):
            yield seq, json.loads(record)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        # An export is read on by whichever thread has time.
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
    except sqlite3.Error:
        raise Unavailable("The audit log can't be read.") from None
