"""Conditions of a follow-up: in the place of those on the same thing, beside them, or away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from datamind.language.against import shifted
from datamind.language.calendar import Period, move
from datamind.language.candidates import Candidate
from datamind.language.edit_figures import measures_in, the_figure
from datamind.language.metric_rows import FLAGS
from datamind.language.sketch import Cond, Measure, Mention, Output, Sketch
from datamind.semantics.catalog import View

_NEAR = 4  # words between a noun and what is said of it


def narrow(
    sketch: Sketch, cond: Cond, *, against: bool = False, joined: bool = False, since: int = 0
) -> bool:
    """A condition takes the place of one on the same thing, else it is one more. What is set
    against another stands beside it; False where there is none. What is `joined` to such a pair is
    the third; of those that are said together, `since` there, each counts."""
    if cond.kind == "period" and cond.period is not None and not cond.negated and not against:
        again = shifted(sketch, cond.period)
        if again is not None:
            return again
    about = set(columns_of(cond))
    within = [c for m in measures_in(sketch.outputs) for c in m.where]
    said = [*sketch.conds, *within]
    before = [c for c in said if c.kind == cond.kind and _replaces(cond, c, about)]
    alike = len(before) == 1 and not before[0].negated
    years = before if not cond.negated else [c for c in said if c.kind == "period"]
    if len(years) == 1 and cond.kind == "period" and not years[0].negated:
        cond = _in_its_year(cond, years[0])
    together = alike and 0 < since <= before[0].first and cond.kind == "value"
    if together or (joined and alike and before[0].match == "alike"):
        return one_more(sketch, cond)
    if against:
        return alike and _set_beside(sketch, before[0], cond)
    if alike and _both(before[0], cond) is not None:
        sketch.replaced = (before[0], cond)
    kept = [c for c in sketch.conds if not _replaces(cond, c, about)]
    for measure in measures_in(sketch.outputs):
        measure.where = [c for c in measure.where if not _replaces(cond, c, about)]
    sketch.conds = [*kept, cond]
    return True


def keep_to(cond: Cond, noun: Mention) -> None:
    """`Italian authors`, `authors in Italy`: of what the value may be, what they have."""
    best = noun.candidates[0] if noun.candidates else None
    for mention in cond.mentions or ((cond.mention,) if cond.mention else ()):
        theirs = tuple(c for c in mention.candidates if best and c.table == best.id)
        mention.candidates = theirs or mention.candidates


def side_by_side(sketch: Sketch) -> bool:
    """`compare the two`: what a follow-up has put in another's place, and that."""
    if sketch.replaced is None or sketch.replaced[1] not in sketch.conds:
        return False
    old, new = sketch.replaced
    place = sketch.conds.index(new)
    sketch.conds[place] = old
    return _set_beside(sketch, old, new)


def _set_beside(sketch: Sketch, old: Cond, new: Cond) -> bool:
    both = _both(old, new)
    if both is None or not (sketch.groups or the_figure(sketch)):
        return False
    for measure in measures_in(sketch.outputs):
        measure.where = [c for c in measure.where if c is not old]
    sketch.conds = [*(c for c in sketch.conds if c is not old), both]
    return True


def _both(old: Cond, new: Cond) -> Cond | None:
    """Two periods, or values of one column, one row for each."""
    if old.negated or new.negated:
        return None
    if old.kind == new.kind == "period":
        if (old.period, new.period) == (None, None):
            return None
        if _same_days(old.period, new.period):  # `2025`, `compared with last year`, which it is
            new = _year_before(new)
        return Cond("any", parts=(old, new), match="versus", first=new.first)
    if old.kind == new.kind == "value":
        said = [m for c in (old, new) for m in (c.mentions or (c.mention,)) if m is not None]
        return Cond("value", mention=said[0], mentions=tuple(said), match="versus", first=new.first)
    return None


def _same_days(one: Period | None, other: Period | None) -> bool:
    return one is not None and other is not None and (one.low, one.high) == (other.low, other.high)


def _year_before(cond: Cond) -> Cond:
    period = cond.period
    if period is None or period.low is None or period.high is None:
        return cond
    low, high = move(period.low, "year", -1), move(period.high, "year", -1)
    year = period.year - 1 if period.year is not None else None
    return replace(cond, period=replace(period, low=low, high=high, year=year))


def one_more(sketch: Sketch, cond: Cond) -> bool:
    """`add Spain`, `with Spain again`: a value beside those that were asked for, or no longer left
    out."""
    about = set(columns_of(cond))
    if cond.kind != "value" or cond.negated:
        return False
    for place, old in enumerate(sketch.conds):
        if old.kind != "value" or not about & set(columns_of(old)):
            continue
        said = old.mentions or ((old.mention,) if old.mention else ())
        new = cond.mentions or ((cond.mention,) if cond.mention else ())
        if old.negated:
            back = {m.candidates[0].value for m in new}
            left = tuple(m for m in said if m.candidates[0].value not in back)
            if len(left) == len(said):
                return False
        else:
            left = (*said, *new)
        many = left if len(left) > 1 else ()
        sketch.conds[place : place + 1] = (
            [replace(old, mention=left[0], mentions=many, match="alike")] if left else []
        )
        return True
    return False


def without_limits(sketch: Sketch, mentions: Sequence[Mention]) -> bool:
    """`for all countries`, `not only Spain`: without what was said of it; False if nothing was."""
    about = {c.id for m in mentions for c in _best(m) if c.kind in ("column", "value")}
    gone = [c for c in sketch.conds if about & set(columns_of(c))]
    dropped = bool(gone)
    sketch.conds = [c for c in sketch.conds if c not in gone]
    sketch.related = [m for m in sketch.related if not any(_is_noun_of(m, c) for c in gone)]
    for measure in measures_in(sketch.outputs):
        left = [c for c in measure.where if not about & set(columns_of(c))]
        dropped, measure.where = dropped or len(left) < len(measure.where), left
    return dropped


def _is_noun_of(mention: Mention, cond: Cond) -> bool:
    """Whether it was said with it: `for riders with an annual plan`."""
    best = mention.candidates[0] if mention.candidates else None
    told = best is not None and any(i.startswith(f"{best.id}.") for i in columns_of(cond))
    return told and abs(mention.first - cond.first) <= _NEAR


def without_own(sketch: Sketch, figure: Output, view: View) -> None:
    """A rate is of all rows, not of those that it is the rate of: after `only the cancelled ones`
    the cancellation rate has the others, too."""
    own = _tested_by(figure, view)
    sketch.conds = [c for c in sketch.conds if c.kind == "period" or not own & set(columns_of(c))]


def _tested_by(figure: Output, view: View) -> set[str]:
    """The columns by which a rate tells its part from the whole."""
    if isinstance(figure, Measure):
        part = figure.left if figure.kind in ("percent", "share", "ratio") else None
        return {i for c in part.where for i in columns_of(c)} if part is not None else set()
    best = figure.candidates[0]
    metric = view.metrics_by_name.get(best.id) if best.kind == "metric" else None
    if metric is None:
        return set()
    top = view.metrics_by_name.get(metric.numerator or "", metric)
    said = [*top.filters, *([top.expression] if top.aggregation == FLAGS else [])]
    if top is metric and metric.aggregation != FLAGS:
        return set()
    return {f"{top.table}.{word}" for word in re.findall(r"\w+", " ".join(said))}


def _in_its_year(cond: Cond, before: Cond) -> Cond:
    """`and June?` after May 2023 is June of that year, which was said."""
    new, old = cond.period, before.period
    if new is None or old is None or new.low is None or new.high is None or old.low is None:
        return cond
    assumed = f" is that of {new.low.year}"
    years = old.low.year - new.low.year
    if not new.note.endswith(assumed) or old.note or old.high is None or years == 0:
        return cond
    if move(old.high, "day", -1).year != old.low.year:
        return cond
    note = f"{new.note.removesuffix(assumed)} is that of {old.low.year}"
    low, high = move(new.low, "year", years), move(new.high, "year", years)
    return replace(cond, period=replace(new, low=low, high=high, note=note))


def _replaces(new: Cond, old: Cond, about: set[str]) -> bool:
    if new.kind == "period" and old.kind == "period":
        if new.negated and not old.negated:
            return False  # `without December`, of the year
        return new.subject is None or old.subject is None or bool(about & set(columns_of(old)))
    if new.kind == "period" and old.kind == "any" and not new.negated:
        return all(p.kind == "period" for p in old.parts)  # of two that were set side by side
    flags = new.kind == old.kind == "related"
    if "period" in (new.kind, old.kind) or (new.negated and not flags):
        return False
    return bool(about & set(columns_of(old)))


def columns_of(cond: Cond) -> Iterator[str]:
    """The columns that a condition may be on."""
    for mention in (cond.subject, cond.mention, *cond.mentions):
        if mention is not None:
            yield from (c.id for c in _best(mention) if c.kind in ("column", "value"))
    for part in cond.parts:
        yield from columns_of(part)


def _best(mention: Mention) -> Sequence[Candidate]:
    return mention.candidates[:2]
