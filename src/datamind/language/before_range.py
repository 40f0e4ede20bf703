"""Before the range: the change of a range's first period is told from the period before it.

`Revenue of each month of 2025 and its change`: January is set against December, so that the rows
of December are gathered too, and left out once the changes are known.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from datamind.language.calendar import floor, move
from datamind.semantics import plan as P


@dataclass(frozen=True, slots=True)
class _Test:
    """Days from `low` to before `high`, where that is told."""

    low: dt.date
    high: dt.date | None


def reach_back(
    wheres: list[P.Predicate], time: P.Named, unit: str, amount: int
) -> tuple[list[P.Predicate], P.Predicate] | None:
    """The conditions with `amount` units more before the range, and what keeps the range itself
    among the periods of `time`; None where no range of whole periods was said."""
    date = time.expr.of if isinstance(time.expr, P.DateTrunc | P.DatePart) else None
    grain = time.expr.grain if isinstance(time.expr, P.DateTrunc) else "year"
    found = next(((w, t) for w in wheres if (t := _tests(w, date))), None) if date else None
    if found is None or grain == "hour" or any(floor(t.low, grain) != t.low for t in found[1]):
        return None
    assert date is not None
    where, tests = found
    kept = [_within(P.Field(time.name), t, isinstance(time.expr, P.DatePart)) for t in tests]
    wider = [_within(date, _Test(move(t.low, unit, -amount), t.high), years=False) for t in tests]
    return [_either(wider) if w is where else w for w in wheres], _either(kept)


def _tests(where: P.Predicate, date: P.Expr | None) -> list[_Test]:
    """The ranges of the date that the condition allows, if it is nothing else."""
    if isinstance(where, P.Or):
        parts = [_tests(item, date) for item in where.items]
        return [p[0] for p in parts] if all(len(p) == 1 for p in parts) else []
    if isinstance(where, P.Between) and where.open_end and where.of == date:
        low, high = _day(where.low), _day(where.high)
        return [_Test(low, high)] if low is not None and high is not None else []
    if isinstance(where, P.Compare) and where.op == ">=" and where.left == date:
        low = _day(where.right)
        return [_Test(low, None)] if low is not None else []
    return []


def _day(expr: P.Expr) -> dt.date | None:
    value = expr.value if isinstance(expr, P.Value) else None
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else None
    return value if isinstance(value, dt.date) else None


def _within(of: P.Expr, test: _Test, years: bool) -> P.Predicate:
    low, high = (
        P.Value(d.year if years else d) if d is not None else None for d in (test.low, test.high)
    )
    assert low is not None
    return P.Between(of, low, high, open_end=True) if high else P.Compare(">=", of, low)


def _either(tests: list[P.Predicate]) -> P.Predicate:
    return tests[0] if len(tests) == 1 else P.Or(tuple(tests))
