"""What type and unit each expression of a plan has, given what the query can see at that point."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from datamind.errors import PlanInvalid
from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, ColumnType, Metric, Table, View
from datamind.semantics.parts import PERCENT, SHARE, of_division, of_metric
from datamind.semantics.scales import after, times


class Typed(NamedTuple):
    """A type and, where values of it have one, a unit."""

    type: ColumnType
    unit: str | None = None


class OutputColumn(NamedTuple):
    """A column of a query's result."""

    name: str
    type: ColumnType
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions can name: tables by alias, outputs by name, and the scope around."""

    view: View
    tables: Mapping[str, Table]
    fields: Mapping[str, OutputColumn] = field(default_factory=dict)
    outer: Scope | None = None
    level: int = 1

    def table(self, alias: str) -> Table | None:
        """The table of an alias, here or further out."""
        found = self.tables.get(alias)
        if found is None and self.outer is not None:
            return self.outer.table(alias)
        return found

    def metric(self, name: str) -> Metric:
        """The visible metric of this name."""
        found = self.view.metrics_by_name.get(name)
        if found is None:
            raise PlanInvalid(f"There is no metric {name}.")
        return found


def type_of(expr: P.Expr, scope: Scope) -> Typed:
    """The type of an expression; UnknownColumn or PlanInvalid where it names what is not there."""
    return _TYPES[type(expr)](expr, scope)


def _column(expr: P.Column, scope: Scope) -> Typed:
    table = scope.table(expr.alias)
    if table is None:
        raise PlanInvalid(f"There is no alias {expr.alias} here (column {expr.name}).")
    column = table.column(expr.name)
    return Typed(column.type, column.unit)


def _field(expr: P.Field, scope: Scope) -> Typed:
    found = scope.fields.get(expr.name)
    if found is None:
        raise PlanInvalid(f"No earlier step has an output named {expr.name}.")
    return Typed(found.type, found.unit)


_OF_VALUE: dict[type, ColumnType] = {
    bool: "boolean", int: "integer", float: "float", Decimal: "decimal", str: "text",
    dt.datetime: "timestamp", dt.date: "date", dt.time: "time", type(None): "other",
}  # fmt: skip


def _value(expr: P.Value, _scope: Scope) -> Typed:
    return Typed(_OF_VALUE[type(expr.value)])


def _metric(expr: P.Metric, scope: Scope) -> Typed:
    metric = scope.metric(expr.name)
    if metric.kind == "simple" and metric.table is not None:
        function = (metric.aggregation or "").lower()
        if function in ("count", "count_distinct", "sum_boolean"):
            return Typed("integer", metric.unit)
        if function in ("sum", "min", "max"):
            for column in scope.view.table(metric.table).columns:
                if column.name == metric.expression:
                    return Typed(column.type, metric.unit or column.unit)
    return Typed("float", metric.unit or of_metric(metric, scope.view.metrics_by_name))


def _of_ratio(expr: P.Arithmetic, scope: Scope) -> str | None:
    """The unit of the ratio metric that a quotient of two metrics is, each for its own rows."""
    match expr:
        case P.Arithmetic(left=P.Metric(name=top), right=P.Metric(name=bottom)):
            for metric in scope.view.metrics:
                if (metric.numerator, metric.denominator) == (top, bottom):
                    return metric.unit or of_metric(metric, scope.view.metrics_by_name)
    return None


def promoted(types: list[ColumnType]) -> ColumnType:
    """The type that holds values of all these."""
    known = [t for t in types if t != "other"]
    if not known:
        return "other"
    for wide in ("float", "decimal", "timestamp", "text"):
        if wide in known:
            return wide
    return known[0]


def _arithmetic(expr: P.Arithmetic, scope: Scope) -> Typed:
    left, right = type_of(expr.left, scope), type_of(expr.right, scope)
    for side in (left, right):
        if side.type in TEMPORAL or side.type in ("boolean", "time"):
            raise PlanInvalid(
                f"`{expr.op}` takes numbers, not a {side.type}.",
                hint="Use DateDiff or DateAdd for dates, and Case for yes or no.",
            )
    if expr.op == "/":
        unit = left.unit if right.unit is None else None
        if isinstance(expr.right, P.Value):
            unit = after(unit, expr.right.value)
        return Typed("float", of_division(expr) or _of_ratio(expr, scope) or unit)
    units = {left.unit, right.unit} - {None}
    unit = units.pop() if len(units) == 1 else None
    if expr.op == "*" and left.unit and right.unit:
        unit = None
    if expr.op == "*" and isinstance(expr.right, P.Value):
        unit = times(unit, expr.right.value)
    if expr.op == "*" and unit == SHARE and P.Value(100) in (expr.left, expr.right):
        unit = PERCENT
    whole = left.type == right.type == "integer"
    wide = promoted([left.type, right.type])
    return Typed("integer" if whole else wide if wide == "decimal" else "float", unit)


def _case(expr: P.Case, scope: Scope) -> Typed:
    arms = [type_of(e, scope) for e in (*(w.then for w in expr.whens), expr.otherwise)]
    return Typed(promoted([a.type for a in arms]), arms[0].unit)


def _trunc(expr: P.DateTrunc, scope: Scope) -> Typed:
    _needs_date(expr.of, scope, "DateTrunc")
    return Typed("timestamp" if expr.grain == "hour" else "date")


def _part(expr: P.DatePart, scope: Scope) -> Typed:
    _needs_date(expr.of, scope, "DatePart")
    return Typed("integer")


def _diff(expr: P.DateDiff, scope: Scope) -> Typed:
    _needs_date(expr.start, scope, "DateDiff")
    _needs_date(expr.end, scope, "DateDiff")
    return Typed("float" if expr.unit == "second" else "integer", expr.unit)


def _add(expr: P.DateAdd, scope: Scope) -> Typed:
    of = _needs_date(expr.of, scope, "DateAdd")
    return Typed("timestamp" if expr.unit in ("second", "minute", "hour") else of)


def _needs_date(expr: P.Expr, scope: Scope, what: str) -> ColumnType:
    found = type_of(expr, scope).type
    if found in ("integer", "decimal", "float", "boolean"):
        raise PlanInvalid(
            f"{what} takes a date, not a {found}.", hint="Unix seconds go through FromEpoch."
        )
    return found


def _epoch(expr: P.FromEpoch, scope: Scope) -> Typed:
    type_of(expr.of, scope)
    return Typed("timestamp")


_OF_CALL: dict[str, ColumnType] = {
    "lower": "text", "upper": "text", "trim": "text", "concat": "text", "text": "text",
    "length": "integer", "number": "float", "date": "date",
}  # fmt: skip
# At least and at most how many arguments each takes.
_ARITY: dict[str, tuple[int, int]] = {
    "round": (1, 2), "coalesce": (1, 20), "nullif": (2, 2), "concat": (1, 20),
}  # fmt: skip


def _call(expr: P.Call, scope: Scope) -> Typed:
    low, high = _ARITY.get(expr.name, (1, 1))
    if not low <= len(expr.args) <= high:
        raise PlanInvalid(f"{expr.name} does not take {len(expr.args)} arguments.")
    args = [type_of(a, scope) for a in expr.args]
    if expr.name in _OF_CALL:
        return Typed(_OF_CALL[expr.name])
    if expr.name == "coalesce":
        return Typed(promoted([a.type for a in args]), args[0].unit)
    return args[0]


def _aggregate(expr: P.Aggregate, scope: Scope) -> Typed:
    if expr.arg is None:
        if expr.function != "count":
            raise PlanInvalid(f"{expr.function} needs something to aggregate.")
        return Typed("integer")
    arg = type_of(expr.arg, scope)
    if expr.function == "percentile" and not (expr.percent and 0 < expr.percent < 100):
        raise PlanInvalid("percentile needs a percent between 0 and 100.")
    if expr.function in ("sum", "avg", "median", "stddev", "percentile") and (
        arg.type in TEMPORAL or arg.type == "text"
    ):
        raise PlanInvalid(f"{expr.function} takes numbers, not a {arg.type}.")
    if expr.function == "count":
        return Typed("integer")
    if expr.function in ("min", "max"):
        return arg
    if expr.function == "sum":
        return Typed("integer" if arg.type == "boolean" else arg.type, arg.unit)
    return Typed("float", arg.unit)


def _window(expr: P.WindowCall, scope: Scope) -> Typed:
    if expr.function in ("rank", "dense_rank", "row_number", "count"):
        return Typed("integer")
    if expr.arg is None:
        raise PlanInvalid(f"The window function {expr.function} needs something to work on.")
    arg = type_of(expr.arg, scope)
    return Typed("float", arg.unit) if expr.function == "avg" else arg


def _scalar(expr: P.Scalar, scope: Scope) -> Typed:
    from datamind.semantics.check import nested

    columns = nested(expr.query, scope)
    if len(columns) != 1:
        raise PlanInvalid(f"A query used as a value has one column, not {len(columns)}.")
    return Typed(columns[0].type, columns[0].unit)


_TYPES: dict[type, Callable[..., Typed]] = {
    P.Column: _column,
    P.Field: _field,
    P.Value: _value,
    P.Metric: _metric,
    P.Arithmetic: _arithmetic,
    P.Case: _case,
    P.DatePart: _part,
    P.DateTrunc: _trunc,
    P.DateDiff: _diff,
    P.DateAdd: _add,
    P.FromEpoch: _epoch,
    P.Call: _call,
    P.Aggregate: _aggregate,
    P.Scalar: _scalar,
    P.WindowCall: _window,
}
