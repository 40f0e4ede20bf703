"""Warehouses: DuckDB in killable worker processes, PostgreSQL and ClickHouse by their drivers."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from datamind.errors import BadInput
from datamind.ports import Warehouse

MEMORY_MB = 1024
# What stands between the user and the last @ is a password, whatever it holds, and so is what
# follows `password=`. Rather too much is hidden than too little.
SECRETS = (
    re.compile(r"(?P<before>password=)[^&\s]*", re.IGNORECASE),
    re.compile(r"(?P<before>^(?:[^:@]*:/*[^:/@]*:|/*[^:/@]*:(?!//))).*(?=@)", re.DOTALL),
)


def redact(url: str) -> str:
    """The URL without its password, for people and logs."""
    for secret in SECRETS:
        url = secret.sub(r"\g<before>***", url)
    return url


def open_warehouse(url: str, *, workers: int = 1, memory_mb: int = MEMORY_MB) -> Warehouse:
    """The warehouse at `duckdb:///PATH`, `postgresql://...` or `clickhouse://...`.

    `workers` is how many statements may run at once; `memory_mb` is what each DuckDB worker may
    use (of PostgreSQL and ClickHouse the server decides).
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise BadInput(
            f"{redact(url)!r} is not a warehouse URL.",
            hint="Write duckdb:///path/to/file.duckdb, postgresql://user@host:5432/database or"
            " clickhouse://user@host:8123/database.",
        )
    match scheme.lower():
        case "duckdb":
            from datamind.adapters.warehouse.duckdb import DuckDbWarehouse

            return DuckDbWarehouse(duckdb_path(url), workers=workers, memory_mb=memory_mb)
        case "postgres" | "postgresql":
            from datamind.adapters.warehouse.postgres import PostgresWarehouse

            return PostgresWarehouse(url, connections=workers)
        case "clickhouse" | "clickhouses":
            from datamind.adapters.warehouse.clickhouse import ClickHouseWarehouse

            return ClickHouseWarehouse(url, connections=workers)
    raise BadInput(
        f"There is no warehouse of the kind {scheme!r}.",
        hint="Use duckdb:///PATH, postgresql://... or clickhouse://...",
    )


def duckdb_path(url: str) -> Path:
    """The file that a DuckDB URL names.

    `duckdb:////abs/f` is absolute, `duckdb:///rel/f` relative to the working folder; where only
    the absolute reading of the latter exists, that one is meant.
    """
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/"):
        raise BadInput(
            "A DuckDB URL names a file after three slashes.",
            hint="Write duckdb:///path/to/file.duckdb.",
        )
    written = unquote(url.partition("://")[2])
    if written.startswith("//"):
        return Path("/" + written.lstrip("/"))
    relative = Path(written[1:]).expanduser()
    absolute = Path(written)
    # os.path, unlike Path, takes a folder that may not be looked into as one that holds nothing.
    return absolute if not os.path.exists(relative) and os.path.exists(absolute) else relative
