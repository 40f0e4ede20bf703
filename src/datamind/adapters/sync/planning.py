"""Decides how each table is kept in ClickHouse, and says why; a person's choices come first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from datamind.adapters.sync.shortcuts import checked, named_by
from datamind.adapters.sync.tables import (
    Choices,
    Column,
    Shortcut,
    SourceColumn,
    SourceTable,
    State,
    TablePlan,
)
from datamind.adapters.sync.types import Numeric, kind_of, numeric_as, with_null
from datamind.errors import BadInput

# A dictionary of a column's values pays off up to about so many.
MOST_IN_DICTIONARY = 10_000
# Columns that by their name move with each change of a row; the first that there is.
WATERMARKS = (
    "updated_at modified_at last_updated last_updated_at last_modified last_modified_at changed_at"
    " update_time modified_on updated_on modified updated last_update"
).split()
MOMENTS = ("timestamp without time zone", "timestamp with time zone")
INTEGERS = ("smallint", "integer", "bigint")
STRINGS = ("String", "Nullable(String)")


def plan_of(
    table: SourceTable, choices: Choices, sizes: Mapping[str, Numeric], state: State | None = None,
    asked: Sequence[Shortcut] | None = None,
) -> TablePlan:  # fmt: skip
    """How the table is kept. `sizes` says what numeric columns hold for which no size is declared;
    where a copy is there already, its columns keep the types that they have. `asked` are the
    projections that the history suggests; None where it was not looked at: those stay that are."""
    reasons: list[str] = []
    kept = {(n, native): type for n, _, native, type in state.columns} if state else {}
    identity = _identity(table, choices, reasons)
    dictionary = _dictionary(table, choices, identity, reasons)
    columns = tuple(
        _column(c, sizes.get(c.name), kept.get((c.number, c.native)), c.name in dictionary)
        for c in table.columns
    )
    notes = [f"{c.name}: {c.kind.note}" for c in columns if c.kind.note]
    if table.closed:
        notes.append("columns that our role may not read are left out")
    if not identity:
        notes.append("there is no key: the table is loaded anew whenever it changed")
    watermark = _watermark(table, choices, reasons) if identity else None
    minutes = choices.reconcile_minutes or 0
    if minutes and watermark is not None:
        notes.append(f"deletes are seen every {minutes} minutes, as was chosen")
    partition = _partition(table, choices, identity, reasons)
    shortcuts = _shortcuts(table, choices, _suggested(table, asked, state), reasons)
    notes += [
        f"order_by [{', '.join((*one.columns, *table.key))}] would serve better than {one.name},"
        f" and cost nothing: choose it if {one.columns[0]} never changes within a row"
        for one in shortcuts
        if one.asked and not one.measures and identity and choices.order_by is None
    ]
    return TablePlan(
        table, columns, identity, partition, watermark, minutes if watermark else 0,
        tuple(reasons), tuple(notes), shortcuts,
    )  # fmt: skip


def why_not(table: SourceTable) -> str | None:
    """Why the table can't be synced, if so."""
    if table.seen.secured:
        return "row security keeps some of its rows from our role: a copy would not be whole"
    if not table.columns:
        return "our role may read none of its columns"
    if any(c in table.schema + table.name for c in "\\`"):
        return "its name holds a character that ClickHouse's names can't"
    if any("\\" in column.name for column in table.columns):
        return "the name of a column holds a backslash, which ends a name in ClickHouse"
    if table.schema in ("system", "default", "datamind_sync", "INFORMATION_SCHEMA"):
        return f"ClickHouse has a database of its own that is called {table.schema}"
    return None


def _identity(table: SourceTable, choices: Choices, reasons: list[str]) -> tuple[str, ...]:
    names = {c.name for c in table.columns}
    if choices.order_by is None:
        if table.key:
            reasons.append(f"ORDER BY its key ({', '.join(table.key)})")
        return table.key
    missing = [n for n in choices.order_by if n not in names]
    if missing:
        raise BadInput(f"order_by of {table.id} names {missing[0]}, which the table has not.")
    if not table.key:
        raise BadInput(
            f"order_by of {table.id} can't be chosen: the table has no key.",
            hint="Give it a primary key, or a unique index over columns that are never null.",
        )
    if not set(table.key) <= set(choices.order_by):
        raise BadInput(
            f"order_by of {table.id} has to hold its key ({', '.join(table.key)}).",
            hint="Else two rows could be taken for one.",
        )
    if any(c.nullable for c in table.columns if c.name in choices.order_by):
        raise BadInput(f"order_by of {table.id} names a column that may be null.")
    reasons.append(f"ORDER BY {', '.join(choices.order_by)}, as was chosen")
    return choices.order_by


def _dictionary(
    table: SourceTable, choices: Choices, identity: tuple[str, ...], reasons: list[str]
) -> frozenset[str]:
    if choices.low_cardinality is not None:
        return frozenset(choices.low_cardinality)
    found = frozenset(
        c.name for c in table.columns
        if c.distinct is not None and 0 < c.distinct <= MOST_IN_DICTIONARY
        and c.name not in identity
        and kind_of(c.native, enum=c.enum, nullable=c.nullable).clickhouse == "String"
    )  # fmt: skip
    if found:
        reasons.append(f"LowCardinality for {', '.join(sorted(found))}: they have few values")
    return found


def _column(column: SourceColumn, size: Numeric | None, kept: str | None, few: bool) -> Column:
    kind = kind_of(column.native, enum=column.enum, nullable=column.nullable, found=size)
    if kept is not None and column.native == "numeric":
        kind = numeric_as(kept)
    type = with_null(kind.clickhouse, column.nullable)
    if few and type in STRINGS:
        type = f"LowCardinality({type})"
    return Column(column.number, column.name, column.native, kept or type, kind)


def _watermark(table: SourceTable, choices: Choices, reasons: list[str]) -> str | None:
    by_name = {c.name: c for c in table.columns}
    if choices.watermark is not None:
        column = by_name.get(choices.watermark)
        if column is None or not column.native.startswith((*MOMENTS, "timestamp", *INTEGERS)):
            raise BadInput(
                f"watermark of {table.id} is {choices.watermark!r}, which is no moment or number."
            )
        reasons.append(f"changes are read by {column.name}, as was chosen")
        return column.name
    for name in WATERMARKS:
        column = by_name.get(name)
        if column is not None and column.native.startswith("timestamp"):
            plain = "" if name in table.indexed else ", which an index would make cheaper"
            reasons.append(f"changes are read by {name}{plain}, all else is found by checksums")
            return name
    reasons.append("no column tells of changes: they are found by checksums")
    return None


def _partition(
    table: SourceTable, choices: Choices, identity: tuple[str, ...], reasons: list[str]
) -> str | None:
    """A row that moved to another partition would be in both: only the identity may decide."""
    if choices.partition_by is not None:
        named = [
            c.name for c in table.columns
            if re.search(rf"(?<!\w){re.escape(c.name)}(?!\w)", choices.partition_by)
        ]  # fmt: skip
        if not named or not set(named) <= set(identity):
            raise BadInput(
                f"partition_by of {table.id} has to be made of its order_by columns alone.",
                hint="A row that changed its partition would be in both of them.",
            )
        reasons.append(f"PARTITION BY {choices.partition_by}, as was chosen")
        return choices.partition_by
    for column in table.columns:
        if column.name in identity and (
            column.native == "date" or column.native.startswith("timestamp")
        ):
            reasons.append(f"PARTITION BY the year of {column.name}, which is part of the key")
            return f"toYear({column.name})"
    return None


def _suggested(
    table: SourceTable, asked: Sequence[Shortcut] | None, state: State | None
) -> list[Shortcut]:
    if asked is None:
        asked = [p for p in state.shortcuts if p.asked] if state is not None else []
    there = {c.name for c in table.columns}
    return [p for p in asked if there.issuperset(named_by(p))]


def _shortcuts(
    table: SourceTable, choices: Choices, asked: Sequence[Shortcut], reasons: list[str]
) -> tuple[Shortcut, ...]:
    """A person's projections, and what the history suggests beside them."""
    chosen = [checked(table, one) for one in choices.shortcuts or ()]
    taken = {p.name for p in chosen} | set(choices.refused or ())
    kept = {p.kept for p in chosen}
    made = list(chosen)
    if choices.history is not False:
        made += [p for p in asked if p.name not in taken and p.kept not in kept]
    for one in made:
        columns = ", ".join(one.columns)
        what = (
            f"PROJECTION {one.name}: {', '.join(one.measures)} by {columns}" if one.measures
            else f"INDEX {one.name}: where {columns} may be"
        )  # fmt: skip
        reasons.append(f"{what}, {one.reason}")
    reasons += [f"no {p.name}, as was chosen" for p in asked if p.name in taken]
    return tuple(made)


def columns_of(plan: TablePlan) -> tuple[tuple[int, str, str, str], ...]:
    """What the state remembers of the columns: number, name, PostgreSQL's type, ClickHouse's."""
    return tuple((c.number, c.name, c.native, c.type) for c in plan.columns)
