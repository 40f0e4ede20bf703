"""Tells about how many rows a query makes of nothing but series and lists that it writes out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.growth import SERIES, made, number, steps

MAX_PRODUCT = 1_000_000
# How long a series is taken to be whose bounds are dates: about three years of days.
USUAL_SERIES = 1_000
EXPLODING = (exp.Explode, exp.ExplodingGenerateSeries)
CLAUSES = (
    "expressions", "where", "group", "having", "qualify", "windows", "order", "distinct", "limit",
    "offset",
)  # fmt: skip


class Size(NamedTuple):
    """The rows that a query gives, and the most that it goes through on the way."""

    rows: float
    work: float


Ctes = Mapping[str, Size]
ONE = Size(1, 1)
NAMED = (exp.Table, exp.Subquery, exp.Lateral, exp.Values, exp.Unnest)


def check_products(tree: exp.Query) -> None:
    """Refuse a query that multiplies series and lists; tables count as one row."""
    if _query(tree, {}).work > MAX_PRODUCT:
        raise SqlRejected(
            f"Series and lists are multiplied to more than {MAX_PRODUCT:,} rows:"
            " make them shorter, or join them by equal columns."
        )


def _query(node: exp.Expr, ctes: Ctes) -> Size:
    clause = node.args.get("with_")
    known = dict(ctes)
    inner = 1.0
    for cte in clause.expressions if clause is not None else ():
        size = _query(cte.this, known)  # a recursive query's own rows count as one
        known[cte.alias.lower()] = size
        inner = max(inner, size.work)
    if isinstance(node, exp.Select):
        size = _select(node, known)
    elif isinstance(node, exp.SetOperation):
        size = _set_operation(node, known)
    elif isinstance(node, exp.Subquery):
        size = _query(node.this, known)
    else:  # ClickHouse's constants
        return Size(1, _nested([node], known))
    # A query in an expression may be run for each row.
    parts = [part for name in CLAUSES for part in _parts(node.args.get(name))]
    parts += [j.args["on"] for j in node.args.get("joins") or () if j.args.get("on") is not None]
    limit = node.args.get("limit")
    most = number(limit.expression) if isinstance(limit, exp.Limit) else None
    rows = size.rows if most is None else min(size.rows, most)
    return Size(rows, max(size.work * _nested(parts, known), inner))


def _nested(parts: list[exp.Expr], ctes: Ctes) -> float:
    """The most work of the queries in expressions."""
    return max((_query(q, ctes).work for part in parts for q in _queries(part)), default=1)


def _set_operation(node: exp.SetOperation, ctes: Ctes) -> Size:
    arms: list[Size] = []
    arm: exp.Expr = node
    # Chains lean to the left, as in the resolver.
    while isinstance(arm, exp.SetOperation) and (arm is node or not arm.args.get("with_")):
        arms.append(_query(arm.expression, ctes))
        arm = arm.this
    arms.append(_query(arm, ctes))
    return Size(sum(size.rows for size in arms), max(size.work for size in arms))


def _select(node: exp.Select, ctes: Ctes) -> Size:
    clause = node.args.get("from_")
    items = [] if clause is None else [clause.this]
    items += [*(node.args.get("laterals") or ()), *(node.args.get("joins") or ())]
    sizes = [_item(item, ctes) for item in items]
    rows = math.prod(max(sizes[at].rows for at in tied) for tied in _groups(node, items))
    shown = [at for part in node.expressions for at in _own(part)]
    rows *= math.prod(_exploded(at) for at in shown if isinstance(at, EXPLODING))
    work = max([rows, *(size.work for size in sizes)])
    whole = node.args.get("group") is None and any(
        isinstance(at, exp.AggFunc) and not isinstance(at.parent, exp.Window) for at in shown
    )
    return Size(1 if whole else rows, work)


def _item(node: exp.Expr, ctes: Ctes) -> Size:
    """The size of what stands in FROM, what is joined to it in brackets included."""
    inner = node.this
    if isinstance(node, exp.Values):
        size = Size(len(node.expressions), 1)
    elif isinstance(node, exp.Unnest):
        size = Size(max([1, *(made(e) for e in node.expressions)]), 1)
    elif isinstance(node, exp.Join) and node.args.get("kind") == "ARRAY":
        size = Size(max(made(e) for e in (inner, *node.expressions)), 1)
    elif isinstance(node, (exp.Final, exp.Join)) or isinstance(inner, (exp.Subquery, exp.Unnest)):
        size = _item(inner, ctes)
    elif isinstance(node, exp.Subquery):
        size = _query(node, ctes) if isinstance(inner, exp.Query) else _item(inner, ctes)
    elif isinstance(inner, SERIES):
        size = Size(_length(inner), 1)
    elif isinstance(inner, exp.Anonymous) and str(inner.this).lower() == "numbers":
        size = Size(number(inner.expressions[-1]) or 1, 1)
    else:
        named = isinstance(node, exp.Table) and not node.args.get("db")
        size = ctes.get(node.name.lower(), ONE) if named else ONE
    for join in node.args.get("joins") or ():
        other = _item(join, ctes)
        size = Size(size.rows * other.rows, max(size.work, other.work))
    return Size(size.rows, max(size.work, size.rows))


def _length(series: exp.Expr) -> float:
    found = steps(series)
    return USUAL_SERIES if found is None else max(1, found)


def _exploded(node: exp.Expr) -> float:
    """How many rows a function of the SELECT list gives for one."""
    return _length(node) if isinstance(node, SERIES) else made(node)


def _groups(select: exp.Select, items: list[exp.Expr]) -> list[set[int]]:
    """The sources by place, together with those that they are joined to by equal columns."""
    groups = [{at} for at in range(len(items))]
    places = {alias: at for at, item in enumerate(items) for alias in _aliases(item)}

    def tie(one: int, other: int) -> None:
        groups[one] |= groups[other]
        for at in groups[one]:
            groups[at] = groups[one]

    where = select.args.get("where")
    conditions = [] if where is None else [where.this]
    for at, join in enumerate(items):
        if isinstance(join, exp.Join):
            conditions += [join.args["on"]] if join.args.get("on") is not None else []
            if join.args.get("using") or join.args.get("method") == "NATURAL":
                tie(0, at)
    for condition in conditions:
        for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
            if isinstance(part, exp.EQ):
                sides = [_tables(side) & places.keys() for side in (part.this, part.expression)]
                if len(sides[0]) == len(sides[1]) == 1:
                    tie(*(places[side.pop()] for side in sides))
    return [tied for at, tied in enumerate(groups) if at == min(tied)]


def _aliases(item: exp.Expr) -> Iterator[str]:
    """What a source is called, or those that brackets hold."""
    inner = item.walk(prune=lambda n: isinstance(n, exp.Query) and bool(n.alias_or_name))
    return (at.alias_or_name for at in inner if isinstance(at, NAMED) and at.alias_or_name)


def _tables(node: exp.Expr) -> set[str]:
    return {at.table for at in _own(node) if isinstance(at, exp.Column)}


def _parts(value: object) -> Iterable[exp.Expr]:
    if isinstance(value, list):
        return [part for part in value if isinstance(part, exp.Expr)]
    return [value] if isinstance(value, exp.Expr) else []


def _own(node: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of an expression, those of queries in it left out."""
    return node.walk(prune=lambda n: isinstance(n, exp.Query))


def _queries(node: exp.Expr) -> Iterator[exp.Expr]:
    return (at for at in _own(node) if isinstance(at, exp.Query))
