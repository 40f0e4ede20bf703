"""Copies a table and keeps its copy equal, one range of its key at a time.

A first copy, a copy that was interrupted, a row that was changed late and one that was deleted are
all the same thing: a range whose checksum is not what it is in PostgreSQL, and is read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from datamind.adapters.sync import checksums
from datamind.adapters.sync.checksums import Spread, Sums, row_hash, spread_of
from datamind.adapters.sync.ddl import DELETED, VERSION, at, create_stage, live, stage_of
from datamind.adapters.sync.planning import INTEGERS
from datamind.adapters.sync.source import Source, quoted, relation
from datamind.adapters.sync.tables import SKIP, Column, TablePlan
from datamind.adapters.sync.target import Target
from datamind.errors import SyncFailed

BLOCK = 8 << 20  # bytes that are inserted at once
RANGES_AT_ONCE = 20
HASHED_AT_ONCE = 100
# ClickHouse's answers are waited for until they hold for all who read.
WAITED = {"mutations_sync": 2, "alter_sync": 2}
# A table whose old rows are more than this share of all is merged.
WASTE = 0.1
Progress = Callable[[int], None]


@dataclass
class Copying:
    """One table on its way from the source's snapshot into `base`. `progress` hears how many rows
    were read so far; `written` and `deleted` are rows of ClickHouse."""

    source: Source
    target: Target
    plan: TablePlan
    base: str
    progress: Progress
    rows_a_range: int = checksums.ROWS_A_RANGE
    before_writing: Callable[[str], None] = lambda base: None
    written: int = 0
    deleted: int = 0
    ranges: int = 0
    read: int = 0
    replaced: bool = False
    _version: int = field(default=0, init=False)

    def whole(self) -> Sums:
        """Load a table that has no key; the base is empty."""
        self._copy(self.base, self._select("true", "0"))
        return self._proven(Spread(1))

    def changed_since(self, low: str) -> None:
        """Bring over what carries a watermark of `low` or later."""
        name = quoted(self.plan.watermark or "")
        native = self.plan.column(self.plan.watermark or "").native
        self._through_stage(f"{name} >= {_literal(low)}::{native}", None)

    def reconcile(self) -> Sums:
        """Compare all ranges, and read those again that differ; returns PostgreSQL's sums.
        SyncFailed where they still differ then."""
        spread = self._spread()
        theirs = self._postgres(spread)
        ours = self._clickhouse(spread)
        differing = [n for n in range(spread.count) if theirs.get(n) != ours.get(n)]
        self.ranges += len(differing)
        for some in _together(differing, spread, anew=not ours):
            where = spread.postgres_where(self.plan, some)
            if any(n in ours for n in some):
                self._through_stage(where, spread.clickhouse_where(self.plan, some))
            else:
                self._to_be_replaced()
                self._copy(self.base, self._select(where, str(self._next_version())))
        if differing:
            left = self._clickhouse(spread, spread.clickhouse_where(self.plan, differing))
            wrong = [n for n in differing if theirs.get(n) != left.get(n)]
            if wrong:
                raise self._unequal(spread, wrong[0])
        return theirs

    def tidy(self, *, always: bool) -> None:
        """Merge the table where much of it is old, so that reading each row once costs nothing."""
        stored, there, gone = self._counts()
        if not stored or not (always or stored - there > WASTE * stored):
            return
        merged = {**WAITED, "optimize_skip_merged_partitions": 1}
        self.target.run(f"OPTIMIZE TABLE {at(self.base)} FINAL", merged)
        stored, there, gone = self._counts()
        # A mark may go only once nothing older is left that it covers.
        if gone and stored == there + gone:
            self.target.run(f"ALTER TABLE {at(self.base)} DELETE WHERE {DELETED} = 1", WAITED)

    def _to_be_replaced(self) -> None:
        if not self.replaced:
            self.before_writing(self.base)
            self.replaced = True

    def clean(self) -> bool:
        """Whether each row is stored once, and none that is gone."""
        stored, there, gone = self._counts()
        return stored == there and not gone

    def _counts(self) -> tuple[int, int, int]:
        """Rows that are stored, that are there, and that are marked as deleted."""
        stored = self.target.rows(f"SELECT count() FROM {at(self.base)}")[0][0]
        if not self.plan.identity:
            return stored, stored, 0
        found = self.target.rows(
            f"SELECT countIf({DELETED} = 0), countIf({DELETED} = 1) FROM {at(self.base)} FINAL"
        )
        return stored, *found[0]

    def _spread(self) -> Spread:
        first = self.plan.identified[0]
        table = relation(self.plan.source)
        column, least, most = None, None, None
        if first.native in INTEGERS and first.name in self.plan.source.indexed:
            column, name = first, quoted(first.name)
            least, most = self.source.rows(f"SELECT min({name}), max({name}) FROM {table}")[0]
        rows = self.plan.source.rows
        if rows < self.rows_a_range:  # an estimate may be far too low
            rows = self.source.rows(f"SELECT count(*) FROM {table}")[0][0]
        return spread_of(column, rows, least, most, self.rows_a_range)

    def _postgres(self, spread: Spread) -> Sums:
        table = relation(self.plan.source)
        sql = checksums.postgres_sums(self.plan, spread, table)
        return {at: (rows, int(total)) for at, rows, total in self.source.rows(sql)}

    def _clickhouse(self, spread: Spread, where: str = "1") -> Sums:
        sql = checksums.clickhouse_sums(self.plan, spread, live(self.base, self.plan), where)
        return {int(at): (int(rows), int(total)) for at, rows, total in self.target.rows(sql)}

    def _proven(self, spread: Spread) -> Sums:
        theirs, ours = self._postgres(spread), self._clickhouse(spread)
        if theirs != ours:
            raise self._unequal(spread, 0)
        return theirs

    def _unequal(self, spread: Spread, at: int) -> SyncFailed:
        """Says which columns are not the same on both sides, of the first range that is not."""
        wrong = [c.name for c in self.plan.columns if self._differs(c, spread, at)]
        what = f": {', '.join(wrong)}" if wrong else ""
        return SyncFailed(
            f"{self.plan.id} is not the same in ClickHouse after it was copied{what}.",
            hint="A value does not fit its column's type in ClickHouse: a numeric with more"
            " digits, or a date outside of 1900 to 2299. Run the sync with --again to choose types"
            f" anew, or {SKIP}.",
        )

    def _named(self, message: str) -> str:
        """The message with the column's own name in it."""
        names = {c.stored: c.name for c in self.plan.columns}
        return re.sub(r"\(column (c\d+)\)", lambda m: f"(column {names.get(m[1], m[1])})", message)

    def _differs(self, column: Column, spread: Spread, at: int) -> bool:
        alone = replace(self.plan, columns=(column,))
        table = relation(self.plan.source)
        where = spread.postgres_where(self.plan, [at])
        theirs = self.source.rows(checksums.postgres_sums(alone, Spread(1), table, where))
        sql = checksums.clickhouse_sums(
            alone, Spread(1), live(self.base, self.plan), spread.clickhouse_where(self.plan, [at])
        )
        ours = self.target.rows(sql)
        return [(n, int(s)) for _, n, s in theirs] != [(n, int(s)) for _, n, s in ours]

    def _through_stage(self, where: str, ranges: str | None) -> None:
        """Bring over the rows; those that are no more in `ranges`, if any are given, go. Whoever
        reads meanwhile sees the old row or the new one, never none and never both."""
        stage, base = at(stage_of(self.base)), at(self.base)
        self.target.run(create_stage(self.base))
        version = str(self._next_version())
        copied = self._copy(stage_of(self.base), self._select(where, version))
        if copied or ranges is not None:
            self._to_be_replaced()
            columns = ", ".join([*(c.stored for c in self.plan.columns), VERSION, DELETED])
            identity = _tuple(self.plan.identified)
            there = f"(SELECT * FROM {live(self.base, self.plan)})"
            within = ranges or f"{identity} IN (SELECT {identity} FROM {stage})"
            hashed = f"({identity}, {row_hash(self.plan.columns)})"
            self.target.run(
                f"INSERT INTO {base} ({columns}) SELECT {columns} FROM {stage}"
                f" WHERE {hashed} NOT IN (SELECT {hashed} FROM {there} WHERE {within})"
            )
        if ranges is not None:
            kept = ", ".join([*(c.stored for c in self.plan.columns), version, "1"])
            self.target.run(
                f"INSERT INTO {base} ({columns}) SELECT {kept} FROM {there} WHERE {ranges}"
                f" AND {identity} NOT IN (SELECT {identity} FROM {stage})"
            )
        self.target.run(f"DROP TABLE IF EXISTS {stage}")
        self._count(version)

    def _count(self, version: str) -> None:
        """What was written as this version."""
        written, deleted = self.target.rows(
            f"SELECT countIf({DELETED} = 0), countIf({DELETED} = 1) FROM {at(self.base)}"
            f" WHERE {VERSION} = {version}"
        )[0]
        self.written += written
        self.deleted += deleted

    def _next_version(self) -> int:
        """Newer than all that is there: by the data itself, so that no clock can set it back."""
        if not self._version:
            found = self.target.rows(f"SELECT max({VERSION}) FROM {at(self.base)}")
            self._version = int(found[0][0])
        self._version += 1
        return self._version

    def _select(self, where: str, version: str) -> str:
        shown = [c.kind.copied.format(quoted(c.name)) for c in self.plan.columns]
        return (
            f"SELECT {', '.join([*shown, version])} FROM {relation(self.plan.source)} WHERE {where}"
        )

    def _copy(self, into: str, query: str) -> int:
        columns = ", ".join([*(c.stored for c in self.plan.columns), VERSION])
        rows = 0
        for count, block in _blocks(self.source.copied(query)):
            try:
                self.target.insert(at(into), columns, block)
            except SyncFailed as fault:
                raise SyncFailed(self._named(fault.message), hint=fault.hint) from None
            rows += count
            self.read += count
            self.progress(self.read)
        if into == self.base:
            self.written += rows
        return rows


def _blocks(lines: Iterator[memoryview]) -> Iterator[tuple[int, bytes]]:
    """Rows put together into blocks, with how many each holds."""
    block, rows = bytearray(), 0
    for line in lines:
        block += line
        rows += 1
        if len(block) >= BLOCK:
            yield rows, bytes(block)
            block, rows = bytearray(), 0
    if rows:
        yield rows, bytes(block)


def _together(ranges: Sequence[int], spread: Spread, *, anew: bool) -> list[list[int]]:
    """Ranges that are read at once: neighbours where an index serves, else many, for each reading
    takes the whole table."""
    if spread.column is None:
        most = len(ranges) if anew else HASHED_AT_ONCE
        return [list(ranges[i : i + most]) for i in range(0, len(ranges), most or 1)]
    found: list[list[int]] = []
    for _, run in groupby(enumerate(ranges), lambda pair: pair[1] - pair[0]):
        row = [n for _, n in run]
        found += [row[i : i + RANGES_AT_ONCE] for i in range(0, len(row), RANGES_AT_ONCE)]
    return found


def _tuple(columns: Sequence[Column]) -> str:
    names = ", ".join(c.stored for c in columns)
    return f"tuple({names})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
