"""Groups: each aggregate over the distinct rows of its own entity, however the joins fan out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from datamind.semantics import plan as P
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler import names
from datamind.semantics.compiler.block import Block, derived_table
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.compiler.expressions import compiled
from datamind.semantics.compiler.filling import filled
from datamind.semantics.compiler.joining import Key, joined_in_full
from datamind.semantics.compiler.jointree import JoinTree
from datamind.semantics.compiler.measures import (
    Leaf,
    Measured,
    aggregate_of,
    filtered,
    in_place,
    keys_of,
    over,
    presence,
)
from datamind.semantics.compiler.metrics import metric_of
from datamind.semantics.compiler.predicates import all_of
from datamind.semantics.inference import type_of
from datamind.semantics.walk import aliases_of, below


@dataclass(slots=True)
class Unit:
    """Aggregates that one SELECT can take: over these aliases (None: the rows as they are)."""

    kept: frozenset[str] | None
    leaves: list[Leaf] = field(default_factory=list)
    rows: bool = False


def grouped(step: P.Group, block: Block) -> Block:
    """The block with its rows grouped."""
    keys = {k.name: _key(compiled(k.expr, block.env)) for k in step.keys}
    measured = list(_measured(step, block))
    leaves = [leaf for m in measured for leaf in m.leaves]
    units = _units(step, block, leaves)
    _warn_of_narrowed(measured, block)
    joined_on = {k.name: _joined_on(k.expr, block) for k in step.keys}
    if len(units) == 1:
        made, found = _unit_block(units[0], keys, block)
    else:
        made, found = _apart(units, keys, joined_on, _names(step, measured), block)
    values = {id(m.node): m.build([found[id(leaf)].copy() for leaf in m.leaves]) for m in measured}
    env = replace(block.env, leaves=values, fields=made.env.fields)
    fields = {name: made.env.fields[name] for name in keys}
    made.set_fields({**fields, **{m.name: compiled(m.expr, env) for m in step.measures}})
    return filled(step, made, joined_on) if step.fill else made


def _key(node: Node) -> Node:
    """A constant key is cast, since GROUP BY would read it as a column's position."""
    if isinstance(node, exp.Literal | exp.Neg | exp.Null | exp.Boolean):
        kind = "TEXT" if isinstance(node, exp.Literal) and node.is_string else "BIGINT"
        return D.cast(node, kind)
    return node


def _joined_on(expr: P.Expr, block: Block) -> Key:
    """What is known of a key: it can't be null where its column can't and its row is there."""
    kind, tree = type_of(expr, block.env.scope).type, block.entities
    known = (
        isinstance(expr, P.Column)
        and tree is not None
        and expr.alias in tree.aliases
        and expr.alias not in tree.nullable
        and not block.env.scope.tables[expr.alias].column(expr.name).nullable
    )
    return Key(kind, nullable=not known)


def _measured(step: P.Group, block: Block) -> Iterator[Measured]:
    for node in below(*(m.expr for m in step.measures), queries=False):
        if isinstance(node, P.Metric):
            yield metric_of(node, block.env, block.entities)
        elif isinstance(node, P.Aggregate):
            yield aggregate_of(node, block.env, block.entities)


# ---- what is taken together --------------------------------------------------------------------


def _units(step: P.Group, block: Block, leaves: list[Leaf]) -> list[Unit]:
    tree = block.entities
    if tree is None:
        return [Unit(None, leaves)]
    shared = {*aliases_of(*(k.expr for k in step.keys), *block.filters)} & set(tree.aliases)
    everything = frozenset(tree.aliases)
    if block.table is None:
        kept = [_kept(leaf, leaves, shared, tree) for leaf in leaves]
        whole = frozenset().union(*kept) if kept else tree.kept(shared, set(), tree.source.alias)
    else:  # rows that were already chosen stay as they are
        kept, whole = [everything for _ in leaves], everything
    _warn(step, leaves, tree, block)
    if all(
        not any(tree.restricts(a) for a in whole - own) and not _needs_rows(leaf, whole, tree)
        for leaf, own in zip(leaves, kept, strict=True)
    ):
        return [Unit(whole, leaves)]
    return list(_partition(leaves, kept, tree))


def _kept(leaf: Leaf, leaves: list[Leaf], shared: set[str], tree: JoinTree) -> frozenset[str]:
    others = {a for other in leaves if other is not leaf for a in other.uses}
    return tree.kept({*leaf.uses, *shared}, others, leaf.home[0])


def _partition(leaves: list[Leaf], kept: list[frozenset[str]], tree: JoinTree) -> Iterator[Unit]:
    found: dict[object, Unit] = {}
    for number, (leaf, own) in enumerate(zip(leaves, kept, strict=True)):
        rows = _needs_rows(leaf, own, tree)
        alone = number if rows and leaf.foreign else None
        key = (own, leaf.home if rows else None, alone)
        found.setdefault(key, Unit(own, rows=rows)).leaves.append(leaf)
    yield from found.values()


def _multiplied(leaf: Leaf, kept: frozenset[str] | None, tree: JoinTree) -> bool:
    """Whether the joined rows may hold a row of the leaf's home more than once."""
    return tree.fans(leaf.home, tree.aliases if kept is None else kept)


def _needs_rows(leaf: Leaf, kept: frozenset[str], tree: JoinTree) -> bool:
    """Whether the home's rows must be made distinct before they are aggregated."""
    if leaf.immune or not _multiplied(leaf, kept, tree):
        return False
    keys = keys_of(leaf, tree)
    return bool(keys) and (leaf.arg is not None or len(keys) > 1)


def _warn(step: P.Group, leaves: list[Leaf], tree: JoinTree, block: Block) -> None:
    in_keys = aliases_of(*(k.expr for k in step.keys)) & set(tree.aliases)
    for leaf in leaves:
        names_ = " and ".join(tree.view.by_id[tree.table(a)].name for a in leaf.home)
        if tree.fans(leaf.home, in_keys):
            text = f"Groups overlap: a row of {names_} may be counted in several groups."
            block.env.session.warnings[text] = None
        if not leaf.immune and not keys_of(leaf, tree) and tree.fans(leaf.home, tree.aliases):
            text = f"{names_} has no known key: its rows may be counted more than once."
            block.env.session.warnings[text] = None


def _warn_of_narrowed(measured: list[Measured], block: Block) -> None:
    """A metric of several tables is meant to be of all their rows; where the source comes to one
    of them from rows that refer to it, only the rows that are referred to are there."""
    tree = block.entities
    for made in measured:
        if tree is None or len({leaf.home for leaf in made.leaves}) < 2:
            continue
        for home in {alias: None for leaf in made.leaves for alias in leaf.home}:
            referring = tree.referring(home)
            if isinstance(made.node, P.Metric) and referring is not None:
                table, refers = (tree.view.by_id[tree.table(a)].name for a in (home, referring))
                text = f"{made.node.name} counts only rows of {table} that {refers} refers to."
                block.env.session.warnings[text] = None


# ---- one SELECT for a unit ---------------------------------------------------------------------


def _unit_block(unit: Unit, keys: dict[str, Node], base: Block) -> tuple[Block, dict[int, Node]]:
    """The unit's block, grouped, with the keys as its fields; and its aggregates."""
    if unit.rows:
        return _over_rows(unit, keys, base)
    block = _copy(base, unit.kept)
    tree = block.entities
    found = {
        id(leaf): in_place(
            leaf, block.env, tree,
            multiplied=tree is not None and _multiplied(leaf, unit.kept, tree),
        )
        for leaf in unit.leaves
    }  # fmt: skip
    block.set_fields(dict(keys))
    block.group = [node.copy() for node in keys.values()]
    return block, found


def _copy(base: Block, kept: frozenset[str] | None) -> Block:
    return Block(
        base.env,
        tree=base.tree,
        table=base.table.copy() if base.table is not None else None,
        from_joins=[j.copy() for j in base.from_joins],
        kept=kept,
        where=[w.copy() for w in base.where],
        ctes=[c.copy() for c in base.ctes],
    )


def _over_rows(unit: Unit, keys: dict[str, Node], base: Block) -> tuple[Block, dict[int, Node]]:
    """Aggregates over the distinct rows of one home within each group."""
    inner, env = _copy(base, unit.kept), base.env
    tree = inner.entities
    assert tree is not None
    outputs = dict(keys)
    for alias, name in keys_of(unit.leaves[0], tree):
        outputs[_free(name, alias, outputs)] = env.column(alias, name)
    columns = [_row_columns(leaf, number, outputs, env, tree)
               for number, leaf in enumerate(unit.leaves, 1)]  # fmt: skip
    inner.distinct = True
    name = env.session.fresh(f"{unit.leaves[0].home[0]}_rows")
    select = inner.select(outputs)

    def at(column: str) -> Node:
        return names.column(name, column, env.dialect)

    block = Block(env, table=derived_table(select, name, env.dialect))
    found = {
        id(leaf): filtered(
            over(leaf, at(arg) if arg else None, env.dialect), [at(where)] if where else []
        )
        for leaf, (arg, where) in zip(unit.leaves, columns, strict=True)
    }
    block.set_fields({key: at(key) for key in keys})
    block.group = [at(key) for key in keys]
    return block, found


def _row_columns(
    leaf: Leaf, number: int, outputs: dict[str, Node], env: Env, tree: JoinTree
) -> tuple[str, str]:
    """Adds the leaf's argument and condition to the rows; their names there, empty if none."""
    arg = where = ""
    if leaf.arg is not None:
        arg = _free(f"value_{number}", "_", outputs)
        outputs[arg] = leaf.arg.copy()
    conditions = [c.copy() for c in leaf.where]
    if leaf.guarded or leaf.arg is None:
        conditions += presence(leaf, env, tree)
    condition = all_of(conditions)
    if condition is not None:
        where = _free(f"counted_{number}", "_", outputs)
        outputs[where] = condition
    return arg, where


def _free(name: str, prefix: str, taken: dict[str, Node]) -> str:
    while name in taken:
        name = f"{prefix}_{name}"
    return name


# ---- several units -----------------------------------------------------------------------------


def _names(step: P.Group, measured: list[Measured]) -> dict[int, str]:
    """Names for the aggregates: the measure's own where it is nothing else."""
    of_node = {id(m.expr): m.name for m in step.measures}
    return {
        id(m.leaves[0]): of_node[id(m.node)]
        for m in measured
        if len(m.leaves) == 1 and id(m.node) in of_node
    }


def _apart(
    units: list[Unit], keys: dict[str, Node], joined_on: dict[str, Key],
    known: dict[int, str], base: Block,
) -> tuple[Block, dict[int, Node]]:  # fmt: skip
    """Each unit grouped by itself, then joined in full on the keys."""
    session = base.env.session
    parts: list[tuple[str, exp.Query]] = []
    found: dict[int, Node] = {}
    for unit in units:
        block, aggregates = _unit_block(unit, keys, base)
        name = session.fresh(f"{unit.leaves[0].home[0]}_totals")
        outputs = dict(block.env.fields)
        for leaf in sorted(unit.leaves, key=lambda leaf: id(leaf) not in known):
            shown = _column_of(aggregates[id(leaf)], known.get(id(leaf), "value"), outputs)
            value: Node = names.column(name, shown, session.dialect)
            if leaf.counts and keys:
                value = exp.Coalesce(this=value, expressions=[D.whole(0)])
            found[id(leaf)] = value
        parts.append((name, block.select(outputs)))
    return joined_in_full(parts, joined_on, base), found


def _column_of(aggregate: Node, wanted: str, outputs: dict[str, Node]) -> str:
    """The output that holds this aggregate, added if there is none yet."""
    for name, node in outputs.items():
        if node == aggregate:
            return name
    name, number = wanted, 1
    while name in outputs:
        number += 1
        name = f"{wanted}_{number}"
    outputs[name] = aggregate
    return name
