"""The metadata store: one engine, one declarative base, and units of work that commit once."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import JSON, DateTime, MetaData, event, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool, PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from datamind.errors import Unavailable

BUSY_MS = 5_000  # how long a writer waits for another one
POOL = 5
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


class Database:
    """The metadata store at a SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        self.engine = create_async_engine(url, pool_size=POOL, max_overflow=2 * POOL)
        # Who waits for their turn may hold a connection: the one whose turn it is has their own.
        self._turn = create_async_engine(url, pool_size=1, max_overflow=0)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        for engine in (self.engine, self._turn) if self.is_sqlite else ():
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        # A look at the store must not wait for those who work with it.
        self._probe = create_async_engine(url, poolclass=NullPool)
        self._writer = asyncio.Lock()
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._turns = async_sessionmaker(self._turn, expire_on_commit=False)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: committed as a whole at its end, or not at all.

        Unavailable where the store can't be reached or written.
        """
        async with _unit_of(self._sessions) as session:
            yield session

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[AsyncSession]:
        """A unit of work of one of many writers: they wait here for each other, in order, for
        in SQLite they would wait by trying again and again."""
        async with self._writer, _unit_of(self._turns) as session:
            yield session

    @property
    def active(self) -> int:
        """Connections in use."""
        return int(getattr(self.engine.pool, "checkedout", lambda: 0)())

    @property
    def size(self) -> int:
        """Connections that there may be."""
        return 3 * POOL

    async def ping(self) -> None:
        """An error where the store does not answer."""
        async with self._probe.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """End all connections."""
        await self.engine.dispose()
        await self._turn.dispose()


@asynccontextmanager
async def _unit_of(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    try:
        async with sessions.begin() as session:
            yield session
    except SQLAlchemyError as fault:
        if not _is_outage(fault):
            raise
        raise Unavailable("The metadata store is down or can't be written.") from fault


def _is_outage(fault: SQLAlchemyError) -> bool:
    """Whether it is the store that failed, not what was asked of it."""
    asked = getattr(getattr(fault, "orig", None), "sqlite_errorname", "") == "SQLITE_ERROR"
    kinds = ("OperationalError", "InterfaceError", "TimeoutError")
    return type(fault).__name__ in kinds and not asked


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
