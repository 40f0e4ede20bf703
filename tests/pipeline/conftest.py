"""A shop in DuckDB, its view, and an ask's context around them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import duckdb
import pytest

from datamind.adapters.introspection import introspect
from datamind.adapters.warehouse import open_warehouse
from datamind.language.engine import BuiltinPlanner
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Answer, Identity, Question
from datamind.semantics.catalog import View

TODAY = dt.date(2026, 3, 15)
SHOP = """
CREATE TABLE dim_products (product_id INTEGER PRIMARY KEY, product_name VARCHAR NOT NULL,
                           category VARCHAR NOT NULL, list_price DECIMAL(8, 2) NOT NULL);
CREATE TABLE fct_sales (sale_id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL
                        REFERENCES dim_products (product_id), channel VARCHAR NOT NULL,
                        sale_date DATE NOT NULL, amount DECIMAL(10, 2) NOT NULL);
CREATE TABLE employees (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, department VARCHAR NOT NULL,
                        hired DATE NOT NULL, salary INTEGER NOT NULL);
INSERT INTO dim_products SELECT i, 'Product ' || i, ['Toys', 'Books', 'Garden'][1 + i % 3], i * 3.5
    FROM range(1, 31) r(i);
INSERT INTO fct_sales SELECT i, 1 + i % 30, ['web', 'shop'][1 + i % 2],
    DATE '2025-01-01' + CAST(i % 400 AS INTEGER), (i % 50) * 2.25 FROM range(1, 2001) r(i);
INSERT INTO employees SELECT i, 'Person ' || i, ['Sales', 'Legal'][1 + i % 2],
    DATE '2020-01-01' + CAST(i * 20 AS INTEGER), 30000 + i * 100 FROM range(1, 81) r(i);
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(SHOP)
    return path


@pytest.fixture(scope="session")
def view(shop: Path) -> View:
    return View(introspect(f"duckdb:///{shop}"))


@pytest.fixture(scope="session")
def context(shop: Path, view: View) -> Iterator[AskContext]:
    warehouse = open_warehouse(f"duckdb:///{shop}", memory_mb=256)
    numbers, ticks = count(1), count()
    yield AskContext(
        view=view,
        warehouse=warehouse,
        planner=BuiltinPlanner(),
        now=lambda: dt.datetime(2026, 3, 15, tzinfo=dt.UTC),
        new_id=lambda prefix: f"{prefix}-{next(numbers)}",
        timer=lambda: next(ticks) / 1000,
    )
    warehouse.close()


def question(text: str) -> Question:
    return Question(text, Identity("ann"), TODAY)


@pytest.fixture
def asked(context: AskContext) -> Callable[[str], Answer]:
    """Asks the shop."""
    return lambda text: ask(question(text), context)
