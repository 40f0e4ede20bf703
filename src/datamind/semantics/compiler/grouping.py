"""Groups: each aggregate over the distinct rows of its own entity, however the joins fan out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from datamind.errors import NotYet
from datamind.semantics import plan as P
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler.block import Block
from datamind.semantics.compiler.env import Node
from datamind.semantics.compiler.expressions import compiled
from datamind.semantics.compiler.predicates import condition
from datamind.semantics.inference import type_of
from datamind.semantics.walk import below, columns_of


@dataclass(frozen=True, slots=True)
class Leaf:
    """One aggregate with the aliases that it is about. `home` is empty over rows of a query."""

    node: P.Aggregate
    home: tuple[str, ...]
    uses: frozenset[str]

    @property
    def immune(self) -> bool:
        """Repeated rows don't change it."""
        return self.node.function in ("min", "max") or self.node.distinct


def grouped(step: P.Group, block: Block) -> Block:
    """The block with its rows grouped, deduplicated where a join multiplies them."""
    keys = {k.name: _key(compiled(k.expr, block.env)) for k in step.keys}
    leaves = list(_leaves(step, block))
    if block.tree is not None:
        _choose_joins(step, block, leaves)
    if any(_needs_rows(leaf, block) for leaf in leaves):
        raise NotYet("This measure needs its rows made distinct first.")
    found = {id(leaf.node): _aggregate(leaf, block) for leaf in leaves}
    env = replace(block.env, leaves=found)
    fields = {**keys, **{m.name: compiled(m.expr, env) for m in step.measures}}
    block.set_fields(fields)
    block.group = [node.copy() for node in keys.values()]
    return block


def _key(node: Node) -> Node:
    """A constant key is cast, since GROUP BY would read it as a column's position."""
    if isinstance(node, exp.Literal | exp.Neg | exp.Null | exp.Boolean):
        kind = "TEXT" if isinstance(node, exp.Literal) and node.is_string else "BIGINT"
        return D.cast(node, kind)
    return node


def _leaves(step: P.Group, block: Block) -> Iterator[Leaf]:
    for node in below(*(m.expr for m in step.measures), queries=False):
        if isinstance(node, P.Metric):
            raise NotYet("Named metrics are not compiled yet.")
        if isinstance(node, P.Aggregate):
            yield _leaf(node, block)


def _leaf(node: P.Aggregate, block: Block) -> Leaf:
    tables = block.env.scope.tables
    arg = {a for a, _ in columns_of(node.arg)} & set(tables) if node.arg is not None else set()
    where = {a for a, _ in columns_of(node.where)} & set(tables) if node.where else set()
    if block.tree is None:
        return Leaf(node, (), frozenset())
    if node.of:
        home: tuple[str, ...] = (node.of,)
    else:
        home = block.tree.homes(arg or where) or (block.tree.source.alias,)
    return Leaf(node, home, frozenset({*arg, *where, *home}))


def _choose_joins(step: P.Group, block: Block, leaves: list[Leaf]) -> None:
    """Leaves out left joins that nothing needs."""


def _multiplied(leaf: Leaf, block: Block) -> bool:
    """Whether the joined rows hold a row of the leaf's home more than once."""
    tree = block.tree
    if tree is None or not leaf.home:
        return False
    kept = block.kept if block.kept is not None else frozenset(tree.aliases)
    return any(
        all(many[alias] for many in (tree.seen_from(h) for h in leaf.home))
        for alias in kept
        if alias not in leaf.home
    )


def _needs_rows(leaf: Leaf, block: Block) -> bool:
    if leaf.immune or not _multiplied(leaf, block):
        return False
    return leaf.node.arg is not None or _single_key(leaf, block) is None


def _single_key(leaf: Leaf, block: Block) -> Node | None:
    if len(leaf.home) != 1:
        return None
    key = block.env.scope.tables[leaf.home[0]].primary_key
    return block.env.column(leaf.home[0], key[0]) if len(key) == 1 else None


def _aggregate(leaf: Leaf, block: Block) -> Node:
    node, env = leaf.node, block.env
    made = _plain(leaf, block)
    if node.where is not None:
        made = exp.Filter(this=made, expression=exp.Where(this=condition(node.where, env)))
    return made


def _plain(leaf: Leaf, block: Block) -> Node:
    node, env = leaf.node, block.env
    if node.arg is None:
        return _count_rows(leaf, block)
    kind = type_of(node.arg, env.scope).type
    arg = compiled(node.arg, env)
    if node.distinct and node.function not in ("min", "max"):
        arg = exp.Distinct(expressions=[arg])
    return D.aggregate(node.function, arg, kind, node.percent, env.dialect)


def _count_rows(leaf: Leaf, block: Block) -> Node:
    if _multiplied(leaf, block):
        key = _single_key(leaf, block)
        assert key is not None
        return exp.Count(this=exp.Distinct(expressions=[key]))
    tree = block.tree
    if tree is not None and leaf.home and leaf.home[0] in tree.nullable:
        home = leaf.home[0]
        return exp.Count(this=block.env.column(home, tree.present(home)))
    return exp.Count(this=exp.Star())
