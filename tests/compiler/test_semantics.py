"""Random plans mean on a real engine what the reference says they mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from unittest.mock import patch

import duckdb
import pytest
from engines import Rows, Run, fact_first, normal, same, sized, statements
from hypothesis import HealthCheck, Phase, assume, given, settings
from random_plans import World, cases
from random_totals import totals
from reference import evaluate

from datamind.errors import NotYet, PlanInvalid
from datamind.records import Dialect
from datamind.semantics import plan as P
from datamind.semantics.codec import dump, load
from datamind.semantics.compiler import compile_plan, eager
from datamind.semantics.describe import describe, said
from datamind.semantics.walk import below

Case = tuple[World, P.Query, bool]
# A failing plan is seldom made clearer by minutes of shrinking.
SOME = [Phase.explicit, Phase.reuse, Phase.generate]
QUIET = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
]


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


@pytest.mark.slow
@settings(max_examples=350, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_many_random_plans_on_duckdb(case: Case, duck: Run) -> None:
    check(*case, "duckdb", duck)


@pytest.mark.slow
@pytest.mark.postgres
@settings(max_examples=200, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_many_random_plans_on_postgres(case: Case, postgres: Run) -> None:
    check(*case, "postgres", postgres)


@pytest.mark.slow
@settings(max_examples=120, phases=SOME, suppress_health_check=QUIET)
@given(case=cases())
def test_many_random_plans_on_clickhouse(case: Case, clickhouse: Run) -> None:
    world, query, ordered = case
    check(sized(world), query, ordered, "clickhouse", clickhouse)


@pytest.mark.slow
@settings(max_examples=120, phases=SOME, suppress_health_check=QUIET)
@given(case=totals())
def test_random_totals_that_clickhouse_adds_up_first(case: Case, clickhouse: Run) -> None:
    world, query, ordered = case
    with patch.multiple(eager, LEAST_ROWS=0, FEWER=0):
        check(fact_first(world), query, ordered, "clickhouse", clickhouse)


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
