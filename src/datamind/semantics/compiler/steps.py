"""Each step of a plan put into the block where it fits, or into a new one around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlglot import exp

from datamind.semantics import plan as P
from datamind.semantics.check import after, opening
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler import names
from datamind.semantics.compiler.block import Block, SortKey, derived_table
from datamind.semantics.compiler.env import Env, Node, Session
from datamind.semantics.compiler.expressions import compiled, windowed
from datamind.semantics.compiler.grouping import grouped
from datamind.semantics.compiler.jointree import JoinTree
from datamind.semantics.compiler.predicates import conjuncts
from datamind.semantics.walk import below

Later = tuple[P.Step, ...]


def built(query: P.Query, session: Session, outer: Env | None, level: int) -> exp.Query:
    """A query as a statement."""
    return finished(block_of(query, session, outer, level))


def block_of(query: P.Query, session: Session, outer: Env | None, level: int) -> Block:
    """A query's block after its last step."""
    block = _opened(query.source, session, outer, level)
    for number, step in enumerate(query.steps):
        later = query.steps[number:]
        scope = after(step, block.env.scope)
        block = _STEPS[type(step)](step, block, later)
        block.env = replace(block.env, scope=scope)
    return block


def finished(block: Block) -> exp.Query:
    """The statement; a set operation that nothing was added to stays bare."""
    outputs = dict(block.env.fields)
    if block.env.scope.tables:
        alias, table = next(iter(block.env.scope.tables.items()))
        own = {c.name: block.env.column(alias, c.name) for c in table.columns}
        outputs = {**own, **{n: e for n, e in outputs.items() if n not in own}}
    return _bare_set(block, outputs) or block.select(outputs)


# ---- sources -----------------------------------------------------------------------------------


def _opened(
    source: P.Source | P.Query | P.SetOp, session: Session, outer: Env | None, level: int
) -> Block:
    if isinstance(source, P.Query):
        return block_of(source, session, outer, level + 1)
    scope = opening(source, session.view, outer.scope if outer is not None else None, level)
    env = Env(session, scope, outer=outer)
    if isinstance(source, P.Source):
        session.taken.update(scope.tables)
        return Block(env, tree=JoinTree(source, session.view))
    return _set_operation(source, env, level)


_SET_OPERATIONS: dict[str, tuple[type[exp.SetOperation], bool]] = {
    "union": (exp.Union, True),
    "union_all": (exp.Union, False),
    "intersect": (exp.Intersect, True),
    "except": (exp.Except, True),
}


def _set_operation(source: P.SetOp, env: Env, level: int) -> Block:
    kind, distinct = _SET_OPERATIONS[source.op]
    sides = [built(q, env.session, env.outer, level + 1) for q in (source.left, source.right)]
    made = kind(this=_side(sides[0]), expression=_side(sides[1]), distinct=distinct)
    name = env.session.fresh("t")
    fields: dict[str, Node] = {f: names.column(name, f, env.dialect) for f in env.scope.fields}
    return Block(
        replace(env, fields=fields, derived=name), table=derived_table(made, name, env.dialect)
    )


def _side(query: exp.Query) -> exp.Query:
    """A side of a set operation, in parentheses unless it is a plain SELECT."""
    plain = isinstance(query, exp.Select) and not any(
        query.args.get(k) for k in ("order", "limit", "offset", "with_")
    )
    return query if plain else exp.Subquery(this=query)


def _bare_set(block: Block, outputs: dict[str, Node]) -> exp.Query | None:
    table = block.table
    if not (isinstance(table, exp.Subquery) and isinstance(table.this, exp.SetOperation)):
        return None
    made = table.this
    if block.where or block.group is not None or block.distinct or block.from_joins:
        return None
    if [n for n, e in outputs.items() if e.name == n and isinstance(e, exp.Column)] != (
        made.named_selects
    ):
        return None
    keys = [k.by for k in block.order]
    if not all(isinstance(k, exp.Column) for k in keys):
        return None
    if keys:
        order = [
            exp.Ordered(
                this=names.column("", k.by.name, block.env.dialect), desc=k.descending or None,
                nulls_first=False,
            )
            for k in block.order
        ]  # fmt: skip
        made.set("order", exp.Order(expressions=order))
    if block.limit is not None:
        made.set("limit", exp.Limit(expression=exp.Literal.number(block.limit)))
    if block.offset:
        made.set("offset", exp.Offset(expression=exp.Literal.number(block.offset)))
    return made


# ---- steps -------------------------------------------------------------------------------------


def _filter(step: P.Filter, block: Block, later: Later) -> Block:
    if block.limit is not None or block.windows:
        block = block.wrapped(later)
    conditions = conjuncts(step.where, block.env)
    if block.group is None:
        block.where.extend(conditions)
        block.filters.append(step.where)
    else:
        block.having.extend(conditions)
    return block


def _group(step: P.Group, block: Block, later: Later) -> Block:
    if block.cut or block.windows or block.group is not None:
        block = block.wrapped(later)
    block.order = []
    return grouped(step, block)


def _window(step: P.Window, block: Block, later: Later) -> Block:
    block = _room_for_windows(step.columns, block, later)
    fields = dict(block.env.fields)
    for named in step.columns:
        fields[named.name] = compiled(named.expr, block.env)
    block.set_fields(fields)
    return block


def _room_for_windows(nodes: tuple[object, ...], block: Block, later: Later) -> Block:
    """Windows see the rows before a limit or DISTINCT, and no other windows."""
    used = {n.name for n in below(*nodes, queries=False) if isinstance(n, P.Field)}
    if block.cut or used & block.windows:
        return block.wrapped(later)
    return block


def _order(step: P.Order, block: Block, later: Later) -> Block:
    if block.limit is not None:
        block = block.wrapped(later)
    block.order = _sort_keys(step.by, block.env)
    return block


def _sort_keys(by: tuple[P.Sort, ...], env: Env) -> list[SortKey]:
    """Sort keys; a constant orders nothing, and would be read as a column's position."""
    return [
        SortKey(compiled(s.by, env), s.descending, s.by)
        for s in by
        if not isinstance(s.by, P.Value)
    ]


def _limit(step: P.Limit, block: Block, later: Later) -> Block:
    if block.limit is not None:
        block = block.wrapped(later)
    if step.ties and block.order:
        return _limit_with_ties(step, block, later)
    block.limit, block.offset = step.count, step.offset
    return block


def _limit_with_ties(step: P.Limit, block: Block, later: Later) -> Block:
    if block.cut or block.windows:
        block = block.wrapped(later)
    functions: list[Node] = [exp.Rank()]
    if step.offset:
        functions.append(exp.RowNumber())
    block, places = _ranked(block, [], block.order, functions, later)
    block.where.append(exp.LTE(this=places[0], expression=D.whole(step.offset + step.count)))
    if step.offset:
        block.where.append(exp.GT(this=places[1], expression=D.whole(step.offset)))
    return block


def _top(step: P.TopPerGroup, block: Block, later: Later) -> Block:
    if block.cut or block.windows:
        block = block.wrapped(later)
    keys = [compiled(k, block.env) for k in step.keys]
    order = _sort_keys(step.order, block.env)
    function = exp.Rank() if step.ties else exp.RowNumber()
    block, places = _ranked(block, keys, order, [function], later)
    block.where.append(exp.LTE(this=places[0], expression=D.whole(step.count)))
    return block


def _ranked(
    block: Block, keys: list[Node], order: list[SortKey], functions: list[Node], later: Later
) -> tuple[Block, list[Node]]:
    """The block wrapped, and the columns that hold each row's place by these functions."""
    fields, names_ = dict(block.env.fields), []
    for function in functions:
        name = "rank" if isinstance(function, exp.Rank) else "place"
        while name in fields:
            name += "_"
        sorts = [
            exp.Ordered(this=k.by.copy(), desc=k.descending or None, nulls_first=False)
            for k in order
        ]
        fields[name] = windowed(function, [k.copy() for k in keys], sorts)
        names_.append(name)
    block.set_fields(fields)
    wrapped = block.wrapped(later)
    return wrapped, [wrapped.env.fields.pop(name) for name in names_]


def _project(step: P.Project, block: Block, later: Later) -> Block:
    if block.distinct or (step.distinct and block.limit is not None):
        block = block.wrapped(later)
    if any(isinstance(n, P.WindowCall) for n in below(*step.columns, queries=False)):
        block = _room_for_windows(step.columns, block, later)
    block.set_fields({n.name: compiled(n.expr, block.env) for n in step.columns})
    block.order = [_renamed(key, step.columns, block.env.fields) for key in block.order]
    if step.distinct:
        block.distinct = True
        shown = list(block.env.fields.values())
        block.order = [key for key in block.order if key.by in shown]
    return block


def _renamed(key: SortKey, columns: tuple[P.Named, ...], fields: Mapping[str, Node]) -> SortKey:
    """The sort key as the output that shows it: a limit may have hidden it in a column of its own.

    A projection gives names anew, so what the plan called the key is of no use after it.
    """
    shown = (fields[c.name] for c in columns if c.expr == key.said)
    return SortKey(next(shown, key.by), key.descending)


_STEPS: dict[type, Callable[..., Block]] = {
    P.Filter: _filter,
    P.Group: _group,
    P.Window: _window,
    P.Order: _order,
    P.Limit: _limit,
    P.TopPerGroup: _top,
    P.Project: _project,
}
