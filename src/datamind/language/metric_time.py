"""Metric time: a metric made of several tables takes a period by each part's own date, as dbt's
`metric_time` does: net revenue in May is what was sold in May less what was refunded in May.

Source: the semantics of `metric_time`, docs.getdbt.com/docs/build/metricflow-time-spine.
"""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.language.context import Context, Unbuildable, conjunction
from datamind.language.periods import reached
from datamind.language.scales import kept_by
from datamind.language.sketch import Measure, Mention, Sketch
from datamind.semantics import plan as P
from datamind.semantics.catalog import Metric

_OPERATORS: dict[type[exp.Expr], Literal["+", "-", "*", "/"]] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
}  # fmt: skip


def goes_by_own_dates(sketch: Sketch, ctx: Context) -> bool:
    """Whether all that is shown are metrics, and one has parts that happen on different dates."""
    named = [ctx.chosen.get(m) for o in sketch.outputs for m in _targets(o)]
    figures = [c for c in named if c is not None and c.kind == "metric"]
    if len(figures) < max(len(named), len(sketch.outputs)) or sketch.over is not None:
        return False
    if any(m in ctx.chosen and ctx.chosen[m].kind == "grain" for m in sketch.groups):
        return False
    dates = [_dates(ctx.scope.view.metrics_by_name[c.id], ctx) for c in figures]
    computed = any(isinstance(o, Measure) and o.right is not None for o in sketch.outputs)
    together = [set[str]().union(*dates)] if computed else dates
    return bool(figures) and any(len(d) > 1 for d in together) and all(dates)


def _targets(output: Measure | Mention) -> list[Mention]:
    """What an output is about: itself, or the two that it sets against each other."""
    if isinstance(output, Mention):
        return [output]
    if output.left is not None and output.right is not None:
        return [m for side in (output.left, output.right) for m in _targets(side)]
    return [output.target] if output.target is not None else []


def _dates(metric: Metric, ctx: Context) -> set[str]:
    """The date columns of the simple metrics that it is made of."""
    if metric.kind == "simple":
        return {f"{metric.table}.{metric.time_column}"} if metric.time_column else set()
    known = ctx.scope.view.metrics_by_name
    names = [metric.numerator, metric.denominator, *(of for _, of in metric.inputs)]
    found: set[str] = set()
    for name in names:
        if name is not None and name in known:
            found |= _dates(known[name], ctx)
    return found


_RUNNING = frozenset({"running", "run", "cumulative", "cumulated", "accumulated", "accumulate"})


def figure(name: str, ctx: Context, where: P.Predicate | None = None) -> P.Expr:
    """A named metric, of the rows for which `where` holds; the tables that it is about are joined
    in."""
    metric = ctx.scope.view.metrics_by_name[name]
    if metric.kind == "other" and _RUNNING & set(ctx.lemmas):
        raise Unbuildable("a running total is made of the figure itself")
    ctx.scope.need(t for t in metric.relations if t in ctx.scope.view.by_id)
    made = spread(name, where, ctx) if ctx.spans else P.Metric(name, where)
    return ctx.told(name, made, kept_by(metric.unit))


def spread(name: str, where: P.Predicate | None, ctx: Context) -> P.Expr:
    """The metric as a formula of simple ones, each within the periods by its own date."""
    metric = ctx.scope.view.metrics_by_name[name]
    if metric.kind == "simple":
        return _simple(metric, where, ctx)
    if metric.kind == "ratio" and metric.numerator and metric.denominator:
        sides = (spread(side, where, ctx) for side in (metric.numerator, metric.denominator))
        return P.Arithmetic("/", *sides)
    if metric.kind != "derived":
        raise Unbuildable("a metric that is not taken apart")
    try:
        tree = sqlglot.parse_one(metric.expression, read=ctx.scope.view.catalog.dialect)
    except SqlglotError as fault:
        raise Unbuildable("a metric's formula can't be read") from fault
    return _formula(tree, dict(metric.inputs), where, ctx)


def _formula(
    tree: exp.Expr, inputs: dict[str, str], where: P.Predicate | None, ctx: Context
) -> P.Expr:
    tree = tree.unnest()
    if isinstance(tree, exp.Column) and tree.name in inputs:
        return spread(inputs[tree.name], where, ctx)
    if isinstance(tree, exp.Literal) and not tree.is_string and tree.is_int:
        return P.Value(int(tree.name))
    operator = _OPERATORS.get(type(tree))
    if operator is None:
        raise Unbuildable("a metric's formula is not plain")
    left, right = (_formula(side, inputs, where, ctx) for side in (tree.this, tree.expression))
    return P.Arithmetic(operator, left, right)


def _simple(metric: Metric, where: P.Predicate | None, ctx: Context) -> P.Expr:
    assert metric.table is not None and metric.time_column is not None
    date = ctx.expr(ctx.scope.view.column(f"{metric.table}.{metric.time_column}"))
    tests = [reached(date, period, ctx) for period in ctx.spans]
    ctx.notes.append(f"{metric.name} goes by {metric.time_column.replace('_', ' ')}")
    return P.Metric(metric.name, conjunction([*([where] if where is not None else []), *tests]))
