"""What the engine's tests share: the three databases, a fixed day, and how rows are compared."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datamind.language.engine import BuiltinPlanner
from datamind.records import Identity, Interpretation, Question
from datamind.semantics.catalog import Catalog, Column, Relationship, Table, View

HERE = Path(__file__).parent
TODAY = dt.date(2025, 6, 18)
ASKER = Identity("spec")
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Database:
    """One schema, built: a connection to it and the catalog that was read off it."""

    connection: duckdb.DuckDBPyConnection
    catalog: Catalog

    def rows(self, sql: str) -> Rows:
        """All rows of a statement."""
        return self.connection.execute(sql).fetchall()


def _build(connection: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyConnection:
    return connection.execute((HERE / "schemas" / f"{name}.sql").read_text())


@pytest.fixture(scope="session")
def opened() -> Callable[[str], duckdb.DuckDBPyConnection]:
    """A schema of `schemas/`, built in memory, once."""
    return cache(lambda name: _build(duckdb.connect(), name))


@pytest.fixture(scope="session")
def database(
    opened: Callable[[str], duckdb.DuckDBPyConnection], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Database]:
    """A schema with the catalog that introspection reads off a file of it."""
    introspection = pytest.importorskip("datamind.adapters.introspection")
    folder = tmp_path_factory.mktemp("schemas")

    @cache
    def build(name: str) -> Database:
        path = folder / f"{name}.duckdb"
        with duckdb.connect(str(path)) as connection:
            _build(connection, name)
        return Database(opened(name), introspection.introspect(f"duckdb:///{path}"))

    return build


@pytest.fixture(scope="session")
def planner() -> BuiltinPlanner:
    """One engine for the run: it must not matter what it was asked before."""
    return BuiltinPlanner()


@pytest.fixture(scope="session")
def ask(planner: BuiltinPlanner) -> Callable[..., Interpretation]:
    """Asks the engine on the fixed day."""

    def interpret(text: str, view: View, evidence: str = "") -> Interpretation:
        return planner.interpret(Question(text, ASKER, TODAY, evidence), view)

    return interpret


@pytest.fixture(scope="session")
def same_rows() -> Callable[..., bool]:
    """Whether rows hold what is expected, as multisets, whatever the order of columns."""
    return _same_rows


def _same_rows(expected: Rows, got: Rows, *, extra: int = 2, distinct: bool = False) -> bool:
    """`extra` further columns are allowed; `distinct` compares sets."""
    wanted = [tuple(map(_plain, row)) for row in expected]
    found = [tuple(map(_plain, row)) for row in got]
    if not wanted or not found:
        return not wanted and not found
    width, columns = len(wanted[0]), len(found[0])
    if not width <= columns <= width + extra:
        return False
    for order in permutations(range(columns), width):
        picked = [tuple(row[at] for at in order) for row in found]
        if distinct and set(picked) == set(wanted):
            return True
        if not distinct and Counter(picked) == Counter(wanted):
            return True
    return False


def _plain(value: Any) -> Any:
    """Numbers as rounded floats, dates as timestamps, so that types do not matter."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return round(float(value), 3)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value


def _table(name: str, columns: str, key: str, display: str = "") -> Table:
    made = []
    for item in columns.split():
        column, _, kind = item.partition(":")
        added = "sum" if kind in ("decimal", "integer") and column != key else "none"
        made.append(Column(name, column, kind or "text", additivity=added))  # type: ignore[arg-type]
    return Table(name, "main", name, tuple(made), (key,), display=(display or key,))


@pytest.fixture(scope="session")
def shop() -> View:
    """A small hand-made catalog, for the tests that look at one part of the engine."""
    return shop_view()


def shop_view() -> View:
    """The shop; also made in processes of their own, where hashes differ."""
    tables = (
        _table("customer", "customer_id:integer name city email phone birth_date:date",
               "customer_id", "name"),
        _table("orders", "order_id:integer customer_id:integer order_date:date ship_date:date "
               "amount:decimal cost:decimal status", "order_id"),
        _table("product", "product_id:integer title make price:decimal rating:decimal "
               "category", "product_id", "title"),
        _table("order_line", "line_id:integer order_id:integer product_id:integer "
               "quantity:integer", "line_id"),
    )  # fmt: skip
    references = (
        Relationship("orders.customer", "orders", ("customer_id",), "customer", ("customer_id",)),
        Relationship("line.order", "order_line", ("order_id",), "orders", ("order_id",)),
        Relationship("line.product", "order_line", ("product_id",), "product", ("product_id",)),
    )
    values = {
        "customer.name": (("Ada Stone", 1), ("Bo Lind", 1)),
        "customer.city": (("Rome", 5), ("Oslo", 3)),
        "orders.status": (("shipped", 9), ("open", 4)),
        "product.make": (("Ford", 4), ("Fiat", 2)),
        "product.category": (("garden", 3), ("kitchen", 6)),
    }
    return View(Catalog("shop", "duckdb", "main", tables, references, values=values))
