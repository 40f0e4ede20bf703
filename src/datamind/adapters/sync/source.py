"""The PostgreSQL side of the sync: what tables there are, and a snapshot to read them in."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from datamind.adapters.sync.tables import SKIP, Seen, SourceColumn, SourceTable
from datamind.adapters.sync.types import Numeric
from datamind.adapters.warehouse import redact
from datamind.adapters.warehouse.postgres import driver
from datamind.adapters.warehouse.postgres_faults import connection_fault, query_fault
from datamind.errors import Conflict, SyncFailed

CONNECT_S = 10
# A server that is gone without a word is noticed after so many seconds.
LOST = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2,
        "tcp_user_timeout": 20_000}  # fmt: skip
GONE_S = 5.0  # within which PostgreSQL notices that a sync was killed
# Of a table that was never analyzed so many rows are counted.
MOST_COUNTED = 10_000
# Moments and numbers are written alike whoever reads; a copy may take as long as it takes.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "search_path": "pg_catalog",
}
# A statement of a sync that was killed ends within a second, where PostgreSQL can see to it (14).
_ENDS_WITH_US = """
SELECT set_config(name, '1s', false) FROM pg_settings
WHERE name = 'client_connection_check_interval'
"""
# How much was ever written into the table and what it is made of, and into which files: where that
# is what it was, so are its rows. The counters begin anew with the server, or when it lost them; of
# a foreign table there are none.
_LEAVES = """
WITH RECURSIVE made_of AS (
  SELECT oid AS owner, oid AS leaf FROM pg_class WHERE relkind IN ('r', 'm', 'p')
  UNION
  SELECT m.owner, i.inhrelid FROM made_of m JOIN pg_inherits i ON i.inhparent = m.leaf
), leaves AS (
  SELECT m.* FROM made_of m JOIN pg_class c ON c.oid = m.leaf WHERE c.relkind IN ('r', 'm', 'f')
)"""
_FILES = "string_agg(leaf || '/' || coalesce(pg_relation_filenode(leaf), 0), ' ' ORDER BY leaf)"
# What a value means hangs on the columns' names and types, and on the names of an enum's values.
_TABLES = f"""{_LEAVES}, written AS (
  SELECT owner, CASE WHEN bool_or(k.reltuples < 0 AND pg_relation_size(leaf) > 0) THEN -1
                ELSE sum(greatest(k.reltuples, 0)) END::bigint AS rows,
         sum(pg_table_size(leaf))::bigint AS bytes,
         string_agg(leaf || '/'
           || CASE k.relkind WHEN 'f' THEN clock_timestamp()::text
              ELSE coalesce(pg_relation_filenode(leaf), 0)::text END || '/'
           || pg_stat_get_tuples_inserted(leaf) + pg_stat_get_tuples_updated(leaf)
              + pg_stat_get_tuples_deleted(leaf), ' ' ORDER BY leaf) AS mark,
         {_FILES} AS files
  FROM leaves JOIN pg_class k ON k.oid = leaf GROUP BY owner
)
SELECT n.nspname, c.relname, c.oid::bigint, row_security_active(c.oid), w.rows, w.bytes,
       coalesce(w.mark, '') || pg_postmaster_start_time() || pg_stat_get_bgwriter_stat_reset_time(),
       (SELECT string_agg(concat_ws('/', a.attnum, a.attname, a.atttypid, a.atttypmod),
                          ' ' ORDER BY a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT string_agg(concat_ws('/', e.oid, e.enumlabel), ' ' ORDER BY a.attnum, e.oid)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_enum e ON e.enumtypid IN (t.oid, t.typelem, t.typbasetype)
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       coalesce(w.files, '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN written w ON w.owner = c.oid
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND has_any_column_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
  AND NOT EXISTS (  -- what extensions brought along
    SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_NAMES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
"""
# A domain is read as what it is made of.
_COLUMNS = """
WITH RECURSIVE base AS (
  SELECT oid, oid AS type, typtype, typelem, typbasetype, -1 AS mod FROM pg_type
  UNION ALL
  SELECT b.oid, t.oid, t.typtype, t.typelem, t.typbasetype, d.typtypmod FROM base b
  JOIN pg_type d ON d.oid = b.type JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
)
SELECT a.attrelid::bigint, a.attnum::int, a.attname,
       format_type(b.type, CASE WHEN b.oid = b.type THEN a.atttypmod ELSE b.mod END),
       NOT a.attnotnull,
       b.typtype = 'e' OR EXISTS (
         SELECT FROM pg_type e WHERE e.oid = b.typelem AND e.typtype = 'e'),
       s.n_distinct, has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN base b ON b.oid = a.atttypid AND b.typtype <> 'd'
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
  AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY(%s) ORDER BY 1, 2
"""
# Keys whose columns are never null: the primary one first, then the shortest.
_KEYS = """
SELECT i.indrelid::bigint, i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
         AND i.indimmediate AND bool_and(a.attnotnull),
       array_agg(a.attname::text ORDER BY u.place)
FROM pg_index i JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS u(num, place)
  ON u.place <= i.indnkeyatts
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.num
WHERE i.indisvalid AND i.indrelid = ANY(%s)
GROUP BY i.indexrelid, i.indrelid, i.indisunique, i.indisprimary, i.indpred, i.indexprs,
         i.indnkeyatts, i.indimmediate
ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""


class Source:
    """A connection to PostgreSQL; `name` is how people know the database."""

    def __init__(self, connection: Any, name: str) -> None:
        self.connection = connection
        self.name = name
        self._psycopg = driver()

    def rows(self, sql: str, parameters: object = None) -> list[tuple[Any, ...]]:
        """All rows of one statement of ours; the server's words are not repeated."""
        try:
            found = self.connection.execute(sql, parameters)
            return list(found.fetchall()) if found.description else []
        except self._psycopg.Error as fault:
            raise query_fault(fault.sqlstate) from None

    def copied(self, query: str) -> Iterator[memoryview]:
        """The query's rows as COPY writes them, one a piece."""
        try:
            with (
                self.connection.cursor() as cursor,
                cursor.copy(f"COPY ({query}) TO STDOUT") as out,
            ):
                yield from out
        except self._psycopg.Error as fault:
            raise query_fault(fault.sqlstate) from None

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        """A transaction that sees one moment of the data; gives that moment."""
        with self.connection.transaction():
            self.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield self.rows("SELECT transaction_timestamp()")[0][0]

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """No other sync into the same place runs meanwhile. One that was killed leaves its lock
        behind until PostgreSQL notices, which is waited for."""
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
        until = time.monotonic() + GONE_S
        while not self.rows("SELECT pg_try_advisory_lock(%s)", (number,))[0][0]:
            if time.monotonic() > until:
                raise Conflict(
                    "Another sync of this database into this ClickHouse runs.",
                    hint="Wait until it ends: each table is synced by one at a time.",
                )
            time.sleep(0.1)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.rows("SELECT pg_advisory_unlock(%s)", (number,))

    def xids(self) -> str:
        """Which transactions are open, and which will be the next: where that is what it was,
        nothing was committed."""
        return str(self.rows("SELECT pg_current_snapshot()::text")[0][0])

    def tables(self) -> list[SourceTable]:
        """All tables that this role may read. Their marks are older than any snapshot to come."""
        listed = self.rows(_TABLES)
        oids = [row[2] for row in listed]
        columns: dict[int, list[SourceColumn]] = {}
        closed: set[int] = set()
        for oid, number, name, native, nullable, enum, distinct, readable in self.rows(
            _COLUMNS, (oids,)
        ):
            if readable:
                made = SourceColumn(number, name, native, nullable, enum, distinct)
                columns.setdefault(oid, []).append(made)
            else:
                closed.add(oid)
        keys: dict[int, tuple[str, ...]] = {}
        indexed: dict[int, set[str]] = {}
        for oid, unique, names in self.rows(_KEYS, (oids,)):
            indexed.setdefault(oid, set()).add(names[0])
            known = {c.name for c in columns.get(oid, ())}
            if unique and oid not in keys and known.issuperset(names):
                keys[oid] = tuple(names)
        return [
            SourceTable(
                schema, name, oid, tuple(columns[oid]), keys.get(oid, ()),
                frozenset(indexed.get(oid, ())), self._rows(schema, name, rows or 0), size or 0,
                seen, oid in closed, files,
            )
            for seen, (schema, name, oid, _, rows, size, *_, files) in zip(
                map(_seen, listed), listed, strict=True
            ) if oid in columns
        ]  # fmt: skip

    def names(self) -> set[str]:
        """The full names of all tables, whoever may read them."""
        return {name for (name,) in self.rows(_NAMES)}

    def files(self, table: SourceTable) -> str:
        """Which files the table is in now, whatever the snapshot is of."""
        sql = f"{_LEAVES} SELECT coalesce({_FILES}, '') FROM leaves WHERE owner = %s"
        return str(self.rows(sql, (table.oid,))[0][0])

    def _rows(self, schema: str, name: str, known: int) -> int:
        """Those that ANALYZE counted; where it never did, few are counted, and of many the planner
        guesses by the size of the files."""
        if known >= 0:
            return known
        table = f"{quoted(schema)}.{quoted(name)}"
        first = f"SELECT count(*) FROM (SELECT FROM {table} LIMIT {MOST_COUNTED}) few"
        counted = int(self.rows(first)[0][0])
        if counted < MOST_COUNTED:
            return counted
        (plan,) = self.rows(f"EXPLAIN (FORMAT JSON) SELECT FROM {table}")[0][0]
        return max(counted, int(plan["Plan"]["Plan Rows"]))

    def identity(self) -> str:
        """Which database of which cluster this is; a standby is what it follows, and a restored
        dump is another."""
        may = self.rows("SELECT has_function_privilege('pg_control_system()', 'execute')")[0][0]
        cluster = (
            self.rows("SELECT system_identifier FROM pg_control_system()")[0][0] if may else ""
        )
        oid, name = self.rows(
            "SELECT oid::bigint, datname FROM pg_database WHERE datname = current_database()"
        )[0]
        return f"{cluster}/{oid}/{name}"

    def seen(self) -> dict[str, Seen]:
        """How each table is now, by its full name."""
        return {f"{row[0]}.{row[1]}": _seen(row) for row in self.rows(_TABLES)}

    def size_of(self, table: SourceTable, column: SourceColumn) -> Numeric:
        """How large the values of a numeric column are that no size was declared for."""
        name = quoted(column.name)
        whole, scale, special = self.rows(
            f"SELECT max(abs(trunc({name}))) FILTER (WHERE {name} < 'Infinity'"
            f" AND {name} > '-Infinity'), max(scale({name})),"
            f" coalesce(bool_or({name} IN ('NaN', 'Infinity', '-Infinity')), false)"
            f" FROM {relation(table)}"
        )[0]
        if special:
            raise SyncFailed(
                f"{table.id}.{column.name} holds NaN or Infinity, which no decimal of ClickHouse"
                " can hold.",
                hint=f"Correct the rows, make the column double precision, or {SKIP}.",
            )
        return Numeric(len(str(int(whole or 0))), scale or 0)

    def oldest_change(self) -> Any:
        """When the oldest transaction that is open now began, of those that this role may see, or
        now: what it wrote may carry a moment as old as that, and is not there yet."""
        return self.rows(
            "SELECT coalesce(min(xact_start), clock_timestamp()) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_xid IS NOT NULL"
        )[0][0]


@contextmanager
def opened(url: str) -> Iterator[Source]:
    """A connection that only reads, but for its own locks."""
    psycopg = driver()
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_S, application_name="datamind sync",
            **LOST,
        )  # fmt: skip
    except (psycopg.Error, ValueError) as fault:
        state = getattr(fault, "sqlstate", None)
        raise connection_fault(state, str(fault), redact(url)) from None
    host, port = parts.get("host") or "localhost", parts.get("port") or 5432
    with connection:
        for name, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.execute(_ENDS_WITH_US)
        yield Source(connection, f"{parts.get('dbname') or 'postgres'} on {host}:{port}")


def _seen(row: tuple[Any, ...]) -> Seen:
    shape = _hash(f"{row[7]} {row[8]}")
    return Seen(_hash(f"{row[6]} {shape}"), shape, row[3])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def quoted(name: str) -> str:
    """A name in double quotes, for both databases; psycopg's place-holders left alone."""
    return '"' + name.replace('"', '""') + '"'


def relation(table: SourceTable) -> str:
    """The table's full name in SQL."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"
