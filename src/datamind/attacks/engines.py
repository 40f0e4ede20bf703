"""Engines to run the suite on: scratch databases with its tables, asked as an ordinary reader."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from datamind.attacks.cases import Ran, data
from datamind.errors import BadInput, WarehouseError
from datamind.records import Dialect

LONGEST_S = 5
MOST_ROWS = 20_000
TABLES = (
    "SELECT count() FROM system.tables"
    " WHERE lower(database) NOT IN ('system', 'information_schema')"
)


class Engine(Protocol):
    """Runs one statement; an error is part of what it gives."""

    def run(self, sql: str) -> Ran: ...


@contextmanager
def duckdb_engine() -> Iterator[Engine]:
    """DuckDB as it is installed here, with the tables in memory."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        connection.execute(data("schema.duckdb.sql"))
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield _DuckDb(connection)


class _DuckDb:
    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.before = self._sums()

    def run(self, sql: str) -> Ran:
        import duckdb

        late = threading.Timer(LONGEST_S, self.connection.interrupt)
        late.start()
        try:
            if len(self.connection.extract_statements(sql)) != 1:
                return Ran(error="not one statement", changed=True)
            rows = self.connection.execute(sql).fetchmany(MOST_ROWS)
        except duckdb.Error as fault:
            return Ran(
                error=str(fault) or type(fault).__name__, changed=self._sums() != self.before
            )
        finally:
            late.cancel()
        return Ran(rows, changed=self._sums() != self.before)

    def _sums(self) -> list[Any]:
        """What the tables hold, in a number for each."""
        names = self.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1"
        ).fetchall()
        count = 'SELECT count(*), bit_xor(hash(t)) FROM "{}" t'
        return [(n, self.connection.execute(count.format(n)).fetchone()) for (n,) in names]


@contextmanager
def postgres_engine(url: str) -> Iterator[Engine]:
    """A scratch database on this server, dropped at the end; its reader may write nothing."""
    import psycopg
    from psycopg import sql

    database = f"datamind_attacks_{secrets.token_hex(4)}"
    name, role = sql.Identifier(database), sql.Identifier(f"{database}_reader")
    try:
        admin = psycopg.connect(url, autocommit=True)
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
    except psycopg.Error:
        raise WarehouseError(
            "No scratch database could be made there.",
            hint="The suite needs a role that may create databases and roles, on a test server.",
        ) from None
    try:
        with psycopg.connect(url, dbname=database, autocommit=True) as owner:
            owner.execute(data("schema.postgres.sql"))
            owner.execute(sql.SQL("CREATE ROLE {}").format(role))
            schemas = owner.execute(
                "SELECT nspname FROM pg_namespace"
                " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
            ).fetchall()
            for (schema,) in schemas:
                grant = (
                    "GRANT USAGE ON SCHEMA {0} TO {1};"
                    " GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {1}"
                )
                owner.execute(sql.SQL(grant).format(sql.Identifier(schema), role))
        options = f"-c statement_timeout={LONGEST_S * 1000} -c default_transaction_read_only=on"
        with psycopg.connect(url, dbname=database, autocommit=True, options=options) as reader:
            reader.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(role))
            yield _Postgres(reader)
    finally:
        with admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))


class _Postgres:
    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.notices: list[str] = []
        connection.add_notice_handler(lambda told: self.notices.append(str(told.message_primary)))

    def run(self, sql: str) -> Ran:
        import psycopg

        self.notices.clear()
        try:
            cursor = self.connection.execute(sql, prepare=True)  # of one statement only
            rows = cursor.fetchmany(MOST_ROWS) if cursor.description else []
        except psycopg.Error as fault:
            diag = fault.diag
            said = (fault, diag.message_detail, diag.message_hint, diag.context, *self.notices)
            return Ran(error="\n".join(str(part) for part in said if part))
        return Ran([*rows, *([notice] for notice in self.notices)])


@contextmanager
def clickhouse_engine(url: str) -> Iterator[Engine]:
    """An empty server, by its HTTP interface; the tables are dropped at the end."""
    import httpx

    parts = urlsplit(url)
    client = httpx.Client(
        base_url=f"http://{parts.hostname}:{parts.port or 8123}", timeout=2 * LONGEST_S,
        auth=(parts.username or "default", parts.password or ""), trust_env=False,
        params=dict(parse_qsl(parts.query)),
    )  # fmt: skip
    with client:
        try:
            there = client.post("/", content=TABLES).raise_for_status().text.strip()
        except httpx.HTTPError:
            raise WarehouseError(
                "The ClickHouse server does not answer.",
                hint="clickhouse://user:password@host:8123",
            ) from None
        if there != "0":
            raise BadInput(
                "There are tables on this ClickHouse server already.",
                hint="The suite's tables go into `default`: name an empty test server.",
            )
        try:
            for statement in filter(str.strip, data("schema.clickhouse.sql").split(";\n")):
                client.post("/", content=statement).raise_for_status()
            yield _ClickHouse(client)
        finally:
            for database in ("default", "archive"):
                client.post("/", content=f"DROP DATABASE IF EXISTS {database} SYNC")
            client.post("/", content="CREATE DATABASE IF NOT EXISTS default")


class _ClickHouse:
    def __init__(self, client: Any) -> None:
        self.client = client
        settings = {
            "readonly": 2, "max_execution_time": LONGEST_S, "max_memory_usage": 1_000_000_000,
            "output_format_json_quote_64bit_integers": 0, "default_format": "JSONCompactEachRow",
        }  # fmt: skip
        self.path = f"/?{urlencode(settings)}"

    def run(self, sql: str) -> Ran:
        answer = self.client.post(self.path, content=sql)
        if answer.is_error:
            return Ran(error=answer.text)
        try:
            lines = answer.text.splitlines()[:MOST_ROWS]
            return Ran([json.loads(line, parse_float=Decimal) for line in lines if line.strip()])
        except ValueError:
            return Ran([[answer.text]], error="the output's format was changed", changed=True)


@contextmanager
def engine_at(url: str | None) -> Iterator[tuple[Dialect, Engine]]:
    """The engine of a warehouse's address: its dialect, and where to run statements."""
    match urlsplit(url or "duckdb:").scheme:
        case "duckdb":
            with duckdb_engine() as engine:
                yield "duckdb", engine
        case "postgresql" | "postgres":
            with postgres_engine(str(url)) as engine:
                yield "postgres", engine
        case "clickhouse":
            with clickhouse_engine(str(url)) as engine:
                yield "clickhouse", engine
        case _:
            raise BadInput("No such engine.", hint="duckdb:, postgresql://… or clickhouse://…")
