"""Expressions of the plan as SQL expressions."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from datamind.errors import PlanInvalid
from datamind.semantics import plan as P
from datamind.semantics.catalog import ColumnType
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.inference import type_of


def compiled(expr: P.Expr, env: Env) -> Node:
    """The expression as SQL."""
    return _EXPRESSIONS[type(expr)](expr, env)


def operand(expr: P.Expr, env: Env) -> Node:
    """The expression as one side of an operator."""
    return D.parenthesised(compiled(expr, env))


def ordered(sort: P.Sort, env: Env) -> exp.Ordered:
    """A sort key with nulls last."""
    return exp.Ordered(this=compiled(sort.by, env), desc=sort.descending or None, nulls_first=False)


def _column(expr: P.Column, env: Env) -> Node:
    node = env.column(expr.alias, expr.name)
    table = env.scope.table(expr.alias)
    return node if table is None else D.as_said(node, table.column(expr.name).native_type)


def _field(expr: P.Field, env: Env) -> Node:
    return env.fields[expr.name].copy()


def _value(expr: P.Value, _env: Env) -> Node:
    return D.literal(expr.value)


def _leaf(expr: P.Aggregate | P.Metric, env: Env) -> Node:
    found = env.leaves.get(id(expr))
    if found is None:
        raise PlanInvalid("An aggregate belongs into the measures of a group.")
    return found.copy()


_OPERATORS: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}


def _arithmetic(expr: P.Arithmetic, env: Env) -> Node:
    left, right = operand(expr.left, env), operand(expr.right, env)
    if expr.op == "/":
        return _division(expr, left, env)
    if (
        expr.op in "+*"
        and isinstance(left, exp.Paren)
        and isinstance(left.this, _OPERATORS[expr.op])
    ):
        left = left.this
    return _OPERATORS[expr.op](this=left, expression=right)


def _division(expr: P.Arithmetic, left: Node, env: Env) -> Node:
    """Exact, and null where the divisor is 0."""
    kept = ("float",) if env.dialect == "clickhouse" else ("float", "decimal")  # its have 2 places
    exact = type_of(expr.left, env.scope).type in kept
    if env.dialect != "duckdb" and not exact:
        left = D.cast(compiled(expr.left, env), "DOUBLE")  # DuckDB's `/` is exact as it is
    right = compiled(expr.right, env)
    constant = isinstance(expr.right, P.Value) and expr.right.value not in (0, None)
    if constant:
        right = D.parenthesised(right)
    else:
        right = exp.Nullif(this=right, expression=D.whole(0))
    return exp.Div(this=left, expression=right, typed=env.dialect != "duckdb", safe=False)


def _case(expr: P.Case, env: Env) -> Node:
    from datamind.semantics.compiler.predicates import condition

    inside = env.under_not()
    arms = [
        exp.If(this=condition(w.condition, inside), true=compiled(w.then, env)) for w in expr.whens
    ]
    nothing = isinstance(expr.otherwise, P.Value) and expr.otherwise.value is None
    return exp.Case(ifs=arms, default=None if nothing else compiled(expr.otherwise, env))


def _temporal(expr: P.Expr, env: Env) -> Node:
    """A date operand, cast where it is kept as text."""
    node = compiled(expr, env)
    if type_of(expr, env.scope).type == "text":
        node = D.cast(node, "TIMESTAMP")
    return node


def _date_type(expr: P.Expr, env: Env) -> ColumnType:
    found = type_of(expr, env.scope).type
    return "timestamp" if found == "text" else found


def _part(expr: P.DatePart, env: Env) -> Node:
    return D.date_part(expr.part, _temporal(expr.of, env), env.dialect)


def _trunc(expr: P.DateTrunc, env: Env) -> Node:
    node = _temporal(expr.of, env)
    if expr.grain == "hour" and _date_type(expr.of, env) == "date":
        node = D.cast(node, "TIMESTAMP")  # PostgreSQL would make it a time with a zone
    return D.truncated(expr.grain, node)


def _diff(expr: P.DateDiff, env: Env) -> Node:
    start, end = _temporal(expr.start, env), _temporal(expr.end, env)
    kinds = _date_type(expr.start, env), _date_type(expr.end, env)
    return D.date_diff(
        expr.unit, D.parenthesised(start), kinds[0], D.parenthesised(end), kinds[1], env.dialect
    )


def _add(expr: P.DateAdd, env: Env) -> Node:
    return D.date_add(expr.unit, expr.amount, _temporal(expr.of, env), _date_type(expr.of, env))


def _epoch(expr: P.FromEpoch, env: Env) -> Node:
    return D.from_epoch(compiled(expr.of, env), env.dialect)


def _scalar(expr: P.Scalar, env: Env) -> Node:
    return exp.Subquery(this=env.session.build(expr.query, env, env.scope.level + 1))


# ---- scalar functions --------------------------------------------------------------------------


def _round(args: list[Node], env: Env) -> Node:
    if len(args) == 2 and env.dialect == "postgres":  # it rounds only numerics to digits
        args[0] = D.cast(args[0], "DECIMAL")
    return exp.Round(this=args[0], decimals=args[1] if len(args) == 2 else None)


def _concat(args: list[Node], env: Env) -> Node:
    """Nulls are left out."""
    if env.dialect == "clickhouse":  # the others leave them out by themselves
        args = [
            a if isinstance(a, exp.Literal)
            else exp.Coalesce(this=D.cast(a, "TEXT"), expressions=[exp.Literal.string("")])
            for a in args
        ]  # fmt: skip
    return D.call("CONCAT", *args)


_CALLS: dict[str, Callable[[list[Node], Env], Node]] = {
    "lower": lambda a, _: exp.Lower(this=a[0]),
    "upper": lambda a, _: exp.Upper(this=a[0]),
    "trim": lambda a, _: exp.Trim(this=a[0]),
    "length": lambda a, _: exp.Length(this=a[0]),
    "abs": lambda a, _: exp.Abs(this=a[0]),
    "round": _round,
    "coalesce": lambda a, _: exp.Coalesce(this=a[0], expressions=a[1:]),
    "nullif": lambda a, _: exp.Nullif(this=a[0], expression=a[1]),
    "concat": _concat,
    "text": lambda a, _: D.cast(a[0], "TEXT"),
    "number": lambda a, _: D.cast(a[0], "DOUBLE"),
    "date": lambda a, env: D.date_of(a[0], env.dialect),
}


def _call(expr: P.Call, env: Env) -> Node:
    return _CALLS[expr.name]([compiled(a, env) for a in expr.args], env)


# ---- windows -----------------------------------------------------------------------------------

_RANKS: dict[str, type[exp.Func]] = {
    "rank": exp.Rank, "dense_rank": exp.DenseRank, "row_number": exp.RowNumber,
}  # fmt: skip


def _window(expr: P.WindowCall, env: Env) -> Node:
    return windowed(
        _window_function(expr, env),
        [compiled(p, env) for p in expr.partition],
        [ordered(s, env) for s in expr.order],
        _frame(expr),
    )


def windowed(
    function: Node, partition: list[Node], order: list[exp.Ordered], frame: Node | None = None
) -> exp.Window:
    """A function over a window."""
    return exp.Window(
        this=function,
        partition_by=partition,
        order=exp.Order(expressions=order) if order else None,
        spec=frame,
        over="OVER",
    )


def _window_function(expr: P.WindowCall, env: Env) -> Node:
    if expr.function in _RANKS:
        return _RANKS[expr.function]()
    if expr.arg is None:
        return exp.Count(this=exp.Star())
    arg = compiled(expr.arg, env)
    if expr.function in ("lag", "lead"):
        kind = exp.Lag if expr.function == "lag" else exp.Lead
        return kind(this=arg, offset=D.whole(expr.offset) if expr.offset != 1 else None)
    return D.aggregate(expr.function, arg, type_of(expr.arg, env.scope).type, None, env.dialect)


def _frame(expr: P.WindowCall) -> Node | None:
    """Rows, not peers: a running total goes on within equal sort keys."""
    if expr.function in (*_RANKS, "lag", "lead") or not expr.order:
        return None
    preceding = "UNBOUNDED" if expr.frame is None else D.whole(expr.frame)
    return exp.WindowSpec(kind="ROWS", start=preceding, start_side="PRECEDING", end="CURRENT ROW")


_EXPRESSIONS: dict[type, Callable[..., Node]] = {
    P.Column: _column,
    P.Field: _field,
    P.Value: _value,
    P.Metric: _leaf,
    P.Aggregate: _leaf,
    P.Arithmetic: _arithmetic,
    P.Case: _case,
    P.DatePart: _part,
    P.DateTrunc: _trunc,
    P.DateDiff: _diff,
    P.DateAdd: _add,
    P.FromEpoch: _epoch,
    P.Call: _call,
    P.Scalar: _scalar,
    P.WindowCall: _window,
}
