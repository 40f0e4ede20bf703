"""What a plan means, evaluated naively over lists of rows: the compiler is held to this."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.walk import below

Data = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, eq=False)
class Row:
    """A joined row: a table row (or None) for each alias, the fields so far, the row around."""

    tables: dict[str, dict[str, Any] | None]
    fields: dict[str, Any] = field(default_factory=dict)
    outer: Row | None = None

    def table(self, alias: str) -> dict[str, Any] | None:
        if alias in self.tables:
            return self.tables[alias]
        assert self.outer is not None
        return self.outer.table(alias)

    def has(self, alias: str) -> bool:
        return alias in self.tables or (self.outer is not None and self.outer.has(alias))


@dataclass(frozen=True)
class Rows:
    """The rows after some steps. `fresh`: only filters so far, those in `filters`."""

    rows: list[Row]
    source: P.Source | None
    order: tuple[P.Sort, ...] = ()
    filters: tuple[P.Predicate, ...] = ()
    fresh: bool = True


def evaluate(query: P.Query, view: View, data: Data) -> list[tuple[Any, ...]]:
    """The result of a plan, in order."""
    return Evaluator(view, data).result(query, None)


class Evaluator:
    def __init__(self, view: View, data: Data) -> None:
        self.view, self.data = view, data
        self.relations = view.catalog.relationships_by_id

    def result(self, query: P.Query, outer: Row | None) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.records(query, outer)]

    def records(self, query: P.Query, outer: Row | None) -> list[dict[str, Any]]:
        state = self.steps(query, outer)
        made = []
        for row in state.rows:
            if row.tables and isinstance(query.source, P.Source):
                table = row.tables[query.source.alias] or {}
                names = [c.name for c in self.view.table(query.source.table).columns]
                made.append({**row.fields, **{n: table.get(n) for n in names}})
            else:
                made.append(row.fields)
        return made

    def steps(self, query: P.Query, outer: Row | None) -> Rows:
        state = self.source(query.source, outer)
        for step in query.steps:
            state = getattr(self, f"do_{type(step).__name__.lower()}")(step, state, outer)
        return state

    # ---- sources -------------------------------------------------------------------------------

    def source(self, source: P.Source | P.Query | P.SetOp, outer: Row | None) -> Rows:
        if isinstance(source, P.Source):
            return Rows(self.joined(source, {j.alias for j in source.joins}, outer), source)
        if isinstance(source, P.Query):
            records = self.records(source, outer)
            state = self.steps(source, outer)
            plain = [Row({}, r, outer) for r in records]
            return Rows(plain, None, state.order, fresh=False)
        left = self.records(source.left, outer)
        right = self.result(source.right, outer)
        names = list(left[0]) if left else self._names(source.left)
        one, other = [tuple(r.values()) for r in left], right
        return Rows(
            [
                Row({}, dict(zip(names, r, strict=True)), outer)
                for r in _set_operation(source.op, one, other)
            ],
            None,
            fresh=False,
        )

    def _names(self, query: P.Query) -> list[str]:
        from datamind.semantics.check import check

        return [c.name for c in check(query, self.view)]

    def joined(self, source: P.Source, kept: set[str], outer: Row | None) -> list[Row]:
        rows = [Row({source.alias: r}, {}, outer) for r in self.data[source.table]]
        for join in source.joins:
            if join.alias in kept:
                rows = [made for row in rows for made in self._matches(row, join)]
        return rows

    def _matches(self, row: Row, join: P.Join) -> Iterator[Row]:
        found = False
        for other in self.data[join.table]:
            made = replace(row, tables={**row.tables, join.alias: other})
            if self.related(row.tables[join.parent], join.relationship, join.reverse, other) and (
                join.also is None or self.holds(join.also, made)
            ):
                found = True
                yield made
        if join.left and not found:
            yield replace(row, tables={**row.tables, join.alias: None})

    def related(
        self, near: dict[str, Any] | None, relationship: str, reverse: bool, far: dict[str, Any]
    ) -> bool:
        relation = self.relations[relationship]
        here, there = relation.columns, relation.to_columns
        if reverse:
            here, there = there, here
        return near is not None and all(
            near[a] is not None and near[a] == far[b] for a, b in zip(here, there, strict=True)
        )

    # ---- steps ---------------------------------------------------------------------------------

    def do_filter(self, step: P.Filter, state: Rows, _outer: Row | None) -> Rows:
        kept = [row for row in state.rows if self.holds(step.where, row)]
        return replace(state, rows=kept, filters=(*state.filters, step.where))

    def do_window(self, step: P.Window, state: Rows, _outer: Row | None) -> Rows:
        return replace(state, rows=self._extended(step.columns, state, keep=True), fresh=False)

    def _extended(self, columns: Sequence[P.Named], state: Rows, *, keep: bool) -> list[Row]:
        values = [
            {n.name: self.value(n.expr, row, state.rows) for n in columns} for row in state.rows
        ]
        return [
            replace(row, fields={**row.fields, **v}) if keep else Row({}, v, row.outer)
            for row, v in zip(state.rows, values, strict=True)
        ]

    def do_project(self, step: P.Project, state: Rows, _outer: Row | None) -> Rows:
        made = self._extended(step.columns, state, keep=False)
        if step.distinct:
            made = list({key_of(r.fields.values()): r for r in made}.values())
        return Rows(made, None, (), fresh=False)

    def do_order(self, step: P.Order, state: Rows, _outer: Row | None) -> Rows:
        return replace(state, rows=self.sorted(state.rows, step.by), order=step.by)

    def sorted(self, rows: Iterable[Row], by: Sequence[P.Sort]) -> list[Row]:
        made = list(rows)
        for sort in reversed(by):
            made.sort(key=lambda r, s=sort: _sort_key(self.value(s.by, r), s.descending))
        return made

    def do_limit(self, step: P.Limit, state: Rows, _outer: Row | None) -> Rows:
        rows = state.rows[step.offset : step.offset + step.count]
        if step.ties and rows and state.order:
            last = self._sort_values(rows[-1], state.order)
            rest = state.rows[step.offset + step.count :]
            rows += [r for r in rest if self._sort_values(r, state.order) == last]
        return replace(state, rows=rows, fresh=False)

    def _sort_values(self, row: Row, order: Sequence[P.Sort]) -> tuple[Any, ...]:
        return key_of(self.value(s.by, row) for s in order)

    def do_toppergroup(self, step: P.TopPerGroup, state: Rows, _outer: Row | None) -> Rows:
        groups: dict[Any, list[Row]] = {}
        for row in state.rows:
            groups.setdefault(key_of(self.value(k, row) for k in step.keys), []).append(row)
        kept: set[int] = set()
        for members in groups.values():
            ordered = self.sorted(members, step.order)
            first = ordered[: step.count]
            last = self._sort_values(first[-1], step.order)
            if step.ties:
                rest = ordered[step.count :]
                first += [r for r in rest if self._sort_values(r, step.order) == last]
            kept |= {id(r) for r in first}
        return replace(state, rows=[r for r in state.rows if id(r) in kept], fresh=False)

    # ---- groups --------------------------------------------------------------------------------

    def do_group(self, step: P.Group, state: Rows, outer: Row | None) -> Rows:
        from reference_groups import Grouping

        return Grouping(self, step, state, outer).rows()

    # ---- expressions ---------------------------------------------------------------------------

    def value(self, expr: P.Expr, row: Row, rows: Sequence[Row] = ()) -> Any:
        kind = type(expr).__name__.lower()
        if kind == "windowcall":
            return self.window(expr, row, rows)
        return getattr(self, f"of_{kind}")(expr, row, rows)

    def of_column(self, expr: P.Column, row: Row, _: Any) -> Any:
        table = row.table(expr.alias)
        return None if table is None else table[expr.name]

    def of_field(self, expr: P.Field, row: Row, _: Any) -> Any:
        return row.fields[expr.name]

    def of_value(self, expr: P.Value, _row: Row, _: Any) -> Any:
        return expr.value

    def of_arithmetic(self, expr: P.Arithmetic, row: Row, rows: Any) -> Any:
        return arithmetic(
            expr.op, self.value(expr.left, row, rows), self.value(expr.right, row, rows)
        )

    def of_case(self, expr: P.Case, row: Row, rows: Any) -> Any:
        for when in expr.whens:
            if self.holds(when.condition, row):
                return self.value(when.then, row, rows)
        return self.value(expr.otherwise, row, rows)

    def of_datepart(self, expr: P.DatePart, row: Row, rows: Any) -> Any:
        return _maybe(_PARTS[expr.part], self.value(expr.of, row, rows))

    def of_datetrunc(self, expr: P.DateTrunc, row: Row, rows: Any) -> Any:
        return _maybe(lambda d: truncated(expr.grain, d), self.value(expr.of, row, rows))

    def of_datediff(self, expr: P.DateDiff, row: Row, rows: Any) -> Any:
        start, end = self.value(expr.start, row, rows), self.value(expr.end, row, rows)
        return None if start is None or end is None else date_diff(expr.unit, start, end)

    def of_dateadd(self, expr: P.DateAdd, row: Row, rows: Any) -> Any:
        return _maybe(lambda d: date_add(expr.unit, expr.amount, d), self.value(expr.of, row, rows))

    def of_fromepoch(self, expr: P.FromEpoch, row: Row, rows: Any) -> Any:
        origin = dt.datetime.fromisoformat("1970-01-01")
        return _maybe(lambda n: origin + dt.timedelta(seconds=n), self.value(expr.of, row, rows))

    def of_call(self, expr: P.Call, row: Row, rows: Any) -> Any:
        args = [self.value(a, row, rows) for a in expr.args]
        if expr.name == "coalesce":
            return next((a for a in args if a is not None), None)
        if expr.name == "concat":
            return "".join(a for a in args if a is not None)
        if expr.name == "nullif":
            return None if args[0] == args[1] else args[0]
        return None if None in args else _CALLS[expr.name](*args)

    def of_scalar(self, expr: P.Scalar, row: Row, _: Any) -> Any:
        found = self.result(expr.query, row)
        return found[0][0] if found else None

    def window(self, expr: P.WindowCall, row: Row, rows: Sequence[Row]) -> Any:
        here = key_of(self.value(p, row) for p in expr.partition)
        members = self.sorted(
            [r for r in rows if key_of(self.value(p, r) for p in expr.partition) == here],
            expr.order,
        )
        place = next(n for n, r in enumerate(members) if r is row)
        ranks = [self._sort_values(r, expr.order) for r in members]
        if expr.function == "row_number":
            return place + 1
        if expr.function == "rank":
            return ranks.index(ranks[place]) + 1
        if expr.function == "dense_rank":
            return len(set(ranks[: ranks.index(ranks[place]) + 1]))
        if expr.function in ("lag", "lead"):
            at = place + (expr.offset if expr.function == "lead" else -expr.offset)
            assert expr.arg is not None
            return self.value(expr.arg, members[at]) if 0 <= at < len(members) else None
        if expr.order:
            first = 0 if expr.frame is None else max(0, place - expr.frame)
            members = members[first : place + 1]
        if expr.arg is None:
            return len(members)
        return aggregate(expr.function, [self.value(expr.arg, r) for r in members])

    # ---- predicates ----------------------------------------------------------------------------

    def holds(self, where: P.Predicate, row: Row) -> bool:
        return self.truth(where, row) is True

    def truth(self, where: P.Predicate, row: Row) -> bool | None:
        return getattr(self, f"is_{type(where).__name__.lower()}")(where, row)

    def is_and(self, where: P.And, row: Row) -> bool | None:
        found = [self.truth(i, row) for i in where.items]
        return False if False in found else None if None in found else True

    def is_or(self, where: P.Or, row: Row) -> bool | None:
        found = [self.truth(i, row) for i in where.items]
        return True if True in found else None if None in found else False

    def is_not(self, where: P.Not, row: Row) -> bool | None:
        return _maybe(lambda t: not t, self.truth(where.item, row))

    def is_compare(self, where: P.Compare, row: Row) -> bool | None:
        return compare(where.op, self.value(where.left, row), self.value(where.right, row))

    def is_oneof(self, where: P.OneOf, row: Row) -> bool | None:
        values = [v.value for v in where.values if v.value is not None]
        return _among(self.value(where.of, row), values)

    def is_between(self, where: P.Between, row: Row) -> bool | None:
        of, low, high = (self.value(e, row) for e in (where.of, where.low, where.high))
        tests = [compare(">=", of, low), compare("<" if where.open_end else "<=", of, high)]
        return False if False in tests else None if None in tests else True

    def is_textmatch(self, where: P.TextMatch, row: Row) -> bool | None:
        return _maybe(lambda t: text_match(where, str(t)), self.value(where.of, row))

    def is_isnull(self, where: P.IsNull, row: Row) -> bool:
        return self.value(where.of, row) is None

    def is_truth(self, where: P.Truth, row: Row) -> bool | None:
        found: bool | None = self.value(where.of, row)
        return found

    def is_inquery(self, where: P.InQuery, row: Row) -> bool | None:
        found = [r[0] for r in self.result(where.query, row)]
        return _among(self.value(where.of, row), [v for v in found if v is not None])

    def is_exists(self, where: P.Exists, row: Row) -> bool:
        source = where.query.source
        assert isinstance(source, P.Source)
        near = row.table(where.alias)
        rows = [
            r
            for r in self.source(source, row).rows
            if self.related(near, where.relationship, where.reverse, r.tables[source.alias] or {})
        ]
        return bool(self._continued(where.query, rows, row))

    def _continued(self, query: P.Query, rows: list[Row], outer: Row) -> list[Row]:
        """The query's steps over those of its rows that are related, which never are re-joined."""
        assert isinstance(query.source, P.Source)
        state = Rows(rows, query.source, fresh=False)
        for step in query.steps:
            state = getattr(self, f"do_{type(step).__name__.lower()}")(step, state, outer)
        return state.rows


# ---- plain functions ---------------------------------------------------------------------------


def _maybe(function: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else function(value)


def _among(value: Any, values: list[Any]) -> bool | None:
    if not values:
        return False
    return None if value is None else value in values


def compare(op: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    left, right = _comparable(left, right)
    tests = {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return tests[op]


def _comparable(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, dt.date) and isinstance(right, dt.date):
        return moment(left), moment(right)
    return left, right


def moment(value: dt.date) -> dt.datetime:
    """The date as its first moment."""
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())


def arithmetic(op: str, left: Any, right: Any) -> Any:
    """As Python's, with null where an operand is null or the divisor 0."""
    if left is None or right is None:
        return None
    if op == "/":
        return None if right == 0 else float(left) / float(right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    return left + right if op == "+" else left - right if op == "-" else left * right


def aggregate(function: str, values: Sequence[Any], percent: float | None = None) -> Any:
    """The aggregate of the values that are not null."""
    known = [v for v in values if v is not None]
    if function == "count":
        return len(known)
    if not known:
        return None
    if function in ("min", "max"):
        return min(known) if function == "min" else max(known)
    numbers = [float(v) if not isinstance(v, int) else int(v) for v in known]
    if function == "sum":
        return sum(numbers)
    if function == "avg":
        return sum(numbers) / len(numbers)
    if function == "median":
        return statistics.median(numbers)
    if function == "stddev":
        return statistics.stdev(numbers) if len(numbers) > 1 else None
    assert percent is not None
    ordered = sorted(numbers)
    at = percent / 100 * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at - math.floor(at))


def text_match(where: P.TextMatch, text: str) -> bool:
    """A text test."""
    wanted = where.text
    if where.ignore_case:
        text, wanted = text.lower(), wanted.lower()
    if where.match == "pattern":
        parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in wanted)
        return re.fullmatch("".join(parts), text, re.DOTALL) is not None
    tests = {
        "equals": text == wanted,
        "contains": wanted in text,
        "starts": text.startswith(wanted),
        "ends": text.endswith(wanted),
    }
    return tests[where.match]


def truncated(grain: str, value: dt.date) -> dt.date:
    """The first day (or hour) of the period."""
    if grain == "hour":
        return moment(value).replace(minute=0, second=0, microsecond=0)
    day = moment(value).date()
    if grain == "week":
        return day - dt.timedelta(days=day.weekday())
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[grain]


def date_diff(unit: str, start: dt.date, end: dt.date) -> Any:
    """Boundaries crossed, or exact seconds."""
    one, other = moment(start), moment(end)
    if unit == "second":
        return (other - one).total_seconds()
    if unit in ("hour", "minute"):
        size = 3600 if unit == "hour" else 60
        origin = dt.datetime.fromisoformat("1970-01-01")
        return int(
            (other - origin).total_seconds() // size - (one - origin).total_seconds() // size
        )
    if unit in ("day", "week"):
        days = (truncated(unit, other) - truncated(unit, one)).days
        return days if unit == "day" else days // 7
    months = (other.year - one.year) * 12 + other.month - one.month
    if unit == "month":
        return months
    if unit == "year":
        return other.year - one.year
    return (other.year - one.year) * 4 + (other.month - 1) // 3 - (one.month - 1) // 3


def date_add(unit: str, amount: int, value: dt.date) -> dt.date:
    """The date moved; the last day of a shorter month where the day is missing."""
    if unit in ("second", "minute", "hour", "day", "week"):
        whole = moment(value) if unit in ("second", "minute", "hour") else value
        return whole + dt.timedelta(**{f"{unit}s": amount})
    months = (
        value.year * 12 + value.month - 1 + amount * {"month": 1, "quarter": 3, "year": 12}[unit]
    )
    year, month = divmod(months, 12)
    for day in range(value.day, 27, -1):
        try:
            return value.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return value.replace(year=year, month=month + 1)


_PARTS: dict[str, Callable[[Any], int]] = {
    "year": lambda d: d.year,
    "quarter": lambda d: (d.month - 1) // 3 + 1,
    "month": lambda d: d.month,
    "week": lambda d: d.isocalendar().week,
    "day": lambda d: d.day,
    "weekday": lambda d: d.isoweekday(),
    "hour": lambda d: moment(d).hour,
    "minute": lambda d: moment(d).minute,
    "day_of_year": lambda d: d.timetuple().tm_yday,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": lambda s: s.strip(" "),
    "length": len,
    "abs": abs,
    "text": str,
    "number": float,
    "date": lambda d: moment(d).date(),
    "round": lambda x, digits=0: float(
        Decimal(str(x)).quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP")
    ),
}


def _set_operation(op: str, one: list[Any], other: list[Any]) -> list[Any]:
    if op == "union_all":
        return one + other
    left = {key_of(r): r for r in one}
    right = {key_of(r): r for r in other}
    if op == "union":
        return list({**right, **left}.values())
    return [r for k, r in left.items() if (k in right) == (op == "intersect")]


def key_of(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        round(float(v), 9)
        if isinstance(v, int | float | Decimal) and not isinstance(v, bool)
        else moment(v)
        if isinstance(v, dt.date)
        else v
        for v in values
    )


@functools.total_ordering
class _Reversed:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.value == other.value)

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)


def _sort_key(value: Any, descending: bool) -> tuple[bool, Any]:
    if value is None:
        return True, 0
    return False, _Reversed(value) if descending else value


def aliases_in(*nodes: object) -> set[str]:
    """Aliases that are named anywhere below."""
    return {n.alias for n in below(*nodes) if isinstance(n, P.Column | P.Exists)}
