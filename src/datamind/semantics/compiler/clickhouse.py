"""ClickHouse's own forms of what the other engines write alike.

The statements mean what the plan says only under SETTINGS, which whoever runs them has to set:
by default ClickHouse fills outer joins with zeros and empty texts, and takes an alias for a column
of the same name. That it adds up nothing to 0, not to null, is mended here instead: under the
setting for it (`aggregate_functions_null_for_empty`) no projection would be taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType

from sqlglot import exp

from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler.env import Node

SETTINGS = MappingProxyType({
    "join_use_nulls": "1",
    "prefer_column_name_to_alias": "1",
    "cast_keep_nullable": "1",
    "intersect_default_mode": "DISTINCT",
    "except_default_mode": "DISTINCT",
    "enable_extended_results_for_datetime_functions": "1",
    "session_timezone": "UTC",
})  # fmt: skip

# Types that hold dates before 1970 and parts of seconds, and numbers as long as any.
_TYPES = {
    exp.DType.DATE: "Date32",
    exp.DType.TIMESTAMP: "DateTime64(6)",
    exp.DType.DECIMAL: "Decimal(38, 10)",
}
# Aggregates that are 0, or not a number, over no rows of what can't be null; a cast can be.
_SUMS = (exp.Sum, exp.Avg, exp.Min, exp.Max)
_PARTS = {
    "WEEK": "toISOWeek", "ISODOW": "toDayOfWeek", "DOY": "toDayOfYear", "DAY": "toDayOfMonth",
}  # fmt: skip


def adapted(tree: Node) -> Node:
    """The statement in ClickHouse's forms."""
    return D.bottom_up(
        tree, lambda node: _FORMS[type(node)](node) if type(node) in _FORMS else node
    )


def _cast(node: Node) -> Node:
    own = _TYPES.get(node.args["to"].this)
    if own is None:
        return node
    kind = exp.DataType.build(f"Nullable({own})", dialect="clickhouse")
    return exp.Cast(this=node.this, to=kind)


def _try_cast(node: Node) -> Node:
    """Only dates are cast so."""
    return D.call("toDate32OrNull", node.this)


def _extract(node: Node) -> Node:
    own = _PARTS.get(node.name)
    return D.call(own, node.expression) if own else node


def _function(name: str) -> Callable[[Node], Node]:
    return lambda node: D.call(name, node.this)


def _like(node: Node) -> Node:
    """A backslash escapes here."""
    pattern = node.expression.name.replace("\\", "\\\\")
    return type(node)(this=node.this, expression=exp.Literal.string(pattern))


def _escape(node: Node) -> Node:
    """And nothing else can be chosen to."""
    like: Node = node.this
    escape = node.expression.name
    pattern = re.sub(
        re.escape(escape) + "(.)",
        lambda found: found[1] if found[1] == escape else f"\\{found[1]}", like.expression.name,
    )  # fmt: skip
    like.set("expression", exp.Literal.string(pattern))
    return like


def _stddev(node: Node) -> Node:
    """Of one value there is none, which it tells as not a number."""
    return D.call("ifNotFinite", D.call("stddevSamp", node.this), exp.Null())


def _filter(node: Node) -> Node:
    """The filter belongs to the aggregate within, and may leave it no rows."""
    made = node.this
    if isinstance(made, exp.Anonymous) and made.name == "ifNotFinite":
        inner, nothing = made.expressions
        return D.call("ifNotFinite", exp.Filter(this=inner, expression=node.expression), nothing)
    if isinstance(made, _SUMS) and not isinstance(made.this, exp.Cast):
        within = made.this
        if isinstance(within, exp.Distinct):
            within.set("expressions", [D.call("toNullable", one) for one in within.expressions])
        else:
            _nullable(made)
    return node


def _nullable(node: Node) -> Node:
    """Of what can't be null the row before the first would be 0, and so would be the sum of no
    rows."""
    node.set("this", D.call("toNullable", node.this))
    return node


def _round(node: Node) -> Node:
    """Halves go away from zero for decimals, and to even for floats."""
    digits = node.args.get("decimals")
    return D.call("round", _cast(D.cast(node.this, "DECIMAL")), *([digits] if digits else []))


def _select(node: Node) -> Node:
    """One form for each of the two that differ."""
    return _sorted(node if node.args.get("group") else _of_no_rows(node))


def _of_no_rows(node: Node) -> Node:
    """Without groups there is a row for no rows at all. Sums are asked for as they are, since
    what is kept added up holds those."""
    for made in list(node.find_all(*_SUMS)):
        around = isinstance(made.parent, exp.Filter | exp.Window)
        if made.parent_select is node and not around and not isinstance(made.this, exp.Cast):
            some = exp.GT(this=exp.Count(this=exp.Star()), expression=D.whole(0))
            made.replace(exp.Case(ifs=[exp.If(this=some, true=made.copy())]))
    return node


def _sorted(node: Node) -> Node:
    """By what an output is, not by its name, which is a column's before it is its own."""
    outputs = {made.alias: made.this for made in node.expressions if isinstance(made, exp.Alias)}
    order = node.args.get("order")
    for sort in order.expressions if order is not None else ():
        by = sort.this
        if isinstance(by, exp.Column) and not by.table and by.name in outputs:
            sort.set("this", outputs[by.name].copy())
    return node


_FORMS: dict[type, Callable[[Node], Node]] = {
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.Extract: _extract,
    exp.Escape: _escape,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Lower: _function("lowerUTF8"),
    exp.Upper: _function("upperUTF8"),
    exp.Length: _function("lengthUTF8"),
    exp.StddevSamp: _stddev,
    exp.Filter: _filter,
    exp.Lag: _nullable,
    exp.Lead: _nullable,
    exp.Round: _round,
    exp.Select: _select,
}
