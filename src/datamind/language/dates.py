"""Dates: the periods and times that a question names, resolved against an injected today."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datamind.language import calendar as C
from datamind.language.calendar import Period, clock, move, whole
from datamind.language.fiscal import FiscalYear
from datamind.language.fiscal import period as fiscal_period
from datamind.language.named_dates import Read, Words, absolute
from datamind.language.relative_dates import around, more_than_ago, relative
from datamind.language.tables import times as T
from datamind.language.tables.times import MONTHS, WEEKDAYS, WORD_NUMBERS
from datamind.language.tokens import Token

__all__ = ["MONTHS", "WEEKDAYS", "WORD_NUMBERS", "Found", "Period", "clock", "find_periods"]


@dataclass(frozen=True, slots=True)
class Found:
    """A period and the tokens that said it: `first` up to, not including, `last`."""

    first: int
    last: int
    period: Period


def find_periods(
    tokens: Sequence[Token], today: dt.date, fiscal: FiscalYear | None = None
) -> list[Found]:
    """All periods of the question, left to right, with the words that bound them."""
    w = Words(tokens, today, fiscal)
    reads: list[tuple[int, Read]] = []
    at = 0
    while at < len(tokens):
        got = _same_days(w, at, reads) or _yet_to_come(w, at) or _bounded(w, at)
        if got is not None:
            reads.append((at, got))
        at = got.end if got is not None else at + 1
    for place in range(len(reads) - 1, 0, -1):
        reads[place - 1] = _given_year(w, reads[place - 1], reads[place])
        merged = _of_the_year(w, reads[place - 1], reads[place])
        if merged is not None:
            reads[place - 1 : place + 1] = [merged]
    return [
        Found(first, min(read.end, len(tokens)), read.period)
        for first, read in reads
        if read.period is not None
    ]


_STRETCHES = frozenset("period time month months quarter week weeks days stretch point".split())
_OF_TODAY = frozenset({"month", "week", "quarter"})
_EARLIER = frozenset("last previous prior preceding".split())


def _same_days(w: Words, at: int, reads: Sequence[tuple[int, Read]]) -> Read | None:
    """`the same period last year`: the days of the period before it, a year or a month back; with
    none before it, `the same month last year` is the one of today."""
    start = w.skip(at, "the")
    base = reads[-1][1].period if reads else None
    if w.word(start) != "same" or w.word(start + 1) not in _STRETCHES:
        return None
    end = w.skip(start + 2, "of", "in", "the", "a", "one", "from", "as")
    back = w.word(end) in _EARLIER
    unit, times, after = w.unit(end + back)
    ago = w.word(after) in ("ago", "earlier", "before", "back", "prior")
    if times != 1 or not (back or ago):
        return None
    if base is None and w.word(start + 1) in _OF_TODAY:
        return Read(whole(move(w.today, unit, -1), w.word(start + 1)), after + ago)
    if base is None or base.low is None or base.high is None:
        return None
    high = min(base.high, move(w.today, "day", 1))
    moved = Period(move(base.low, unit, -1), move(high, unit, -1), base.grain, again=True)
    return Read(moved, after + ago)


def _yet_to_come(w: Words, at: int) -> Read | None:
    """`coming up`, `upcoming`: from today on."""
    alone = w.word(at) == "upcoming" and not w.unit(at + 1)[1] and w.number(at + 1)[0] is None
    if not alone and (w.word(at), w.word(at + 1)) != ("coming", "up"):
        return None
    return Read(Period(w.today, None, "day", note="from today on"), at + 2 - alone)


def _given_year(w: Words, before: tuple[int, Read], after: tuple[int, Read]) -> tuple[int, Read]:
    """`Q1 and Q2 of 2024`: the year of the second is that of the first too."""
    first, read = before
    gap = w.words[read.end : after[0]]
    later = after[1].period
    if not read.implied or after[1].implied or later is None or later.low is None:
        return before
    if not gap or len(gap) > 2 or not set(gap) <= {"and", "or", ",", "vs", "versus", "&", "in"}:
        return before
    again = absolute(w, first, later.low.year)
    return (first, replace(again, implied=False)) if again and again.end == read.end else before


def _of_the_year(
    w: Words, before: tuple[int, Read], after: tuple[int, Read]
) -> tuple[int, Read] | None:
    """`2025, January to June`: the months of that year, no others beside it."""
    year, months = before[1].period, after[1].period
    gap, said = w.words[before[1].end : after[0]], w.words[after[0] : after[1].end]
    if year is None or months is None or year.year is None or months.year is not None:
        return None
    if not gap and w.word(after[0]) != "from":
        return None
    if len(gap) > 2 or not set(gap) <= {",", "(", ":", "-", "from", "for", "only"}:
        return None
    told = any(re.fullmatch(r"\d{4}", word) for word in said)
    if (
        told
        or months.low is None
        or months.high is None
        or months.grain not in ("month", "quarter")
    ):
        return None
    back = 12 * (year.year - months.low.year)
    low, high = move(months.low, "month", back), move(months.high, "month", back)
    if year.high is None or high > move(year.high, "month", 1):
        return None
    return before[0], replace(after[1], period=replace(months, low=low, high=high, note=""))


def _bounded(w: Words, at: int) -> Read | None:
    """A period at this place, with `before`, `since`, `between ... and` taken in."""
    ago = more_than_ago(w, at)
    if ago is not None:
        return ago
    kind, inner = w.phrase(at, T.BOUNDS)
    if kind:
        got = _after_bound(w, at, kind, inner)
        if got is not None:
            return got
    one = _one(w, at)
    if one is None or one.period is None:
        return one
    kind, end = w.phrase(one.end, T.TAILS)
    if kind:
        return Read(_open(kind, _surely(one.period)), end)
    return _pair(w, one, between=False) or one


def _after_bound(w: Words, at: int, kind: str, inner: int) -> Read | None:
    start = w.skip(inner, "the", "about", "around", "and", "including", "sometime")
    one = _this_one(w, inner) or _one(w, start) or _one(w, inner)
    if one is None or one.period is None:
        return one
    if kind == "span":
        pair = None if _compares(w, at) else _pair(w, one, between=w.word(at) != "from")
        return pair or _from(w, at, one)
    loose = w.word(at) in ("by", "through", "thru") or w.word(inner - 1) == "to"
    if loose and one.end == start + 1 and w.year(start) and not w.free(one.end):
        return None
    low = Read(_open(kind, _surely(one.period)), one.end)
    if kind in ("since", "after"):
        joint = w.skip(one.end, ",", "and", "but")
        end_kind, beyond = w.phrase(joint, T.BOUNDS)
        if end_kind in ("before", "until"):
            end = _after_bound(w, joint, end_kind, beyond)
            if end is not None and end.period is not None and low.period is not None:
                return _closed(low.period, end.period, end.end)
    return low


def _surely(period: Period) -> Period:
    """A year beside `since` or `or later` is one."""
    return replace(period, unsure=False) if period.year is not None else period


def _closed(low: Period, high: Period, end: int) -> Read:
    if low.low is None or high.high is None or not _before(low.low, high.high):
        return Read(None, end)
    note = low.note or high.note
    return Read(Period(low.low, high.high, high.grain, note=note), end, span=True)


def _before(low: dt.date, high: dt.date) -> bool:
    """Whether it is earlier; a day and a time of day may be compared."""
    return low.isoformat() < high.isoformat()


def _from(w: Words, at: int, one: Read) -> Read | None:
    """`from 2020` is within it, `from March 5` and `from 2020 on` begin there."""
    assert one.period is not None
    if w.word(at) != "from" and w.word(at) != "ranging":
        return None
    kind, end = w.phrase(one.end, T.TAILS)
    if w.word(one.end) == "on" and w.free(one.end + 1):
        kind, end = "since", one.end + 1
    if kind or (one.period.grain == "day" and not one.span and one.period.low != w.today):
        one_day = one.period.high == move(one.period.low or w.today, "day", 1)
        past = w.word(one.end - 1) in ("yesterday", "today")
        if kind or (one_day and not past):
            return Read(_open(kind or "since", one.period), end)
    return one


def _compares(w: Words, at: int) -> bool:
    """Whether two periods are held against each other: `the difference between 2019 and 2020`."""
    return w.word(at) == "between" and w.word(at - 1) in _COMPARED


_COMPARED = frozenset("difference differences gap ratio change changed comparison growth".split())
_COMPARING = _COMPARED | {"compare", "compared", "comparing", "increase", "decrease"}


def _open(kind: str, period: Period) -> Period:
    low, high = {
        "before": (None, period.low), "until": (None, period.high),
        "after": (period.high, None), "since": (period.low, None),
    }[kind]  # fmt: skip
    return Period(low, high, period.grain, unsure=period.unsure, note=period.note)


def _this_one(w: Words, at: int) -> Read | None:
    """`the year` after `since the start of`: the running one."""
    if w.word(at) != "the" or w.word(at - 1) != "of":
        return None
    unit, times, end = w.unit(at + 1)
    return Read(whole(w.today, unit), end) if times == 1 and unit != "half" else None


def _pair(w: Words, first: Read, *, between: bool) -> Read | None:
    """`X to Y`, `X and Y` (after between), `X - Y`; a year said once is that of both."""
    kind, at = w.phrase(w.skip(first.end, "inclusive", "(", ")"), T.JOINTS)
    if first.implied and not kind and w.word(first.end) and _is_bare(w, first.end):
        kind, at = "joint", first.end
    if not kind or (kind == "both" and not between) or first.period is None or first.span:
        return None
    if w.word(first.end) == "to" and not between and _COMPARING & set(w.words[: first.end]):
        return None
    at = w.skip(at, "the", "end", "of") if w.word(at) == "the" else w.skip(at, "end", "of")
    second = _one(w, at) or _now(w, at)
    if second is None or second.period is None:
        return second
    low, high = _aligned(w, first, second, at)
    end = w.skip(second.end, "(", ",", "both", "inclusive", "exclusive", ")")
    said = w.words[second.end : end]
    if "exclusive" in said:
        low, high = low and replace(low, low=low.high), high and replace(high, high=high.low)
    if low is None or high is None:
        return Read(None, second.end)
    if low.low and high.high and high.grain == "day" and not _before(low.low, high.high):
        low = replace(low, low=move(low.low, "week", -1))
    kept = end if {"inclusive", "exclusive"} & set(said) else second.end
    return _closed(low, high, kept)


def _is_bare(w: Words, at: int) -> bool:
    """Whether a month or quarter follows at once, as in `Jan-Mar`."""
    return w.word(at) in T.MONTHS or bool(re.fullmatch(r"q[1-4]", w.word(at)))


def _now(w: Words, at: int) -> Read | None:
    """The end of `from March until now`."""
    if w.word(at) in ("now", "present", "date"):
        return Read(whole(w.today, "day"), at + 1)
    return None


def _aligned(w: Words, first: Read, second: Read, at: int) -> tuple[Period | None, Period | None]:
    """Both ends, a year that only one of them says given to the other."""
    low, high = first.period, second.period
    assert low is not None and high is not None
    if second.implied and low.low is not None:
        for year in (low.low.year, low.low.year + 1):
            again = absolute(w, at, year)
            if again and again.period and again.period.high and _before(low.low, again.period.high):
                return low, again.period
    if first.implied and high.high is not None and high.low is not None:
        start = _start_of(w, first)
        for year in (high.low.year, high.low.year - 1):
            again = absolute(w, start, year)
            if again and again.period and again.period.low and _before(again.period.low, high.high):
                return again.period, high
    return low, high


def _start_of(w: Words, read: Read) -> int:
    """Where a read that ends there began: the first place from which it is read again."""
    for start in range(max(0, read.end - 6), read.end):
        again = absolute(w, start)
        if again is not None and again.end == read.end:
            return start
    return read.end


def _one(w: Words, at: int) -> Read | None:
    """Any period at this place; a year counts only where words say that it is one."""
    own = fiscal_period(w.words[at:], w.today, w.fiscal) if w.fiscal is not None else None
    if own is not None:
        return Read(own[0], at + own[1])
    if T.FISCAL & set(w.words[max(0, at - 2) : at]):
        return None
    return _part(w, at) or relative(w, at) or absolute(w, at) or around(w, at) or _year(w, at)


def _year(w: Words, at: int) -> Read | None:
    text = w.word(at)
    if text == "year" and w.year(at + 1) and not w.word(at - 1).isdigit():
        return _year(w, at + 1)
    if not re.fullmatch(r"(1[5-9]|20)\d\d", text):
        return None
    period = C.years(int(text), int(text) + 1)
    strict = w.year(at) is None or w.word(at - 1) in T.LOOSE
    placed = w.placed(at) or w.word(at - 1) == "year"
    placed = placed and (not strict or w.free(at + 1))
    lately = re.fullmatch(r"20[0-3]\d", text) and not w.free(at + 1)
    placed = placed or bool(lately and w.word(at - 1) in T.OWNING)  # all 2024 loans
    if period is None or not (placed or w.year(at)):
        return None
    return Read(replace(period, unsure=not placed), at + 1)


def _part(w: Words, at: int) -> Read | None:
    """`first half of 2024`, `the last three months of 2023`, `third quarter`."""
    at = w.skip(at, "the")
    if w.word(at) in T.THIRDS:
        return _third(w, at)
    last = w.word(at) in ("last", "final", "latter")
    order = 1 if last else T.ORDINALS.get(w.word(at), 0)
    if not order:
        return None
    amount, after = w.number(at + 1)
    half = w.word(after) == "half"
    unit, times, end = ("half", 1, after + 1) if half else w.unit(after)
    if not times:
        return None
    inner = w.skip(end, "of", "in", "the", ",")
    if w.word(inner) in T.FISCAL:
        return Read(None, inner + 1)
    base = _one(w, inner) if inner > end or w.year(end) else None
    if base is not None and base.period is not None and base.period.low and base.period.high:
        found = _cut(base.period, unit, (amount or 1) * times, order, last=last)
        return Read(found, base.end) if found else None
    if unit == "quarter" and amount is None and not last and order <= 4 and end > at + 1:
        low = dt.date(w.today.year, 3 * order - 2, 1)
        low = low if low <= w.today else C.add_months(low, -12)
        note = f"quarter {order} is that of {low.year}"
        return Read(Period(low, C.add_months(low, 3), "quarter", note=note), end, implied=True)
    return None


def _third(w: Words, at: int) -> Read | None:
    """`early 2024`, `the late 1990s`: a third of it."""
    base = _year(w, w.skip(at + 1, "-")) or absolute(w, w.skip(at + 1, "-", "the"))
    if base is None or base.period is None or base.period.grain != "year":
        return None
    low, high = base.period.low, base.period.high
    assert low is not None and high is not None
    months = (high.year - low.year) * 4
    start = C.add_months(low, months * T.THIRDS[w.word(at)])
    end = C.add_months(start, months)
    note = f"{w.word(at)} in the period is {start:%B %Y} to {C.add_months(end, -1):%B %Y}"
    return Read(Period(start, end, "year" if months > 12 else "month", note=note), base.end)


def _cut(base: Period, unit: str, amount: int, order: int, *, last: bool) -> Period | None:
    """The part of a period, counted from its start or its end."""
    assert base.low is not None and base.high is not None
    if unit == "half":
        return _half(base, 2 if last else order)
    if last:
        low, high = move(base.high, unit, -amount), base.high
    else:
        low = move(base.low, unit, (order - 1) * amount)
        high = move(low, unit, amount)
    if low < base.low or high > base.high:
        return None
    exact = amount == 1 and unit == "year"
    return Period(low, high, unit, low.year if exact else None)


def _half(base: Period, order: int) -> Period | None:
    assert base.low is not None and base.high is not None
    if order > 2:
        return None
    months = (base.high.year - base.low.year) * 12 + base.high.month - base.low.month
    even = base.low.day == 1 == base.high.day and months % 2 == 0
    middle = C.add_months(base.low, months // 2) if even else move(base.low, "day", 15)
    ends = (base.low, middle) if order == 1 else (middle, base.high)
    grain = "year" if months >= 24 else "quarter" if even else "day"
    return Period(*ends, grain)
