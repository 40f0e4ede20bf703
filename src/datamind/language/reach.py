"""Reach: `revenue in April against the month before` reads the month before too, and leaves it out
again: a period alone has none before it to be set against."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from datamind.language.calendar import floor, move
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
    times = [(k, grain) for k in group.keys if (grain := _grain(k.expr))]
    if len(lags) != 1 or len(times) != 1:
        return plan
    key, grain = times[0]
    low = _only(first.where, grain)
    if low is None:
        return plan
    earlier = move(low, grain, -lags.pop())
    whole = P.Filter(_from(first.where, low, earlier))
    start = low.year if isinstance(key.expr, P.DatePart) else low
    kept = P.Filter(P.Compare(">=", P.Field(key.name), P.Value(start)))
    at = plan.steps.index(window) + 1
    return replace(plan, steps=(whole, *plan.steps[1:at], kept, *plan.steps[at:]))


def _grain(key: P.Expr) -> str:
    if isinstance(key, P.DateTrunc) and key.grain != "hour":
        return key.grain
    return "year" if isinstance(key, P.DatePart) and key.part == "year" else ""


def _tests(where: P.Predicate) -> tuple[P.Predicate, ...]:
    return where.items if isinstance(where, P.And) else (where,)


def _only(where: P.Predicate, grain: str) -> dt.date | None:
    """The first day of the one period of that grain that the conditions leave."""
    for test in _tests(where):
        match test:
            case P.Between(low=P.Value(value=low), high=P.Value(value=high), open_end=True):
                if type(low) is not dt.date or type(high) is not dt.date:
                    continue
                if low == floor(low, grain) and high <= move(low, grain, 1):
                    return low
    return None


def _from(where: P.Predicate, low: dt.date, earlier: dt.date) -> P.Predicate:
    tests = tuple(
        replace(t, low=P.Value(earlier))
        if isinstance(t, P.Between) and t.low == P.Value(low) else t
        for t in _tests(where)
    )  # fmt: skip
    return P.And(tests) if isinstance(where, P.And) else tests[0]
