"""Rounding: `rounded to 2 decimal places` says how figures are told, not what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from datamind.records import Interpretation
from datamind.semantics import plan as P
from datamind.semantics.walk import below

_COUNTS = {"no": 0, "zero": 0, "one": 1, "a single": 1, "two": 2, "three": 3, "four": 4}
_ROUND = (
    r"(?:rounded|rounding|round)(?: off)?(?: (?:it|them|all|the|your|each|every|result|results"
    r"|answer|answers|value|values|number|numbers|figure|figures|percentage|percentages|average"
    r"|averages|rate|rates|ratio))*"
)
_PLACES = r"(?:decimal places?|decimal points?|decimal digits?|decimals?|dp)"
_SAID = re.compile(
    rf"[,;]? *\(?\b(?:and |please )*"
    rf"(?:(?:{_ROUND} )?(?:to|with|at) (?P<digits>\d|{'|'.join(_COUNTS)}) {_PLACES}"
    rf"|{_ROUND} to (?:the )?(?:nearest )?(?:whole|full) numbers?"
    rf"|{_ROUND} to (?:the )?(?:nearest )?(?:integers?|percent))"
    r"\b\)?",
    re.IGNORECASE,
)
_MADE = frozenset({"sum", "avg", "median", "stddev", "variance", "percentile"})


@dataclass(frozen=True, slots=True)
class Rounded:
    """The question without what it says of rounding, as long as it was, and to how many places."""

    text: str
    digits: int


def said(text: str) -> Rounded | None:
    """What the question says of rounding; None where it says nothing."""
    found = _SAID.search(text)
    if found is None:
        return None
    digits = (found["digits"] or "0").lower()
    places = int(digits) if digits.isdigit() else _COUNTS[digits]
    blank = " " * len(found[0])
    return Rounded(text[: found.start()] + blank + text[found.end() :], places)


def applied(read: Interpretation, digits: int) -> Interpretation:
    """The same readings, their figures rounded."""
    return replace(
        read,
        candidates=tuple(replace(c, plan=_rounded(c.plan, digits)) for c in read.candidates),
        choices=tuple(replace(c, plan=_rounded(c.plan, digits)) for c in read.choices),
    )


def _rounded(plan: P.Query, digits: int) -> P.Query:
    """The plan with the figures of its groups rounded, where no step goes on from them."""
    group = next((s for s in plan.steps if isinstance(s, P.Group)), None)
    if group is None:
        return plan
    after = plan.steps[plan.steps.index(group) + 1 :]
    if any(isinstance(s, P.Filter | P.Window | P.Group) for s in after):
        return plan
    told = replace(group, measures=tuple(_told(m, digits) for m in group.measures))
    return replace(plan, steps=tuple(told if s is group else s for s in plan.steps))


def _told(measure: P.Named, digits: int) -> P.Named:
    aggregates = [n for n in below(measure.expr) if isinstance(n, P.Aggregate | P.Metric)]
    counts = isinstance(measure.expr, P.Aggregate) and measure.expr.function not in _MADE
    share = isinstance(measure.expr, P.Arithmetic) and measure.expr.op == "/"
    if counts or not aggregates or (share and digits < 2):  # what is told in percent
        return measure
    return replace(measure, expr=P.Call("round", (measure.expr, P.Value(digits))))
