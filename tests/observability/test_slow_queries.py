"""Slow statements: kept with their form and plan, and with no value in either."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import httpx
import pytest

from datamind.governance.plain_form import plain_form
from datamind.governance.plain_plan import plain_plan
from datamind.settings import Settings, TelemetrySettings
from tests.api.conftest import Api, Run

NAMES = frozenset("main orders stores id status amount order_date store_id country name".split())
SECRETS = ("Zanzibar", "Quagga", "4711", "1999", "08-15", "n''t", "Ωmega")

# dialect, statement → its plain form
# ruff: noqa: ISC004
FORMS = [
    (
        "duckdb",
        """SELECT "s"."country", COUNT(*) AS "Zanzibar" FROM "main"."orders" AS "o" JOIN"""
        """ "main"."stores" AS "s" ON "o"."store_id" = "s"."id" WHERE "o"."status" = 'Quagga'"""
        """ AND "o"."amount" > 4711.5 GROUP BY 1 ORDER BY 1 DESC LIMIT 10""",
        """SELECT n1 . "country" , COUNT ( * ) AS n2 FROM "main" . "orders" AS n3 JOIN"""
        """ "main" . "stores" AS n1 ON n3 . "store_id" = n1 . "id" WHERE n3 . "status" = ?"""
        """ AND n3 . "amount" > ? GROUP BY ? ORDER BY ? DESC LIMIT ?""",
    ),
    (
        "duckdb",
        """SELECT * FROM "orders" WHERE "status" IN ('Zanzibar', 'Quagga', 'n''t') AND """
        """"order_date" >= CAST('1999-08-15' AS DATE) - INTERVAL '4711' DAY AND 'Ωmega' = $1""",
        """SELECT * FROM "orders" WHERE "status" IN ( ? ) AND "order_date" >= CAST ( ? AS DATE )"""
        """ - INTERVAL ? DAY AND ? = $ ?""",
    ),
    (
        "postgres",
        """SELECT E'Quagga', $tag$Zanzibar$tag$, U&'4711', X'4711', B'0101' /* Zanzibar */""",
        "SELECT ?",
    ),
    (
        "clickhouse",
        "SELECT `Zanzibar`, \"country\", 0x4711, 'Qu\\'agga' FROM `main`.`orders`",
        """SELECT n1 , "country" , ? FROM "main" . "orders\"""",
    ),
    ("duckdb", "SELECT 'Zanzibar", ""),  # can't be read: nothing is shown
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql", "form"), FORMS)
def test_the_form_of_a_statement_holds_no_value(dialect: str, sql: str, form: str) -> None:
    found = plain_form(sql, dialect, NAMES)
    assert found.text == form


def test_statements_that_differ_in_values_alone_have_one_fingerprint() -> None:
    sql = """SELECT 1 FROM "orders" WHERE "status" IN ({}) AND "amount" > {}"""
    one, two, three = (
        plain_form(sql.format(*values), "duckdb", NAMES).fingerprint
        for values in (("'a'", 1), ("'b', 'c'", 2.5), ("'a'", '"id"'))
    )
    assert one == two != three


CONDITIONS = """
status = 'Zanzibar'
status IN ('Zanzibar', 'Quagga')
status LIKE 'Zanz%' OR upper(status) = 'QUAGGA'
status BETWEEN 'Quagga' AND 'Zanzibar'
amount > 4711 AND amount <> 1999.25
order_date >= DATE '1999-08-15'
order_date IN (DATE '1999-08-15', DATE '1999-08-16')
status || 'Zanzibar' = 'n''t' OR status = 'Ωmega'
CASE WHEN status = 'Quagga' THEN 'Zanzibar' ELSE 'x' END = name
name = '") Zanzibar (" Quagga '
store_id = 4711 AND id IN (SELECT id FROM stores WHERE country = 'Zanzibar')
"""
LEAKS = ("zanz", "quagga", "4711", "1999", "08-15", "mega")
MADE = """
CREATE TABLE stores (id INTEGER, country VARCHAR(20));
CREATE TABLE orders (id INTEGER, store_id INTEGER, status VARCHAR(20), name VARCHAR(20),
    amount NUMERIC(12, 2), order_date DATE);
"""
ROWS = """
INSERT INTO stores SELECT i, 'Zanzibar' FROM {series};
INSERT INTO orders SELECT i, i, CASE WHEN i % 3 = 0 THEN 'Zanzibar' ELSE 'Quagga' END,
    'Ωmega', 4711, DATE '1999-08-15' FROM {series};
"""


def shown(plan: str, condition: str, dialect: str) -> tuple[str, ...]:
    names = r"\b(id|store_id|status|name|amount|order_date|country)\b"
    quoted = re.sub(rf"'(?:[^']|'')*'|{names}", lambda m: f'"{m[0]}"' if m[1] else m[0], condition)
    sql = f'SELECT * FROM "main"."orders" WHERE {quoted}'
    return plain_plan(plan, plain_form(sql, dialect, NAMES).words)


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        db.execute(MADE + ROWS.format(series="range(5000) r(i)"))
        yield db


@pytest.mark.parametrize("condition", CONDITIONS.strip().splitlines())
def test_duckdb_s_plans_are_shown_without_values(
    duck: duckdb.DuckDBPyConnection, condition: str
) -> None:
    sql = f"EXPLAIN (FORMAT json) SELECT * FROM orders WHERE {condition}"
    plan = duck.execute(sql).fetchall()[0][1]
    told = "\n".join(shown(plan, condition, "duckdb"))
    assert not [leak for leak in LEAKS if leak in told.lower()], told
    assert "SEQ_SCAN" in told or "EMPTY_RESULT" in told
    assert "Table: ?.main.orders" in told or "EMPTY_RESULT" in told


@pytest.mark.postgres
def test_postgresql_s_plans_are_shown_without_values(own_postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(own_postgres_url, autocommit=True) as db:
        db.execute(MADE + ROWS.format(series="generate_series(1, 5000) r(i)"))
        db.execute("CREATE INDEX ON orders (status); ANALYZE")
        for condition in CONDITIONS.strip().splitlines():
            sql = f"EXPLAIN (FORMAT JSON) SELECT * FROM orders WHERE {condition}"
            plan = json.dumps(db.execute(sql).fetchall()[0][0])  # type: ignore[call-overload]
            told = "\n".join(shown(plan, condition, "postgres"))
            assert not [leak for leak in LEAKS if leak in told.lower()], told
            assert "Relation Name: orders" in told


@pytest.mark.slow
def test_clickhouse_s_plans_are_shown_without_values(clickhouse_url: str) -> None:
    url = clickhouse_url.replace("clickhouse://", "http://")

    def said(sql: str) -> str:
        answer = httpx.post(url, content=sql.encode(), timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text

    for table in MADE.strip().removesuffix(";").split(";"):
        said(f"{table} ENGINE = MergeTree ORDER BY id")
    for rows in ROWS.format(series="(SELECT number AS i FROM numbers(5000))").split(";")[:2]:
        said(rows)
    for condition in CONDITIONS.strip().splitlines():
        plan = said(f"EXPLAIN indexes = 1 SELECT * FROM orders WHERE {condition} FORMAT TSVRaw")
        told = "\n".join(shown(plan, condition, "clickhouse"))
        assert not [leak for leak in LEAKS if leak in told.lower()], told
        assert "orders" in told or "ReadFromPreparedSource" in plan or "NullSource" in plan, plan


def test_what_is_no_plan_that_we_know_shows_no_word() -> None:
    text = "Zanzibar (4711)\n  Granules: 3/17\nFilter: (country = 'Quagga')"
    assert plain_plan(text, frozenset({"country"})) == ("  Granules: 3/17", "Filter: (country = ?)")


TELEMETRY = TelemetrySettings(slow_ms=1)
SHOP = """
CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, country VARCHAR NOT NULL);
INSERT INTO stores SELECT i, 'Store ' || i, CASE WHEN i % 2 = 0 THEN 'Zanzibar' ELSE 'France' END
    FROM range(2000) r(i);
"""


async def kept(api: Api, count: int) -> list[dict[str, Any]]:
    """What is kept, once it is so many statements."""
    for _ in range(500):
        found = (await api.call("GET", "/system/slow-queries", role="admin")).json()["items"]
        if sum(form["count"] for form in found) >= count:
            return found  # type: ignore[no-any-return]
        await asyncio.sleep(0.02)
    raise AssertionError(found)


@pytest.mark.slow
def test_slow_statements_are_kept_for_admins_without_a_value(
    api: Api, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked() -> tuple[list[dict[str, Any]], int]:
        # A policy whose value nobody else is to see.
        rule = {"kind": "restriction", "name": "no France", "on": "stores",
                "to": {"roles": ["analyst"]}, "rows": "country <> 'France'"}  # fmt: skip
        made = await api.call("POST", "/policies", rule, role="admin")
        assert made.status_code == 201, made.text
        headers = {"X-Correlation-ID": "corr-of-slow-one"}
        for name in ("Store 4", "Store 6"):
            body = {"sql": f"SELECT count(*) AS n FROM stores WHERE name = '{name}'"}
            done = await api.call("POST", "/sql/execute", body, headers=headers)
            assert done.json()["results"] == [{"n": 1}]
        refused = await api.call("GET", "/system/slow-queries")
        return await kept(api, 2), refused.status_code

    found, refused = run(asked())
    assert refused == 403
    (form,) = (form for form in found if '"name" = ?' in form["sql"])
    assert (form["count"], form["rows"], form["failed"]) == (2, 1, 0)
    assert form["correlation_id"] == "corr-of-slow-one"
    assert form["longest_ms"] <= form["total_ms"] and form["dialect"] == "duckdb"
    assert '"country" <> ?' in form["sql"]
    assert any("SEQ_SCAN" in line for line in form["plan"])
    home = api.parts.settings.home
    text = (home / "logs" / "slow-queries.log").read_text()
    assert not [secret for secret in ("France", "Store 4", "Store 6") if secret in text]
    assert (home / "logs" / "slow-queries.log").stat().st_mode & 0o777 == 0o600
    from datamind.commands import slow_queries

    monkeypatch.setattr(slow_queries, "load", lambda: Settings(home=home))
    assert slow_queries.run(5, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)[0]["fingerprint"] == found[0]["fingerprint"]
    assert slow_queries.run(5, as_json=False) == 0
    assert form["fingerprint"] in capsys.readouterr().out
