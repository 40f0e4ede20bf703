"""Ending: `leases ending this month` end in it; only a figure's own days are all up to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datamind.language import names
from datamind.language.calendar import Period, move
from datamind.language.tables.moments import ENDS
from datamind.language.tables.times import MONTHS
from datamind.language.tokens import stem
from datamind.semantics import plan as P

_WHICH = frozenset({"this", "next", "last"})


def of_an_end(said: Sequence[str], period: Period, date: P.Expr) -> Period:
    """The whole period, where `ending` leads up to it and the date is that at which they end.
    `said` is the period's words: one unit of the calendar, no span of several."""
    words = [w.lower() for w in said[:3]]
    if len(words) < 3 or words[0] != "ending":
        return period
    whole = words[1] in _WHICH and words[2] == period.grain
    named = words[1] == "in" and words[2] in MONTHS and period.grain == "month"
    column = date.name if isinstance(date, P.Column) else ""
    ends = ENDS & {stem(w) for w in names.split(column)}
    if not (whole or named) or not ends or period.low is not None or period.high is None:
        return period
    return replace(period, low=move(period.high, period.grain, -1))
