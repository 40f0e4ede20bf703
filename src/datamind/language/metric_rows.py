"""Metric rows: the rows that a metric counts, where a question speaks of them, not of the figure.

`the average value of cancelled orders`: the orders for which the metric's filters hold.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.language.context import Context, Unbuildable, conjunction
from datamind.language.sketch import Mention, Sketch
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Metric

_COMPARISONS: dict[type[exp.Expr], P.Comparison] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
}  # fmt: skip


FLAGS = "sum_boolean"


def counts_some(metric: Metric) -> bool:
    """Whether the metric is of some rows of its table, which a condition tells."""
    return metric.kind == "simple" and bool(metric.filters or metric.aggregation == FLAGS)


def rows_of(metric: Metric, ctx: Context) -> P.Predicate:
    """The metric's filters, and the flag that it counts, as a condition; Unbuildable where it has
    none or one is not plain."""
    if not counts_some(metric) or metric.table is None:
        raise Unbuildable("a metric is no row")
    dialect = ctx.scope.view.catalog.dialect
    try:
        said = [*metric.filters, *([metric.expression] if metric.aggregation == FLAGS else [])]
        trees = [sqlglot.parse_one(text, read=dialect) for text in said]
    except SqlglotError as fault:
        raise Unbuildable("a metric's filter can't be read") from fault
    return conjunction([_predicate(tree, metric.table, ctx) for tree in trees])


def owners_rows(sketch: Sketch, ctx: Context) -> list[P.Predicate]:
    """`the value of cancelled orders`, `of first orders`: the rows that a metric counts, or of
    which a flag is so."""
    targets = [o if isinstance(o, Mention) else o.target for o in sketch.outputs]
    owners = dict.fromkeys(t.owner for t in targets if t is not None and t.owner is not None)
    made: list[P.Predicate] = []
    for found in (ctx.chosen[o] for o in owners if o in ctx.chosen):
        if found.kind == "metric" and counts_some(ctx.scope.view.metrics_by_name[found.id]):
            made.append(rows_of(ctx.scope.view.metrics_by_name[found.id], ctx))
        elif found.kind == "column" and found.type == "boolean":
            made.append(P.Truth(ctx.expr(ctx.scope.view.column(found.id))))
    return made


def _predicate(tree: exp.Expr, table: str, ctx: Context) -> P.Predicate:
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        return P.And(tuple(_predicate(side, table, ctx) for side in (tree.this, tree.expression)))
    if isinstance(tree, exp.Not):
        return P.Not(_predicate(tree.this, table, ctx))
    if isinstance(tree, exp.Column):
        return P.Truth(ctx.expr(_column(tree, table, ctx)))
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        return P.IsNull(ctx.expr(_column(tree.this, table, ctx)))
    if isinstance(tree, exp.In) and tree.expressions:
        values = tuple(_value(value) for value in tree.expressions)
        return P.OneOf(ctx.expr(_column(tree.this, table, ctx)), values)
    op = _COMPARISONS.get(type(tree))
    if op is None:
        raise Unbuildable("a metric's filter is not plain")
    return P.Compare(op, ctx.expr(_column(tree.this, table, ctx)), _value(tree.expression))


def _column(node: exp.Expr, table: str, ctx: Context) -> Column:
    held = {c.name: c for c in ctx.scope.view.table(table).columns}
    if not isinstance(node, exp.Column) or node.name not in held:
        raise Unbuildable("a metric's filter is not plain")
    return held[node.name]


def _value(node: exp.Expr) -> P.Value:
    if isinstance(node, exp.Boolean):
        return P.Value(bool(node.this))
    if not isinstance(node, exp.Literal):
        raise Unbuildable("a metric's filter is not plain")
    if node.is_string:
        return P.Value(node.name)
    if not node.is_int:
        raise Unbuildable("a metric's filter is not plain")
    return P.Value(int(node.name))
