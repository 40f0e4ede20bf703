"""What may be kept: statements whose rows neither the clock nor chance has a say in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.bound import BoundRules
from datamind.governance.guard import check, govern
from datamind.governance.policy import Policy
from datamind.governance.rules import Asker, Grant, Rules, To
from datamind.governance.shape import FUNCTIONS
from datamind.governance.tables.nodes import NODES
from datamind.governance.volatile import VOLATILE
from datamind.records import Dialect, Draft, Governed, Optimized
from datamind.semantics.catalog import Catalog, Column, Table, View

ORDERS = Table("orders", "main", "orders", (
    Column("orders", "id", "integer"), Column("orders", "at", "timestamp"),
    Column("orders", "status", "text"),
))  # fmt: skip
RECENT = replace(ORDERS, id="recent", name="recent", is_view=True)


def governed(sql: str, dialect: Dialect, policy: Policy | None = None) -> Governed:
    view = View(Catalog("v", dialect, "main", (ORDERS, RECENT)))
    checked = check(Draft(sql, dialect, "here", "derived", "person"), view)
    return govern(Optimized(checked, checked.sql), view, row_limit=10, policy=policy)


STEADY: list[tuple[Dialect, str]] = [
    ("duckdb", "SELECT id, date_trunc('month', at) FROM orders WHERE status = 'now'"),
    ("duckdb", "SELECT status AS now, 'random()' FROM orders"),
    ("duckdb", "SELECT CAST(status AS DATE) FROM orders"),
    ("postgres", "SELECT CAST(date_trunc('month', at) AS DATE), at::date FROM orders"),
    ("postgres", "SELECT id FROM orders WHERE at >= DATE '2026-01-01'"),
    ("clickhouse", "SELECT count(*) FROM orders WHERE at >= toDate('2026-01-01')"),
]
MOVING: list[tuple[Dialect, str]] = [
    ("duckdb", "SELECT now() FROM orders"),
    ("duckdb", "SELECT id FROM orders WHERE at > current_date - 7"),
    ("duckdb", "SELECT CURRENT_TIMESTAMP"),
    ("duckdb", "SELECT today()"),
    ("duckdb", "SELECT random(), uuid()"),
    ("duckdb", "SELECT (SELECT max(id) FROM orders WHERE random() > 0.5)"),
    ("duckdb", "SELECT id FROM recent"),
    ("postgres", "SELECT now()"),
    ("postgres", "SELECT LOCALTIMESTAMP"),
    ("postgres", "SELECT clock_timestamp()"),
    ("postgres", "SELECT gen_random_uuid()"),
    ("postgres", "SELECT age(at) FROM orders"),
    ("postgres", "SELECT id FROM orders WHERE at > 'yesterday'"),
    ("postgres", "SELECT CAST(' Now' AS timestamp)"),
    ("postgres", "SELECT CAST(status AS timestamp) FROM orders"),
    ("postgres", "SELECT CAST('no' || 'w' AS timestamp)"),
    ("postgres", "SELECT CAST(d AS date) FROM (SELECT status AS d FROM orders) x"),
    ("clickhouse", "SELECT now(), today()"),
    ("clickhouse", "SELECT rand32(), generateUUIDv4()"),
    ("clickhouse", "SELECT parseDateTimeBestEffort(status) FROM orders"),
]


@pytest.mark.parametrize(("dialect", "sql"), STEADY)
def test_what_depends_on_the_data_alone_may_be_kept(dialect: Dialect, sql: str) -> None:
    assert not governed(sql, dialect).volatile


@pytest.mark.parametrize(("dialect", "sql"), MOVING)
def test_what_the_clock_or_chance_has_a_say_in_may_not(dialect: Dialect, sql: str) -> None:
    assert governed(sql, dialect).volatile


@pytest.mark.parametrize("sql", ['SELECT "now"()', 'SELECT "random"() FROM orders'])
def test_a_quoted_name_hides_no_function(sql: str) -> None:
    for dialect in VOLATILE:
        try:
            assert governed(sql, dialect).volatile
        except SqlRejected:
            continue


def test_a_policy_has_its_say_too() -> None:
    rules = Rules((Grant("*", To(roles=frozenset({"analyst"})), rows="at < now()"),))
    catalog = Catalog("v", "duckdb", "main", (ORDERS,))
    asker = Asker("a", frozenset({"analyst"}))
    policy = BoundRules(rules, asker, catalog, "duckdb", exp.Literal.string("k"))
    assert governed("SELECT id FROM orders", "duckdb", policy).volatile


def test_every_function_that_duckdb_calls_volatile_is_known_as_such() -> None:
    import duckdb

    with duckdb.connect() as db:
        said = db.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions()"
            " WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')"
        ).fetchall()
    assert {name for (name,) in said} & FUNCTIONS["duckdb"] <= VOLATILE["duckdb"]


@pytest.mark.postgres
def test_every_function_that_postgres_calls_volatile_is_known_as_such(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as db:
        said = db.execute(
            "SELECT DISTINCT proname::text FROM pg_proc WHERE provolatile = 'v'"
            " OR (provolatile = 's' AND pronargs = 0 AND proname NOT LIKE 'json%')"
        ).fetchall()
    assert {name for (name,) in said} & FUNCTIONS["postgres"] <= VOLATILE["postgres"]


@pytest.mark.slow
def test_every_function_that_clickhouse_calls_volatile_is_known_as_such() -> None:
    import chdb

    said = chdb.query(
        "SELECT lower(name) FROM system.functions WHERE deterministic = 0 AND NOT is_aggregate",
        "CSV",
    )
    found = {line.strip('"') for line in str(said).splitlines()}
    found -= {"arrayjoin"}  # it gives several rows, the same ones each time
    assert found & FUNCTIONS["clickhouse"] <= VOLATILE["clickhouse"]


def test_a_node_that_gives_the_moment_or_chance_is_written_with_a_word_that_is_known() -> None:
    """Whatever the parser makes of a function, its name stands in the text that is looked at."""
    words = ("Current", "Local", "Rand", "Uuid", "Now")
    kinds = [kind for kind in NODES if kind.__name__.startswith(words)]
    assert len(kinds) >= 7
    for dialect, known in VOLATILE.items():
        for kind in kinds:
            written = kind().sql(dialect).partition("(")[0].lower()
            if written in FUNCTIONS[dialect]:
                assert written in known, (dialect, written)
