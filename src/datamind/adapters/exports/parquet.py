"""Parquet files, written by DuckDB from rows that are spooled beside them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from datamind.adapters.exports.pouring import Columns, pour
from datamind.errors import ResultTooLarge
from datamind.records import Result, Scalar, Written

SETTINGS: dict[str, str | int | bool] = {
    "threads": 1, "memory_limit": "256MB", "autoload_known_extensions": False,
    "autoinstall_known_extensions": False, "python_enable_replacements": False,
}  # fmt: skip
MOST_DIGITS = 38  # of a decimal
# Where all values are null, by the column's type in the catalog.
USUAL = {
    "integer": "BIGINT", "decimal": "DECIMAL(18, 3)", "float": "DOUBLE", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP", "time": "TIME", "interval": "DOUBLE",
}  # fmt: skip
# By the kinds of values that a column holds; of the rest the values are texts.
TYPES = {
    frozenset({"float"}): "DOUBLE", frozenset({"whole", "float"}): "DOUBLE",
    frozenset({"decimal", "float"}): "DOUBLE", frozenset({"whole", "decimal", "float"}): "DOUBLE",
    frozenset({"boolean"}): "BOOLEAN", frozenset({"date"}): "DATE", frozenset({"time"}): "TIME",
    frozenset({"moment"}): "TIMESTAMP", frozenset({"zoned"}): "TIMESTAMPTZ",
    frozenset({"seconds"}): "DOUBLE",
}  # fmt: skip
NUMBERS = frozenset({"whole", "decimal"})


@dataclass
class _Column:
    """What is known of a column's values so far."""

    name: str
    usual: str
    kinds: set[str] = field(default_factory=set)
    before: int = 0  # digits before the point
    after: int = 0

    def spooled(self, value: Scalar) -> str | None:
        """The value as text, and noted."""
        if value is None:
            return None
        kind = _kind(value)
        self.kinds.add(kind)
        if kind in NUMBERS:
            self._measure(Decimal(value))  # type: ignore[arg-type]
        match value:
            case Decimal():
                return f"{value:f}"
            case str():  # halves of letters, which UTF-8 can't hold, as escapes
                return value.encode("utf-8", "backslashreplace").decode()
            case float() | bool() | int():
                return str(value)
            case dt.timedelta():
                return str(value.total_seconds())
        return value.isoformat()

    def _measure(self, value: Decimal) -> None:
        exponent = int(value.as_tuple().exponent)
        self.before = max(self.before, len(value.as_tuple().digits) + exponent)
        self.after = max(self.after, -exponent)

    @property
    def type(self) -> str:
        """The narrowest type that holds all values as they are."""
        if not self.kinds:
            return USUAL.get(self.usual, "VARCHAR")
        if not self.kinds <= NUMBERS:
            return TYPES.get(frozenset(self.kinds), "VARCHAR")
        if self.kinds == {"whole"} and self.before <= 18:
            return "BIGINT"
        digits = self.before + self.after
        return f"DECIMAL({max(digits, 1)}, {self.after})" if digits <= MOST_DIGITS else "VARCHAR"


def _kind(value: Scalar) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "whole"
        case float():
            return "float"
        case Decimal():
            return "decimal" if math.isfinite(value) else "float"
        case dt.datetime():
            return "moment" if value.tzinfo is None else "zoned"
        case dt.date():
            return "date"
        case dt.time():
            return "time" if value.tzinfo is None else "text"
        case dt.timedelta():
            return "seconds"
    return "text"


class ParquetFile:
    """Columns have the types that their values have; durations are seconds."""

    def write(self, batches: Iterator[Result], path: str) -> Written:
        """Write all rows."""
        spool = Path(path).with_suffix(".jsonl")
        columns: list[_Column] = []
        with spool.open("w", encoding="utf-8") as file:

            def head(found: Columns) -> None:
                columns.extend(_Column(c.name, c.type) for c in found)

            def body(part: Result) -> None:
                for row in part.rows:
                    texts = [c.spooled(v) for c, v in zip(columns, row, strict=True)]
                    said = {f"c{n}": text for n, text in enumerate(texts)}
                    file.write(json.dumps(said) + "\n")

            made = pour(batches, head, body)
        _convert(spool, path, columns)
        spool.unlink()
        return made


def _convert(spool: Path, path: str, columns: list[_Column]) -> None:
    import duckdb

    texts = ", ".join(f"c{n}: 'VARCHAR'" for n in range(len(columns)))
    typed = ", ".join(f"CAST(c{n} AS {c.type}) AS {_quoted(c.name)}" for n, c in enumerate(columns))
    settings: dict[str, str | bool | int | float | list[str]]
    settings = {**SETTINGS, "temp_directory": str(spool.parent)}
    with duckdb.connect(config=settings) as db:
        db.execute("SET TimeZone = 'UTC'")
        try:
            db.execute(
                f"COPY (SELECT {typed} FROM read_json($1, format = 'newline_delimited',"
                f" records = true, columns = {{{texts}}})) TO {_literal(path)} (FORMAT parquet)",
                [str(spool)],
            )
        except duckdb.Error:  # its own text may hold values
            raise ResultTooLarge(
                "The result could not be put into Parquet.", hint="Take csv, or ask for less."
            ) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
