"""A metadata store as migrations see it: by a driver that waits, one process at a time."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from datamind.database import BUSY_SAID, address_of, outage
from datamind.errors import BadInput, Unavailable

SYNC = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
EXAMPLES = "sqlite+aiosqlite:///path/to/file.db or postgresql://user@host/database"
LOCK = 0x0DA7A  # of PostgreSQL's advisory locks, that of whoever migrates
LOOK = "datamind_look"  # an option of connections that only read: nobody is to wait for them
CONNECT_S = 5
TURN_S = 300  # how long another one's migrations are waited for
TABLE_S = 10  # how long a table that is in use is waited for, while all others wait for us


def parsed(url: str) -> URL:
    """The address; BadInput where we can't use it."""
    try:
        found = address_of(url)
    except (ArgumentError, ValueError):
        raise BadInput("DATABASE_URL is no address of a database.", hint=_hint()) from None
    if found.drivername not in ("sqlite+aiosqlite", "sqlite", "postgresql+psycopg"):
        raise BadInput(f"DATABASE_URL can't be {found.drivername}.", hint=_hint())
    return found


def _hint() -> str:
    return f"Write it as {EXAMPLES}."


def shown(url: URL) -> str:
    """The address for people: no password, neither in its place nor among the options."""
    plain = url.set(query={}, drivername=url.get_backend_name())
    return plain.render_as_string(hide_password=True)


@contextmanager
def reached(url: URL) -> Iterator[None]:
    """Unavailable where what is done with the store fails for the store's sake; BadInput where it
    refuses us, which waiting does not mend."""
    try:
        yield
    except NoSuchModuleError:
        raise BadInput(f"DATABASE_URL can't be {url.drivername}.", hint=_hint()) from None
    except ImportError:
        raise BadInput(
            "A metadata store in PostgreSQL needs psycopg.",
            hint="pip install 'datamind[postgres]'",
        ) from None
    except (DBAPIError, OSError) as fault:
        said = outage(fault) if isinstance(fault, DBAPIError) else ""
        if not is_file(url) and (refused := _refusal(fault)) is not None:
            raise BadInput(
                f"The metadata store {shown(url)} {refused}.",
                hint="Set DATABASE_URL, or DB_NAME, DB_USER and DB_PASSWORD, to what it knows.",
            ) from None
        if said == BUSY_SAID:
            raise Unavailable(said, hint="Others hold its tables: try again.") from None
        if said is None:
            raise Unavailable(
                f"The metadata store {shown(url)} was left as it was: this can't be done in it.",
                hint="Is something of another program in it, or was it changed by hand?",
            ) from None
        raise Unavailable(
            f"The metadata store {shown(url)} can't be opened or written.",
            hint="Is it damaged, the disk full, or the folder read-only?"
            if is_file(url)
            else "Is it up, and are host and port right? Its log says.",
        ) from None


def _refusal(fault: Exception) -> str | None:
    from datamind.database.postgres import refusal

    return refusal(str(getattr(fault, "orig", fault)))


@contextmanager
def open_engine(url: URL) -> Iterator[Engine]:
    """The store, by a driver that waits; its transactions are whole in SQLite too, whose driver
    would keep each change of a table by itself."""
    options = {} if is_file(url) else {"connect_timeout": CONNECT_S, "application_name": "datamind"}
    address = url.set(drivername=SYNC[url.get_backend_name()])
    engine = create_engine(address, connect_args=options)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_to_write)
    try:
        yield engine
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None


def _begin_to_write(connection: Connection) -> None:
    if not connection.get_execution_options().get(LOOK):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def alone(url: URL) -> Iterator[Connection]:
    """A transaction on the store, committed at its end, in which nobody else migrates it; the
    folder of a file is made where missing."""
    with _file_lock(url), open_engine(url) as engine, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{TURN_S}s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            connection.execute(text(f"SET LOCAL lock_timeout = '{TABLE_S}s'"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection


def revision_in(connection: Connection) -> str | None:
    """The revision of the store; None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def is_file(url: URL) -> bool:
    """Whether the store is a file."""
    return url.get_backend_name() == "sqlite"


def file_of(url: URL) -> Path | None:
    """The store's file, if it is one."""
    return Path(url.database) if is_file(url) and url.database else None


def backed_up(path: Path, revision: str) -> Path:
    """A copy of the file as it is now, whole also while others write to it."""
    moment = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
    copy = path.with_name(f"{path.name}.{revision}-{moment}.backup")
    partial = copy.with_name(f"{copy.name}.part")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
    partial.replace(copy)
    return copy


@contextmanager
def _file_lock(url: URL) -> Iterator[None]:
    path = file_of(url)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
