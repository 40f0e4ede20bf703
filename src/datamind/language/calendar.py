"""The calendar: days, the units that they are counted in, and the period between two of them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `low` to before `high`, either open. `grain` is the unit it was said in.

    `year` is set where the period is one whole calendar year, so that a column of years can be
    compared with it. `unsure` marks what may be something else, as a bare number that may be a
    year; `note` says what was assumed in reading it. `again` marks the same days of another year.
    `ahead` is how many months on in the calendar the year is by which a fiscal one is named.
    """

    low: dt.date | None
    high: dt.date | None
    grain: str
    year: int | None = None
    unsure: bool = False
    note: str = ""
    again: bool = False
    ahead: int = 0


def date(year: int, month: int, day: int) -> dt.date | None:
    """That day, or None where the calendar has none."""
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of the month `months` later, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    year = min(max(year, dt.MINYEAR), dt.MAXYEAR)
    for last in (day.day, 30, 29, 28):
        found = date(year, month + 1, min(day.day, last))
        if found is not None:
            return found
    raise AssertionError("every month has 28 days")


def move(day: dt.date, unit: str, amount: int) -> dt.date:
    """The day `amount` units later (negative: earlier), or the first or last day there is."""
    if unit in _MONTHS:
        return add_months(day, amount * _MONTHS[unit])
    try:
        return day + dt.timedelta(days=amount * (7 if unit == "week" else 1))
    except OverflowError:
        return dt.date.max if amount > 0 else dt.date.min


def floor(day: dt.date, unit: str) -> dt.date:
    """The first day of the period that holds the day; weeks start on Monday."""
    if unit == "week":
        return move(day, "day", -day.weekday())
    if unit in _MONTHS:
        months = _MONTHS[unit]
        return dt.date(day.year, months * ((day.month - 1) // months) + 1, 1)
    return day


def whole(day: dt.date, unit: str) -> Period:
    """The whole calendar period that holds the day."""
    low = floor(day, unit)
    return Period(low, move(low, unit, 1), unit, low.year if unit == "year" else None)


def years(first: int, last: int, note: str = "") -> Period | None:
    """The years from `first` to before `last`."""
    if not dt.MINYEAR <= first < last <= dt.MAXYEAR:
        return None
    year = first if last == first + 1 else None
    return Period(dt.date(first, 1, 1), dt.date(last, 1, 1), "year", year, note=note)


def century(number: int) -> Period | None:
    """The 19th century: 1801 to 1900."""
    first, last = number * 100 - 99, number * 100 + 1
    return years(first, last, f"the century is the years {first} to {last - 1}")


def decade(text: str) -> Period | None:
    """The years that `1990s`, `90s` or `'90s` says; `1800s` is the hundred years."""
    digits = int(re.sub(r"\D", "", text))
    first = digits if digits > 99 else digits + (1900 if digits >= 30 else 2000)
    length = 100 if first % 100 == 0 and first < 1900 else 10
    return years(first, first + length)


def clock(text: str) -> dt.time | None:
    """The time of day that `1pm`, `13:30`, `9:05:10 am`, `5 o'clock` or `noon` says."""
    text = text.lower().replace("’", "'")
    if text in ("noon", "midday"):
        return dt.time(12)
    if text == "midnight":
        return dt.time(0)
    found = re.fullmatch(
        r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s?(?:([ap])\.?m\.?|(o'clock))?", text
    )
    if not found or not (found[2] or found[4] or found[5]):
        return None
    hour = int(found[1])
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    try:
        return dt.time(hour, int(found[2] or 0), int(found[3] or 0))
    except ValueError:
        return None
