"""The audit store: an append-only SQLite file of chained records, written by one thread.

It is apart from the metadata store, whose write lock a request may hold. Records that wait
together are committed together; each carries the HMAC of itself and of the one before, so that a
change, a gap or a reordering shows (design.md, section 7).
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path

from datamind.adapters import audit_reading as reading
from datamind.adapters.audit_chain import FIRST, chained
from datamind.adapters.audit_reading import Line
from datamind.errors import Unavailable
from datamind.records import AuditEvent, AuditFilter, AuditVerdict

log = logging.getLogger(__name__)

TABLE = """CREATE TABLE IF NOT EXISTS audit_log (
    seq INTEGER PRIMARY KEY, record TEXT NOT NULL, mac TEXT NOT NULL) STRICT"""
MOST_AT_ONCE = 256
ANCHOR_S = 60.0

_Waiting = tuple[str, "Future[None]"]


class SqliteAudit:
    """Appends audit events durably; `key` makes the chain's HMACs and is kept elsewhere."""

    def __init__(
        self, path: Path, key: bytes, *, copy: Path | None = None, anchors: Path | None = None
    ) -> None:
        self.path = path
        self._key = key
        self._copy = copy
        self._anchors = anchors or path.with_suffix(".anchors")
        self._anchored = 0.0  # when the head was written down last, by the monotonic clock
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closed = False
        self._db = _opened(path)
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
        self._anchor()
        self._db.close()

    def find(self, wanted: AuditFilter, *, before: int | None, limit: int) -> list[Line]:
        """Records that fit, newest first, from before the number `before`."""
        return reading.find(self.path, wanted, before=before, limit=limit)

    def count(self, wanted: AuditFilter) -> int:
        """How many records fit."""
        return reading.count(self.path, wanted)

    def lines(self, wanted: AuditFilter) -> Iterator[Line]:
        """All records that fit, oldest first."""
        return reading.lines(self.path, wanted)

    def verify(self) -> AuditVerdict:
        """Whether the chain holds."""
        return reading.verify(self.path, self._key, self._anchors)

    def _write(self) -> None:
        ended = False
        while not ended:
            group, ended = self._next_group()
            if not group:
                continue
            # Who waits may be gone by now, and what was noted is written all the same.
            waiting = [done for _, done in group if done.set_running_or_notify_cancel()]
            try:
                self._commit([record for record, _ in group])
            except Exception as fault:  # noqa: BLE001 (without this thread nothing can be done)
                log.error("the audit log can't be written: %s", type(fault).__name__)
                for done in waiting:
                    done.set_exception(Unavailable("The audit log can't be written."))
            else:
                for done in waiting:
                    done.set_result(None)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """What waits, at least one; and whether the log is to end."""
        group: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) == MOST_AT_ONCE or self._queue.empty():
                return group, False
            item = self._queue.get()
        return group, True

    def _commit(self, records: list[str]) -> None:
        """The group in one transaction; the chain goes on from what the file holds."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            last = self._db.execute("SELECT seq, mac FROM audit_log ORDER BY seq DESC LIMIT 1")
            seq, mac = last.fetchone() or (0, FIRST)
            for record in records:
                seq, mac = seq + 1, chained(self._key, seq + 1, mac, record)
                self._db.execute("INSERT INTO audit_log VALUES (?, ?, ?)", (seq, record, mac))
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._copy_out(records)
        if time.monotonic() - self._anchored > ANCHOR_S:
            self._anchor()

    def _anchor(self) -> None:
        """Write the chain's head down beside it: what is cut off before that shows."""
        self._anchored = time.monotonic()
        try:
            last = self._db.execute("SELECT seq, mac FROM audit_log ORDER BY seq DESC LIMIT 1")
            head = last.fetchone()
            if head is None:
                return
            seq, mac = head
            self._anchors.parent.mkdir(parents=True, exist_ok=True)
            with self._anchors.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seq": seq, "mac": mac}) + "\n")
        except (OSError, sqlite3.Error) as fault:
            log.warning("the audit log can't be anchored: %s", type(fault).__name__)

    def _copy_out(self, records: list[str]) -> None:
        """For people and log shippers; the file that counts is the database."""
        if self._copy is None:
            return
        try:
            self._copy.parent.mkdir(parents=True, exist_ok=True)
            with self._copy.open("a", encoding="utf-8") as file:
                file.writelines(f"{record}\n" for record in records)
        except OSError as fault:
            log.warning("the audit log's copy can't be written: %s", fault.strerror)


def _opened(path: Path) -> sqlite3.Connection:
    """The file, ready to be written; Unavailable where it is damaged or can't be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
            db.execute(f"PRAGMA {pragma}")
        db.execute(TABLE)
    except (sqlite3.Error, OSError):
        raise Unavailable(
            f"The audit log {path} can't be opened or written.",
            hint="Is the disk full, or the file damaged? A damaged one is to be moved away, kept.",
        ) from None
    return db


def canonical(event: AuditEvent) -> str:
    """The event as one line of JSON, always the same for the same."""
    made = asdict(event) | {"timestamp": event.timestamp.isoformat()}
    made["details"] = dict(event.details)
    text = json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # halves of letters as escapes
