"""A small DuckDB file, and statements as the guard would hand them over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from datamind.adapters.warehouse.duckdb import DuckDbWarehouse
from datamind.governance.seal import sealed
from datamind.records import Dialect, Governed, Scalar


def governed(
    sql: str, *parameters: Scalar, limit: int = 100, dialect: Dialect = "duckdb"
) -> Governed:
    """As the guard would seal it; these tests are of what comes after the guard."""
    made = Governed(sql, parameters, dialect, "test", "", (), row_limit=limit)
    return replace(made, fingerprint=sealed(made, "test"))


@pytest.fixture
def make_database(tmp_path: Path) -> Callable[..., Path]:
    """Makes a database file of these statements."""

    def make(*statements: str, name: str = "shop.duckdb") -> Path:
        path = tmp_path / name
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return make


@pytest.fixture
def database(make_database: Callable[..., Path]) -> Path:
    return make_database(
        "CREATE TABLE sales AS SELECT i AS id, i * 1.5 AS amount FROM range(1000) r(i)"
    )


@pytest.fixture
def warehouse(database: Path) -> Iterator[DuckDbWarehouse]:
    opened = DuckDbWarehouse(database, memory_mb=256)
    yield opened
    opened.close()
