"""An audit log in a folder of its own, and what tests do to it."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from datamind.adapters.audit import store
from datamind.adapters.audit.database import ChainDatabase
from datamind.adapters.audit.file import ChainFile
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.adapters.audit.verify import verify
from datamind.records import AuditEvent

KEY = b"k" * 32
DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def event(number: int = 0, *, day: float = 0) -> AuditEvent:
    """A record that can be told by its number."""
    moment = DAY + dt.timedelta(days=day)
    return AuditEvent(moment, "login", "api", "success", user_id=f"usr-{number}")


def written(places: AuditPlaces, count: int, *, days: float = 0) -> None:
    """A log of so many records, so many days apart."""
    with closing(AuditStore(places, KEY)) as log:
        for number in range(1, count + 1):
            log.submit(event(number, day=days * (number - 1))).result(10)


def both(places: AuditPlaces) -> list[int]:
    """The numbers of the records, which both copies have to hold alike."""
    held = [list(ChainDatabase(places.database).after(0)), list(ChainFile(places.file).after(0))]
    assert held[0] == held[1]
    return [link.seq for link in held[0]]


def faults(places: AuditPlaces) -> tuple[str, ...]:
    return verify(places, KEY).faults


def change(places: AuditPlaces, sql: str) -> None:
    """What somebody does to the database by hand."""
    with closing(sqlite3.connect(places.database)) as db, db:
        db.executescript(sql)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what the writer does by itself."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def places(tmp_path: Path) -> AuditPlaces:
    return AuditPlaces.of(tmp_path)


@pytest.fixture
def log(places: AuditPlaces, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditStore]:
    """A log that tries again soon."""
    monkeypatch.setattr(store, "AGAIN_S", 0.05)
    with closing(AuditStore(places, KEY)) as made:
        yield made
