"""The router benchmark's rows: the demo's warehouse, and PostgreSQL's copy of it, at their size."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import duckdb
import psycopg
from psycopg import sql

from benchmarks.on_postgres import create
from datamind.semantics.catalog import Catalog

SCHEMA = "main"  # as dbt builds into it on DuckDB
# What grows with a company, by the keys that tell its rows apart; each time they are moved on.
GROWING = {
    "dim_users": ("user_id",),
    "fct_orders": ("order_id", "user_id"),
    "fct_payments": ("payment_id", "order_id"),
    "fct_returns": ("return_id", "order_line_id", "order_id", "user_id"),
    "fct_sales": ("order_line_id", "order_id", "user_id"),
}
MOVED = 1_000_000_000


def grown(built: Path, home: Path, times: int) -> Path:
    """The warehouse, with what grows so many times over."""
    if times == 1:
        return built
    file = home / "warehouse.duckdb"
    if not file.exists():
        unfinished = file.with_suffix(".part")
        shutil.copyfile(built, unfinished)
        with duckdb.connect(str(unfinished)) as connection:
            for table, keys in GROWING.items():
                moved = ", ".join(f"{key} + {MOVED} * time AS {key}" for key in keys)
                connection.execute(
                    f"CREATE OR REPLACE TABLE {SCHEMA}.{table} AS SELECT t.* REPLACE ({moved})"
                    f" FROM range({times}) AS r(time), {SCHEMA}.{table} AS t"
                )
        unfinished.rename(file)
    return file


def copied(
    source: duckdb.DuckDBPyConnection, url: str, home: Path, catalog: Catalog, times: int
) -> None:
    """All tables with their keys, what grows so many times over; nothing where they are there from
    a run before. All or nothing of it."""
    started = time.perf_counter()
    with psycopg.connect(url) as into:
        if into.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone() != (None,):
            return
        into.execute(f"CREATE SCHEMA {SCHEMA}".encode())
        into.execute("SET LOCAL maintenance_work_mem = '1GB'")
        tables = source.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? ORDER BY 1", [SCHEMA]
        ).fetchall()
        for (table,) in tables:
            copy_table(source, into, table, home / "rows.csv")
            if times > 1 and table in GROWING:
                grow(into, table, times)
        for known in catalog.tables:
            if known.primary_key:
                key = ", ".join(f'"{name}"' for name in known.primary_key)
                into.execute(f'ALTER TABLE "{known.name}" ADD PRIMARY KEY ({key})'.encode())
    with psycopg.connect(url, autocommit=True) as into:
        into.execute("VACUUM ANALYZE")
    print(f"copied into PostgreSQL in {time.perf_counter() - started:.0f} s")


def copy_table(
    source: duckdb.DuckDBPyConnection, into: psycopg.Connection, table: str, file: Path
) -> None:
    """One table, without its keys."""
    name = create(source, into, table)
    source.execute(f"COPY {SCHEMA}.\"{table}\" TO '{file}' (HEADER false, NULLSTR '\\N')")
    copy = sql.SQL("COPY {} FROM STDIN (FORMAT csv, NULL '\\N')").format(name)
    with file.open("rb") as rows, into.cursor().copy(copy) as out:
        while block := rows.read(1 << 20):
            out.write(block)
    file.unlink()


def grow(into: psycopg.Connection, table: str, times: int) -> None:
    """What `grown` does, where the rows are: they are not sent so many times over."""
    for key in GROWING[table]:
        into.execute(f'ALTER TABLE "{table}" ALTER "{key}" TYPE bigint'.encode())
    columns = into.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " ORDER BY attnum", [table],
    ).fetchall()  # fmt: skip
    moved = ", ".join(
        f'"{name}"' + (f" + {MOVED} * time" if name in GROWING[table] else "")
        for (name,) in columns
    )
    into.execute(
        f'INSERT INTO "{table}" SELECT {moved}'
        f' FROM generate_series(1::bigint, {times - 1}) AS r(time), "{table}"'.encode()
    )
