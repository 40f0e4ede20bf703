"""The metadata store on PostgreSQL: what an outage is, and what nobody waits for."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from datamind.database import WRITERS, Database, one_at_a_time
from datamind.errors import BadInput, Unavailable
from datamind.settings import load
from datamind.settings.store import PoolSettings

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
SMALL = PoolSettings(size=1, overflow=1, wait_s=0.5, connect_s=2, statement_s=1.0)


@asynccontextmanager
async def opened(url: str, pool: PoolSettings = SMALL) -> AsyncIterator[Database]:
    database = Database(url, pool)
    try:
        yield database
    finally:
        await database.close()


async def run(database: Database, statement: str) -> Any:
    async with database.unit() as session:
        return (await session.execute(text(statement))).scalar()


def in_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.fixture
def url(postgres_url: str) -> str:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP TABLE IF EXISTS counted")
        admin.execute("CREATE TABLE counted (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
        admin.execute("INSERT INTO counted VALUES (1, 0), (2, 0)")
    return postgres_url


def test_what_the_issue_asks_of_the_pool(url: str) -> None:
    async def look() -> None:
        async with opened(url, PoolSettings()) as database:
            pool = database.engine.pool
            assert (pool.size(), pool._max_overflow, pool._recycle, pool._pre_ping) == (  # type: ignore[attr-defined]
                10, 20, 3600, True,
            )  # fmt: skip
            assert (database.size, database.active) == (30, 0)
            limits = [await run(database, f"SHOW {name}") for name in (
                "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
                "application_name",
            )]  # fmt: skip
            assert limits == ["15s", "15s", "10min", "datamind"]

    in_loop(look)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("SELECT pg_sleep(5)", Unavailable),  # cancelled by its limit
        ("SELECT pg_terminate_backend(pg_backend_pid())", Unavailable),
        ("SET TRANSACTION READ ONLY; UPDATE counted SET n = 1", Unavailable),  # as of a standby
        ("SELECT no_such_column", ProgrammingError),
        ("SELECT * FROM no_such_table", ProgrammingError),
        ("INSERT INTO counted VALUES (1, 1)", IntegrityError),
    ],
)
def test_outages_are_told_apart_from_faults(
    url: str, statement: str, fault: type[Exception]
) -> None:
    async def ask() -> None:
        async with opened(url) as database:
            with pytest.raises(fault) as told:
                async with database.unit() as session:
                    for part in statement.split("; "):
                        await session.execute(text(part))
            if fault is Unavailable:
                assert "metadata store" in str(told.value) and "counted" not in str(told.value)
            assert await run(database, "SELECT 1") == 1  # and it goes on

    in_loop(ask)


def test_who_finds_all_connections_in_use_is_turned_away_and_probes_are_not(url: str) -> None:
    async def ask() -> None:
        async with opened(url) as database, database.unit() as one, database.unit() as two:
            await one.execute(text("SELECT 1"))
            await two.execute(text("SELECT 1"))
            assert database.active == database.size == 2
            started = time.monotonic()
            with pytest.raises(Unavailable, match="too busy"):
                await run(database, "SELECT 1")
            assert time.monotonic() - started < 10
            await database.ping()
            async with database.in_turn() as writer:  # who holds one and is to write has its own
                assert await writer.scalar(text("SELECT 1")) == 1

    in_loop(ask)


def test_writers_of_different_rows_work_at_once(url: str) -> None:
    async def both() -> None:
        async with opened(url) as database:
            meet = asyncio.Barrier(2)

            async def write(row: int) -> None:
                async with database.in_turn() as session:
                    await session.execute(text(f"UPDATE counted SET n = 7 WHERE id = {row}"))
                    await asyncio.wait_for(meet.wait(), 10)  # both are in the middle of it

            await asyncio.gather(write(1), write(2))
            assert await run(database, "SELECT sum(n) FROM counted") == 14

    in_loop(both)


def test_what_is_for_one_at_a_time_is_on_all_servers(url: str) -> None:
    async def all_of_them() -> None:
        pool = replace(SMALL, statement_s=30.0, wait_s=30.0)
        async with opened(url, pool) as here, opened(url, pool) as there:

            async def one_more(database: Database) -> None:
                async with database.in_turn() as session:
                    await one_at_a_time(session, "count")
                    seen = await session.scalar(text("SELECT n FROM counted WHERE id = 1"))
                    await session.execute(text(f"UPDATE counted SET n = {seen} + 1 WHERE id = 1"))

            await asyncio.gather(*(one_more((here, there)[n % 2]) for n in range(4 * WRITERS)))
            assert await run(here, "SELECT n FROM counted WHERE id = 1") == 4 * WRITERS

    in_loop(all_of_them)


def test_two_that_wait_for_each_other_are_told_that_it_is_busy(url: str) -> None:
    async def both() -> None:
        async with opened(url, replace(SMALL, statement_s=20.0)) as database:
            meet = asyncio.Barrier(2)

            async def write(first: int, second: int) -> str:
                try:
                    async with database.in_turn() as session:
                        await session.execute(text(f"UPDATE counted SET n = 1 WHERE id = {first}"))
                        await meet.wait()
                        await session.execute(text(f"UPDATE counted SET n = 1 WHERE id = {second}"))
                except Unavailable as told:
                    return str(told)
                return "done"

            assert sorted(await asyncio.gather(write(1, 2), write(2, 1))) == [
                "The metadata store is too busy.", "done",
            ]  # fmt: skip

    in_loop(both)


def test_a_server_that_hangs_is_given_up_in_time(url: str) -> None:
    """Its process for this connection is stopped: it answers nothing, and closes nothing."""

    async def ask() -> None:
        async with opened(url) as database:
            pid = await run(database, "SELECT pg_backend_pid()")
            os.kill(pid, signal.SIGSTOP)
            try:
                started = time.monotonic()
                assert await run(database, "SELECT 1") == 1  # the look before use gave it up
                async with database.unit() as session:
                    pid = await session.scalar(text("SELECT pg_backend_pid()"))
                    os.kill(pid, signal.SIGSTOP)
                    with pytest.raises(Exception, match="does not answer"):
                        await session.execute(text("SELECT 1"))
                    raise Unavailable("as the routes have it")
            except Unavailable:
                assert time.monotonic() - started < 20
            finally:
                with psycopg.connect(url, autocommit=True) as admin:
                    others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    for (stopped,) in admin.execute(others + " AND datname = current_database()"):
                        os.kill(stopped, signal.SIGCONT)

    in_loop(ask)


def test_nobody_there_is_an_outage_and_the_password_is_told_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def ask() -> None:
        url = "postgresql://ana:hunter2@127.0.0.1:1/store"  # pragma: allowlist secret
        async with opened(url) as database:
            with pytest.raises(Unavailable) as told:
                await run(database, "SELECT 1")
            assert "hunter2" not in f"{told.value}{told.value.hint}{told.value.__cause__}"
            with pytest.raises(Exception, match="refused") as probed:
                await database.ping()
            assert "hunter2" not in str(probed.value)
        assert "hunter2" not in caplog.text

    in_loop(ask)
    env = {"DB_HOST": "127.0.0.1", "DB_NAME": "store", "DB_PASSWORD": "hunter2"}
    assert "hunter2" not in repr(load(env))


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({"DB_HOST": "db", "DB_NAME": "dm"}, "postgresql+psycopg://db:5432/dm"),
        (
            {"DB_HOST": "::1", "DB_NAME": "d/m", "DB_USER": "a@b",
             "DB_PASSWORD": "p:/@%",  # pragma: allowlist secret
             "DB_PORT": "6"},
            "postgresql+psycopg://a%40b:p%3A%2F%40%25@[::1]:6/d%2Fm",  # pragma: allowlist secret
        ),
        (
            {"DB_HOST": "/run/pg", "DB_NAME": "dm", "DB_USER": "u"},
            "postgresql+psycopg://u@/dm?host=/run/pg&port=5432",
        ),
        ({"DB_HOST": "db", "DB_NAME": "dm", "DATABASE_URL": "sqlite:///x.db"}, "sqlite:///x.db"),
    ],
)  # fmt: skip
def test_the_address_by_its_parts(env: dict[str, str], url: str) -> None:
    assert load(env).database_url == url


def test_an_address_without_a_database_is_told() -> None:
    with pytest.raises(BadInput, match="DB_NAME is missing"):
        load({"DB_HOST": "db"})
