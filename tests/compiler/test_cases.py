"""Plans and the SQL that they become, the specification by example; and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
import yaml
from shop import SHOP, TABLES

from datamind.errors import DataMindError, NotYet, PlanInvalid, UnknownColumn, UnknownTable
from datamind.governance import guard
from datamind.records import Dialect, Draft
from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, Column, Metric, Table, View
from datamind.semantics.check import check
from datamind.semantics.codec import load
from datamind.semantics.compiler import OutputColumn, compile_plan
from datamind.semantics.compiler.clickhouse import SETTINGS
from datamind.semantics.describe import describe

CASES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "cases.yaml").read_text(), yaml.CSafeLoader
)
NAMES = [case["case"] for case in CASES]
OF_CLICKHOUSE = {
    "integer": "Int64", "decimal": "Nullable(Decimal(12, 2))", "text": "Nullable(String)",
    "date": "Nullable(Date32)", "timestamp": "Nullable(DateTime64(6))",
    "boolean": "Nullable(Bool)",
}  # fmt: skip
TYPES = {"integer": "BIGINT", "decimal": "DECIMAL(12, 2)", "text": "TEXT"}
ORDERS = P.Source("orders", "o")
COUNT = P.Named("n", P.Aggregate("count"))


def plan_of(case: dict[str, Any]) -> P.Query:
    return load({"schema_version": 1, "plan": case["plan"]})


def expected(case: dict[str, Any], dialect: Dialect) -> str:
    """The SQL in this dialect; that of DuckDB stands for the others where they agree."""
    return " ".join(str(case.get(dialect, case["duckdb"])).split())


def column(name: str, alias: str = "o") -> P.Column:
    return P.Column(alias, name)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "clickhouse"])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_plan_becomes_this_sql(case: dict[str, Any], dialect: Dialect) -> None:
    made = compile_plan(plan_of(case), SHOP, dialect)
    assert made.sql == expected(case, dialect)
    assert list(made.warnings) == case.get("warnings", [])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_plan_reads_like_this(case: dict[str, Any]) -> None:
    assert describe(plan_of(case), SHOP) == case["english"].strip()


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    for statement in ddl():
        connection.execute(statement)
    yield connection
    connection.close()


def ddl(dialect: Dialect = "duckdb") -> Iterator[str]:
    kinds, engine = (OF_CLICKHOUSE, " ENGINE Memory") if dialect == "clickhouse" else (TYPES, "")
    for made in TABLES:
        columns = ", ".join(f'"{c.name}" {kinds.get(c.type, c.type)}' for c in made.columns)
        yield f'CREATE TABLE main."{made.name}" ({columns}){engine}'


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_duckdb_takes_it_and_gives_the_columns_told(
    case: dict[str, Any], duck: duckdb.DuckDBPyConnection
) -> None:
    made = compile_plan(plan_of(case), SHOP, "duckdb")
    duck.execute(made.sql)
    assert [d[0] for d in duck.description or ()] == [c.name for c in made.columns]


@pytest.mark.postgres
def test_postgres_takes_them_all_and_gives_the_columns_told(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS main")
        for statement in ddl():
            connection.execute(statement)
        for case in CASES:
            made = compile_plan(plan_of(case), SHOP, "postgres")
            cursor = connection.execute(made.sql)
            assert [d.name for d in cursor.description or ()] == [c.name for c in made.columns]
        connection.rollback()


@pytest.mark.slow
def test_clickhouse_takes_them_all_and_gives_the_columns_told(clickhouse_url: str) -> None:
    with httpx.Client(base_url=clickhouse_url.replace("clickhouse", "http", 1)) as client:

        def run(sql: str) -> str:
            asked = {**SETTINGS, "default_format": "JSONCompact"}
            answer = client.post("/", content=sql, params=asked)
            assert answer.is_success, f"{answer.text}\n{sql}"
            return answer.text

        run("CREATE DATABASE IF NOT EXISTS main")
        for statement in ddl("clickhouse"):
            run(statement)
        for case in CASES:
            made = compile_plan(plan_of(case), SHOP, "clickhouse")
            told = json.loads(run(made.sql))["meta"]
            assert [c["name"] for c in told] == [c.name for c in made.columns]


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "clickhouse"])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_guard_takes_it(case: dict[str, Any], dialect: Dialect) -> None:
    """Which knows nothing of plans: it reads the SQL like anybody's."""
    made = compile_plan(plan_of(case), SHOP, dialect)
    draft = Draft(made.sql, dialect, "here", "derived", "builtin")
    checked = guard.check(draft, View(replace(SHOP.catalog, dialect=dialect)))
    assert set(checked.relations) == set(made.relations)


# ---- native types ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("native", "written"),
    [
        ("VARCHAR", "v.kind"),
        ("character varying(9)", "v.kind"),
        ("public.citext", "v.kind"),
        ("uuid", "CAST(v.kind AS TEXT)"),
        ("enum public.mood", "CAST(v.kind AS TEXT)"),
        ("ENUM('a', 'b')", "CAST(v.kind AS TEXT)"),
        ("character(4)", "CAST(v.kind AS TEXT)"),
        ("money", "CAST(v.kind AS DECIMAL)"),
    ],
)
def test_a_column_is_cast_where_it_is_not_what_it_passes_for(native: str, written: str) -> None:
    made = Table("visits", "main", "visits", (Column("visits", "kind", "text", native),))
    seen = View(Catalog("1", "postgres", "main", (made,)))
    where = P.Compare("=", P.Column("v", "kind"), P.Value("any"))
    query = P.Query(P.Source("visits", "v"), (P.Filter(where), P.Group((), (COUNT,))))
    sql = compile_plan(query, seen, "postgres").sql
    assert sql.endswith(f"WHERE {written} = 'any'")


# ---- what is told besides SQL ------------------------------------------------------------------


def test_outputs_have_types_and_units() -> None:
    keys = (P.Named("month", P.DateTrunc("month", column("order_date"))),)
    measures = (
        COUNT,
        P.Named("revenue", P.Metric("revenue")),
        P.Named(
            "days",
            P.Aggregate("avg", P.DateDiff("day", column("order_date"), column("created_at"))),
        ),
    )
    query = P.Query(ORDERS, (P.Group(keys, measures),))
    assert check(query, SHOP) == (
        OutputColumn("month", "date"),
        OutputColumn("n", "integer"),
        OutputColumn("revenue", "decimal", "EUR"),
        OutputColumn("days", "float", "day"),
    )


def test_relations_are_those_read_nested_ones_too() -> None:
    inner = P.Query(P.Source("tickets", "t"), ())
    query = P.Query(
        P.Source("stores", "s"), (P.Filter(P.Exists("s", "ticket_store", True, inner)),)
    )
    assert compile_plan(query, SHOP, "duckdb").relations == ("tickets", "stores")


def test_equal_plans_become_equal_sql() -> None:
    case = CASES[0]
    one, other = plan_of(case), plan_of(case)
    assert one is not other
    assert compile_plan(one, SHOP, "duckdb") == compile_plan(other, SHOP, "duckdb")


def test_a_value_can_not_leave_its_literal() -> None:
    text = "x'; DROP TABLE orders; --"
    query = P.Query(ORDERS, (P.Filter(P.Compare("=", column("status"), P.Value(text))),))
    assert "'x''; DROP TABLE orders; --'" in compile_plan(query, SHOP, "duckdb").sql


def test_a_name_can_not_leave_its_quotes() -> None:
    named = P.Named('a" FROM orders; --', column("id"))
    made = compile_plan(P.Query(ORDERS, (P.Project((named,)),)), SHOP, "postgres").sql
    assert 'AS "a"" FROM orders; --"' in made


# ---- what is refused ---------------------------------------------------------------------------


def grouped(*measures: P.Expr) -> P.Query:
    made = tuple(P.Named(f"m{n}", m) for n, m in enumerate(measures))
    return P.Query(ORDERS, (P.Group((), made),))


def shown(expr: P.Expr) -> P.Query:
    return P.Query(ORDERS, (P.Project((P.Named("x", expr),)),))


def kept(where: P.Predicate) -> P.Query:
    return P.Query(ORDERS, (P.Filter(where),))


def joined(join: P.Join) -> P.Query:
    return P.Query(P.Source("orders", "o", (join,)), ())


STORES = P.Query(P.Source("stores", "s"), ())
DEEP = P.Query(P.Query(P.Query(P.Query(ORDERS, ()), ()), ()), ())
AMOUNT = column("amount")
REFUSED: list[tuple[P.Query, type[DataMindError], str]] = [
    (P.Query(P.Source("payments", "p"), ()), UnknownTable, "payments"),
    (shown(column("price")), UnknownColumn, "Step 1 (Project): There is no column price"),
    (shown(column("id", "x")), PlanInvalid, "no alias x"),
    (shown(P.Field("total")), PlanInvalid, "named total"),
    (shown(P.Aggregate("count")), PlanInvalid, "can't hold a Aggregate"),
    (shown(P.Arithmetic("-", column("order_date"), P.Value(1))), PlanInvalid, "takes numbers"),
    (shown(P.DatePart("year", column("epoch"))), PlanInvalid, "takes a date"),
    (shown(P.Call("nullif", (AMOUNT,))), PlanInvalid, "does not take 1"),
    (shown(P.Scalar(STORES)), PlanInvalid, "one column"),
    (shown(P.WindowCall("sum")), PlanInvalid, "something to work on"),
    (grouped(AMOUNT), PlanInvalid, "amount is neither a key nor aggregated"),
    (grouped(P.Aggregate("sum")), PlanInvalid, "something to aggregate"),
    (grouped(P.Aggregate("sum", column("status"))), PlanInvalid, "not a text"),
    (grouped(P.Aggregate("sum", P.Aggregate("count"))), PlanInvalid, "inside another"),
    (grouped(P.Aggregate("count", of="x")), PlanInvalid, "no alias x to aggregate"),
    (grouped(P.Aggregate("percentile", AMOUNT)), PlanInvalid, "between 0 and 100"),
    (grouped(P.WindowCall("rank")), PlanInvalid, "Window step"),
    (grouped(P.Metric("profit")), PlanInvalid, "no metric profit"),
    (grouped(P.Metric("ticket_count")), PlanInvalid, "does not join"),
    (grouped(P.Metric("running_revenue")), NotYet, "running_revenue"),
    (grouped(P.Metric("itself")), PlanInvalid, "defined by itself"),
    (grouped(P.Metric("broken")), PlanInvalid, "can't be read"),
    (grouped(P.Metric("nested")), NotYet, "more than an expression"),
    (grouped(P.Metric("foreign")), PlanInvalid, "not its table"),
    (grouped(P.Metric("odd")), NotYet, "mode"),
    (P.Query(ORDERS, (P.Group((), ()),)), PlanInvalid, "key or a measure"),
    (P.Query(ORDERS, (P.Group((), (COUNT, COUNT)),)), PlanInvalid, "Two outputs"),
    (P.Query(ORDERS, (P.Group((), (COUNT,), fill=True),)), NotYet, "Filling"),
    (P.Query(ORDERS, (P.Project(()),)), PlanInvalid, "needs a column"),
    (P.Query(ORDERS, (P.Limit(-1),)), PlanInvalid, "not negative"),
    (P.Query(ORDERS, (P.TopPerGroup((), (), 1),)), PlanInvalid, "count and an order"),
    (kept(P.Truth(P.WindowCall("rank"))), PlanInvalid, "can't hold a WindowCall"),
    (kept(P.InQuery(AMOUNT, STORES)), PlanInvalid, "one column, not 3"),
    (kept(P.Exists("x", "order_store", False, STORES)), PlanInvalid, "no alias x"),
    (kept(P.Exists("o", "order_store", True, STORES)), PlanInvalid, "does not lead"),
    (kept(P.Exists("o", "order_seller", False, STORES)), PlanInvalid, "no relationship"),
    (
        kept(P.Exists("o", "order_store", False, P.Query(P.Source("stores", "o"), ()))),
        PlanInvalid,
        "used around it",
    ),
    (kept(P.Exists("o", "order_store", False, P.Query(STORES, ()))), PlanInvalid, "from a table"),
    (joined(P.Join("o", "stores", "o", "order_store")), PlanInvalid, "used twice"),
    (joined(P.Join("s", "stores", "x", "order_store")), PlanInvalid, "hangs on x"),
    (joined(P.Join("s", "tickets", "o", "order_store")), PlanInvalid, "does not lead"),
    (P.Query(P.SetOp("union", STORES, shown(AMOUNT)), ()), PlanInvalid, "as many columns"),
    (
        P.Query(P.SetOp("union", shown(column("status")), shown(AMOUNT)), ()),
        PlanInvalid,
        "x is text, not decimal",
    ),
    (DEEP, PlanInvalid, "levels"),
]


@pytest.mark.parametrize(("query", "fault", "words"), REFUSED, ids=[r[2] for r in REFUSED])
def test_what_does_not_fit_is_refused(
    query: P.Query, fault: type[DataMindError], words: str
) -> None:
    with pytest.raises(fault) as raised:
        compile_plan(query, SHOP, "duckdb")
    assert words in raised.value.message


def test_hidden_and_absent_are_told_alike() -> None:
    view = View(
        SHOP.catalog,
        hidden_tables=frozenset({"tickets"}),
        hidden_columns=frozenset({"orders.amount", "orders.store_id"}),
    )

    def message(query: P.Query) -> str:
        with pytest.raises(DataMindError) as raised:
            compile_plan(query, view, "duckdb")
        return raised.value.message

    for hidden, absent in (
        (P.Query(P.Source("tickets", "t"), ()), P.Query(P.Source("tockets", "t"), ())),
        (shown(AMOUNT), shown(column("amaunt"))),
        (grouped(P.Metric("ticket_count")), grouped(P.Metric("tocket_count"))),
        (
            joined(P.Join("s", "stores", "o", "order_store")),
            joined(P.Join("s", "stores", "o", "order_stare")),
        ),
    ):
        changed = message(absent)
        for wrong, right in (("tocket", "ticket"), ("amaunt", "amount"), ("stare", "store")):
            changed = changed.replace(wrong, right)
        assert message(hidden) == changed


def test_a_description_has_dates_as_people_say_them() -> None:
    day = dt.date(2025, 3, 1)

    def said(low: dt.date, high: dt.date) -> str:
        between = P.Between(column("order_date"), P.Value(low), P.Value(high), True)
        return describe(kept(between), SHOP)

    assert "order date is in 2025." in said(dt.date(2025, 1, 1), dt.date(2026, 1, 1))
    assert "is in 2025-03" in said(day, dt.date(2025, 4, 1))
    assert "is on 2025-03-01" in said(day, dt.date(2025, 3, 2))
    assert "from 2025-03-01 to before 2025-03-08" in said(day, dt.date(2025, 3, 8))


def test_a_key_that_is_never_null_is_joined_plainly() -> None:
    stores = SHOP.table("stores")
    sure = replace(stores, columns=tuple(replace(c, nullable=False) for c in stores.columns))
    catalog = replace(SHOP.catalog, tables=(sure, *TABLES[1:]))
    case = next(c for c in CASES if c["case"].startswith("Measures of different grain"))
    made = compile_plan(plan_of(case), View(catalog), "postgres").sql
    assert "FULL JOIN t_totals ON o_totals.country = t_totals.country ORDER" in made


TO_STORES = P.Join("s", "stores", "o", "order_store")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (P.Source("orders", "o", (TO_STORES,)), True),
        (P.Source("stores", "s", (P.Join("o", "orders", "s", "order_store", True),)), False),
        (
            P.Source(
                "customers", "c", (P.Join("o", "orders", "c", "order_customer", True), TO_STORES)
            ),
            True,
        ),
    ],
)
def test_a_metric_of_two_tables_warns_where_the_source_narrows_one(
    source: P.Source, told: bool
) -> None:
    stores = Metric("store_count", "simple", table="stores", aggregation="count")
    rate = Metric("per_store", "ratio", numerator="order_count", denominator="store_count")
    catalog = replace(SHOP.catalog, metrics=(*SHOP.catalog.metrics, stores, rate))
    for name, expected in (("per_store", told), ("store_count", False)):
        plan = P.Query(source, (P.Group((), (P.Named("m", P.Metric(name)),)),))
        made = compile_plan(plan, View(catalog), "duckdb")
        only = f"{name} counts only rows of stores that orders refers to."
        assert (only in made.warnings) == expected
