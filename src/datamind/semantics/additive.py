"""Additivity of measures: which add up over groups, and which are one sum over another."""

from __future__ import annotations

import re

from datamind.semantics import plan as P
from datamind.semantics.catalog import Metric, View

_SUMS = ("sum", "count", "sum_boolean")
_AVERAGES = ("avg", "average")
_ONLY_SUMS = re.compile(r"[\w\s+()-]+")


def adds_up(measure: P.Expr, view: View) -> bool:
    """Whether its values for the groups make its value for all: plain counts and sums."""
    match measure:
        case P.Aggregate():
            return measure.function in ("sum", "count") and not measure.distinct
        case P.Metric():
            metric = view.metrics_by_name.get(measure.name)
            return metric is not None and _metric_adds_up(metric, view)
        case P.Arithmetic(op="+" | "-"):
            return adds_up(measure.left, view) and adds_up(measure.right, view)
        case P.Arithmetic(op="*"):
            return isinstance(measure.left, P.Value) and adds_up(measure.right, view)
    return False


def _metric_adds_up(metric: Metric, view: View) -> bool:
    if metric.kind == "simple":
        return metric.aggregation in _SUMS
    if metric.kind != "derived" or not _ONLY_SUMS.fullmatch(metric.expression):
        return False
    return all(adds_up(P.Metric(name), view) for _, name in metric.inputs)


def ratio_of(measure: P.Expr, view: View, alias: str) -> tuple[P.Expr, P.Expr] | None:
    """The two sums that a ratio or an average is made of; None where it is made of no such.

    `alias` is that of the rows that the measure is about.
    """
    parts: tuple[P.Expr, P.Expr] | None = None
    match measure:
        case P.Aggregate(function="avg", distinct=False):
            parts = (_as(measure, "sum"), _as(measure, "count"))
        case P.Arithmetic(op="/"):
            parts = (measure.left, measure.right)
        case P.Metric():
            parts = _of_metric(measure, view, alias)
    return parts if parts and all(adds_up(part, view) for part in parts) else None


def _as(measure: P.Aggregate, function: P.Function) -> P.Aggregate:
    return P.Aggregate(function, measure.arg, measure.of, where=measure.where)


def _of_metric(measure: P.Metric, view: View, alias: str) -> tuple[P.Expr, P.Expr] | None:
    metric, where = view.metrics_by_name.get(measure.name), measure.where
    if metric is None:
        return None
    if metric.kind == "ratio" and metric.numerator and metric.denominator:
        return P.Metric(metric.numerator, where), P.Metric(metric.denominator, where)
    average = metric.kind == "simple" and metric.aggregation in _AVERAGES and not metric.filters
    table = view.by_id.get(metric.table or "")
    if not average or table is None:
        return None
    column = next((c for c in table.columns if c.name == metric.expression and c.is_number), None)
    if column is None:  # an expression in SQL
        return None
    value = P.Aggregate("avg", P.Column(alias, column.name), where=where)
    return _as(value, "sum"), _as(value, "count")


def columns_behind(name: str, view: View) -> set[str]:
    """The columns that a metric's SQL names, by the words in it; of those it is made of too."""
    todo, found, seen = [name], set[str](), set[str]()
    while todo:
        metric = view.metrics_by_name.get(todo.pop())
        if metric is None or metric.name in seen:
            continue
        seen.add(metric.name)
        words = set(re.findall(r"\w+", " ".join((metric.expression, *metric.filters))))
        table = view.by_id.get(metric.table or "")
        found |= {c.id for c in (table.columns if table else ()) if c.name in words}
        todo += filter(None, (metric.numerator, metric.denominator, *(n for _, n in metric.inputs)))
    return found
