"""A metadata store as one SQLite file, whichever kind it is: taken at one moment, and put back."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, insert, text

from datamind.errors import BadInput, Conflict
from datamind.migrations import config, head, known, state, upgrade
from datamind.migrations.moving import (
    batches,
    content,
    copied,
    go_on_counting,
    must_be_free,
    rows,
    tables,
)
from datamind.migrations.stores import alone, file_of, open_engine, parsed, reached, revision_in

GONE_S = 2.0  # a connection that was closed is still listed for a moment
OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datamind'"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)


def snapshot(url: str, path: Path) -> Mapping[str, int]:
    """Put all that is in the store now into a new SQLite file; how many rows, by table. BadInput
    for a store that is not at this version's revision."""
    address = parsed(url)
    found, newest = state(url)
    if found != newest:
        raise BadInput(
            f"The store is at {found or 'no revision'}, this version's is {newest}.",
            hint="datamind migrate",
        )
    file = file_of(address)
    with reached(address):
        if file is None:
            _copied_rows(url, path)
        else:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(path)) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")  # one file
    return counts(path)


def counts(path: Path) -> dict[str, int]:
    """How many rows each table of the file holds."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"
                           " AND name NOT LIKE 'sqlite_%' ORDER BY name").fetchall()  # fmt: skip
        return {
            name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in found
        }


def _copied_rows(url: str, path: Path) -> None:
    """All tables as one transaction of PostgreSQL sees them."""
    there = f"sqlite+aiosqlite:///{path}"
    upgrade(there)
    with open_engine(parsed(url)) as engine, engine.connect() as opened:
        old = opened.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with alone(parsed(there)) as new:
            for table in reversed(tables()):  # what the migrations put there
                new.execute(table.delete())
            for table in tables():
                for batch in batches(old, table):
                    new.execute(insert(table), batch)
            _must_equal(old, new)
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


@contextmanager
def put_into_postgres(path: Path, url: str, *, replace: bool) -> Iterator[Connection]:
    """A transaction in which the database holds what the file does, a store of this version's
    revision; kept at the block's end. Conflict where there is something else in it that is not to
    be replaced."""
    there = parsed(url)
    source = parsed(f"sqlite+aiosqlite:///{path}")
    with (
        reached(there),
        open_engine(source) as engine,
        engine.connect() as old,
        alone(there) as new,
    ):
        found = known(new, there)
        if found is None:
            must_be_free(new, tables(), there)
        elif not replace:
            raise Conflict(
                "There is an installation in the metadata store already.",
                hint="--replace takes it away; back it up before.",
            )
        if found != head():
            command.upgrade(config(new), head())
        for table in reversed(tables()):
            new.execute(table.delete())
        for table in tables():
            copied(old, new, table)
            go_on_counting(new, table)
        _must_equal(old, new)
        yield new


def is_in_use(url: str) -> bool:
    """Whether servers or workers, on whichever machine, are connected to it in PostgreSQL."""
    address = parsed(url)
    if file_of(address) is not None:
        return False
    until = time.monotonic() + GONE_S
    with reached(address), open_engine(address) as engine, engine.connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        while connection.scalar(OTHERS):
            if time.monotonic() > until:
                return True
            time.sleep(0.1)
    return False


def is_empty(url: str) -> bool:
    """Whether there is nothing of ours in the store."""
    address = parsed(url)
    file = file_of(address)
    if file is not None:
        return not file.exists()
    with reached(address), open_engine(address) as engine, engine.connect() as connection:
        return revision_in(connection) is None


def _must_equal(old: Connection, new: Connection) -> None:
    for table in tables():
        if content(rows(old, table)) != content(rows(new, table)):
            raise Conflict(
                f"{table.name} did not arrive as it was; nothing was changed.",
                hint="This is a fault of ours: please report it.",
            )
