"""Moves an installation's metadata from its SQLite file into PostgreSQL: all of it, or nothing.

One transaction there makes the tables, takes in all rows and is committed only when each table
holds what it held here, by count and checksum. Meanwhile nobody can write here, and afterwards
nobody can any more: a server that still runs on the file is told so, and loses nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, Integer, String, Table, func, insert, inspect, select, text
from sqlalchemy.engine import URL

from datamind.database import MOVED_SAID, MOVED_TRIGGER
from datamind.errors import BadInput, Conflict
from datamind.migrations import MOVED, config, head, upgrade
from datamind.migrations.stores import (
    alone,
    backed_up,
    file_of,
    parsed,
    reached,
    revision_in,
    shown,
)

BATCH = 1_000
WHOLE = 2**256
NUL, INSTEAD = "\x00", "\N{REPLACEMENT CHARACTER}"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: how many rows, and the sum of their digests, whatever their order."""

    rows: int
    digest: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows by table; the copy of the file that was made before; how many texts held the NUL
    character, which PostgreSQL can't keep and which is replaced; whether an earlier move, that was
    stopped before its end, was only finished."""

    rows: Mapping[str, int]
    backup: Path
    replaced: int
    finished_only: bool


def move(source: str, target: str) -> Moved:
    """Move what is in the file at `source` to the empty database at `target`.

    BadInput and Conflict where the one or the other is not of that kind; then, and after a kill at
    any moment, both are of use as they were, and the same can be tried again.
    """
    here, there = parsed(source), parsed(target)
    path = file_of(here)
    if path is None or not path.exists():
        raise BadInput("There is no SQLite store to move.", hint="Set DATAMIND_HOME to its folder.")
    if there.get_backend_name() != "postgresql":
        raise BadInput(f"{shown(there)} is not PostgreSQL.", hint="postgresql://user@host/database")
    upgrade(source)
    with reached(here), alone(here) as old:
        backup = backed_up(path, "before-moving")
        with reached(there), alone(there) as new:
            done = _moved(old, new, there, backup)
        _shut(old)
    return done


def _moved(old: Connection, new: Connection, there: URL, backup: Path) -> Moved:
    wanted = tables()
    finished_only = revision_in(new) is not None
    replaced = 0
    if not finished_only:
        must_be_free(new, wanted, there)
        command.upgrade(config(new), head())
        for table in reversed(wanted):  # what the migrations put there
            new.execute(table.delete())
        for table in wanted:
            replaced += copied(old, new, table)
            go_on_counting(new, table)
    held = {table.name: content(rows(old, table)) for table in wanted}
    found = {table.name: content(rows(new, table)) for table in wanted}
    if different := [name for name in held if held[name] != found[name]]:
        if finished_only:
            raise Conflict(
                f"{shown(there)} holds an installation already, and not this one"
                f" ({different[0]} differs).",
                hint="Name an empty database.",
            )
        raise Conflict(
            f"{different[0]} did not arrive as it was; nothing was changed.",
            hint="This is a fault of ours: please report it.",
        )
    count = {name: one.rows for name, one in held.items()}
    return Moved(count, backup, replaced, finished_only)


def tables() -> list[Table]:
    """All tables, those that others refer to first."""
    from datamind.migrations.tables import metadata

    return metadata.sorted_tables


def must_be_free(new: Connection, wanted: Iterable[Table], there: URL) -> None:
    """Conflict where a table that is none of ours has one of these names."""
    taken = sorted({table.name for table in wanted} & set(inspect(new).get_table_names()))
    if taken:
        raise Conflict(
            f"{shown(there)} has a table {taken[0]} already, which is not ours.",
            hint="Name an empty database.",
        )


def copied(old: Connection, new: Connection, table: Table) -> int:
    """Take all rows over; how many texts had to be changed."""
    replaced = 0
    for batch in batches(old, table):
        kept_rows = [_kept(row) for row in batch]
        replaced += sum(
            row[n] != kept[n] for row, kept in zip(batch, kept_rows, strict=True) for n in row
        )
        _must_fit(table, kept_rows)
        new.execute(insert(table), kept_rows)
    return replaced


def batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """All rows, some at a time."""
    found = connection.execute(select(table).execution_options(yield_per=BATCH))
    for some in found.mappings().partitions(BATCH):
        yield [dict(row) for row in some]


def rows(connection: Connection, table: Table) -> Iterator[Row]:
    """All rows, as PostgreSQL can keep them."""
    for batch in batches(connection, table):
        yield from map(_kept, batch)


def _kept(row: Row) -> dict[str, Any]:
    """The row as PostgreSQL can keep it."""
    return {
        name: value.replace(NUL, INSTEAD) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _must_fit(table: Table, rows: Iterable[Row]) -> None:
    """SQLite keeps texts of any length, and whole numbers of eight bytes."""
    for row in rows:
        for column in table.columns:
            value, kind = row[column.name], column.type
            long = isinstance(kind, String) and kind.length and len(value or "") > kind.length
            if long or (isinstance(kind, Integer) and abs(value or 0) >= 2**31):
                key = ", ".join(str(row[k.name]) for k in table.primary_key)
                raise BadInput(
                    f"{table.name}.{column.name} of {key} is longer than PostgreSQL keeps there.",
                    hint="Shorten it in the SQLite file, then try again.",
                )


def go_on_counting(new: Connection, table: Table) -> None:
    """Numbers that the database gives go on after the last one."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = new.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
    last = new.scalar(select(func.max(column)))
    if sequence is not None and last is not None:
        new.execute(select(func.setval(sequence, last)))


def content(some: Iterable[Row]) -> Content:
    """What these rows are."""
    count = total = 0
    for row in some:
        line = json.dumps([row[name] for name in sorted(row)], sort_keys=True, default=_plain)
        total = (total + int.from_bytes(hashlib.sha256(line.encode()).digest())) % WHOLE
        count += 1
    return Content(count, total)


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _shut(old: Connection) -> None:
    """From now on nothing can be written here, and no server starts on it."""
    for table in tables():
        for change in ("INSERT", "UPDATE", "DELETE"):
            old.execute(
                text(
                    f"CREATE TRIGGER {MOVED_TRIGGER}{table.name}_{change.lower()}"
                    f" BEFORE {change} ON {table.name}"
                    f" BEGIN SELECT RAISE(ABORT, '{MOVED_SAID}'); END"
                )
            )
    old.execute(text("UPDATE alembic_version SET version_num = :moved"), {"moved": MOVED})
