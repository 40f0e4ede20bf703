"""Spans: the two periods that an answered plan holds a measure for, or could be set against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from datamind.language.calendar import floor, move
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.walk import below


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `low` to before `high`."""

    low: dt.date
    high: dt.date

    def holds(self, date: P.Expr) -> P.Predicate:
        """The test that a date is in it."""
        return P.Between(date, P.Value(self.low), P.Value(self.high), open_end=True)

    def back(self, unit: str, amount: int) -> Span:
        """As many units earlier."""
        return Span(move(self.low, unit, -amount), move(self.high, unit, -amount))

    @property
    def length(self) -> tuple[str, int]:
        """The calendar unit that it is so many of."""
        months = 12 * (self.high.year - self.low.year) + self.high.month - self.low.month
        if self.low.day == self.high.day == 1 and months > 0:
            if months % 12 == 0 and self.low.month == 1:
                return "year", months // 12
            return "month", months
        return "day", (self.high - self.low).days

    def __str__(self) -> str:
        """As people write it: `May 2025`, `2025-Q2`, or from day to day."""
        unit, amount = self.length
        if (unit, amount) == ("year", 1):
            return str(self.low.year)
        if (unit, amount) == ("month", 1):
            return f"{self.low:%B %Y}"
        if (unit, amount) == ("month", 3) and self.low.month % 3 == 1:
            return f"{self.low.year}-Q{(self.low.month + 2) // 3}"
        last = self.high - dt.timedelta(1)
        low, high = (f"{day.day} {day:%B}" for day in (self.low, last))
        if self.low == last:
            return f"{high} {last.year}"
        if self.low.year != last.year:
            return f"{low} {self.low.year}\N{EN DASH}{high} {last.year}"
        low = str(self.low.day) if self.low.month == last.month else low
        return f"{low}\N{EN DASH}{high} {last.year}"


@dataclass(frozen=True, slots=True)
class Spans:
    """Two periods of one date; `partial` says that the later one is not over, and that both are
    taken to the same day; `begins` is the day that the data begins, where that is in the earlier.
    """

    date: P.Expr
    before: Span
    after: Span
    partial: bool = False
    begins: dt.date | None = None


def spans_of(
    tests: Sequence[P.Predicate], group: P.Group, steps: Sequence[P.Step], today: dt.date,
    view: View, tables: dict[str, str], back: str,
) -> Spans | None:  # fmt: skip
    """The periods that the conditions, or else the groups, tell; None where none is told.

    `back` is the grain of the period that was asked to set it against.
    """
    found = _spans_of(tests, group, steps, today, view, tables, back)
    first = _end_of(found.date, view, tables, "low") if found else None
    if found is None or first is None or first <= found.before.low:
        return found
    return replace(found, begins=first)


def _spans_of(
    tests: Sequence[P.Predicate], group: P.Group, steps: Sequence[P.Step], today: dt.date,
    view: View, tables: dict[str, str], back: str,
) -> Spans | None:  # fmt: skip
    said = [found for test in tests for found in _said(test)]
    key = next((k for k in group.keys if grain_of(k.expr)), None)
    if len(said) == 2 and said[0][0] == said[1][0]:  # one against the other
        date, one, other = said[0][0], said[0][1], said[1][1]
        before, after = sorted((one, other), key=lambda s: s.low)
        if after.high == today + dt.timedelta(1):  # both were taken to the same day
            before, after = _whole(before, after)
        known = _known(date, after, today, view, tables)
        if before == after.back(*after.length) and after.low <= known:
            return _against(date, after, known, "")  # this year vs last year: to the same day
        return Spans(date, before, after)
    if len({date for date, _ in said}) > 1 or len(said) > 1:
        return None
    bound = said[0][1] if said else None
    if key is not None:
        return _of_groups(key.expr, bound, steps, today, view, tables, back)
    if not said:
        return None
    date, span = said[0]
    return _against(date, span, _known(date, span, today, view, tables), back)


def _whole(before: Span, after: Span) -> tuple[Span, Span]:
    """The whole units that both are the beginnings of; themselves where they are of none."""
    for unit in ("year", "quarter", "month", "week"):
        units = [Span(s.low, move(s.low, unit, 1)) for s in (before, after)]
        if units[0].high == after.low == floor(after.low, unit) and after.high < units[1].high:
            return units[0], units[1]
    return before, after


def _known(date: P.Expr, span: Span, today: dt.date, view: View, tables: dict[str, str]) -> dt.date:
    """The last day that can be told of: of a period that is not over, the last one with data."""
    last = _end_of(date, view, tables, "high") or today
    return last if span.low < last < today < span.high else today


def is_period(test: P.Predicate) -> bool:
    """Whether the test is on nothing but a date, as the two periods' own will be."""
    return bool(list(_said(test)))


def _said(test: P.Predicate) -> Iterator[tuple[P.Expr, Span]]:
    """The date and days of a test that is one on a period, or of either of two."""
    if isinstance(test, P.Or) and len(test.items) == 2:
        parts = [list(_said(item)) for item in test.items]
        if all(len(p) == 1 for p in parts):
            yield from (p[0] for p in parts)
    elif isinstance(test, P.Between) and test.open_end:
        low, high = _day(test.low), _day(test.high)
        if low is not None and high is not None and low < high:
            yield test.of, Span(low, high)
    elif isinstance(test, P.Compare) and test.op == ">=":
        low = _day(test.right)
        if low is not None:  # to this day, where the future is not told
            yield test.left, Span(low, dt.date.max)


def _day(expr: P.Expr) -> dt.date | None:
    value = expr.value if isinstance(expr, P.Value) else None
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else None
    return value if isinstance(value, dt.date) else None


def grain_of(key: P.Expr) -> str:
    """The calendar's period that a key tells; empty for none, and for a year moved on."""
    if isinstance(key, P.DateTrunc) and key.grain != "hour":
        return key.grain
    if isinstance(key, P.DatePart) and key.part == "year":
        return "" if isinstance(key.of, P.DateAdd) else "year"
    return ""


def _against(date: P.Expr, span: Span, today: dt.date, back: str) -> Spans | None:
    """A period against the one before it; one that is not over against as many days of that.
    `today` is the last day that can be told of."""
    tomorrow = today + dt.timedelta(1)
    if span.low > today:
        return None
    unit, amount = replace(span, high=tomorrow).length if span.high == dt.date.max else span.length
    if back:
        unit, amount = back, 1
    after = replace(span, high=min(span.high, tomorrow))
    before = after.back(unit, amount)
    return Spans(date, before, after, partial=after != span and span.high != dt.date.max)


def _of_groups(
    key: P.Expr, bound: Span | None, steps: Sequence[P.Step], today: dt.date, view: View,
    tables: dict[str, str], back: str,
) -> Spans | None:  # fmt: skip
    """Of a trend, the last period that is over, against the one before."""
    grain = grain_of(key)
    date = key.of if isinstance(key, P.DateTrunc | P.DatePart) else key
    last = min(today, _end_of(date, view, tables, "high") or today)
    if bound is not None and bound.high <= last:
        low = floor(bound.high - dt.timedelta(1), grain)
    else:
        low = floor(last, grain)
        if low == floor(today, grain) and (bound is None or move(low, grain, -1) >= bound.low):
            low = move(low, grain, -1)
    after = Span(low, move(low, grain, 1))
    if back:
        return _against(date, after, today, back)
    lags = [w.offset for w in below(*steps) if isinstance(w, P.WindowCall) and w.function == "lag"]
    partial = after.high > today + dt.timedelta(1)
    if partial:
        after = replace(after, high=today + dt.timedelta(1))
    return Spans(date, after.back(grain, lags[0] if lags else 1), after, partial)


def _end_of(
    date: P.Expr, view: View, tables: dict[str, str], end: Literal["low", "high"]
) -> dt.date | None:
    """The first or last day that the data holds, where that is known."""
    if not isinstance(date, P.Column):
        return None
    column = view.column(f"{tables[date.alias]}.{date.name}")
    try:
        return dt.date.fromisoformat(((column.low if end == "low" else column.high) or "")[:10])
    except ValueError:
        return None
