"""The second wall on ClickHouse: what the warehouse's user may do beyond reading its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datamind.adapters.introspection.clickhouse import ClickHouseProbe, reading
from datamind.semantics.catalog import Table
from datamind.semantics.compiler.clickhouse import SETTINGS

_OWN = "lower(database) NOT IN ('system', 'information_schema')"
WRITES = ("INSERT", "ALTER UPDATE", "ALTER DELETE", "TRUNCATE", "DROP TABLE")
# Table functions that read what is no table of the database; grants are written in two ways.
SOURCES = (
    "FILE", "URL", "REMOTE", "S3", "AZURE", "HDFS", "POSTGRES", "MYSQL", "MONGO", "REDIS",
    "SQLITE", "ODBC", "JDBC",
)  # fmt: skip
POWERS = ("CREATE USER", "ROLE ADMIN", "ACCESS MANAGEMENT", "SYSTEM", "KILL QUERY",
          "CREATE DATABASE", "CREATE FUNCTION", "CREATE DICTIONARY")  # fmt: skip
CHECKED = 200  # tables at most: whoever may write to none of these was not given rights at large
SHOWN = 3
# What a query may take; ours to set lower where it is changeable.
LIMITED = (
    "cancel_http_readonly_queries_on_client_close = 1, max_memory_usage = 10000000000,"
    " max_execution_time = 60 CHANGEABLE_IN_READONLY,"
    " max_result_rows = 0 CHANGEABLE_IN_READONLY,"
    " result_overflow_mode = 'break' CHANGEABLE_IN_READONLY"
)


def too_much(url: str) -> list[str]:
    """What the URL's user may do beyond reading; a warehouse's user should have nothing here."""
    with reading(url) as probe:
        found = {
            "may write to": _written(probe),
            "may make things in": _made(probe),
            "may read files, addresses or other servers:": [
                source.lower() for source in SOURCES
                if probe.allows(f"READ ON {source}") or probe.allows(f"{source} ON *.*")
            ],
            "may do what is for administrators:": [
                power.lower() for power in POWERS if probe.allows(f"{power} ON *.*")
            ],
        }  # fmt: skip
    told = [f"{what} {_some(names)}" for what, names in found.items() if names]
    if not probe.is_held:
        told.append("is not held to reading by its settings profile (readonly is 0)")
    return told


def _written(probe: ClickHouseProbe) -> list[str]:
    tables = probe.rows(
        f"SELECT database, name FROM system.tables WHERE {_OWN} AND engine NOT LIKE '%View'"
        f" AND NOT startsWith(name, '.inner') ORDER BY 1, 2 LIMIT {CHECKED}"
    )
    return [
        f"{schema}.{name}" for schema, name in tables
        if any(probe.allows(f"{right} ON {_quoted(schema)}.{_quoted(name)}") for right in WRITES)
    ]  # fmt: skip


def _made(probe: ClickHouseProbe) -> list[str]:
    databases = probe.rows(f"SELECT DISTINCT database FROM system.tables WHERE {_OWN} ORDER BY 1")
    return [
        f"the database {name}" for (name,) in databases
        if probe.allows(f"CREATE TABLE ON {_quoted(name)}.*")
    ]  # fmt: skip


def _quoted(name: object) -> str:
    escaped = str(name).replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def grants(tables: Iterable[Table], user: str = "datamind_reader") -> str:
    """The statements that make a right user for these tables; run by an administrator."""
    schemas = sorted({table.schema for table in tables})
    fixed = ", ".join(f"{name} = {_value(value)}" for name, value in SETTINGS.items())
    lines = [
        f"CREATE SETTINGS PROFILE {user} SETTINGS readonly = 1, {fixed}, {LIMITED};",
        f"CREATE USER {user} IDENTIFIED WITH sha256_password BY '…' SETTINGS PROFILE '{user}';",
    ]
    lines += [f"GRANT SELECT ON {_quoted(schema)}.* TO {user};" for schema in schemas]
    return "\n".join(lines)


def _value(value: str) -> str:
    return value if value.isdigit() else f"'{value}'"
