"""What differs between the engines: literals, dates, divisions and statistics, in tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp

from datamind.semantics.catalog import ColumnType

Node = exp.Expr
TYPES: dict[str, str] = {
    "integer": "BIGINT", "decimal": "DECIMAL", "float": "DOUBLE", "text": "TEXT",
    "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP", "time": "TIME",
    "interval": "INTERVAL",
}  # fmt: skip
# Native types that do not behave as the type that the catalog has them for: a UUID or a label of an
# enumeration can't be compared with any text, padded text is not what it shows, money has no mean.
_STAND_INS = (
    ("uuid", "TEXT"), ("enum", "TEXT"), ("character(", "TEXT"), ("bpchar", "TEXT"),
    ("money", "DECIMAL"),
)  # fmt: skip
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def cast(node: Node, to: str) -> exp.Cast:
    """The node as this SQL type."""
    return exp.Cast(this=node, to=exp.DataType.build(to))


def as_said(node: Node, native: str) -> Node:
    """A column as the type that the catalog says it has."""
    kinds = (kind for name, kind in _STAND_INS if native.lower().startswith(name))
    kind = next(kinds, None)
    return node if kind is None else cast(node, kind)


def call(name: str, *args: Node) -> exp.Anonymous:
    """A function of the engine by its own name."""
    return exp.Anonymous(this=name, expressions=list(args))


def whole(number: int) -> Node:
    """An integer literal, negative ones included."""
    literal = exp.Literal.number(abs(number))
    return exp.Neg(this=literal) if number < 0 else literal


def literal(value: object) -> Node:
    """A typed literal."""
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float | Decimal):
        return _fraction(value)
    if isinstance(value, dt.datetime):
        return cast(exp.Literal.string(value.isoformat(" ")), "TIMESTAMP")
    if isinstance(value, dt.date):
        return cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, dt.time):
        return cast(exp.Literal.string(value.isoformat()), "TIME")
    return exp.Literal.string(str(value))


def _fraction(value: float | Decimal) -> Node:
    text = format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    number = exp.Literal.number(text.lstrip("-"))
    return exp.Neg(this=number) if text.startswith("-") else number


def parenthesised(node: Node) -> Node:
    """The node in parentheses where an operator around it would otherwise bind first."""
    loose = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Interval)
    tight = (exp.Dot, exp.Paren, exp.Neg)
    if isinstance(node, loose) and not isinstance(node, tight):
        return exp.Paren(this=node)
    return node


def bottom_up(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with each node changed, the inner ones first; what is put in is left alone."""
    for child in list(node.iter_expressions()):
        made = bottom_up(child, change)
        if made is not child:
            child.replace(made)
    return change(node)


# ---- dates -------------------------------------------------------------------------------------

# EXTRACT's name for each part; weekday is ISO's 1 to 7 and week ISO's in both engines.
PARTS = {
    "year": "YEAR", "quarter": "QUARTER", "month": "MONTH", "week": "WEEK", "day": "DAY",
    "weekday": "ISODOW", "hour": "HOUR", "minute": "MINUTE", "day_of_year": "DOY",
}  # fmt: skip


def extract(part: str, of: Node) -> Node:
    """A part of a date as the engine gives it."""
    return exp.Extract(this=exp.Var(this=part), expression=of)


def date_part(part: str, of: Node, dialect: str) -> Node:
    """A part of a date as a whole number; PostgreSQL would give a numeric."""
    made = extract(PARTS[part], of)
    return cast(made, "INT") if dialect == "postgres" else made


def truncated(grain: str, of: Node) -> Node:
    """The first moment of the period."""
    made = call("DATE_TRUNC", exp.Literal.string(grain), of)
    return made if grain == "hour" else cast(made, "DATE")


def _as_day(node: Node, kind: ColumnType) -> Node:
    return node if kind == "date" else cast(node, "DATE")


def _minus(left: Node, right: Node) -> Node:
    return exp.Sub(this=left, expression=right)


def _months(node: Node) -> Node:
    year = exp.Mul(this=extract("YEAR", node), expression=whole(12))
    return exp.Add(this=year, expression=extract("MONTH", node.copy()))


def _crossed_duckdb(unit: str, start: Node, end: Node) -> Node:
    if unit == "week":  # its own weeks don't start on Monday
        start, end = truncated("week", start), truncated("week", end)
    return call("DATE_DIFF", exp.Literal.string(unit), start, end)


def _crossed_postgres(unit: str, start: Node, end: Node) -> Node:
    """Boundaries crossed: PostgreSQL has no function for it."""
    if unit == "year":
        return cast(_minus(extract("YEAR", end), extract("YEAR", start)), "INT")
    if unit == "month":
        return cast(_minus(_months(end), exp.Paren(this=_months(start))), "INT")
    if unit == "quarter":
        quarters = [
            exp.Add(
                this=exp.Mul(this=extract("YEAR", n), expression=whole(4)),
                expression=extract("QUARTER", n.copy()),
            )
            for n in (end, start)
        ]
        return cast(_minus(quarters[0], exp.Paren(this=quarters[1])), "INT")
    if unit == "week":
        weeks = exp.Paren(this=_minus(truncated("week", end), truncated("week", start)))
        return exp.Div(this=weeks, expression=whole(7), typed=True)
    hours = [call("DATE_TRUNC", exp.Literal.string(unit), n) for n in (end, start)]
    seconds = extract("EPOCH", _minus(hours[0], hours[1]))
    return cast(exp.Div(this=seconds, expression=whole(_SECONDS[unit]), typed=True), "BIGINT")


def _crossed_clickhouse(unit: str, start: Node, end: Node) -> Node:
    return call("dateDiff", exp.Literal.string(unit), start, end)


_CROSSED: dict[str, Callable[[str, Node, Node], Node]] = {
    "duckdb": _crossed_duckdb,
    "postgres": _crossed_postgres,
    "clickhouse": _crossed_clickhouse,
}


def date_diff(
    unit: str, start: Node, start_type: ColumnType, end: Node, end_type: ColumnType, dialect: str
) -> Node:
    """`end - start`: exact seconds, else how many boundaries of the unit lie between."""
    if unit == "second" and dialect == "clickhouse":
        micros = call("dateDiff", exp.Literal.string("microsecond"), start, end)
        return exp.Div(this=micros, expression=whole(1_000_000), typed=True, safe=False)
    if unit == "second":
        return _minus(extract("EPOCH", end), extract("EPOCH", start))
    if unit == "day" and dialect != "clickhouse":
        return _minus(_as_day(end, end_type), _as_day(start, start_type))
    if unit in ("hour", "minute"):
        start = start if start_type == "timestamp" else cast(start, "TIMESTAMP")
        end = end if end_type == "timestamp" else cast(end, "TIMESTAMP")
    return _CROSSED[dialect](unit, start, end)


def date_add(unit: str, amount: int, of: Node, kind: ColumnType) -> Node:
    """A date moved; a date stays a date unless it moves by hours or less."""
    if kind == "date" and unit in _DAYS:
        return _moved(of, amount, whole(abs(amount) * _DAYS[unit]))
    count, name = abs(amount), unit
    if unit in ("quarter", "week"):  # PostgreSQL knows no interval of quarters
        count *= _MONTHS.get(unit) or _DAYS[unit]
        name = "month" if unit == "quarter" else "day"
    interval = exp.Interval(this=exp.Literal.string(str(count)), unit=exp.Var(this=name.upper()))
    made = _moved(of, amount, interval)
    return cast(made, "DATE") if kind == "date" and unit in _MONTHS else made


def _moved(of: Node, amount: int, by: Node) -> Node:
    operator = exp.Sub if amount < 0 else exp.Add
    return operator(this=parenthesised(of), expression=by)


def date_of(of: Node, dialect: str) -> Node:
    """Text as a date; null where it is none (PostgreSQL has no cast that forgives)."""
    made = cast(of, "DATE")
    return made if dialect == "postgres" else exp.TryCast(this=made.this, to=made.args["to"])


def from_epoch(of: Node, dialect: str) -> Node:
    """A timestamp in UTC from Unix seconds."""
    if dialect == "duckdb":
        micros = exp.Mul(this=parenthesised(of), expression=whole(1_000_000))
        return call("MAKE_TIMESTAMP", cast(micros, "BIGINT"))
    if dialect == "clickhouse":
        micros = exp.Mul(this=parenthesised(of), expression=whole(1_000_000))
        return call("fromUnixTimestamp64Micro", cast(micros, "BIGINT"))
    return exp.AtTimeZone(this=call("TO_TIMESTAMP", of), zone=exp.Literal.string("UTC"))


# ---- aggregates --------------------------------------------------------------------------------

_PLAIN: dict[str, Callable[[Node], Node]] = {
    "sum": lambda x: exp.Sum(this=x),
    "avg": lambda x: exp.Avg(this=x),
    "min": lambda x: exp.Min(this=x),
    "max": lambda x: exp.Max(this=x),
    "count": lambda x: exp.Count(this=x),
    "stddev": lambda x: exp.StddevSamp(this=x),
}


def percentile(of: Node, fraction: Decimal, dialect: str) -> Node:
    """The continuous percentile; half is the median."""
    at = exp.Literal.number(format(fraction.normalize(), "f"))
    if dialect == "duckdb":
        if fraction == Decimal("0.5"):
            return call("MEDIAN", of)
        return call("QUANTILE_CONT", of, at)
    if dialect == "clickhouse":
        return exp.ParameterizedAgg(
            this="quantileExactInclusive", expressions=[at], params=[cast(of, "DOUBLE")]
        )
    order = exp.Order(expressions=[exp.Ordered(this=of, nulls_first=False)])
    return exp.WithinGroup(this=exp.PercentileCont(this=at), expression=order)


def aggregate(
    function: str, of: Node | None, kind: ColumnType, percent: float | None, dialect: str
) -> Node:
    """An aggregate without its filter; `of` is None for a count of rows."""
    if of is None:
        return exp.Count(this=exp.Star())
    if function == "median":
        return percentile(of, Decimal("0.5"), dialect)
    if function == "percentile":
        return percentile(of, Decimal(str(percent)) / 100, dialect)
    if kind == "boolean" and function != "count":
        made = _PLAIN[function](cast(of, "INT"))
        return cast(made, "BOOLEAN") if function in ("min", "max") else made
    return _PLAIN[function](of)
