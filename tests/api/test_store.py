"""The metadata store: its migrations give what the models say, there and back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from datamind.database import Database, Moment
from datamind.errors import BadInput, Unavailable
from datamind.migrations import downgrade, upgrade
from datamind.migrations.tables import metadata


def driver(url: str) -> str:
    return url.replace("+aiosqlite", "").replace("postgresql://", "postgresql+psycopg://")


def differences(url: str) -> list[object]:
    engine = create_engine(driver(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = list(compare_metadata(context, metadata))
    engine.dispose()
    return found


def tables(url: str) -> set[str]:
    engine = create_engine(driver(url))
    found = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return found


def there_and_back(url: str) -> None:
    upgrade(url)
    assert tables(url) == set(metadata.tables)
    assert differences(url) == []
    upgrade(url)  # again changes nothing
    downgrade(url, "base")
    assert tables(url) == set()
    upgrade(url)
    assert differences(url) == []


@pytest.mark.slow
def test_migrations_give_what_the_models_say_on_sqlite(tmp_path: Path) -> None:
    there_and_back(f"sqlite+aiosqlite:///{tmp_path}/deep/er/store.db")


@pytest.mark.postgres
def test_migrations_give_what_the_models_say_on_postgres(own_postgres_url: str) -> None:
    url = make_url(own_postgres_url).set(drivername="postgresql")
    there_and_back(url.render_as_string(hide_password=False))


def test_a_store_of_a_newer_version_is_told(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    upgrade(url)
    with create_engine(f"sqlite:///{tmp_path}/store.db").begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadInput, match="was made by a newer DataMind"):
        upgrade(url)


def test_moments_are_kept_in_utc_and_given_back_so() -> None:
    kept, dialect = Moment(), create_engine("sqlite://").dialect
    paris = dt.timezone(dt.timedelta(hours=2))
    moment = dt.datetime(2026, 3, 15, 9, tzinfo=paris)
    bound = kept.process_bind_param(moment, dialect)
    assert bound == dt.datetime(2026, 3, 15, 7, tzinfo=dt.UTC)
    back = kept.process_result_value(bound.replace(tzinfo=None), dialect)
    assert back == moment and back.tzinfo is dt.UTC
    assert kept.process_bind_param(None, dialect) is None


def test_what_is_committed_survives_a_loss_of_power(tmp_path: Path) -> None:
    import asyncio

    async def pragmas() -> list[object]:
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/store.db")
        async with database.unit() as session:
            names = ("journal_mode", "synchronous", "foreign_keys")
            found = [await session.scalar(text(f"PRAGMA {name}")) for name in names]
        await database.close()
        return found

    assert asyncio.run(pragmas()) == ["wal", 2, 1]


def test_a_statement_that_is_wrong_is_no_outage(tmp_path: Path) -> None:
    import asyncio

    async def ask(path: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            async with database.unit() as session:
                await session.execute(text("SELECT no_such_column"))
        finally:
            await database.close()

    async def both() -> None:
        with pytest.raises(Unavailable):
            await ask(tmp_path / "no folder" / "store.db")
        with pytest.raises(OperationalError):
            await ask(tmp_path / "store.db")

    asyncio.run(both())
