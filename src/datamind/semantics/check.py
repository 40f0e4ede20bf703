"""Checks a plan against what the asker may see, and tells the columns that it will give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from datamind.errors import DataMindError, PlanInvalid
from datamind.semantics import plan as P
from datamind.semantics.catalog import Relationship, Table, View
from datamind.semantics.inference import OutputColumn, Scope, type_of
from datamind.semantics.walk import below, parts

__all__ = ["OutputColumn", "Scope", "after", "check", "opening", "relationship", "type_of"]


def check(query: P.Query, view: View) -> tuple[OutputColumn, ...]:
    """The output columns of a plan; UnknownTable, UnknownColumn or PlanInvalid with the place."""
    return _query(query, view, None, 1)


def nested(query: P.Query, scope: Scope) -> tuple[OutputColumn, ...]:
    """The output columns of a query inside an expression, which sees the scope around it."""
    return _query(query, scope.view, scope, scope.level + 1)


def _query(query: P.Query, view: View, outer: Scope | None, level: int) -> tuple[OutputColumn, ...]:
    if level > P.MAX_LEVELS:
        raise PlanInvalid(f"A plan has at most {P.MAX_LEVELS} levels of queries.")
    scope = opening(query.source, view, outer, level)
    for number, step in enumerate(query.steps, 1):
        try:
            scope = after(step, scope)
        except DataMindError as fault:
            place = f"Step {number} ({type(step).__name__})"
            raise type(fault)(f"{place}: {fault.message}", hint=fault.hint) from fault
    return outputs(query, scope)


def outputs(query: P.Query, scope: Scope) -> tuple[OutputColumn, ...]:
    """What a query gives: its last named outputs, or the columns of its source's table."""
    source = query.source
    if isinstance(source, P.Source) and source.alias in scope.tables:
        table = scope.tables[source.alias]
        own = tuple(OutputColumn(c.name, c.type, c.unit) for c in table.columns)
        return (*own, *(f for f in scope.fields.values() if f.name not in {c.name for c in own}))
    return tuple(scope.fields.values())


# ---- sources -----------------------------------------------------------------------------------


def opening(
    source: P.Source | P.Query | P.SetOp, view: View, outer: Scope | None, level: int
) -> Scope:
    """What the first step sees."""
    if isinstance(source, P.Source):
        return _tables(source, view, outer, level)
    if isinstance(source, P.Query):
        columns = _query(source, view, outer, level + 1)
    else:
        columns = _set_operation(source, view, outer, level)
    return Scope(view, {}, {c.name: c for c in columns}, outer, level)


def _tables(source: P.Source, view: View, outer: Scope | None, level: int) -> Scope:
    tables: dict[str, Table] = {source.alias: view.table(source.table)}
    scope = Scope(view, tables, {}, outer, level)
    for join in source.joins:
        if join.alias in tables:
            raise PlanInvalid(f"The alias {join.alias} is used twice.")
        if join.parent not in tables:
            raise PlanInvalid(f"The join {join.alias} hangs on {join.parent}, which comes later.")
        relation = relationship(join.relationship, view)
        ends = (tables[join.parent].id, join.table)
        if ends != _ends(relation, reverse=join.reverse):
            raise PlanInvalid(f"{relation.id} does not lead from {ends[0]} to {ends[1]}.")
        tables[join.alias] = view.table(join.table)
        if join.also is not None:
            predicate(join.also, scope)
    return scope


def _ends(relation: Relationship, *, reverse: bool) -> tuple[str, str]:
    ends = (relation.table, relation.to_table)
    return ends[::-1] if reverse else ends


def relationship(name: str, view: View) -> Relationship:
    """The visible relationship of this id."""
    found = view.relationships_by_id.get(name)
    if found is None:
        raise PlanInvalid(f"There is no relationship {name}.")
    return found


def _set_operation(
    source: P.SetOp, view: View, outer: Scope | None, level: int
) -> tuple[OutputColumn, ...]:
    left = _query(source.left, view, outer, level + 1)
    right = _query(source.right, view, outer, level + 1)
    if len(left) != len(right):
        raise PlanInvalid(f"{source.op} needs as many columns on both sides.")
    for one, other in zip(left, right, strict=True):
        if _kind(one.type) != _kind(other.type) and "other" not in (one.type, other.type):
            raise PlanInvalid(f"{source.op}: {one.name} is {one.type}, not {other.type}.")
    return left


def _kind(name: str) -> str:
    return "number" if name in ("integer", "decimal", "float") else name


# ---- steps -------------------------------------------------------------------------------------


def after(step: P.Step, scope: Scope) -> Scope:
    """What the step after this one sees."""
    return _STEPS[type(step)](step, scope)


def _filter(step: P.Filter, scope: Scope) -> Scope:
    predicate(step.where, scope)
    return scope


def _named(columns: tuple[P.Named, ...], scope: Scope, taken: dict[str, OutputColumn]) -> None:
    for named in columns:
        if named.name in taken:
            raise PlanInvalid(f"Two outputs are named {named.name}.")
        expression(named.expr, scope)
        taken[named.name] = OutputColumn(named.name, *type_of(named.expr, scope))


def _group(step: P.Group, scope: Scope) -> Scope:
    fields: dict[str, OutputColumn] = {}
    _forbid(step.keys, (P.Aggregate, P.Metric, P.WindowCall), "a group's key")
    _named(step.keys, scope, fields)
    for measure in step.measures:
        _measure(measure.expr, scope)
    _named(step.measures, scope, fields)
    if not fields:
        raise PlanInvalid("A group needs a key or a measure.")
    return replace(scope, tables={}, fields=fields)


def _measure(expr: P.Expr, scope: Scope, inside: str = "") -> None:
    kind = type(expr)
    if kind is P.WindowCall:
        raise PlanInvalid("A measure can't hold a window function; add a Window step.")
    if kind in (P.Aggregate, P.Metric):
        if inside:
            raise PlanInvalid(f"An aggregate can't be inside {inside}.")
        inside = "another aggregate"
    elif kind in (P.Column, P.Field) and not inside:
        raise PlanInvalid(f"{getattr(expr, 'name', '')} is neither a key nor aggregated.")
    if isinstance(expr, P.Aggregate) and expr.of and expr.of not in scope.tables:
        raise PlanInvalid(f"There is no alias {expr.of} to aggregate.")
    for part in parts(expr):
        if type(part) is not P.Query:
            _measure(part, scope, inside)  # type: ignore[arg-type]  # any node has parts


def _window(step: P.Window, scope: Scope) -> Scope:
    fields = dict(scope.fields)
    _forbid(step.columns, (P.Aggregate, P.Metric), "a window column")
    _named(step.columns, scope, fields)
    return replace(scope, fields=fields)


def _order(step: P.Order, scope: Scope) -> Scope:
    _sorts(step.by, scope)
    return scope


def _sorts(by: tuple[P.Sort, ...], scope: Scope) -> None:
    _forbid(by, (P.Aggregate, P.Metric, P.WindowCall), "a sort key")
    for sort in by:
        expression(sort.by, scope)
        type_of(sort.by, scope)


def _limit(step: P.Limit, scope: Scope) -> Scope:
    if step.count < 0 or step.offset < 0:
        raise PlanInvalid("A limit and its offset are not negative.")
    return scope


def _top(step: P.TopPerGroup, scope: Scope) -> Scope:
    if step.count < 1 or not step.order:
        raise PlanInvalid("The top within groups needs a count and an order.")
    _forbid(step.keys, (P.Aggregate, P.Metric, P.WindowCall), "a key")
    for key in step.keys:
        expression(key, scope)
        type_of(key, scope)
    _sorts(step.order, scope)
    return scope


def _project(step: P.Project, scope: Scope) -> Scope:
    fields: dict[str, OutputColumn] = {}
    _forbid(step.columns, (P.Aggregate, P.Metric), "a projection")
    _named(step.columns, scope, fields)
    if not fields:
        raise PlanInvalid("A projection needs a column.")
    return replace(scope, tables={}, fields=fields)


_STEPS: dict[type, Callable[..., Scope]] = {
    P.Filter: _filter,
    P.Group: _group,
    P.Window: _window,
    P.Order: _order,
    P.Limit: _limit,
    P.TopPerGroup: _top,
    P.Project: _project,
}


def _forbid(nodes: tuple[object, ...], kinds: tuple[type, ...], place: str) -> None:
    for node in below(*nodes, queries=False):
        if type(node) in kinds:
            raise PlanInvalid(f"{place.capitalize()} can't hold a {type(node).__name__}.")


# ---- inside expressions ------------------------------------------------------------------------


def expression(expr: P.Expr, scope: Scope) -> None:
    """Checks the predicates and window parts inside an expression; `type_of` checks the rest."""
    for node in below(expr, queries=False):
        if isinstance(node, P.When):
            predicate(node.condition, scope)
        elif isinstance(node, P.Aggregate) and node.where is not None:
            predicate(node.where, scope)
        elif isinstance(node, P.WindowCall):
            for inner in (*node.partition, *(s.by for s in node.order)):
                type_of(inner, scope)


def predicate(where: P.Predicate, scope: Scope) -> None:
    """Checks a predicate and all in it."""
    if isinstance(where, P.And | P.Or):
        for item in where.items:
            predicate(item, scope)
    elif isinstance(where, P.Not):
        predicate(where.item, scope)
    elif isinstance(where, P.Exists):
        _exists(where, scope)
    else:
        _test(where, scope)


def _test(where: P.Predicate, scope: Scope) -> None:
    _forbid((where,), (P.Aggregate, P.Metric, P.WindowCall), "a predicate")
    for part in parts(where):
        if type(part) is not P.Query:
            type_of(part, scope)  # type: ignore[arg-type]  # a test's parts are expressions
            expression(part, scope)  # type: ignore[arg-type]
    if isinstance(where, P.InQuery):
        columns = nested(where.query, scope)
        if len(columns) != 1:
            raise PlanInvalid(f"A query to be among has one column, not {len(columns)}.")


def _exists(where: P.Exists, scope: Scope) -> None:
    table = scope.table(where.alias)
    if table is None:
        raise PlanInvalid(f"There is no alias {where.alias} here (Exists).")
    source = where.query.source
    if not isinstance(source, P.Source):
        raise PlanInvalid("The query of an Exists starts from a table.")
    relation = relationship(where.relationship, scope.view)
    if (table.id, source.table) != _ends(relation, reverse=where.reverse):
        raise PlanInvalid(f"{relation.id} does not lead from {table.id} to {source.table}.")
    for alias in (source.alias, *(j.alias for j in source.joins)):
        if scope.table(alias) is not None:
            raise PlanInvalid(f"The alias {alias} of an Exists is used around it too.")
    nested(where.query, scope)
