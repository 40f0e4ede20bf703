"""Introspection: a catalog read off any DuckDB file or PostgreSQL database."""

from __future__ import annotations

from datamind.adapters.warehouse import duckdb_path, redact
from datamind.errors import BadInput
from datamind.semantics.catalog import Catalog


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
    raise BadInput(
        f"{redact(url)!r} is no database that can be read.",
        hint="Write duckdb:///path/to/file.duckdb or postgresql://user@host:5432/database.",
    )
