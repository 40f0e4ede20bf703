"""Metric rows: the rows that a metric counts, where a question speaks of them, not of the figure.

`the average value of cancelled orders`: the orders for which the metric's filters hold.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.language.context import Context, Unbuildable, conjunction
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Metric

_COMPARISONS: dict[type[exp.Expr], P.Comparison] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
}  # fmt: skip


def rows_of(metric: Metric, ctx: Context) -> P.Predicate:
    """The metric's filters as a condition; Unbuildable where it has none or one is not plain."""
    if metric.kind != "simple" or metric.table is None or not metric.filters:
        raise Unbuildable("a metric is no row")
    dialect = ctx.scope.view.catalog.dialect
    try:
        trees = [sqlglot.parse_one(text, read=dialect) for text in metric.filters]
    except SqlglotError as fault:
        raise Unbuildable("a metric's filter can't be read") from fault
    return conjunction([_predicate(tree, metric.table, ctx) for tree in trees])


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
