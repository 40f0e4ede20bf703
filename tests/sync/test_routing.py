"""Where a plan goes, and why: by the plan, the catalog, and what is known of the copies."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from datamind.adapters.sync import freshness
from datamind.adapters.sync.freshness import Watching, copies_of, second_of, shape_of
from datamind.adapters.sync.tables import Seen, State
from datamind.governance.portable import portable
from datamind.governance.rules import Asker, Grant, Rules, To
from datamind.pipeline.moving_on import GB, advised
from datamind.records import Governed
from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, Column, Table
from datamind.semantics.routing import Copies, route
from datamind.settings import RouterSettings

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
BIG = Table(
    "orders", "public", "orders",
    (
        Column("orders", "id", "integer", native_type="bigint"),
        Column("orders", "status", "text", native_type="text"),
        Column("orders", "took", "interval", native_type="interval"),
    ),
    primary_key=("id",), rows=2_000_000,
)  # fmt: skip
SMALL = replace(
    BIG, id="stores", name="stores", rows=12, columns=(Column("stores", "id", "integer"),)
)
CATALOG = Catalog("v", "postgres", "public", (BIG, SMALL))
STATE = State(
    "public.orders", "live", "b", 1, 7,
    ((1, "id", "bigint", "Int64"), (2, "status", "text", "LowCardinality(String)"),
     (3, "took", "interval", "String")),
    ("id",), None, mark="m1", synced_at=NOW - dt.timedelta(hours=5), source="db",
)  # fmt: skip
SMALL_STATE = replace(STATE, table="public.stores", columns=((1, "id", "integer", "Int32"),))
STATES = {"public.orders": STATE, "public.stores": SMALL_STATE}
MARKS = {"public.orders": Seen("m1"), "public.stores": Seen("m1")}
COUNT = P.Query(
    P.Source("orders", "o"),
    (P.Group((), (P.Named("n", P.Aggregate("count")),)),),
)
ROWS = P.Query(P.Source("orders", "o"), (P.Project((P.Named("id", P.Column("o", "id")),)),))


def governed(*relations: str, columns: tuple[str, ...] = (), policies: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    return Governed("", (), "postgres", "pg", "f", relations, columns=columns, policies=policies)


SECOND = second_of(CATALOG, STATES, "ch", 100_000)
FRESH = copies_of(CATALOG, STATES, MARKS, NOW, 300, "db")


@pytest.mark.parametrize(
    ("plan", "form", "copies", "there", "why"),
    [
        (COUNT, governed("orders"), FRESH, True, "2,000,000 rows"),
        (COUNT, governed("orders", "stores"), FRESH, True, "no write since their copy is known"),
        (ROWS, governed("orders"), FRESH, False, "lists rows"),
        (COUNT, governed("stores"), FRESH, False, "about 12 rows, which is few"),
        (None, governed("orders"), FRESH, False, "written for"),
        (COUNT, governed("orders"), Copies({}, {}, "ClickHouse is down"), False, "is down"),
        (COUNT, governed("orders"), Copies({}, {}), False, "not copied"),
        (COUNT, governed("orders", columns=("orders.took",)), FRESH, False, "orders.took"),
        (COUNT, governed("orders", policies=("p@1",)), FRESH, False, "orders.took"),
    ],
)
def test_where_a_plan_goes_and_why(  # type: ignore[no-untyped-def]
    plan, form, copies, there: bool, why: str
) -> None:
    choice = route(plan, form, SECOND, copies)
    assert (choice.second, why in choice.reason) == (there, True), choice


@pytest.mark.parametrize(
    ("change", "seen", "why"),
    [
        ({}, Seen("m1"), ""),
        ({}, Seen("m2"), "was written since its copy of 07:00"),
        ({"synced_at": NOW - dt.timedelta(seconds=200)}, Seen("m2"), ""),
        ({"synced_at": NOW}, Seen("m1", "renamed"), "not compared with its columns of now"),
        ({"synced_at": NOW}, Seen("m1", secured=True), "row security keeps rows"),
        ({"source": "other", "synced_at": NOW}, Seen("m1"), "not compared with this database"),
        ({"status": "copying"}, Seen("m1"), "is not copied"),
        ({"status": "stopped", "reason": "a date"}, Seen("m1"), "is stopped: a date"),
        ({"columns": STATE.columns[:2]}, Seen("m1"), "has not all of its columns"),
    ],
)
def test_which_copies_are_fresh(change: dict[str, object], seen: Seen, why: str) -> None:
    states = {**STATES, "public.orders": replace(STATE, **change)}  # type: ignore[arg-type]
    copies = copies_of(CATALOG, states, {"public.orders": seen}, NOW, 300, "db")
    assert ("orders" in copies.fresh) is not bool(why)
    assert why in copies.stale.get("orders", "")


def test_what_was_found_long_ago_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watching, "_keep_looking", lambda watching: None)
    watching = Watching("postgresql://nowhere", "clickhouse://nowhere", CATALOG, 300)
    watching._copies = FRESH
    assert watching.copies() == FRESH
    watching._at -= freshness.LATE_S + 1
    assert not watching.copies().fresh and "PostgreSQL" in watching.copies().down


def test_the_shape_of_the_copies_changes_with_their_columns_and_not_with_their_rows() -> None:
    rows = {**STATES, "public.orders": replace(STATE, rows=9, mark="m9")}
    columns = {**STATES, "public.orders": replace(STATE, columns=STATE.columns[:2])}
    assert shape_of(rows) == shape_of(STATES) != shape_of(columns)
    assert SECOND.catalog.by_id["orders"].columns[1].native_type == "LowCardinality(String)"


@pytest.mark.parametrize(
    ("rows", "same"),
    [
        ("status = {user.region}", True),
        ("status IN ('a', 'b') AND NOT id IS NULL", True),
        ("id / 2 > 1", False),
        ("lower(status) = 'a'", False),
        ("status LIKE 'a%'", False),
    ],
)
def test_which_predicates_mean_the_same_everywhere(rows: str, same: bool) -> None:
    asker = Asker("a", frozenset({"analyst"}))
    rules = Rules((Grant("orders", To(roles=frozenset({"analyst"})), rows=rows),), ())
    assert portable(rules, asker, BIG, "postgres") is same


@pytest.mark.parametrize(
    ("figures", "subjects"),
    [
        ({"stored_bytes": 499 * GB, "p95_s": 3.0, "users": 49_999}, []),
        ({"stored_bytes": 500 * GB}, ["size"]),
        ({"p95_s": 3.2}, ["p95"]),
        ({"users": 50_000, "p95_s": 9}, ["p95", "users"]),
    ],
)
def test_moving_on_is_advised_past_the_thresholds(
    figures: dict[str, Any], subjects: list[str]
) -> None:
    assert [subject for subject, _ in advised(RouterSettings(), **figures)] == subjects
    assert advised(RouterSettings("clickhouse://ch"), **figures) == ()
