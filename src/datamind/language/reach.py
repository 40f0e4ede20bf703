"""Reach: `revenue in April against the month before` reads the month before too, and leaves it out
again: a period alone has none before it to be set against. Of `Q1 year on year`, that is Q1 too.

And what needs no reach: quarters within one year are told by their number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from datamind.language.calendar import floor, move
from datamind.language.spans import grain_of
from datamind.semantics import plan as P
from datamind.semantics.walk import below


def reached_back(plan: P.Query) -> P.Query:
    """The plan, where it sets one period against the one before, with that one read as well."""
    group = next((s for s in plan.steps if isinstance(s, P.Group)), None)
    window = next((s for s in plan.steps if isinstance(s, P.Window)), None)
    first = plan.steps[0]
    if group is None or window is None or not isinstance(first, P.Filter):
        return plan
    lags = {n.offset for n in below(window) if isinstance(n, P.WindowCall) and n.function == "lag"}
    times = [(k, grain) for k in group.keys if (grain := grain_of(k.expr))]
    if len(lags) != 1 or len(times) != 1:
        return plan
    key, grain = times[0]
    only = next((t for t in _tests(first.where) if _first_day(t, grain) is not None), None)
    if only is None:
        return plan
    low = _first_day(only, grain)
    assert low is not None and isinstance(only, P.Between)
    either = P.Or((_back(only, grain, -lags.pop()), only))
    tests = tuple(either if t is only else t for t in _tests(first.where))
    whole = P.Filter(P.And(tests) if len(tests) > 1 else either)
    start = low.year if isinstance(key.expr, P.DatePart) else low
    kept = P.Filter(P.Compare(">=", P.Field(key.name), P.Value(start)))
    at = plan.steps.index(window) + 1
    return replace(plan, steps=(whole, *plan.steps[1:at], kept, *plan.steps[at:]))


def numbered(plan: P.Query, lemmas: Collection[str]) -> P.Query:
    """The plan with the quarters of a single year told by their number, not by their first day."""
    group = next((s for s in plan.steps if isinstance(s, P.Group)), None)
    first = plan.steps[0]
    if group is None or group.fill or not isinstance(first, P.Filter) or _FIRST_DAYS & set(lemmas):
        return plan
    dated = [t.of for t in _tests(first.where)
             if isinstance(t, P.Between) and _first_day(t, "year") is not None]  # fmt: skip
    later = plan.steps[plan.steps.index(group) + 1 :]  # what is told of first days there
    tested = {
        n.name for s in later if isinstance(s, P.Filter) for n in below(s) if isinstance(n, P.Field)
    }
    keys = tuple(
        replace(k, expr=P.DatePart("quarter", k.expr.of))
        if isinstance(k.expr, P.DateTrunc)
        and k.expr.grain == "quarter"
        and k.expr.of in dated
        and k.name not in tested
        else k
        for k in group.keys
    )
    told = replace(group, keys=keys)
    return replace(plan, steps=tuple(told if s is group else s for s in plan.steps))


# `Give each quarter as its first date`.
_FIRST_DAYS = frozenset({"day", "date"})


def _tests(where: P.Predicate) -> tuple[P.Predicate, ...]:
    return where.items if isinstance(where, P.And) else (where,)


def _first_day(test: P.Predicate, grain: str) -> dt.date | None:
    """The first day of the one period of that grain that the test is within."""
    match test:
        case P.Between(low=P.Value(value=low), high=P.Value(value=high), open_end=True):
            if type(low) is not dt.date or type(high) is not dt.date:
                return None
            start = floor(low, grain)
            return start if high <= move(start, grain, 1) else None
    return None


def _back(test: P.Between, grain: str, amount: int) -> P.Between:
    """The same days of an earlier period."""
    ends = [
        P.Value(move(end.value, grain, amount)) for end in (test.low, test.high)
        if isinstance(end, P.Value) and isinstance(end.value, dt.date)
    ]  # fmt: skip
    return replace(test, low=ends[0], high=ends[1])
