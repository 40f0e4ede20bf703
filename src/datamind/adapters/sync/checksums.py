"""Checksums of a table by ranges of its key, in SQL for both databases, equal where the rows are.

A row is written out as the text of each value and what tells where it ends, its hash is the first
60 bits of the MD5 of that, and a range has the number of its rows and the sum of their hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datamind.adapters.sync.source import quoted
from datamind.adapters.sync.tables import Column, TablePlan

ROWS_A_RANGE = 50_000
MOST_RANGES = 20_000
HASHED = 1 << 32
Sums = dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Spread:
    """How a table is cut into `count` ranges: by the numbers of an integer column, each `width`
    wide from `first` on, so that an index serves; or else by the hash of its identity."""

    count: int
    column: Column | None = None
    first: int = 0
    width: int = 1

    def postgres(self, plan: TablePlan) -> str:
        """The number of a row's range."""
        if self.count == 1:
            return "0"
        if self.column is not None:
            at = f"({quoted(self.column.name)}::bigint - ({self.first})) / {self.width}"
            return f"least(greatest({at}, 0), {self.count - 1})"
        hashed = _postgres_hash(plan.identified, 8, 32)
        return f"({hashed} * {self.count} / {HASHED})"

    def clickhouse(self, plan: TablePlan) -> str:
        """The same."""
        if self.count == 1:
            return "0"
        if self.column is not None:
            at = f"intDiv(toInt128({self.column.stored}) - ({self.first}), {self.width})"
            return f"toInt64(least(greatest({at}, 0), {self.count - 1}))"
        hashed = f"bitShiftRight({_clickhouse_hash(plan.identified)}, 32)"
        return f"toInt64(intDiv({hashed} * {self.count}, {HASHED}))"

    def postgres_where(self, plan: TablePlan, ranges: Sequence[int]) -> str:
        """The rows of these ranges, which follow each other where an index serves."""
        if len(ranges) == self.count:
            return "true"
        if self.column is None:
            return f"{self.postgres(plan)} IN ({', '.join(map(str, ranges))})"
        name = quoted(self.column.name)
        low = self.first + min(ranges) * self.width
        high = self.first + (max(ranges) + 1) * self.width
        parts = [f"{name} >= {low}"] if min(ranges) > 0 else []
        parts += [f"{name} < {high}"] if max(ranges) < self.count - 1 else []
        return " AND ".join(parts) or "true"

    def clickhouse_where(self, plan: TablePlan, ranges: Sequence[int]) -> str:
        """The same."""
        if len(ranges) == self.count:
            return "1"
        return f"{self.clickhouse(plan)} IN ({', '.join(map(str, ranges))})"


def spread_of(
    column: Column | None, rows: int, least: int | None, most: int | None,
    a_range: int = ROWS_A_RANGE,
) -> Spread:  # fmt: skip
    """About so many rows a range; the column's values lie between `least` and `most`."""
    count = max(1, min(MOST_RANGES, -(-rows // a_range)))
    if column is None or least is None or most is None or most - least > 1 << 62:
        return Spread(count)
    count = min(count, most - least + 1)
    width = -(-(most - least + 1) // count)
    return Spread(-(-(most - least + 1) // width), column, least, width)


def postgres_sums(plan: TablePlan, spread: Spread, relation: str, where: str = "true") -> str:
    """Range, rows and sum of hashes, in PostgreSQL."""
    return (
        f"SELECT {spread.postgres(plan)}::bigint AS at, count(*),"
        f" sum({_postgres_hash(plan.columns, 15, 60)}) FROM {relation} WHERE {where} GROUP BY 1"
    )


def clickhouse_sums(plan: TablePlan, spread: Spread, source: str, where: str = "1") -> str:
    """The same in ClickHouse; `source` is a table or a subquery of ours."""
    return (
        f"SELECT {spread.clickhouse(plan)} AS at, count() AS n,"
        f" toString(sum(toUInt128({row_hash(plan.columns)}))) AS s"
        f" FROM (SELECT * FROM {source}) WHERE {where} GROUP BY at"
    )


def row_hash(columns: Sequence[Column]) -> str:
    """The 60 bits of a row's hash, in ClickHouse."""
    return f"bitShiftRight({_clickhouse_hash(columns)}, 4)"


def _postgres_hash(columns: Sequence[Column], digits: int, bits: int) -> str:
    parts = (f"coalesce({c.kind.written(quoted(c.name))[0]}, '-')" for c in columns)
    return f"('x' || left(md5({' || '.join(parts)}), {digits}))::bit({bits})::bigint"


def _clickhouse_hash(columns: Sequence[Column]) -> str:
    parts = []
    for column in columns:
        said = column.kind.written(column.stored)[1]
        nullable = "Nullable(" in column.type and not column.type.startswith("Array")
        parts.append(f"ifNull({said}, '-')" if nullable else said)
    whole = f"concat({', '.join(parts)})" if len(parts) > 1 else parts[0]
    return f"reinterpretAsUInt64(reverse(substring(MD5({whole}), 1, 8)))"
