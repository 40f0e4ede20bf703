"""Introspection: a catalog read off any DuckDB file, PostgreSQL or ClickHouse."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from datamind.adapters.warehouse import duckdb_path, redact
from datamind.errors import BadInput
from datamind.semantics.catalog import Catalog, Table


def introspect(url: str) -> Catalog:
    """The catalog of the database at `url`; errors of the warehouse family where it can't be read.

    Keys that the database does not declare are guessed and marked as guessed.
    """
    scheme = url.partition("://")[0].lower()
    if scheme == "duckdb":
        from datamind.adapters.introspection.duckdb import introspect_duckdb

        return introspect_duckdb(duckdb_path(url))
    if scheme in ("postgres", "postgresql"):
        from datamind.adapters.introspection.postgres import introspect_postgres

        return introspect_postgres(url)
    if scheme in ("clickhouse", "clickhouses"):
        from datamind.adapters.introspection.clickhouse import introspect_clickhouse

        return introspect_clickhouse(url)
    raise BadInput(
        f"{redact(url)!r} is no database that can be read.",
        hint="Write duckdb:///path/to/file.duckdb, postgresql://user@host:5432/database or"
        " clickhouse://user@host:8123/database.",
    )


def too_much(url: str) -> list[str]:
    """What the warehouse's own user may do beyond reading; nothing is what it should be."""
    match url.partition("://")[0].lower():
        case "duckdb":  # opened read-only, in a process without files
            return []
        case "clickhouse" | "clickhouses":
            from datamind.adapters.introspection import clickhouse_role

            return clickhouse_role.too_much(url)
    from datamind.adapters.introspection import postgres_role

    return postgres_role.too_much(url)


def grants(url: str, tables: Iterable[Table]) -> str:
    """The statements that make a user who may read these tables and nothing else."""
    if url.partition("://")[0].lower() in ("clickhouse", "clickhouses"):
        from datamind.adapters.introspection import clickhouse_role

        return clickhouse_role.grants(tables)
    from datamind.adapters.introspection import postgres_role

    return postgres_role.grants(tables, urlsplit(url).path.lstrip("/") or "postgres")
