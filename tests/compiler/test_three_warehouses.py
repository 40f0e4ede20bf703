"""The compiler's cases, governed and run through the adapters: the same rows on each warehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg
import pytest
from shop import SHOP, TABLES
from test_cases import CASES, NAMES, ddl, plan_of
from test_semantics import normal, same

from datamind.adapters.warehouse import open_warehouse
from datamind.governance.guard import check, govern
from datamind.ports import Warehouse
from datamind.records import Draft, Optimized
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
ROWS = 40
START = dt.date(2024, 11, 3)


def value(table: str, column: str, kind: str, n: int) -> object:
    """Row n's: keys that refer, numbers and dates that differ, and nulls here and there."""
    if column == "id" or (table, column) == ("lines", "line"):
        return n
    if column.endswith("_id"):
        return n % 7 if n % 5 else (None if table in ("orders", "tickets") else 3)
    if column == "epoch":
        return 1_700_000_000 + n * 86_400
    if n % 11 == 10 and table == "orders":
        return None
    of_kind = {
        "integer": n * 13 % 17, "decimal": Decimal(n * 37 % 101) / 4, "boolean": n % 3 == 0,
        "text": ["open", "paid", "cancelled", "é'\\x"][n % 4],
        "date": START + dt.timedelta(days=n * 23),
        "timestamp": dt.datetime.combine(START, dt.time(n % 24)) + dt.timedelta(days=n * 23),
    }  # fmt: skip
    return of_kind[kind]


def literal(given: object, escaped: str) -> str:
    if given is None or isinstance(given, bool | int | Decimal):
        return "NULL" if given is None else str(given)
    return "'" + str(given).replace("\\", escaped).replace("'", "''") + "'"


def statements(dialect: Any) -> Iterator[str]:
    # Where a number can't be null ClickHouse takes 0 for nothing.
    yield from (made.replace("Int64", "Nullable(Int64)") for made in ddl(dialect))
    escaped = "\\\\" if dialect == "clickhouse" else "\\"
    for made in TABLES:
        rows = (
            ", ".join(literal(value(made.name, c.name, c.type, n), escaped) for c in made.columns)
            for n in range(ROWS)
        )
        yield f'INSERT INTO main."{made.name}" VALUES ({"), (".join(rows)})'


@pytest.fixture(scope="module")
def warehouses(
    own_postgres_url: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Warehouse]]:
    path: Path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    with duckdb.connect(str(path)) as here:
        for statement in statements("duckdb"):
            here.execute(statement)
    with psycopg.connect(own_postgres_url, autocommit=True) as there:
        there.execute("CREATE SCHEMA main")
        for statement in statements("postgres"):
            there.execute(statement.encode())
    with httpx.Client(base_url=clickhouse_url.replace("clickhouse", "http", 1)) as client:
        for statement in ("CREATE DATABASE main", *statements("clickhouse")):
            client.post("/", content=statement).raise_for_status()
    with ExitStack() as stack:
        opened = [
            open_warehouse(url)
            for url in (f"duckdb:///{path}", own_postgres_url, f"{clickhouse_url}/main")
        ]
        for warehouse in opened:
            stack.callback(warehouse.close)
        yield opened


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_plan_gives_the_same_rows_on_each_warehouse(
    case: dict[str, Any], warehouses: list[Warehouse]
) -> None:
    plan, found = plan_of(case), []
    for warehouse in warehouses:
        view = View.open(replace(SHOP.catalog, dialect=warehouse.dialect))
        sql = compile_plan(plan, SHOP, warehouse.dialect).sql
        draft = Draft(sql, warehouse.dialect, warehouse.name, "derived", "builtin")
        governed = govern(Optimized(check(draft, view), sql), view, row_limit=1000)
        found.append(warehouse.run(governed, timeout_s=60))
    first, *others = found
    for other in others:
        assert [c.name for c in other.columns] == [c.name for c in first.columns]
        assert same(normal(other.rows), normal(first.rows), ordered=False)
