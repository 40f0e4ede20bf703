"""Named metrics of the catalog as aggregates over the alias of their table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.errors import NotYet, PlanInvalid
from datamind.semantics import plan as P
from datamind.semantics.catalog import ColumnType, Metric, Table
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.compiler.jointree import JoinTree
from datamind.semantics.compiler.measures import Leaf, Measured
from datamind.semantics.compiler.predicates import conjuncts
from datamind.semantics.walk import aliases_of

Build = Callable[[list[Node]], Node]
# Names of dbt and the registry: our function, and whether of distinct values.
_AGGREGATIONS: dict[str, tuple[str, bool]] = {
    "count": ("count", False), "count_distinct": ("count", True), "sum": ("sum", False),
    "sum_boolean": ("sum", False), "avg": ("avg", False), "average": ("avg", False),
    "min": ("min", False), "max": ("max", False), "median": ("median", False),
    "stddev": ("stddev", False),
}  # fmt: skip


@dataclass(frozen=True)
class _Making:
    """What the parts of a metric are made with: the conditions of this use of it, the aliases
    that they name, and the aggregates so far."""

    env: Env
    tree: JoinTree
    where: tuple[Node, ...]
    named: frozenset[str]
    leaves: list[Leaf]


def metric_of(node: P.Metric, env: Env, tree: JoinTree | None) -> Measured:
    """A metric as aggregates and the formula over them."""
    if tree is None:
        raise PlanInvalid(f"The metric {node.name} needs its table, not a query's rows.")
    if env.exported is not None:
        raise NotYet(f"The metric {node.name} over rows that were limited is not compiled yet.")
    where = tuple(conjuncts(node.where, env)) if node.where is not None else ()
    named = frozenset(aliases_of(node.where) & set(tree.aliases)) if where else frozenset()
    making = _Making(env, tree, where, named, [])
    build = _formula(env.scope.metric(node.name), making, ())
    return Measured(node, tuple(making.leaves), build)


def _formula(metric: Metric, making: _Making, above: tuple[str, ...]) -> Build:
    if metric.name in above:
        raise PlanInvalid(f"The metric {metric.name} is defined by itself.")
    above = (*above, metric.name)
    if metric.kind == "simple":
        return _simple(metric, making)
    if metric.kind == "ratio":
        return _ratio(metric, making, above)
    if metric.kind == "derived":
        return _derived(metric, making, above)
    raise NotYet(f"The metric {metric.name} is of a kind that is not compiled here yet.")


def _part(name: str | None, making: _Making, above: tuple[str, ...]) -> Build:
    if name is None:
        raise PlanInvalid(f"The metric {above[-1]} lacks one of its parts.")
    return _formula(making.env.scope.metric(name), making, above)


def _ratio(metric: Metric, making: _Making, above: tuple[str, ...]) -> Build:
    top = _part(metric.numerator, making, above)
    bottom = _part(metric.denominator, making, above)
    return lambda made: divided(top(made), bottom(made), making.env.dialect)


def divided(left: Node, right: Node, dialect: str) -> Node:
    """Exact division, null where the divisor is 0."""
    left = D.cast(left, "DOUBLE") if dialect != "duckdb" else D.parenthesised(left)
    right = exp.Nullif(this=right, expression=D.whole(0))
    return exp.Div(this=left, expression=right, typed=dialect != "duckdb", safe=False)


def _derived(metric: Metric, making: _Making, above: tuple[str, ...]) -> Build:
    parts = {name: _part(of, making, above) for name, of in metric.inputs}
    env = making.env
    parsed = _parsed(metric.expression, env.session.view.catalog.dialect)
    for column in parsed.find_all(exp.Column):
        if column.name not in parts:
            raise PlanInvalid(f"The metric {metric.name} has no input named {column.name}.")

    def build(made: list[Node]) -> Node:
        def filled_in(node: Node) -> Node:
            if isinstance(node, exp.Column):
                return D.parenthesised(parts[node.name](made))
            if isinstance(node, exp.Div):
                return divided(node.this, node.expression, env.dialect)
            return node

        return D.bottom_up(parsed.copy(), filled_in)

    return build


def _simple(metric: Metric, making: _Making) -> Build:
    function, distinct = _aggregation(metric)
    env, tree = making.env, making.tree
    alias = _home(metric, tree)
    table = env.session.view.table(tree.table(alias))
    dialect = env.session.view.catalog.dialect
    arg: Node | None = None
    if metric.expression not in ("", "*"):
        arg = _qualified(metric, metric.expression, table, alias, env, dialect)
    elif function != "count":
        raise PlanInvalid(f"The metric {metric.name} has nothing to aggregate.")
    where = [_qualified(metric, f, table, alias, env, dialect) for f in metric.filters]
    making.leaves.append(
        Leaf(
            function, arg, _kind(metric, table), (*where, *making.where), (alias,),
            making.named | {alias}, distinct,
            foreign=tree.fans((alias,), making.named),
            guarded=arg is not None and alias in tree.nullable,
        )
    )  # fmt: skip
    place = len(making.leaves) - 1
    return lambda made: made[place].copy()


def _aggregation(metric: Metric) -> tuple[str, bool]:
    found = _AGGREGATIONS.get((metric.aggregation or "").lower())
    if found is None:
        raise NotYet(f"The metric {metric.name} aggregates by {metric.aggregation}.")
    return found


def _kind(metric: Metric, table: Table) -> ColumnType:
    if (metric.aggregation or "").lower() == "sum_boolean":
        return "boolean"
    return next((c.type for c in table.columns if c.name == metric.expression), "float")


def _home(metric: Metric, tree: JoinTree) -> str:
    for alias in tree.aliases:
        if tree.table(alias) == metric.table:
            return alias
    raise PlanInvalid(
        f"The metric {metric.name} is about {metric.table}, which the plan does not join.",
        hint=f"Join {metric.table} into the source, or start from it.",
    )


def _qualified(metric: Metric, text: str, table: Table, alias: str, env: Env, dialect: str) -> Node:
    """A SQL expression over the table's columns, as columns of its alias."""
    parsed = _parsed(text, dialect).copy()
    if parsed.find(exp.AggFunc, exp.Query, exp.Window, exp.Placeholder, exp.Parameter):
        raise NotYet(f"The metric {metric.name} is more than an expression over its table.")
    for column in list(parsed.find_all(exp.Column)):
        if column.table not in ("", table.name, table.id):
            raise PlanInvalid(f"The metric {metric.name} names {column.table}, not its table.")
        own = env.column(alias, table.column(column.name).name)
        if column is parsed:
            return own
        column.replace(own)
    return parsed


@lru_cache(maxsize=1024)
def _parsed(text: str, dialect: str) -> Node:
    try:
        return sqlglot.parse_one(text, read=dialect)
    except SqlglotError as fault:
        raise PlanInvalid("A metric's SQL can't be read.") from fault
