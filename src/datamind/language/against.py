"""Against: a figure of one period beside that of an earlier one, and how they differ.

`orders this year so far versus the same period last year`, `revenue growth in May`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from datamind.language.calendar import Period, move
from datamind.language.sketch import Cond, Measure, Mention, Output, Sketch

_PERCENT = 100.0
_UNITS = ("year", "quarter", "month", "week", "day")


def settle(sketch: Sketch) -> None:
    """The sketch's figure for both periods, where two were set against each other or a change was
    asked for of one."""
    if sketch.ranks or len(sketch.outputs) != 1 or any(map(_is_time, sketch.groups)):
        return
    over = sketch.over
    changes = over is not None and over.kind == "change"
    said = next((c for c in sketch.conds if c.kind == "any" and _again(c)), None)
    if said is not None:
        now, before = sorted(said.parts, key=lambda c: bool(c.period and c.period.again))
        _set(sketch, said, now, before, rate=over.rate if changes and over else not sketch.groups)
        return
    two = next((c for c in sketch.conds if _two(c)), None) if changes or sketch.groups else None
    if two is not None:
        before, now = sorted(two.parts, key=lambda c: str(c.period and c.period.low))
        _set(sketch, two, now, before, rate=changes and over is not None and over.rate)
        return
    periods = [c for c in sketch.conds if c.kind == "period" and not c.negated]
    if over is None or over.kind != "change" or len(periods) != 1:
        return
    if sketch.groups and not _is_partial(periods[0].period, over.grain):
        _from_to(sketch)
        return
    earlier = period_before(periods[0].period, over.grain)
    if earlier is not None:
        before = replace(periods[0], period=earlier)
        _set(sketch, periods[0], periods[0], before, rate=over.rate)


def sides(cond: Cond) -> tuple[Cond, Cond] | None:
    """The later and the earlier of two periods that are set against each other."""
    if cond.negated:
        return None
    if cond.kind == "any" and _again(cond):
        now, before = sorted(cond.parts, key=lambda c: bool(c.period and c.period.again))
        return now, before
    if _two(cond):
        before, now = sorted(cond.parts, key=lambda c: str(c.period and c.period.low))
        return now, before
    pair = ends(cond.period) if cond.kind == "period" else None
    return (replace(cond, period=pair[1]), replace(cond, period=pair[0])) if pair else None


def _is_time(group: Mention) -> bool:
    return group.candidates[0].kind == "grain"


def _two(cond: Cond) -> bool:
    """Two periods that are set against each other."""
    periods = [p.period for p in cond.parts]
    told = all(p is not None and p.low is not None and p.high is not None for p in periods)
    return cond.kind == "any" and cond.match == "versus" and len(periods) == 2 and told


def _is_partial(period: Period | None, grain: str | None) -> bool:
    """`growth over last year, this year so far`: less than the units that are set against."""
    if period is None or period.low is None or period.high is None or grain is None:
        return False
    return move(period.low, grain, 1) > period.high


def _from_to(sketch: Sketch) -> None:
    """`change of revenue from 2023 to 2024 by county`: of each, the last against the first."""
    over = sketch.over
    said = next((c for c in sketch.conds if c.kind == "period" and ends(c.period)), None)
    if over is None or over.kind != "change" or said is None or said.negated:
        return
    if over.grain not in (None, said.period.grain if said.period else None):
        return
    first, last = ends(said.period) or (None, None)
    _set(sketch, said, replace(said, period=last), replace(said, period=first), rate=over.rate)


def ends(period: Period | None) -> tuple[Period, Period] | None:
    """The first and the last unit of a stretch of at least two."""
    if period is None or period.low is None or period.high is None or period.grain == "hour":
        return None
    first = Period(period.low, move(period.low, period.grain, 1), period.grain)
    last = Period(move(period.high, period.grain, -1), period.high, period.grain)
    if last.low is None or first.high is None or last.low < first.high:
        return None
    return _yearly(first), _yearly(last)


def _yearly(period: Period) -> Period:
    whole = period.grain == "year" and period.low is not None
    return replace(period, year=period.low.year) if whole and period.low else period


def _again(cond: Cond) -> bool:
    return len(cond.parts) == 2 and any(p.period is not None and p.period.again for p in cond.parts)


def period_after(period: Period) -> Period | None:
    """The period of the same kind that follows this one."""
    if period.low is None or period.high is None or period.grain == "hour":
        return None
    if move(period.low, period.grain, 1) != period.high:
        return None
    return Period(period.high, move(period.high, period.grain, 1), period.grain)


def period_before(period: Period | None, grain: str | None) -> Period | None:
    """The period that this one is measured against: a `grain` earlier, or the one before it."""
    if period is None or period.low is None or period.high is None or period.grain == "hour":
        return None
    single = move(period.low, period.grain, 1) == period.high
    unit = grain or (period.grain if single else None)
    if unit is None or move(period.low, unit, 1) < period.high:
        return None
    low, high = move(period.low, unit, -1), move(period.high, unit, -1)
    year = low.year if period.year is not None and unit == "year" else None
    return Period(low, high, period.grain, year)


def _set(sketch: Sketch, said: Cond, now: Cond, before: Cond, *, rate: bool) -> None:
    """The figure now, the figure before, and their difference or growth in percent."""
    measure = _measure(sketch.outputs[0])
    if measure is None:
        return
    pair = [
        replace(measure, where=[*measure.where, cond], label=label, loose=False)
        for cond, label in ((now, "now"), (before, "before"))
    ]
    change = Measure("formula", "-", left=pair[0], right=pair[1], label="change")
    if rate:
        whole = Measure("number", value=_PERCENT, first=measure.first)
        scaled = Measure("formula", "*", left=whole, right=change)
        change = Measure("formula", "/", left=scaled, right=pair[1], label="growth")
    sketch.outputs = [*pair, change]
    kept = [c for c in sketch.conds if c is not said]
    both = [Cond("any", parts=(before, now), first=said.first)] if sketch.groups else []
    sketch.conds = [*kept, *both]
    sketch.over = None


def to_date(sketch: Sketch, today: dt.date) -> None:
    """Both periods up to the same day, where the later one is not over: a year is not set against
    a few months."""
    labelled = {o.label: o for o in sketch.outputs if isinstance(o, Measure) and o.where}
    if not {"now", "before"} <= set(labelled):
        return
    now, before = labelled["now"].where[-1], labelled["before"].where[-1]
    for cond, short in zip((now, before), alike(now, before, today), strict=True):
        for side in labelled.values():
            side.where = [short if c is cond else c for c in side.where]
        sketch.conds = [_with(c, cond, short) for c in sketch.conds]


def shifted(sketch: Sketch, period: Period) -> bool | None:
    """Another period of a figure that is set against an earlier one, and the one as long before
    that; None where nothing is set against another, False where the two lie no unit apart."""
    labelled = {o.label: o for o in sketch.outputs if isinstance(o, Measure) and o.where}
    if not {"now", "before"} <= set(labelled):
        return None
    now, before = labelled["now"].where[-1], labelled["before"].where[-1]
    if not (now.period and before.period and now.period.low and period.low and period.high):
        return False
    unit = next((u for u in _UNITS if move(now.period.low, u, -1) == before.period.low), None)
    if unit is None:
        return False
    low, high = move(period.low, unit, -1), move(period.high, unit, -1)
    year = low.year if period.year is not None and unit == "year" else None
    earlier = Period(low, high, period.grain, year)
    for old, new in ((now, replace(now, period=period)), (before, replace(before, period=earlier))):
        for side in labelled.values():
            side.where = [new if c is old else c for c in side.where]
        sketch.conds = [_with(c, old, new) for c in sketch.conds]
    return True


def alike(now: Cond, before: Cond, today: dt.date) -> tuple[Cond, Cond]:
    """The two periods, the earlier one as long as the later where that is not over."""
    end, cut = today + dt.timedelta(days=1), _moved_alike(now.period, before.period, today)
    if cut is None or now.period is None or before.period is None:
        return now, before
    note = "the later period is not over: both are taken up to the same day"
    short, shorter = (
        replace(period, high=high, year=None, note=note)
        for period, high in ((now.period, end), (before.period, cut))
    )
    return replace(now, period=short), replace(before, period=shorter)


def _with(cond: Cond, old: Cond, new: Cond) -> Cond:
    """The condition with one of its parts replaced."""
    parts = tuple(new if p is old else p for p in cond.parts)
    return replace(cond, parts=parts) if any(p is old for p in cond.parts) else cond


def _moved_alike(now: Period | None, before: Period | None, today: dt.date) -> dt.date | None:
    """The end of what is as long of the earlier period; None where the later one is over."""
    if now is None or before is None or not (now.low and now.high and before.low and before.high):
        return None
    end = today + dt.timedelta(days=1)
    units = (u for u in _UNITS if move(now.low, u, -1) == before.low)
    unit = next(units, None)
    if unit is None or not now.low <= today or now.high <= end:
        return None
    cut = move(end, unit, -1)
    return cut if cut < before.high else None


def _measure(output: Output) -> Measure | None:
    if isinstance(output, Measure):
        return output if not output.per and not output.inner else None
    assert isinstance(output, Mention)
    output.role = "measure"
    return Measure("either", target=output, first=output.first)
