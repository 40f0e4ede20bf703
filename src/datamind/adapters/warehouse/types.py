"""What a database calls a type, as one of the catalog's column types."""

from __future__ import annotations

import re

from datamind.semantics.catalog import ColumnType
from datamind.semantics.traits import unwrapped

DUCKDB_TYPES: dict[str, ColumnType] = {
    "BOOLEAN": "boolean",
    "TINYINT": "integer",
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "UTINYINT": "integer",
    "USMALLINT": "integer",
    "UINTEGER": "integer",
    "UBIGINT": "integer",
    "UHUGEINT": "integer",
    "BIGNUM": "integer",
    "FLOAT": "float",
    "DOUBLE": "float",
    "VARCHAR": "text",
    "UUID": "text",
    "BIT": "text",
    "DATE": "date",
    "TIME": "time",
    "TIME_NS": "time",
    "TIME WITH TIME ZONE": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "INTERVAL": "interval",
}


def duckdb_type(native: str) -> ColumnType:
    """The catalog's type for what DuckDB calls `native`."""
    if native.endswith("]"):
        return "other"
    if native.startswith("DECIMAL"):
        return "decimal"
    if native.startswith("ENUM"):
        return "text"
    return DUCKDB_TYPES.get(native, "other")


# By the names that stand before their brackets; so for all lengths and units of one family.
CLICKHOUSE_TYPES: tuple[tuple[str, ColumnType], ...] = (
    (r"Bool", "boolean"),
    (r"U?Int(8|16|32|64|128|256)", "integer"),
    (r"Decimal(32|64|128|256)?", "decimal"),
    (r"B?Float(16|32|64)", "float"),
    (r"String|FixedString|UUID|IPv4|IPv6|Enum(8|16)?|Nothing", "text"),
    (r"Date|Date32", "date"),
    (r"DateTime|DateTime32|DateTime64", "timestamp"),
    (r"Time|Time64", "time"),
    (r"Interval\w+", "interval"),
)


def clickhouse_type(native: str) -> ColumnType:
    """The catalog's type for what ClickHouse calls `native`."""
    name = unwrapped(native).partition("(")[0]
    return next((kind for form, kind in CLICKHOUSE_TYPES if re.fullmatch(form, name)), "other")


# By the names that pg_type gives them.
POSTGRES_TYPES: dict[str, ColumnType] = {
    "bool": "boolean",
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "oid": "integer",
    "numeric": "decimal",
    "money": "text",
    "float4": "float",
    "float8": "float",
    "text": "text",
    "varchar": "text",
    "bpchar": "text",
    "char": "text",
    "name": "text",
    "citext": "text",
    "uuid": "text",
    "bit": "text",
    "varbit": "text",
    "inet": "text",
    "cidr": "text",
    "macaddr": "text",
    "unknown": "text",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "time": "time",
    "timetz": "time",
    "interval": "interval",
}


def postgres_type(native: str) -> ColumnType:
    """The catalog's type for the PostgreSQL type of this name."""
    return POSTGRES_TYPES.get(native, "other")
