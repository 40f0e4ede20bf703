"""Introspection of a PostgreSQL database, in one read-only transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datamind.adapters.introspection.survey import Declared, survey
from datamind.adapters.warehouse import redact
from datamind.adapters.warehouse.postgres_faults import connection_fault, query_fault
from datamind.errors import BadInput
from datamind.records import Scalar
from datamind.semantics.catalog import Catalog

if TYPE_CHECKING:
    from psycopg import Connection

STATEMENT_TIMEOUT_MS = 60_000

_TABLES = """
SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class'), c.relkind IN ('v', 'm')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_%'
  AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY 1, 2
"""
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       col_description(c.oid, a.attnum)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY 1, 2, a.attnum
"""
_CONSTRAINTS = """
SELECT n.nspname, c.relname, k.contype::text,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey)
          WITH ORDINALITY AS u(num, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
       fn.nspname, f.relname,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey)
          WITH ORDINALITY AS u(num, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num)
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.contype IN ('p', 'u', 'f') ORDER BY k.oid
"""


_WRITABLE = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_%'
  AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1, 2
"""


class PostgresProbe:
    """Rows of one statement of ours."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.connection = connection
        self.name = name

    def rows(self, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
        """All rows; the server's errors reworded."""
        import psycopg

        try:
            return self.connection.execute(sql.encode(), parameters or None).fetchall()
        except psycopg.Error as fault:
            raise query_fault(fault.sqlstate) from None


def introspect_postgres(url: str) -> Catalog:
    """The catalog of what the URL's user may read. There is no data version to be had."""
    try:
        import psycopg
    except ImportError:
        raise BadInput(
            "PostgreSQL needs the postgres extra.", hint="pip install 'datamind[postgres]'"
        ) from None
    name = redact(url)
    try:
        connection = psycopg.connect(url, connect_timeout=10)
    except (psycopg.Error, ValueError) as fault:
        state = getattr(fault, "sqlstate", None)
        raise connection_fault(state, str(fault), name) from None
    with connection:
        connection.read_only = True
        probe = PostgresProbe(connection, name)
        probe.rows(f"SELECT set_config('statement_timeout', '{STATEMENT_TIMEOUT_MS}', false)")
        return survey(
            probe,
            _declared(probe),
            dialect="postgres",
            default_schema="public",
            place=name,
            data_version="",
        )


def _texts(found: object) -> tuple[str, ...]:
    return tuple(str(item) for item in found) if isinstance(found, list) else ()


def _declared(probe: PostgresProbe) -> list[Declared]:
    found: dict[tuple[str, str], Declared] = {}
    for schema, name, comment, is_view in probe.rows(_TABLES):
        key = (str(schema), str(name))
        found[key] = Declared(*key, [], str(comment or ""), bool(is_view))
    for schema, table, column, native, nullable, comment in probe.rows(_COLUMNS):
        declared = found.get((str(schema), str(table)))
        if declared is not None:
            declared.columns.append((str(column), str(native), bool(nullable), str(comment or "")))
    for row in probe.rows(_CONSTRAINTS):
        declared = found.get((str(row[0]), str(row[1])))
        columns, target = _texts(row[3]), _texts(row[6])
        if declared is None or not columns:
            continue
        if row[2] == "p":
            declared.primary_key = columns
        elif row[2] == "u":
            declared.unique_keys.append(columns)
        elif target:
            declared.references.append((columns, str(row[4]), str(row[5]), target))
    return [d for d in found.values() if d.columns]


def writable_relations(url: str) -> list[str]:
    """Relations that the URL's user may change: a warehouse role should have none."""
    import psycopg

    try:
        connection = psycopg.connect(url, connect_timeout=10)
    except (psycopg.Error, ValueError) as fault:
        raise connection_fault(getattr(fault, "sqlstate", None), str(fault), redact(url)) from None
    with connection:
        connection.read_only = True
        rows = PostgresProbe(connection, redact(url)).rows(_WRITABLE)
    return [f"{schema}.{name}" for schema, name in rows]
