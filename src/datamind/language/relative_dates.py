"""Relative dates: the periods that a question tells from today or from another date."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from datamind.language import calendar as C
from datamind.language.calendar import Period, floor, move, whole
from datamind.language.named_dates import Read, Words, absolute, season
from datamind.language.tables import times as T


def relative(w: Words, at: int) -> Read | None:
    """A period told from today: last month, the past 30 days, yesterday, 3 weeks ago."""
    for length in range(min(4, len(w.words) - at), 0, -1):
        named = T.NAMED_DAYS.get(w.words[at : at + length])
        if named:
            unit, amount, ends_today = named
            period = whole(move(w.today, unit, amount), unit)
            return Read(_to_date(w, unit) if ends_today else period, at + length)
    start = w.skip(at, "the") if w.word(at) == "the" else at
    text = w.word(start)
    if text in T.THIS:
        return _this(w, start + 1)
    if text in T.BACK:
        return _named(w, start + 1, -1) or _back(w, start + 1, rolling=text in T.ROLLING)
    if text in T.AHEAD:
        return _named(w, start + 1, 1) or _ahead(w, start + 1)
    unit, times, end = w.unit(start)
    if times and w.words[end : end + 2] == ("before", "last") and not w.unit(end + 2)[1]:
        return Read(whole(move(floor(w.today, unit), unit, -2 * times), unit), end + 2)
    return _ago(w, at)


def _to_date(w: Words, unit: str) -> Period:
    return Period(floor(w.today, unit), move(w.today, "day", 1), "day")


def _this(w: Words, at: int) -> Read | None:
    unit, times, end = w.unit(at)
    if not times:
        return _named(w, at, 0)
    if w.words[end : end + 2] in T.TO_DATE:
        return Read(_to_date(w, unit), end + 2)
    if times > 1:
        return Read(_years(w, times, 0), end) if unit == "year" else None
    return Read(whole(w.today, unit), end)


def _years(w: Words, times: int, step: int) -> Period | None:
    """The decade or century that is `step` ones away; centuries begin with the year one."""
    base = times == 100
    first = (w.today.year - base) // times * times + base + step * times
    return C.years(first, first + times)


def _named(w: Words, at: int, step: int) -> Read | None:
    """`last Friday`, `this weekend`, `next March`, `last summer`."""
    word, today = w.word(at), w.today
    monday = floor(today, "week")
    if word in T.WEEKDAYS:
        day = move(monday, "day", T.WEEKDAYS[word] - 1)
        late = (step < 0 and day >= today) or (step > 0)
        day = move(day, "week", step * late)
        return Read(whole(day, "day"), at + 1)
    if word == "weekend":
        low = move(monday, "day", 5 + 7 * step)
        return Read(Period(low, move(low, "day", 2), "day"), at + 1)
    month = T.MONTHS.get(word) or T.SEASONS.get(word)
    if month is None:
        return None
    months = 3 if word in T.SEASONS else 1
    low = dt.date(today.year, month, 1)
    if step < 0 and C.add_months(low, months) > today:
        low = C.add_months(low, -12)
    elif step > 0 and low <= today:
        low = C.add_months(low, 12)
    period = whole(low, "month") if months == 1 else season(low, word)
    return Read(period, at + 1)


def _back(w: Words, at: int, *, rolling: bool) -> Read | None:
    """`last month`, `past 30 days`, `last 8 weeks excluding the current week`."""
    start = w.skip(at, "iso", "business", *T.WHOLE)
    amount, start = w.number(start)
    after = w.skip(start, *T.WHOLE)
    closed_by_word = bool(T.WHOLE & set(w.words[at:after]))
    if amount is not None and w.word(after) in ("hour", "hours", "hr", "hrs") and amount % 24 == 0:
        unit, times, end = "day", 1, after + 1
        amount //= 24
    else:
        unit, times, end = w.unit(after)
    if not times or (amount is None and w.word(end) == "of"):
        return None
    beyond = _excludes_current(w, end)
    closed = beyond or (end if closed_by_word and amount is not None else 0)
    if amount is None and (closed or not rolling) and times != 6:
        if times >= 10:
            return Read(_years(w, times, -1), end)
        low = move(floor(w.today, unit), unit, -times)
        return Read(replace(whole(low, unit), high=move(low, unit, times)), closed or end)
    count = (amount or 1) * times
    if closed and unit != "day":
        high = floor(w.today, unit)
        return Read(Period(move(high, unit, -count), high, unit), closed)
    return _rolling(w, unit, count, end)


def _rolling(w: Words, unit: str, count: int, end: int) -> Read:
    inclusive, from_today = _inclusive(w, end)
    low = move(w.today, unit, -count)
    if unit == "day" and from_today:
        low = move(low, "day", 1)
    note = f"the last {count} {unit}{'s' * (count != 1)}: {low} to today"
    return Read(Period(low, move(w.today, "day", 1), unit, note=note), inclusive or end)


_CURRENT = re.compile(
    r"(?:[,(] )?(excluding|exclusive of|not including|without|except( for)?|not counting)"
    r" (the |this )*(current |present |ongoing )?(iso )?(day|week|month|quarter|year|today)"
)
_INCLUDED = re.compile(
    r"(?:[,(] )?(inclusive of|including|up to and including) (?:(today)|the current day|"
    r"\d+ \w+ ago|(the )?(start and end|first and last|end|both) (date|day)s?)"
)


def _excludes_current(w: Words, at: int) -> int:
    """The place after `excluding the current week` and the like, or 0."""
    found = _CURRENT.match(" ".join(w.words[at : at + 10]))
    return at + len(found.group().split()) if found else 0


def _inclusive(w: Words, at: int) -> tuple[int, bool]:
    """The place after `inclusive of ...`, or 0; and whether it was today that is included:
    then the window's first day is one later."""
    found = _INCLUDED.match(" ".join(w.words[at : at + 9]))
    return (at + len(found.group().split()), bool(found[2])) if found else (0, False)


def _ahead(w: Words, at: int) -> Read | None:
    amount, after = w.number(at)
    unit, times, end = w.unit(after)
    if not times:
        return None
    if amount is None:
        low = move(floor(w.today, unit), unit, times)
        return Read(replace(whole(low, unit), high=move(low, unit, times)), end)
    return Read(Period(w.today, move(w.today, unit, amount * times), unit), end)


def _counted(w: Words, at: int) -> tuple[str, int, int]:
    """`3 weeks`, `a year`: the unit, how many of it and the place after; "" for none."""
    amount, after = (1, at + 1) if w.word(at) in ("a", "an") else w.number(at)
    unit, times, end = w.unit(after)
    return (unit, (amount or 0) * times, end) if amount else ("", 0, at)


def _ago(w: Words, at: int) -> Read | None:
    unit, count, end = _counted(w, at)
    if not unit:
        return None
    if w.word(end) in ("ago", "back") and (w.word(end) == "ago" or w.free(end + 1)):
        return Read(whole(move(w.today, unit, -count), unit), end + 1)
    if w.words[end : end + 2] == ("from", "now"):
        return Read(whole(move(w.today, unit, count), unit), end + 2)
    return None


def more_than_ago(w: Words, at: int) -> Read | None:
    """`more than 3 months ago`, `within 2 days ago`."""
    kind, inner = w.phrase(at, T.AGO)
    unit, count, end = _counted(w, inner) if kind else ("", 0, at)
    if not unit or w.word(end) != "ago":
        return None
    day = move(w.today, unit, -count)
    if kind == "older":
        return Read(Period(None, day, unit), end + 1)
    return Read(Period(day, move(w.today, "day", 1), unit), end + 1)


def around(w: Words, at: int) -> Read | None:
    """`the 3 months before March 2024`, `30 days after 2024-01-05`."""
    unit, count, end = _counted(w, at)
    sides = {"before": -1, "preceding": -1, "after": 1, "following": 1, "since": 1}
    side = sides.get(w.word(end), 0)
    base = absolute(w, w.skip(end + 1, "the")) if unit and side else None
    if base is None or base.period is None or base.period.low is None or base.period.high is None:
        return None
    low, high = base.period.low, base.period.high
    if side < 0:
        return Read(Period(move(low, unit, -count), low, unit), base.end)
    return Read(Period(high, move(high, unit, count), unit), base.end)
