"""Projections and skip indexes of a copy: checked, and written in ClickHouse's words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.adapters.sync.tables import Shortcut, SourceTable, TablePlan
from datamind.errors import BadInput

# What may be kept added up: these merge exactly, whatever parts the rows are in.
AGGREGATES = (exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max)
# What may stand within: always the same for the same row.
WITHIN = (
    exp.Column, exp.Identifier, exp.Literal, exp.Star, exp.Null, exp.Boolean, exp.Paren, exp.Neg,
    exp.Add, exp.Sub, exp.Mul, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Case, exp.If,
    exp.Coalesce, exp.Nullif, exp.And, exp.Or, exp.Not, exp.Is, exp.In,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
)  # fmt: skip


def measure_of(text: str) -> exp.Expression | None:
    """The aggregate, where it is one that may be kept."""
    try:
        found = sqlglot.parse_one(text, dialect="clickhouse")
    except SqlglotError:
        return None
    return found if isinstance(found, exp.Expression) and kept(found) else None


def kept(found: exp.Expression) -> bool:
    """Whether the aggregate may be kept added up."""
    return type(found) in AGGREGATES and all(
        type(node) in WITHIN for node in found.walk() if node is not found
    )


def checked(table: SourceTable, one: Shortcut) -> Shortcut:
    """The projection, where the table has what it names; else BadInput."""
    names = {c.name for c in table.columns}
    measures = [measure_of(text) for text in one.measures]
    if None in measures:
        wrong = one.measures[measures.index(None)]
        raise BadInput(
            f"{wrong!r}, of {one.name} of {table.id}, can't be kept added up.",
            hint="A measure is sum, count, avg, min or max of the table's own columns.",
        )
    missing = [name for name in named_by(one) if name not in names]
    if missing or not one.columns:
        what = f"names {missing[0]}, which the table has not" if missing else "names no columns"
        raise BadInput(f"{one.name} of {table.id} {what}.")
    return one


def named_by(one: Shortcut) -> list[str]:
    """The columns that it is made of."""
    measures = [measure_of(text) for text in one.measures]
    columns = (c for m in measures if m is not None for c in m.find_all(exp.Column))
    return [*one.columns, *(column.name for column in columns)]


def body_of(plan: TablePlan, one: Shortcut) -> str:
    """What is kept, over the columns as they are stored."""
    keys = ", ".join(plan.column(name).stored for name in one.columns)
    if not one.measures:
        return f"{keys} TYPE bloom_filter GRANULARITY 1"
    stored = {c.name: c.stored for c in plan.columns}
    measures = ", ".join(sorted(_stored(text, stored) for text in one.measures))
    return f"(SELECT {keys}, {measures} GROUP BY {keys})"


def name_of(plan: TablePlan, one: Shortcut) -> str:
    """What it is called in ClickHouse: another one, where it keeps something else."""
    types = "".join(c.type for c in plan.columns if c.name in one.columns)
    made = hashlib.sha256(f"{body_of(plan, one)} {types}".encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', one.name)[:60]}__{made}"


def _stored(text: str, stored: Mapping[str, str]) -> str:
    found = measure_of(text)
    if found is None:
        raise BadInput(f"{text!r} can't be kept added up.")
    for column in list(found.find_all(exp.Column)):
        column.replace(exp.column(stored[column.name]))
    return found.sql(dialect="clickhouse")
