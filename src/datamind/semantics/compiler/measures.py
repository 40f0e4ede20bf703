"""The aggregates that a group's measures are made of, and the entity that each one is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from datamind.semantics import plan as P
from datamind.semantics.catalog import ColumnType
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.compiler.expressions import compiled
from datamind.semantics.compiler.jointree import JoinTree
from datamind.semantics.compiler.predicates import all_of, conjuncts
from datamind.semantics.inference import type_of
from datamind.semantics.walk import aliases_of


@dataclass(frozen=True)
class Leaf:
    """One aggregate. `home` holds the aliases whose rows it is taken over; empty: the rows as is.

    `arg` is None for a count of rows; `where` are the conditions on the rows, `foreign` says
    that they look beyond the home's own row; `guarded` that rows without a home row (which left
    joins leave) have to be kept out.
    """

    function: str
    arg: Node | None
    kind: ColumnType
    where: tuple[Node, ...]
    home: tuple[str, ...]
    uses: frozenset[str]
    distinct: bool = False
    percent: float | None = None
    foreign: bool = False
    guarded: bool = False

    @property
    def immune(self) -> bool:
        """Whether repeated rows leave it as it is."""
        return self.function in ("min", "max") or (self.distinct and self.function == "count")

    @property
    def counts(self) -> bool:
        """Whether it is 0, not null, over no rows."""
        return self.function == "count"


@dataclass(frozen=True)
class Measured:
    """A node of a measure with its aggregates, and how its value is made of theirs."""

    node: P.Aggregate | P.Metric
    leaves: tuple[Leaf, ...]
    build: Callable[[list[Node]], Node]


def aggregate_of(node: P.Aggregate, env: Env, tree: JoinTree | None) -> Measured:
    """An aggregate of the plan."""
    arg = compiled(node.arg, env) if node.arg is not None else None
    kind = type_of(node.arg, env.scope).type if node.arg is not None else "other"
    where = tuple(conjuncts(node.where, env)) if node.where is not None else ()
    if tree is None:
        leaf = Leaf(node.function, arg, kind, where, (), frozenset(), node.distinct, node.percent)
        return Measured(node, (leaf,), lambda made: made[0])
    known = set(tree.aliases)
    in_arg = aliases_of(node.arg) & known if node.arg is not None else set()
    in_where = aliases_of(node.where) & known if node.where is not None else set()
    home = (node.of,) if node.of else tree.homes(in_arg or in_where) or (tree.source.alias,)
    leaf = Leaf(
        node.function, arg, kind, where, home, frozenset({*in_arg, *in_where, *home}),
        node.distinct, node.percent,
        foreign=tree.fans(home, in_where),
        guarded=bool(tree.nullable & set(home))
        and node.arg is not None and not _strict(node.arg, home),
    )  # fmt: skip
    return Measured(node, (leaf,), lambda made: made[0])


_STRICT_CALLS = frozenset("lower upper trim length abs round nullif text number date".split())


def _strict(expr: P.Expr, home: tuple[str, ...]) -> bool:
    """Whether the expression is null where there is no row of the home."""
    if isinstance(expr, P.Column):
        return expr.alias in home
    if isinstance(expr, P.Arithmetic):
        return _strict(expr.left, home) or _strict(expr.right, home)
    if isinstance(expr, P.DateDiff):
        return _strict(expr.start, home) or _strict(expr.end, home)
    if isinstance(expr, P.DatePart | P.DateTrunc | P.DateAdd | P.FromEpoch):
        return _strict(expr.of, home)
    if isinstance(expr, P.Call) and expr.name in _STRICT_CALLS:
        return _strict(expr.args[0], home)
    return False


# ---- aggregates over the joined rows -----------------------------------------------------------


def keys_of(leaf: Leaf, tree: JoinTree) -> list[tuple[str, str]]:
    """The primary keys of the home, as columns; empty where one has none."""
    keys = [(a, tree.view.by_id[tree.table(a)].primary_key) for a in leaf.home]
    if not all(key for _, key in keys):
        return []
    return [(alias, name) for alias, key in keys for name in key]


def in_place(leaf: Leaf, env: Env, tree: JoinTree | None, *, multiplied: bool) -> Node:
    """The aggregate over the joined rows as they are."""
    conditions = [c.copy() for c in leaf.where]
    if leaf.guarded and tree is not None:
        conditions += presence(leaf, env, tree)
    return filtered(_aggregate(leaf, env, tree, multiplied=multiplied), conditions)


def presence(leaf: Leaf, env: Env, tree: JoinTree) -> list[Node]:
    """Conditions that hold where there is a row of the home."""
    return [
        exp.Is(this=env.column(alias, tree.present(alias)), expression=exp.Not(this=exp.Null()))
        for alias in leaf.home
        if alias in tree.nullable
    ]


def filtered(made: Node, conditions: list[Node]) -> Node:
    """An aggregate over those rows for which the conditions hold."""
    where = all_of(conditions)
    return made if where is None else exp.Filter(this=made, expression=exp.Where(this=where))


def _aggregate(leaf: Leaf, env: Env, tree: JoinTree | None, *, multiplied: bool) -> Node:
    if leaf.arg is not None:
        return over(leaf, leaf.arg.copy(), env.dialect)
    if tree is None or not leaf.home:
        return exp.Count(this=exp.Star())
    keys = keys_of(leaf, tree)
    if multiplied and len(keys) == 1:
        return exp.Count(this=exp.Distinct(expressions=[env.column(*keys[0])]))
    absent = [alias for alias in leaf.home if alias in tree.nullable]
    if absent:
        return exp.Count(this=env.column(absent[0], tree.present(absent[0])))
    return exp.Count(this=exp.Star())


def over(leaf: Leaf, arg: Node | None, dialect: str) -> Node:
    """The leaf's function over an expression."""
    if arg is not None and leaf.distinct and leaf.function not in ("min", "max"):
        arg = exp.Distinct(expressions=[arg])
    return D.aggregate(leaf.function, arg, leaf.kind, leaf.percent, dialect)
