"""What is read off ClickHouse alone: its types, keys that are none, views, rights, advice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from datamind.adapters.introspection import grants, introspect, too_much
from datamind.adapters.introspection import survey as surveying
from datamind.adapters.introspection.advice import sql_of
from datamind.errors import WarehouseEmpty, WarehouseError
from datamind.semantics.catalog import Catalog
from datamind.semantics.compiler.clickhouse import SETTINGS
from datamind.semantics.readiness import Step

from ..conftest import clickhouse_server

pytestmark = pytest.mark.slow
TYPES = {
    "a": ("UInt64", "integer"), "b": ("Nullable(Int8)", "integer"),
    "c": ("Decimal(10, 2)", "decimal"), "d": ("Float32", "float"), "e": ("Bool", "boolean"),
    "f": ("DateTime('Asia/Tokyo')", "timestamp"), "g": ("Nullable(DateTime64(3))", "timestamp"),
    "h": ("Date32", "date"), "i": ("LowCardinality(Nullable(String))", "text"),
    "j": ("Enum8('x' = 1)", "text"), "k": ("UUID", "text"), "l": ("Array(Int8)", "other"),
    "m": ("Map(String, Int8)", "other"), "n": ("Tuple(x Int8)", "other"), "o": ("JSON", "other"),
    "p": ("IPv4", "text"), "q": ("FixedString(3)", "text"), "r": ("Int256", "integer"),
    "s": ("AggregateFunction(sum, Int8)", "other"),
    "t": ("SimpleAggregateFunction(max, Date)", "date"), "u": ("Time", "time"),
}  # fmt: skip
SALES = f"""
CREATE TABLE types ({", ".join(f"{n} {t}" for n, (t, _) in TYPES.items())})
ENGINE = MergeTree ORDER BY a;
CREATE TABLE customers (id Int32, name LowCardinality(Nullable(String)) COMMENT 'what they go by',
  born Nullable(Date32), code FixedString(3)) ENGINE = MergeTree ORDER BY id COMMENT 'who buys';
INSERT INTO customers SELECT number, if(number % 2, NULL, 'Ann'), NULL, 'ab' FROM numbers(1000);
CREATE TABLE orders (day Date, line Int32, customer_id Int32, amount Decimal(10, 2))
  ENGINE = MergeTree ORDER BY (day, line);
INSERT INTO orders SELECT toDate('2025-01-01') + intDiv(number, 50), number % 50, number % 1000,
  number FROM numbers(3000);
CREATE TABLE visits (customer_id Int32, at DateTime) ENGINE = MergeTree ORDER BY customer_id;
INSERT INTO visits SELECT number % 10, now() FROM numbers(100);
CREATE TABLE notes (id Int32) ENGINE = Memory;
CREATE VIEW gone AS SELECT * FROM notes;
CREATE VIEW spent AS SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id;
CREATE MATERIALIZED VIEW days ENGINE = SummingMergeTree ORDER BY day
  AS SELECT day, sum(amount) AS total FROM orders GROUP BY day;
DROP TABLE notes;
CREATE TABLE memo (id Int32) ENGINE = Memory;
CREATE DATABASE other;
CREATE TABLE other.orders (id Int32) ENGINE = MergeTree ORDER BY id"""
USERS: dict[str, Any] = {
    "default": {"grants": ["GRANT ALL ON *.* WITH GRANT OPTION"]},
    "writer": {"grants": ["GRANT SELECT, INSERT ON default.orders"]},
    "wide": {"grants": ["GRANT SELECT ON default.*", "GRANT URL, FILE ON *.*"]},
    "free": {"grants": ["GRANT SELECT ON default.orders"]},
    "reader": {
        "grants": ["GRANT SELECT ON default.*"], "settings": {**SETTINGS, "readonly": "1"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse"), users=USERS) as there:
        with pytest.raises(WarehouseEmpty):
            introspect(there)
        for statement in SALES.split(";\n"):
            said(there, statement)
        yield there


@pytest.fixture(scope="module")
def catalog(url: str) -> Catalog:
    return introspect(url)


def said(url: str, sql: str) -> str:
    answer = httpx.post(url.replace("clickhouse", "http", 1), content=sql)
    assert answer.is_success, f"{answer.text}\n{sql}"
    return answer.text


def as_user(url: str, name: str) -> str:
    return url.replace("//", f"//{name}@")


def test_every_type_is_known_for_what_it_is(catalog: Catalog) -> None:
    found = {c.name: (c.native_type, c.type) for c in catalog.table("types").columns}
    assert {n: t for n, (_, t) in found.items()} == {n: t for n, (_, t) in TYPES.items()}
    assert found["i"][0] == "LowCardinality(Nullable(String))"  # which the guard has to know
    nullable = {c.name for c in catalog.table("types").columns if c.nullable}
    assert nullable == {"b", "g", "i"}


def test_tables_views_and_comments_are_read(catalog: Catalog) -> None:
    assert {t.id for t in catalog.tables} == {
        "types",
        "customers",
        "orders",
        "visits",
        "spent",
        "days",
        "memo",
        "other.orders",
    }  # the one that can't be reached is left out, and so is what views keep
    assert {t.id for t in catalog.tables if t.is_view} == {"spent", "days"}
    customers = catalog.table("customers")
    name = customers.column("name")
    assert (customers.description, name.description) == ("who buys", "what they go by")
    assert (customers.rows, name.distinct, name.null_fraction) == (1000, 1, 0.5)
    assert catalog.values["customers.name"] == (("Ann", 500),)
    assert catalog.values["customers.code"] == (("ab", 1000),)
    day = catalog.table("orders").column("day")
    assert (day.low, day.high) == ("2025-01-01", "2025-03-01")


def test_an_order_is_a_key_only_where_no_two_rows_share_it(catalog: Catalog) -> None:
    keys = {t.id: (t.primary_key, t.key_origin) for t in catalog.tables if t.primary_key}
    assert keys["customers"] == (("id",), "guessed")
    assert keys["orders"] == (("day", "line"), "guessed")
    assert "visits" not in keys
    found = {(r.table, r.columns, r.to_table) for r in catalog.relationships}
    assert ("spent", ("customer_id",), "customers") in found


def test_a_large_table_is_surveyed_on_a_sample_that_stays_the_same(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveying, "EXACT_ROWS", 500)
    monkeypatch.setattr(surveying, "SAMPLE_ROWS", 100)
    first, second = introspect(url), introspect(url)
    assert first == second
    orders = first.table("orders")
    assert orders.rows == 3000
    assert 0 < (orders.column("amount").distinct or 0) <= 3000


def test_what_a_user_may_do_too_much_is_told(url: str) -> None:
    told = {name: "\n".join(too_much(as_user(url, name))) for name in USERS}
    assert "may write to default.customers, default.memo, default.orders and" in told["default"]
    assert "may make things in the database default" in told["default"]
    assert "is for administrators: create user" in told["default"]
    assert told["writer"].startswith("may write to default.orders\nis not held to reading")
    assert "other servers: file, url\n" in told["wide"]
    assert told["free"] == "is not held to reading by its settings profile (readonly is 0)"
    assert told["reader"] == ""


def test_the_grants_that_are_proposed_make_such_a_user(
    url: str, catalog: Catalog, tmp_path: Path
) -> None:
    profile, user, *rights = grants(url, [catalog.table("orders")]).split("\n")
    for statement in (profile, user, *rights):  # the engine here takes no new users
        quoted = statement.rstrip(";").replace("'", "\\'")
        said(url, f"SELECT formatQuery('{quoted}')")
    assert all(f"{name} = " in profile for name in SETTINGS)
    users = {
        **USERS,
        "datamind_reader": {
            "grants": [right.partition(" TO ")[0] for right in rights],
            "settings": {**SETTINGS, "readonly": "1"},
        },
    }
    with clickhouse_server(tmp_path, users=users) as there:
        said(there, "CREATE TABLE orders (id Int32) ENGINE = MergeTree ORDER BY id")
        assert too_much(as_user(there, "datamind_reader")) == []
        assert [t.id for t in introspect(as_user(there, "datamind_reader")).tables] == ["orders"]


def test_the_servers_own_words_are_not_repeated(url: str) -> None:
    for place in ("clickhouse://ann:s3cr3t@127.0.0.1:1", url.replace("//", "//ann:s3cr3t@")):
        with pytest.raises(WarehouseError) as caught:
            introspect(place)
        assert "s3cr3t" not in f"{caught.value} {caught.value.__cause__}"


def test_advice_is_what_the_server_takes(url: str, catalog: Catalog) -> None:
    table = catalog.table("customers")
    for check, item in (("description", "customers"), ("description", "customers.name")):
        step = Step(check, "customers", item, "said nowhere", 1.0)
        said(url, sql_of(step, table, None, "clickhouse").rstrip(";"))
    step = Step("keys", "customers", "customers", "none", 1.0)
    assert sql_of(step, table, None, "clickhouse") == ""
