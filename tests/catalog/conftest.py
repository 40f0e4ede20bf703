"""Databases of both engines, made of statements, for catalogs to be read off."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

Make = Callable[..., str]
ENGINES = ["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def make_duckdb(tmp_path: Path) -> Make:
    """Makes a DuckDB file of these statements; gives its URL."""

    def make(*statements: str) -> str:
        path = tmp_path / "data.duckdb"
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return f"duckdb:///{path}"

    return make


@pytest.fixture
def make_postgres(postgres_server: str) -> Iterator[Make]:
    """Makes a PostgreSQL database of these statements; gives its URL."""
    import psycopg

    name = f"catalog_{uuid.uuid4().hex[:12]}"
    url = postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")

        def make(*statements: str) -> str:
            with psycopg.connect(url, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())
            return url

        yield make
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a database of either engine; the test runs on both."""
    made: Make = request.getfixturevalue(f"make_{request.param}")
    return made
