"""The time from one moment to another, as an expression: how long rows last, what lies between."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.periods import TIME_UNITS, ends_of, moment, unit_said
from datamind.language.sketch import Measure
from datamind.language.tables.kept import BOTH_DAYS
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

_EXACT = frozenset({"avg", "median", "sum"})  # of whole hours each it would be too little
SECONDS = {"hour": 3600, "minute": 60}


def aggregated(
    value: P.Expr, ends: tuple[Column, Column], function: str, ctx: Context
) -> P.Aggregate:
    """The rows' times, in parts of their unit where that is added up; of the rows that refer to
    days of a calendar, not of these days."""
    if function in _EXACT and isinstance(value, P.DateDiff) and value.unit in SECONDS:
        seconds = P.Value(SECONDS[value.unit])
        value = P.Arithmetic("/", replace(value, unit="second"), seconds)
    keyed = [c for c in ends if _of_calendar(c, ctx)]
    of = ctx.scope.alias(keyed[-1].table) if keyed else ""
    return P.Aggregate(cast(P.Function, function), value, of)


def between(first: Column, second: Column, ctx: Context, unit: str = "") -> P.Expr:
    """From the one to the other, in days unless a unit is named; of numbers, their difference."""
    left, right = moment(first, ctx), moment(second, ctx)
    if left == right:
        raise Unbuildable("no time passes from a moment to itself")
    if all(c.is_date or _of_calendar(c, ctx) for c in (first, second)):
        default = "minute" if first.epoch and second.epoch else "day"
        made = P.DateDiff(cast(P.Unit, unit) if unit else unit_said(ctx, default), left, right)
        whole = made.unit == "day" and BOTH_DAYS.search(" ".join(ctx.words).lower())
        return P.Arithmetic("+", made, P.Value(1)) if whole else made
    if first.is_number and second.is_number:
        return P.Arithmetic("-", left, right)
    raise Unbuildable("these two can't be subtracted")


def _of_calendar(column: Column, ctx: Context) -> bool:
    reference = ctx.scope.graph.references.get(column.id)
    return reference is not None and reference.to_table in ctx.scope.graph.calendars


def lasting(measure: Measure, ctx: Context) -> P.Expr:
    """From the start of a thing to its end, in days unless another unit is named."""
    table = ctx.scope.home
    if measure.target is not None:
        candidate = ctx.meaning(measure.target)
        if candidate.kind != "table":
            raise Unbuildable("only things last")
        table = candidate.id
    start, end = ends_of(ctx.scope.view.table(table), ctx.scope.view)
    value = between(start, end, ctx, measure.unit)
    return aggregated(value, (start, end), measure.inner, ctx) if measure.inner else value


def lasted(candidate: Candidate, ctx: Context) -> P.Expr | None:
    """`total downtime in minutes`: how long the rows last, where a unit of time is said."""
    at = next((n for n, w in enumerate(ctx.lemmas) if w in TIME_UNITS and n), 0)
    if not at or ctx.lemmas[at - 1] != "in":
        return None
    try:
        start, end = ends_of(ctx.scope.view.table(candidate.id), ctx.scope.view)
    except Unbuildable:
        return None
    return P.DateDiff(TIME_UNITS[ctx.lemmas[at]], moment(start, ctx), moment(end, ctx))
