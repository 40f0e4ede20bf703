"""Random plans mean on a real engine what the reference says they mean."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import duckdb
import httpx
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from random_plans import SQL_TYPES, World, cases
from random_totals import totals
from reference import evaluate

from datamind.errors import NotYet, PlanInvalid
from datamind.records import Dialect
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.codec import dump, load
from datamind.semantics.compiler import compile_plan, eager
from datamind.semantics.compiler.clickhouse import SETTINGS
from datamind.semantics.describe import describe, said
from datamind.semantics.walk import below

Rows = Sequence[tuple[Any, ...]]
Run = Callable[[str], Rows]
Case = tuple[World, P.Query, bool]
# A failing plan is seldom made clearer by minutes of shrinking.
SOME = [Phase.explicit, Phase.reuse, Phase.generate]
OF_CLICKHOUSE = {
    "BIGINT": "Nullable(Int64)", "DOUBLE PRECISION": "Nullable(Float64)",
    "VARCHAR": "Nullable(String)", "DATE": "Nullable(Date32)",
    "TIMESTAMP": "Nullable(DateTime64(6))", "BOOLEAN": "Nullable(Bool)",
}  # fmt: skip
# How values come out of ClickHouse's JSON, by type; what is not here is text.
READ: dict[str, Callable[[Any], Any]] = {
    "Bool": bool, "Date": dt.date.fromisoformat, "Date32": dt.date.fromisoformat,
    "DateTime": dt.datetime.fromisoformat, "DateTime64": dt.datetime.fromisoformat,
    "String": str,
}  # fmt: skip
QUIET = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
]


def sized(world: World) -> World:
    """The catalog knows how many rows there are, by which ClickHouse's joins are put in order."""
    known = (replace(t, rows=len(world.data[t.id])) for t in world.view.catalog.tables)
    return World(View.open(replace(world.view.catalog, tables=tuple(known))), world.data)


def statements(world: World, dialect: Dialect) -> Iterator[str]:
    """The SQL that builds a world."""
    kinds, engine = (OF_CLICKHOUSE, "ENGINE Memory") if dialect == "clickhouse" else ({}, "")
    for table in world.view.tables:
        types = [SQL_TYPES.get(c.name, "BIGINT") for c in table.columns]
        columns = ", ".join(
            f"{c.name} {kinds.get(t, t)}" for c, t in zip(table.columns, types, strict=True)
        )
        yield f"DROP TABLE IF EXISTS main.{table.name}"
        yield f"CREATE TABLE main.{table.name} ({columns}) {engine}"
        rows, escaped = world.data[table.id], "\\\\" if dialect == "clickhouse" else "\\"
        if rows:
            values = ", ".join(
                "(" + ", ".join(_literal(r[c.name], escaped) for c in table.columns) + ")"
                for r in rows
            )
            yield f"INSERT INTO main.{table.name} VALUES {values}"


def _literal(value: Any, escaped: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str | dt.date):
        return "'" + str(value).replace("'", "''").replace("\\", escaped) + "'"
    return str(value)


def normal(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(_normal(v) for v in row) for row in rows]


def _normal(value: Any) -> Any:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return round(float(value), 6) + 0.0
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    return value


def same(found: Rows, expected: Rows, *, ordered: bool) -> bool:
    one, other = normal(found), normal(expected)
    if not ordered:
        one, other = sorted(one, key=_sortable), sorted(other, key=_sortable)
    return len(one) == len(other) and all(
        len(a) == len(b) and all(_close(x, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(one, other, strict=True)
    )


def _sortable(row: tuple[Any, ...]) -> str:
    return repr([f"{v:.4f}" if isinstance(v, float) else v for v in row])


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=2e-6)
    return bool(one == other)


def check(world: World, query: P.Query, ordered: bool, dialect: Dialect, run: Run) -> None:
    try:
        compiled = compile_plan(query, world.view, dialect)
    except NotYet:
        assume(False)
    except PlanInvalid as fault:
        if "levels" in fault.message:
            assume(False)
        raise
    for statement in statements(world, dialect):
        run(statement)
    found = run(compiled.sql)
    expected = evaluate(query, world.view, world.data)
    assert same(found, expected, ordered=ordered), (
        f"\n{compiled.sql}\nfound    {normal(found)}\nexpected {normal(expected)}"
    )


@pytest.fixture(scope="module")
def duck() -> Iterator[Run]:
    connection = duckdb.connect(":memory:")
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[Run]:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS main")

        def run(sql: str) -> Rows:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[Run]:
    with httpx.Client(base_url=clickhouse_url.replace("clickhouse", "http", 1)) as client:

        def run(sql: str) -> Rows:
            asked = {**SETTINGS, "default_format": "JSONCompact"}
            answer = client.post("/", content=sql, params=asked)
            assert answer.is_success, f"{answer.text}\n{sql}"
            if not answer.text.strip():
                return []
            told = json.loads(answer.text)
            kinds = [
                c["type"].removeprefix("Nullable(").split("(")[0].rstrip(")") for c in told["meta"]
            ]
            return [
                tuple(
                    v if v is None else READ.get(k, float)(v)
                    for v, k in zip(row, kinds, strict=True)
                )
                for row in told["data"]
            ]

        run("CREATE DATABASE IF NOT EXISTS main")
        yield run


@pytest.mark.slow
@settings(max_examples=60, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_random_plans_mean_on_duckdb_what_the_reference_says(case: Case, duck: Run) -> None:
    check(*case, "duckdb", duck)


@pytest.mark.postgres
@settings(max_examples=40, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_random_plans_mean_on_postgres_what_the_reference_says(case: Case, postgres: Run) -> None:
    check(*case, "postgres", postgres)


@pytest.mark.slow
@settings(max_examples=2000, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_many_random_plans_on_duckdb(case: Case, duck: Run) -> None:
    check(*case, "duckdb", duck)


@pytest.mark.slow
@pytest.mark.postgres
@settings(max_examples=1000, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_many_random_plans_on_postgres(case: Case, postgres: Run) -> None:
    check(*case, "postgres", postgres)


@pytest.mark.slow
@settings(max_examples=300, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_many_random_plans_on_clickhouse(case: Case, clickhouse: Run) -> None:
    world, query, ordered = case
    check(sized(world), query, ordered, "clickhouse", clickhouse)


@pytest.mark.slow
@settings(max_examples=300, phases=SOME, suppress_health_check=QUIET)
@given(case=totals())
def test_random_totals_that_clickhouse_adds_up_first(case: Case, clickhouse: Run) -> None:
    world, query, ordered = case
    with patch.multiple(eager, LEAST_ROWS=0, FEWER=0):
        check(sized(world), query, ordered, "clickhouse", clickhouse)


@pytest.mark.slow
@settings(max_examples=60, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_random_plans_survive_json_and_compile_the_same(case: Case) -> None:
    world, query, _ = case
    again = load(json.loads(json.dumps(dump(query))))
    assert again == query
    with suppress(NotYet, PlanInvalid):
        assert compile_plan(again, world.view, "duckdb") == compile_plan(
            query, world.view, "duckdb"
        )


@pytest.mark.slow
@settings(max_examples=60, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_a_description_names_every_table_and_every_value_of_a_filter(case: Case) -> None:
    world, query, _ = case
    text = describe(query, world.view)
    assert 1 <= text.count("\n") + 1 <= 3
    for node in below(query):
        if isinstance(node, P.Source | P.Join):
            assert world.view.table(node.table).name in text
        if isinstance(node, P.Compare) and isinstance(node.right, P.Value):
            assert said(node.right.value) in text
