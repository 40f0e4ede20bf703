"""The guard against PostgreSQL's own row security, on random worlds: the same rows and errors.

`DATAMIND_SEED` and `DATAMIND_CASES` repeat a run, or make a longer one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import psycopg
import pytest
from sqlglot import exp

from datamind.errors import DataMindError
from datamind.governance.bound import BoundRules
from datamind.governance.guard import check, govern
from datamind.records import Draft, Optimized

from .worlds import ROLE, Queries, World, statements, world

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
SEED = int(os.environ.get("DATAMIND_SEED", "20261126"))
CASES = int(os.environ.get("DATAMIND_CASES", "1000"))
EACH = 40  # queries a world
Ran = tuple[str, Any]


@pytest.fixture(scope="module")
def reader(own_postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(own_postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE}")
        yield connection
        connection.execute("RESET ROLE")
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


def ran(connection: psycopg.Connection[Any], sql: str) -> Ran:
    """Rows as a bag, or the class of the error; what costs too much is neither."""
    try:
        rows = connection.execute(sql.encode()).fetchall()
    except psycopg.errors.QueryCanceled:
        return "late", None
    except psycopg.Error as fault:
        return "error", str(fault.sqlstate)
    return "rows", Counter(map(repr, rows))


def governed(sql: str, bound: BoundRules) -> str:
    checked = check(Draft(sql, "postgres", "", "generated", "person"), bound.view)
    ready = Optimized(checked, checked.sql)
    return govern(ready, bound.view, row_limit=100_000, policy=bound).sql


def built(connection: psycopg.Connection[Any], made: World) -> None:
    connection.execute("RESET ROLE")
    connection.execute("SET statement_timeout = '10s'")
    for schema in ("native", "plain", "seen"):
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    for schema in ("native", "plain"):
        for statement in statements(made, schema, native=schema == "native"):
            connection.execute(statement.encode())
    connection.execute("SET statement_timeout = '2s'")
    connection.execute("SET search_path = native, pg_temp")
    connection.execute(f"SET ROLE {ROLE}")


def on_what_is_seen(connection: psycopg.Connection[Any], made: World, text: str) -> Ran:
    """The governed text where only the rows that the asker may read are there at all: what it
    gives then, hidden rows have no part in."""
    connection.execute("RESET ROLE")
    connection.execute("DROP SCHEMA IF EXISTS seen CASCADE")
    connection.execute(f"CREATE SCHEMA seen; GRANT USAGE ON SCHEMA seen TO {ROLE}")
    for table in made.catalog.tables:
        key = table.columns[0].name
        seen: list[Any] = []
        if made.rules.of(table.id, made.asker)[0]:
            connection.execute(f"SET ROLE {ROLE}")
            rows = connection.execute(f"SELECT {key} FROM native.{table.name}".encode())
            seen = [row[0] for row in rows]
            connection.execute("RESET ROLE")
        name = f"seen.{table.name}"
        copy = f"CREATE TABLE {name} AS SELECT * FROM plain.{table.name} WHERE {key} = ANY(%s)"
        connection.execute(copy.encode(), (seen,))
        connection.execute(f"GRANT SELECT ON {name} TO {ROLE}".encode())
    connection.execute(f"SET ROLE {ROLE}")
    return ran(connection, text.replace('"plain".', '"seen".'))


def differs(sql: str, native: Ran, ours: Ran) -> str:
    """How the two differ in what they tell; empty where they do not."""
    if "late" in (native[0], ours[0]):
        return ""
    if native[0] == "error" and native[1][:2] in ("42", "0A"):
        # Hidden names are not even looked up here; a star is what may be seen, where PostgreSQL
        # takes it for all there is, and denies it.
        allowed = ours == ("error", "refused") or sql.startswith("SELECT *") or native == ours
        return "" if allowed else "PostgreSQL denies what the guard lets through"
    if native[0] == "rows" and ours[0] == "rows":
        return "" if native[1] == ours[1] else "other rows"
    if native[0] != ours[0]:
        return f"{native[0]} natively, {ours} here"
    return "" if ours[1] != "refused" else "refused here, and fails natively"


def test_the_guard_shows_what_row_security_shows(reader: psycopg.Connection[Any]) -> None:
    print(f"DATAMIND_SEED={SEED} DATAMIND_CASES={CASES}")
    dice = Random(SEED)
    found: list[str] = []
    kinds: Counter[str] = Counter()
    for number in range(CASES):
        if number % EACH == 0:
            made = world(dice)
            built(reader, made)
            key = exp.Literal.string("key")
            bound = BoundRules(made.rules, made.asker, made.catalog, "postgres", key)
        queries = Queries(made, dice)
        sql = queries.statement()
        native = ran(reader, sql)
        try:
            text = governed(sql, bound)
            ours = ran(reader, text)
        except DataMindError as fault:
            text, ours = f"{fault.code}: {fault.message}", ("error", "refused")
        kinds[f"{native[0]}/{ours[0]}"] += 1
        if ours == ("error", "refused") and queries.blind and text.startswith("unknown_"):
            continue  # it names what is hidden; PostgreSQL looks only at what it comes to run
        difference = differs(sql, native, ours)
        if native[0] != ours[0] and difference and on_what_is_seen(reader, made, text) == ours:
            continue  # another order of evaluation, over rows that may be seen
        if difference:
            found.append(f"{difference}\n  {sql}\n  {text}\n  {native} | {ours}"[:3000])
    print(kinds)
    assert not found, f"seed {SEED}: {len(found)} of {CASES} differ:\n" + "\n".join(found[:5])
    assert kinds["rows/rows"] > CASES / 2, kinds
