"""Suggests projections and skip indexes for a table, from what its questions do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from datamind.adapters.sync.shortcuts import measure_of
from datamind.adapters.sync.tables import Shortcut, SourceColumn, SourceTable
from datamind.semantics.usage import TableUse

# Smaller tables are read whole in no time.
LEAST_ROWS = 100_000
# It has to recur: so often, and in such a share of all questions.
LEAST_TIMES = 3
LEAST_SHARE = 0.02
# Groups have to be fewer than rows by this factor, or reading them saves little.
ROWS_A_GROUP = 20
# Each is written at each change of the table.
MOST_PROJECTIONS = 3
MOST_INDEXES = 2
# With fewer values each of them is in nearly every block of rows.
LEAST_VALUES = 1_000
INDEXED = re.compile(r"smallint|integer|bigint|text|uuid|character")


@dataclass
class _Projection:
    """A projection in the making: it serves all that was asked of it so far."""

    keys: frozenset[str]
    measures: frozenset[str]
    times: int


def suggested(table: SourceTable, use: TableUse | None, questions: int) -> tuple[Shortcut, ...]:
    """What would spare most reading, the most asked for first, each with its reason."""
    if use is None or table.rows < LEAST_ROWS:
        return ()
    least = max(LEAST_TIMES, LEAST_SHARE * questions)
    of = f"of {questions:,} questions"
    made = [
        Shortcut(
            "by_" + "_".join(sorted(one.keys)), tuple(sorted(one.keys)),
            tuple(sorted(one.measures)), f"which serves {one.times:,} {of}", True,
        )
        for one in _projections(table, use, least)
    ]  # fmt: skip
    columns = {c.name: c for c in table.columns}
    matched = [
        (times, name) for name, times in use.matched.items()
        if times >= least and name in columns and name not in table.key[:1]
        and INDEXED.match(columns[name].native) and _values(columns[name], table) >= LEAST_VALUES
    ]  # fmt: skip
    made += [
        Shortcut(f"index_{name}", (name,), (), f"filtered by in {times:,} {of}", True)
        for times, name in sorted(matched, key=lambda m: (-m[0], m[1]))[:MOST_INDEXES]
    ]
    return tuple(made)


def told(use: TableUse | None, questions: int) -> str:
    """The use in a line."""
    if use is None:
        return f"none of {questions:,} questions read it"
    return "; ".join((
        f"read by {use.read:,} of {questions:,} questions",
        *_most("filtered by", use.filtered), *_most("grouped by", use.grouped),
    ))  # fmt: skip


def _most(what: str, counts: Mapping[str, int]) -> Iterable[str]:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:4]
    if most:
        yield f"{what} {', '.join(f'{name} ({times:,})' for name, times in most)}"


def _projections(table: SourceTable, use: TableUse, least: float) -> list[_Projection]:
    """Groupings are put together as long as their groups stay few."""
    columns = {c.name for c in table.columns}
    made: list[_Projection] = []
    for asked, times in sorted(
        use.groupings.items(), key=lambda item: (-item[1], sorted(item[0].keys))
    ):
        if not asked.keys or not columns.issuperset(asked.keys):
            continue
        if any(measure_of(text) is None for text in asked.measures):
            continue
        for one in made:
            if _few(table, one.keys | asked.keys):
                one.keys |= asked.keys
                one.measures |= asked.measures
                one.times += times
                break
        else:
            if _few(table, asked.keys):
                made.append(_Projection(asked.keys, asked.measures, times))
    enough = [one for one in made if one.times >= least]
    return sorted(enough, key=lambda one: -one.times)[:MOST_PROJECTIONS]


def _few(table: SourceTable, keys: frozenset[str]) -> bool:
    groups = 1.0
    for column in table.columns:
        if column.name in keys:
            groups *= max(1.0, _values(column, table)) + column.nullable
    return groups * ROWS_A_GROUP <= table.rows


def _values(column: SourceColumn, table: SourceTable) -> float:
    """How many values it has: as many as rows where PostgreSQL has no statistics of it."""
    if column.native == "boolean":
        return 2.0
    if column.distinct is None:
        return float(table.rows)
    return column.distinct if column.distinct >= 0 else -column.distinct * table.rows
