"""Introspection of a PostgreSQL database, in one read-only transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from datamind.adapters.introspection.survey import Declared, survey
from datamind.adapters.warehouse import redact
from datamind.adapters.warehouse.postgres_faults import connection_fault, query_fault
from datamind.errors import BadInput
from datamind.records import Scalar
from datamind.semantics.catalog import Catalog

if TYPE_CHECKING:
    from psycopg import Connection

# Names are read with nothing in their way, and dates are written alike whoever reads them.
_SETTINGS = {
    "statement_timeout": "60s",
    "lock_timeout": "5s",
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
}

_TABLES = """
SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class'), c.relkind IN ('v', 'm'),
       c.relkind IN ('r', 'p'), c.reltuples::bigint
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND has_any_column_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
  AND NOT EXISTS (  -- what extensions brought along
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_COLUMNS = """
WITH RECURSIVE base AS (
  SELECT oid, oid AS type, typtype, typbasetype, -1 AS mod FROM pg_catalog.pg_type
  UNION ALL
  SELECT b.oid, t.oid, t.typtype, t.typbasetype, d.typtypmod FROM base b
  JOIN pg_catalog.pg_type d ON d.oid = b.type JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype
  WHERE b.typtype = 'd'
)
SELECT n.nspname, c.relname, a.attname,
       CASE WHEN b.typtype = 'e' THEN 'enum ' ELSE '' END
         || format_type(b.type, CASE WHEN b.oid = b.type THEN a.atttypmod ELSE b.mod END)
         || CASE WHEN a.attcollation IN (0, 'pg_catalog."default"'::regcollation) THEN ''
            ELSE ' COLLATE ' || a.attcollation::regcollation END,
       NOT a.attnotnull, col_description(c.oid, a.attnum)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN base b ON b.oid = a.atttypid AND b.typtype <> 'd'
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
WHERE k.contype IN ('p', 'u', 'f') ORDER BY n.nspname, c.relname, k.conname
"""
_UNIQUE = """
SELECT n.nspname, c.relname,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(i.indkey::smallint[])
          WITH ORDINALITY AS u(num, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.num
          WHERE u.place <= i.indnkeyatts)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND NOT i.indisprimary AND i.indpred IS NULL
  AND i.indexprs IS NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype = 'u')
ORDER BY 1, 2, 3
"""


class PostgresProbe:
    """Rows of one statement of ours."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.connection = connection
        self.name = name

    def rows(self, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
        """All rows; the server's errors reworded, and the transaction still good after one."""
        import psycopg

        try:
            with self.connection.transaction():
                return self.connection.execute(sql.encode(), parameters or None).fetchall()
        except psycopg.Error as fault:
            raise query_fault(fault.sqlstate) from None


@contextmanager
def reading(url: str) -> Iterator[PostgresProbe]:
    """A probe that reads in one transaction."""
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
        yield PostgresProbe(connection, name)


def introspect_postgres(url: str) -> Catalog:
    """The catalog of what the URL's user may read. There is no data version to be had."""
    with reading(url) as probe:
        for setting, value in _SETTINGS.items():
            probe.connection.execute("SELECT set_config(%s, %s, true)", (setting, value))
        return survey(
            probe, _declared(probe), dialect="postgres", default_schema="public",
            place=probe.name, data_version="",
        )  # fmt: skip


def _texts(found: object) -> tuple[str, ...]:
    return tuple(str(item) for item in found) if isinstance(found, list) else ()


def _declared(probe: PostgresProbe) -> list[Declared]:
    found: dict[tuple[str, str], Declared] = {}
    for schema, name, comment, is_view, is_stored, estimate in probe.rows(_TABLES):
        key = (str(schema), str(name))
        found[key] = Declared(
            *key, [], str(comment or ""), bool(is_view), bool(is_stored), int(str(estimate))
        )
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
    for schema, table, names in probe.rows(_UNIQUE):
        declared = found.get((str(schema), str(table)))
        if declared is not None and _texts(names):
            declared.unique_keys.append(_texts(names))
    return [d for d in map(_readable, found.values()) if d.columns]


def _readable(declared: Declared) -> Declared:
    """The table without keys that this role can't read in full."""
    names = {name for name, *_ in declared.columns}
    return replace(
        declared,
        primary_key=declared.primary_key if names.issuperset(declared.primary_key) else (),
        unique_keys=[k for k in declared.unique_keys if names.issuperset(k)],
        references=[r for r in declared.references if names.issuperset(r[0])],
    )
