"""Defined: whether an aggregate is, word for word, what a metric of the catalog is made of.

`How many orders` counts the rows that the metric `orders` counts: that metric, said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from datamind.errors import DataMindError
from datamind.semantics import plan as P
from datamind.semantics.catalog import Metric, Table, View
from datamind.semantics.walk import below

_ROWS = ("", "*", "1")


def all_defined(plan: P.Query, view: View) -> bool:
    """Whether the plan has figures, and a metric defines each of them."""
    found = list(below(plan))
    tables = {n.alias: n.table for n in found if isinstance(n, P.Source | P.Join)}
    figures = [n for n in found if isinstance(n, P.Metric | P.Aggregate)]
    sources = [n for n in found if isinstance(n, P.Source)]
    root = sources[0].alias if len(sources) == 1 else ""
    return bool(figures) and all(
        isinstance(n, P.Metric) or _is_defined(n, root, tables, view) for n in figures
    )


def _is_defined(aggregate: P.Aggregate, root: str, tables: Mapping[str, str], view: View) -> bool:
    if aggregate.where is not None or not isinstance(aggregate.arg, P.Column | None):
        return False
    own = aggregate.arg.alias if aggregate.arg is not None else root
    alias = aggregate.of or own
    if alias not in tables or (aggregate.arg is not None and aggregate.arg.alias != alias):
        return False
    try:
        table = view.table(tables[alias])
    except DataMindError:
        return False
    simple = (m for m in view.metrics if m.kind == "simple" and m.table == table.id)
    return any(not m.filters and _same(aggregate, m, table) for m in simple)


def _same(aggregate: P.Aggregate, metric: Metric, table: Table) -> bool:
    function, expression = metric.aggregation, metric.expression
    if aggregate.arg is None:  # rows: counted as such, or by a column that each of them has
        if function == "count":
            return expression in _ROWS or _always(expression, table)
        return function == "count_distinct" and table.primary_key == (expression,)
    if not isinstance(aggregate.arg, P.Column) or aggregate.arg.name != expression:
        return False
    if aggregate.function == "count":
        return function == ("count_distinct" if aggregate.distinct else "count")
    return aggregate.function == function and not aggregate.distinct


def _always(name: str, table: Table) -> bool:
    """Whether each row has a value in the column."""
    if table.primary_key == (name,):
        return True
    return any(c.name == name and not c.nullable for c in table.columns)
