"""Raw data of the demo, as `generate.py` wrote it, into the schema `raw` of a server.

    python demo/load.py --raw DIR --to postgresql://…|clickhouse://…

What was there of an earlier load is replaced.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb

# DuckDB's names of types to the servers' own.
POSTGRES = {"DOUBLE": "double precision", "HUGEINT": "numeric", "TINYINT": "smallint"}
CLICKHOUSE = {
    "BIGINT": "Int64", "HUGEINT": "Int128", "INTEGER": "Int32", "DOUBLE": "Float64",
    "VARCHAR": "String", "BOOLEAN": "Bool", "DATE": "Date32", "TIMESTAMP": "DateTime64(6)",
}  # fmt: skip


def columns_of(file: Path) -> list[tuple[str, str]]:
    """Names and DuckDB's types."""
    with duckdb.connect() as connection:
        found = connection.execute("DESCRIBE FROM read_parquet(?)", [str(file)]).fetchall()
    return [(name, kind) for name, kind, *_ in found]


def into_postgres(raw: Path, url: str) -> None:
    """Each table by COPY, all in one transaction."""
    import psycopg

    with psycopg.connect(url) as connection, tempfile.TemporaryDirectory() as scratch:
        connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
        for file in sorted(raw.glob("*.parquet")):
            columns = ", ".join(f'"{n}" {POSTGRES.get(k, k)}' for n, k in columns_of(file))
            connection.execute(f"DROP TABLE IF EXISTS raw.{file.stem} CASCADE")
            connection.execute(f"CREATE TABLE raw.{file.stem} ({columns})")
            text = Path(scratch) / "rows.csv"
            with duckdb.connect() as reader:
                reader.execute(f"COPY (FROM read_parquet('{file}')) TO '{text}' (HEADER false)")
            with (
                text.open("rb") as rows,
                connection.cursor().copy(f"COPY raw.{file.stem} FROM STDIN (FORMAT csv)") as copy,
            ):
                while block := rows.read(1 << 20):
                    copy.write(block)
        connection.execute("ANALYZE")


def into_clickhouse(raw: Path, url: str) -> None:
    """Each file as it is: ClickHouse reads Parquet."""
    import clickhouse_connect

    at = urlsplit(url)
    client = clickhouse_connect.get_client(
        host=at.hostname or "localhost", port=at.port or 8123, secure=at.scheme == "clickhouses",
        username=unquote(at.username or "default"), password=unquote(at.password or ""),
    )  # fmt: skip
    client.command("CREATE DATABASE IF NOT EXISTS raw")
    for file in sorted(raw.glob("*.parquet")):
        columns = ", ".join(
            f"{name} Nullable({CLICKHOUSE.get(kind) or re.sub('^DECIMAL', 'Decimal', kind)})"
            for name, kind in columns_of(file)
        )
        client.command(f"DROP TABLE IF EXISTS raw.{file.stem}")
        client.command(
            f"CREATE TABLE raw.{file.stem} ({columns}) ENGINE = MergeTree ORDER BY tuple()"
        )
        client.raw_insert(f"raw.{file.stem}", insert_block=file.read_bytes(), fmt="Parquet")
    client.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--to", required=True)
    options = parser.parse_args()
    load(options.raw, options.to)


def load(raw: Path, url: str) -> None:
    """Load them where the URL says."""
    (into_clickhouse if url.startswith("clickhouse") else into_postgres)(raw, url)


if __name__ == "__main__":
    main()
