"""What an attacker and an analyst found past the suite: each held, or ran, once it was mended."""

from __future__ import annotations

import pytest
from sqlglot import exp

from datamind.attacks.cases import data
from datamind.attacks.engines import Engine, clickhouse_engine, duckdb_engine, engine_at
from datamind.commands.guard import catalog_of, verdict
from datamind.governance.bound import BoundRules
from datamind.governance.rules import Asker, Grant, Restriction, Rules, To
from datamind.records import Dialect

pytestmark = pytest.mark.slow
ME = To(users=frozenset({"me"}))
ALL = [Grant(table, ME) for table in ("orders", "customers", "teams")]


def bound(dialect: Dialect, *rules: Grant | Restriction, **attributes: object) -> BoundRules:
    catalog = catalog_of(data("schema.yaml"), "schema.yaml", dialect)
    asker = Asker("me", attributes=attributes)  # type: ignore[arg-type]
    made = Rules(
        tuple(r for r in rules if isinstance(r, Grant)),
        tuple(r for r in rules if isinstance(r, Restriction)),
    )
    return BoundRules(made, asker, catalog, dialect, exp.Literal.string("key"))


def rows(engine: Engine, sql: str, rules: BoundRules) -> list[list[object]]:
    said = verdict(sql, rules)
    assert said["verdict"] == "allow", said
    ran = engine.run(str(said["sql"]))
    assert not ran.error, (said["sql"], ran.error)
    return [list(row) for row in ran.rows]


def test_what_clickhouse_marks_as_null_is_gone_underneath(clickhouse_url: str) -> None:
    cells = (
        Grant("orders", ME, "region = 'WEST'"),
        Grant("orders", ME, None, frozenset({"order_id", "region"})),
    )
    asked = "SELECT DISTINCT assumeNotNull({}) FROM orders WHERE region <> 'WEST'"
    with clickhouse_engine(clickhouse_url) as engine:
        assert rows(engine, asked.format("status"), bound("clickhouse", *cells)) == [[""]]
        assert rows(engine, asked.format("customer_id"), bound("clickhouse", *cells)) == [[0]]
        masked = (*cells, Restriction("orders", ME, mask={"status": "hash", "ref": "null"}))
        found = rows(engine, asked.format("status"), bound("clickhouse", *masked))
        assert len(found) == 1  # the hash of nothing
        told = "SELECT count(throwIf(status = 'draft')) FROM orders WHERE region <> 'WEST'"
        assert rows(engine, told, bound("clickhouse", *cells))
        # Set operations, whose last arm alone a limit at the end would limit; constants; PREWHERE.
        everything = bound("clickhouse", *ALL)
        united = "SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3"
        assert sorted(rows(engine, united, everything)) == [[1], [2], [3]]
        most = (
            "WITH (SELECT max(amount) FROM orders) AS m SELECT count() FROM orders WHERE amount = m"
        )
        assert rows(engine, most, everything) == [[1]]
        first = "SELECT count() FROM orders PREWHERE order_id < 104 WHERE order_id > 101"
        assert rows(engine, first, everything) == [[2]]
        pairs = "SELECT count() FROM orders ARRAY JOIN [1, 2] AS a, ['x', 'y'] AS b"
        assert rows(engine, pairs, everything) == [[72]]
        # Totals are of the rows that are seen; not all formats show them.
        per_region = "SELECT region, count() AS n FROM orders GROUP BY region WITH TOTALS"
        west = bound("clickhouse", Grant("orders", ME, "region = 'WEST'"))
        (region, seen), *totals = rows(engine, per_region, west)
        assert region == "WEST"
        assert all(total == ["", seen] for total in totals)
        assert rows(engine, f"SELECT sum(n) FROM ({per_region})", west) == [[seen]]


def test_a_list_stands_among_the_others_of_an_in() -> None:
    rule = Grant("orders", ME, "region NOT IN ({user.away}, 'SOUTH')")
    with duckdb_engine() as engine:
        asked = "SELECT DISTINCT region FROM orders ORDER BY 1"
        rules = bound("duckdb", rule, away=("EAST", "NORTH"))
        assert rows(engine, asked, rules) == [["WEST"]]
        assert rows(engine, asked, bound("duckdb", rule, away=("EAST",))) == [["NORTH"], ["WEST"]]
        left = Grant("orders", ME, "{user.away} IN (region)")  # a list has no place there
        assert rows(engine, asked, bound("duckdb", left, away=("EAST", "WEST"))) == []
        for nothing in ((), float("nan"), None, {"x": 1}):
            assert rows(engine, asked, bound("duckdb", rule, away=nothing)) == []


@pytest.mark.postgres
def test_overlapping_periods_are_compared_behind_the_fence(postgres_server: str) -> None:
    asked = (
        "SELECT count(*) FROM orders WHERE (placed_on, placed_on + 1)"
        " OVERLAPS (DATE '2000-01-01', DATE '2100-01-01')"
    )
    west = bound("postgres", Grant("orders", ME, "region = 'WEST'"))
    said = verdict(asked, west)
    assert "OFFSET 0" in str(said["sql"])
    with engine_at(postgres_server) as (_, engine):
        seen = rows(engine, "SELECT count(*) FROM orders", west)
        assert seen != rows(engine, "SELECT count(*) FROM orders", bound("postgres", *ALL))
        assert rows(engine, asked, west) == seen
    for hostile in ("(card_no, 1)", "(o, o)", "(SELECT 1, 2)", "(1, pg_sleep(1))"):
        sql = f"SELECT 1 FROM orders o WHERE {hostile} OVERLAPS (current_date, current_date)"
        assert verdict(sql, west)["verdict"] == "refuse"


IN_BRACKETS = """SELECT count(*) FROM (orders o JOIN customers c ON c.id = o.customer_id)
    LEFT JOIN teams t ON t.team_id = c.team_id"""
DAYS = """SELECT count(*)
    FROM generate_series(DATE '2026-01-01', DATE '2026-01-03', '1 day'::INTERVAL)"""


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (IN_BRACKETS, 36),
        ("SELECT len([x + 1 FOR x IN [1, 2, 3] IF x > 1])", 2),
        ("SELECT json_array_length(j -> 'b') FROM (SELECT '{\"b\": [1, 2]}'::JSON AS j)", 2),
        ("SELECT s.a + t.s.a FROM (SELECT {'a': order_id} AS s FROM orders ORDER BY 1 LIMIT 1) t",
         202),
        (DAYS, 3),
    ],
)  # fmt: skip
def test_what_analysts_write_runs_on_duckdb(sql: str, found: int) -> None:
    rules = bound("duckdb", *ALL, Restriction("orders", ME, "order_id > 0"))
    with duckdb_engine() as engine:
        assert rows(engine, sql, rules) == [[found]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT date_bin('1d', created_at, 'card_no') FROM customers",  # a text that became a name
        "SELECT 1_000", "SELECT 0x1F", "SELECT {f: 1}", "SELECT $1", "SELECT card_no -> 'x' FROM t",
    ],
)  # fmt: skip
def test_what_parsers_read_otherwise_is_refused(sql: str) -> None:
    assert verdict(sql, bound("postgres", *ALL))["verdict"] == "refuse"


def test_a_null_mask_keeps_the_type() -> None:
    rules = bound("duckdb", *ALL, Restriction("orders", ME, mask={"placed_on": "null"}))
    with duckdb_engine() as engine:
        asked = "SELECT DISTINCT typeof(placed_on), placed_on FROM orders"
        assert rows(engine, asked, rules) == [["DATE", None]]
