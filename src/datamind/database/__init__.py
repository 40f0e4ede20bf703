"""The metadata store: one engine, one declarative base, and units of work that commit once."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import JSON, DateTime, Executable, MetaData, event, text
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool, PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from datamind.breakers import Breaker, unavailable
from datamind.database.lines import Lines
from datamind.errors import BadInput, Unavailable
from datamind.settings.store import PoolSettings

log = logging.getLogger(__name__)

BUSY_MS = 5_000  # how long a writer waits for another one
SQLITE_MOST = 15  # connections
WRITERS = 5  # connections of writers in turn, in PostgreSQL
DRIVERS = dict.fromkeys(("postgresql", "postgres"), "postgresql+psycopg")
# By SQLSTATE: cancelled by a limit, no lock in time, deadlock, not serializable, no connection
# left; and one that was ended for being idle, or is of a standby.
BUSY = frozenset("57014 55P03 40P01 40001 53300".split())
# What a store says to whoever writes to it after its rows were moved to another one.
MOVED_SAID = "The metadata store was moved: start again with the new DATABASE_URL."
MOVED_TRIGGER = "moved_"  # what the triggers that say so are called, before the table's name
PROBE_BUSY_MS = 1_500
BUSY_SAID = "The metadata store is too busy."
DOWN = frozenset("25P03 25006".split())
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[dt.datetime]):
    """A moment: kept in UTC, and given back so; SQLite keeps no time zone itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        return value.astimezone(dt.UTC) if value is not None else None

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it off the class)
        dt.datetime: Moment(),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


# Reading all of the schema shows a damaged file, too.
_SHUT = text(
    "SELECT count(*) FROM sqlite_schema"
    f" WHERE type = 'trigger' AND substr(name, 1, {len(MOVED_TRIGGER)}) = '{MOVED_TRIGGER}'"
)


class Database:
    """The metadata store at a SQLAlchemy URL.

    Once its breaker is open nobody waits for it: not who comes, nor who was there before.
    """

    def __init__(
        self, url: str, pool: PoolSettings | None = None, breaker: Breaker | None = None
    ) -> None:
        address, pool = address_of(url), pool or PoolSettings()
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self.size = SQLITE_MOST if self.is_sqlite else pool.size + pool.overflow
        shared = {"connect_args": {} if self.is_sqlite else _postgres(pool)}
        pooled = {
            **shared, "pool_size": min(pool.size, self.size), "pool_timeout": pool.wait_s,
            "max_overflow": self.size - min(pool.size, self.size),
        }  # fmt: skip
        if not self.is_sqlite:
            pooled |= {"pool_pre_ping": True, "pool_recycle": pool.recycle_s}
        self.engine = create_async_engine(address, **pooled)
        # Who waits for their turn may hold a connection: those whose turn it is have their own.
        pooled |= {"pool_size": 1 if self.is_sqlite else WRITERS, "max_overflow": 0}
        self._turn = create_async_engine(address, **pooled)
        for engine in (self.engine, self._turn) if self.is_sqlite else ():
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        # A look at the store must not wait for those who work with it.
        self._probe = create_async_engine(address, poolclass=NullPool, **shared)
        engines = (self.engine, self._turn, self._probe)
        self._lines = Lines(engines, address.database if self.is_sqlite else None)
        self.breaker = breaker or Breaker("metadata")
        self.breaker.on_change(self._given_up)
        self._moved = False
        self._writer = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._turns = async_sessionmaker(self._turn, expire_on_commit=False)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: committed as a whole at its end, or not at all.

        Unavailable where the store can't be reached or written.
        """
        async with self._unit_of(self._sessions) as session:
            yield session

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[AsyncSession]:
        """A unit of work of one of many writers, which may be asked for within another unit.

        In SQLite they wait here for each other, in order, for there they would wait by trying
        again and again. In PostgreSQL WRITERS of them work at once, each held up by no other but
        by one that writes to the same rows; other servers write too, so that whoever changes what
        they have read locks it (`with_for_update`, `one_at_a_time`) or writes on a condition.
        """
        async with self._writer, self._unit_of(self._turns) as session:
            yield session

    @property
    def active(self) -> int:
        """Connections in use."""
        return int(getattr(self.engine.pool, "checkedout", lambda: 0)())

    @property
    def idle(self) -> int:
        """Connections that are open and wait to be used."""
        return int(getattr(self.engine.pool, "checkedin", lambda: 0)())

    async def ping(self, write: Executable | None = None) -> None:
        """An error where the store does not answer, or can't do that write."""
        self._lines.must_lead_somewhere()
        moved = not self._lines.are_right()
        async with self._probe.connect() as connection:
            if self.is_sqlite:
                await connection.execute(text(f"PRAGMA busy_timeout={PROBE_BUSY_MS}"))
                if await connection.scalar(_SHUT):
                    self._was_moved()
                    raise Unavailable(MOVED_SAID)
            else:
                await connection.execute(text("SELECT 1"))
            if write is not None:
                await connection.execute(write)
                await connection.commit()
        if moved:  # another file has the name now: what was open is the one that is gone
            self._lines.forget()

    async def close(self) -> None:
        """End all connections."""
        await self.engine.dispose()
        await self._turn.dispose()

    @asynccontextmanager
    async def _unit_of(
        self, sessions: async_sessionmaker[AsyncSession]
    ) -> AsyncIterator[AsyncSession]:
        self.breaker.check()
        try:
            self._must_be_there()
            async with sessions.begin() as session:
                yield session
                self._must_be_there()
        except SQLAlchemyError as fault:
            if (said := outage(fault)) is None:
                raise
            if said == MOVED_SAID:
                self._was_moved()
            if said != BUSY_SAID:
                self.breaker.failed(fault)
            raise Unavailable(said) from fault
        else:
            self.breaker.succeeded()

    def _given_up(self, breaker: Breaker) -> None:
        if breaker.opened:
            self._lines.hang_up()

    def _was_moved(self) -> None:
        """From now on it is down: reading on would hide that nothing can be written."""
        if not self._moved:
            log.error(MOVED_SAID)
        self._moved = True

    def _must_be_there(self) -> None:
        if self._moved:
            moved = Unavailable(MOVED_SAID)
            self.breaker.failed(moved)
            raise moved
        if not self._lines.are_right():
            fault = unavailable(self.breaker.name)
            self.breaker.failed(fault)
            raise fault


def address_of(url: str) -> URL:
    """The URL with the driver that we use: `postgresql://…` and `postgres://…` are psycopg's."""
    parsed = make_url(url)
    return parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))


async def one_at_a_time(session: AsyncSession, what: str) -> None:
    """From here to the end of the unit nobody else, on any server, is here with the same `what`.

    Nothing is to be done for it in SQLite, where there is one writer in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})


def _postgres(pool: PoolSettings) -> dict[str, Any]:
    try:
        from datamind.database.postgres import async_connect_args
    except ImportError:
        raise BadInput(
            "A metadata store in PostgreSQL needs psycopg.",
            hint="pip install 'datamind[postgres]'",
        ) from None
    return async_connect_args(pool)


def outage(fault: SQLAlchemyError) -> str | None:
    """What to say where it is the store that failed; None where it is what was asked of it."""
    cause = getattr(fault, "orig", None)
    state = getattr(cause, "sqlstate", None)
    if isinstance(fault, PoolTimeout) or state in BUSY:
        return BUSY_SAID
    if str(cause) == MOVED_SAID:
        return MOVED_SAID
    name = str(getattr(cause, "sqlite_errorname", ""))
    if name == "SQLITE_ERROR":
        return None
    damaged = name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT"))
    lost = isinstance(fault, DBAPIError) and fault.connection_invalidated
    kinds = ("OperationalError", "InterfaceError")
    if lost or damaged or type(fault).__name__ in kinds or state in DOWN:
        return "The metadata store is down or can't be written."
    return None


def _prepare_sqlite(connection: PoolProxiedConnection, _record: object) -> None:
    """Readers beside one writer, and what was committed survives a loss of power."""
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
