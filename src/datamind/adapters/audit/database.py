"""The audit chain in SQLite, to be searched: a file apart from the metadata store, whose write
lock a request may hold."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from datamind.adapters.audit.chain import Head, Link

TABLE = """CREATE TABLE IF NOT EXISTS audit_log (
    seq INTEGER PRIMARY KEY, record TEXT NOT NULL, mac TEXT NOT NULL) STRICT"""
# Who else writes waits for its turn elsewhere; a stranger's lock is not waited for long, for the
# file carries on.
BUSY_MS = 500
LINKS = "SELECT seq, mac, record FROM audit_log WHERE seq > ? ORDER BY seq"


class ChainDatabase:
    """One such database. Who appends or trims sees to it that nobody else does so meanwhile."""

    name = "database"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: tuple[int, sqlite3.Connection] | None = None  # with the file's inode

    def head(self) -> Head | None:
        """The last record's; None if there is none."""
        with self._used() as db:
            sql = "SELECT seq, mac FROM audit_log ORDER BY seq DESC LIMIT 1"
            found: Head | None = db.execute(sql).fetchone()
            return found

    def append(self, links: Sequence[Link]) -> None:
        """Add the links, all of them or none."""
        with self._used() as db:
            db.execute("BEGIN IMMEDIATE")
            rows = [(link.seq, link.record, link.mac) for link in links]
            db.executemany("INSERT INTO audit_log VALUES (?, ?, ?)", rows)
            db.execute("COMMIT")

    def after(self, seq: int) -> Iterator[Link]:
        """The links from after that place."""
        with contextlib.closing(read_only(self.path)) as db:
            for place, mac, record in db.execute(LINKS, (seq,)):
                yield Link(place, mac, record)

    def first(self) -> int | None:
        """The place of the first record."""
        with self._used() as db:
            found: int | None = db.execute("SELECT min(seq) FROM audit_log").fetchone()[0]
            return found

    def trim(self, last: int) -> None:
        """Let go of what stands up to that place."""
        with self._used() as db:
            db.execute("DELETE FROM audit_log WHERE seq <= ?", (last,))

    def close(self) -> None:
        """Let go of the file; what is used next opens it again."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):
                self._open[1].close()
            self._open = None

    @contextlib.contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """The connection, opened again after a fault, or where another file has the name now."""
        try:
            if self._open is not None and self._open[0] != self.path.stat().st_ino:
                self.close()
            if self._open is None:
                db = _opened(self.path)
                self._open = self.path.stat().st_ino, db
            yield self._open[1]
        except BaseException:
            if self._open is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._open[1].rollback()
            self.close()
            raise


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that only reads, by whichever thread has time."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(TABLE)
    except BaseException:
        db.close()
        raise
    return db
