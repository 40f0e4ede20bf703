"""In one period, but not in another: `customers who bought last year but not this year`.

No row is in both, so that the second condition would say nothing of the rows of the first: it is
of what the rows are about, which has rows in the one period and none in the other.
"""

from __future__ import annotations

from dataclasses import replace

from datamind.language.calendar import Period
from datamind.language.context import Context, Unbuildable
from datamind.language.sketch import Cond, Measure, Mention, Sketch


def apart(sketch: Sketch, ctx: Context) -> Sketch:
    """The sketch, with periods that share no day asked of the rows that happened in them.

    Unbuildable where there is nothing that has such rows.
    """
    periods = [c for c in sketch.conds if c.kind == "period" and c.subject is None]
    without = [c for c in periods if c.negated]
    within = [c for c in periods if not c.negated]
    if not (within and without) or not _share_no_day(within[0].period, without[0].period):
        return sketch
    thing = _thing(sketch)
    head = ctx.chosen.get(thing) if thing is not None else None
    tables = {m: ctx.chosen[m] for m in sketch.related if m in ctx.chosen}
    deed = next((m for m, c in tables.items() if c.kind == "table" and c != head), None)
    if head is None or head.kind != "table" or deed is None or len(periods) > 2:
        raise Unbuildable("no row is in both periods")
    had = Cond("related", deed, within=within, first=within[0].first)
    inside = [replace(without[0], negated=False)]
    had_not = Cond("related", deed, negated=True, within=inside, first=without[0].first)
    others = [c for c in sketch.conds if c not in periods]
    related = [m for m in sketch.related if m is not deed]
    return replace(sketch, conds=[*others, had, had_not], related=related)


def _thing(sketch: Sketch) -> Mention | None:
    """What is listed or counted."""
    counted = [o.target for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"]
    return sketch.head or next(iter(counted), None)


def _share_no_day(one: Period | None, other: Period | None) -> bool:
    if one is None or other is None:
        return False
    return _before(one, other) or _before(other, one)


def _before(one: Period, other: Period) -> bool:
    return one.high is not None and other.low is not None and one.high <= other.low
