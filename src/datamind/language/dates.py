"""Dates: the periods and times that a question names, resolved against an injected today."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datamind.language.tokens import Token

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sep sept", "october oct", "november nov", "december dec"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        ("monday mon", "tuesday tue tues", "wednesday wed", "thursday thu thurs", "friday fri",
         "saturday sat", "sunday sun"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
UNITS = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year",
         "hour": "hour", "fortnight": "week"}  # fmt: skip
ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4,
            "4th": 4, "last": 4}  # fmt: skip
WORD_NUMBERS = {
    w: n for n, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "thousand": 1000,
     "dozen": 12}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `low` to before `high`, either open. `grain` is the unit it was said in.

    `year` is set where the period is one whole calendar year, so that a column of years can be
    compared with it. `unsure` marks a bare number that may be a year or a plain number.
    """

    low: dt.date | None
    high: dt.date | None
    grain: str
    year: int | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A period and the tokens that said it: `first` up to, not including, `last`."""

    first: int
    last: int
    period: Period


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of the month `months` later, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def move(day: dt.date, unit: str, amount: int) -> dt.date:
    """The day `amount` units later (negative: earlier)."""
    if unit == "day":
        return day + dt.timedelta(days=amount)
    if unit == "week":
        return day + dt.timedelta(weeks=amount)
    return add_months(day, amount * {"month": 1, "quarter": 3, "year": 12}[unit])


def floor(day: dt.date, unit: str) -> dt.date:
    """The first day of the period that holds the day; weeks start on Monday."""
    if unit == "week":
        return day - dt.timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return dt.date(day.year, 1, 1) if unit == "year" else day


def whole(day: dt.date, unit: str) -> Period:
    """The whole calendar period that holds the day."""
    low = floor(day, unit)
    return Period(low, move(low, unit, 1), unit, low.year if unit == "year" else None)


class _Reader:
    """Reads periods at a place in the tokens; every method returns (period, next place) or None."""

    def __init__(self, tokens: Sequence[Token], today: dt.date) -> None:
        self.words = [t.lower if t.kind != "quoted" else "" for t in tokens]
        self.lemmas = [t.lemma for t in tokens]
        self.tokens = tokens
        self.today = today

    def word(self, at: int) -> str:
        return self.words[at] if at < len(self.words) else ""

    def lemma(self, at: int) -> str:
        return self.lemmas[at] if at < len(self.lemmas) else ""

    def skip(self, at: int, *allowed: str) -> int:
        while at < len(self.words) and self.words[at] in allowed:
            at += 1
        return at

    def number(self, at: int) -> int | None:
        if at < len(self.tokens) and self.tokens[at].kind == "number":
            value = self.tokens[at].value
            return int(value) if value is not None and value == int(value) else None
        return WORD_NUMBERS.get(self.word(at))

    def year_at(self, at: int) -> int | None:
        text = self.word(at)
        return int(text) if re.fullmatch(r"(19|20)\d\d", text) else None

    def absolute(self, at: int) -> tuple[Period, int] | None:
        """A day, month, quarter or year of the calendar."""
        text = self.word(at)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            try:
                return whole(dt.date.fromisoformat(text), "day"), at + 1
            except ValueError:
                return None
        if text in MONTHS and (text != "may" or self.tokens[at].text[0] == "M"):
            return self._month(at)
        day = re.fullmatch(r"(\d{1,2})(st|nd|rd|th)?", text)
        after = self.skip(at + 1, "of")
        if day and self.word(after) in MONTHS:
            return self._day(int(day[1]), MONTHS[self.word(after)], self.skip(after + 1, ","))
        quarter = re.fullmatch(r"q([1-4])", text)
        if quarter:
            return self._quarter(int(quarter[1]), at + 1)
        if text in ORDINALS and self.lemma(at + 1) == "quarter":
            return self._quarter(ORDINALS[text], at + 2)
        half = re.fullmatch(r"h([12])", text)
        if half and self.year_at(at + 1):
            low = dt.date(self.year_at(at + 1) or 1, 6 * int(half[1]) - 5, 1)
            return Period(low, add_months(low, 6), "quarter"), at + 2
        return None

    def _month(self, at: int) -> tuple[Period, int] | None:
        month = MONTHS[self.word(at)]
        day = re.fullmatch(r"(\d{1,2})(st|nd|rd|th)?", self.word(at + 1))
        if day and 1 <= int(day[1]) <= 31:
            return self._day(int(day[1]), month, self.skip(at + 2, ","))
        after = self.skip(at + 1, ",", "of")
        year = self.year_at(after)
        if year is not None:
            return whole(dt.date(year, month, 1), "month"), after + 1
        before = self.word(at - 1) if at else ""
        if self.tokens[at].text[0].isupper() and (
            len(self.word(at)) > 3 or before in ("in", "since", "during", "for", "before", "after")
        ):
            low = dt.date(self.today.year, month, 1)
            return whole(low if low <= self.today else add_months(low, -12), "month"), at + 1
        return None

    def _day(self, day: int, month: int, after: int) -> tuple[Period, int] | None:
        year = self.year_at(after)
        try:
            date = dt.date(year or self.today.year, month, day)
        except ValueError:
            return None
        return whole(date, "day"), after + 1 if year else after

    def _quarter(self, quarter: int, at: int) -> tuple[Period, int] | None:
        after = self.skip(at, "of", "in", "for", "the", "year", ",")
        year = self.year_at(after)
        low = dt.date(year or self.today.year, 3 * quarter - 2, 1)
        return whole(low, "quarter"), after + 1 if year else at

    def relative(self, at: int) -> tuple[Period, int] | None:
        """A period told from today: last month, the past 30 days, yesterday, 3 weeks ago."""
        text = self.word(at)
        today = self.today
        if text == "today":
            return whole(today, "day"), at + 1
        if text == "yesterday":
            return whole(today - dt.timedelta(days=1), "day"), at + 1
        if text == "tomorrow":
            return whole(today + dt.timedelta(days=1), "day"), at + 1
        if text == "ytd" or self.words[at : at + 3] == ["year", "to", "date"]:
            return Period(floor(today, "year"), today + dt.timedelta(days=1), "day"), at + (
                1 if text == "ytd" else 3
            )
        if text in ("month", "quarter") and self.words[at + 1 : at + 3] == ["to", "date"]:
            return Period(floor(today, text), today + dt.timedelta(days=1), "day"), at + 3
        if text in ("this", "current") and self.lemma(at + 1) in UNITS:
            return whole(today, UNITS[self.lemma(at + 1)]), at + 2
        if text in ("last", "past", "previous", "preceding", "prior", "recent"):
            return self._back(at + 1, rolling=text in ("past", "recent"))
        if text == "next":
            return self._ahead(at + 1)
        amount = self.number(at)
        unit = UNITS.get(self.lemma(at + 1))
        if amount is not None and unit and self.word(at + 2) == "ago" and unit != "hour":
            return whole(move(today, unit, -amount), unit), at + 3
        return None

    def _back(self, at: int, *, rolling: bool) -> tuple[Period, int] | None:
        at = self.skip(at, "iso", "calendar", "full", "whole", "complete", "business")
        amount = self.number(at)
        if amount is not None:
            at = self.skip(at + 1, "calendar", "full", "whole", "complete", "business")
        unit = UNITS.get(self.lemma(at))
        if unit is None or unit == "hour":
            return None
        tomorrow = self.today + dt.timedelta(days=1)
        closed = self._excludes_current(at + 1)
        if amount is None and (closed or not rolling):
            return whole(move(floor(self.today, unit), unit, -1), unit), closed or at + 1
        amount = amount or 1
        if closed and unit != "day":
            end = floor(self.today, unit)
            return Period(move(end, unit, -amount), end, unit), closed
        low = move(self.today, unit, -amount)
        inclusive, today_only = self._inclusive(at + 1)
        if unit == "day" and today_only:
            low += dt.timedelta(days=1)
        return Period(low, tomorrow, unit), inclusive or at + 1

    def _excludes_current(self, at: int) -> int:
        """The place after `excluding the current week` and the like, or 0."""
        tail = " ".join(self.words[at : at + 10])
        found = re.match(
            r"[,(]?\s*(excluding|exclusive of|not including|without|except( for)?|not counting)"
            r" (the |this )*(current |present |ongoing )?(iso )?(day|week|month|quarter|year)",
            tail,
        )
        return at + len(found.group().split()) if found else 0

    def _inclusive(self, at: int) -> tuple[int, bool]:
        """The place after `inclusive of ...`, or 0; and whether it was today that is included:
        then the window's first day is one later."""
        tail = " ".join(self.words[at : at + 9])
        found = re.match(
            r"[,(]?\s*(inclusive of|including|up to and including) (?:(today)|the current day|"
            r"\d+ \w+ ago|(the )?(start and end|first and last|end|both) (date|day)s?)",
            tail,
        )
        return (at + len(found.group().split()), bool(found[2])) if found else (0, False)

    def _ahead(self, at: int) -> tuple[Period, int] | None:
        amount = self.number(at)
        at += amount is not None
        unit = UNITS.get(self.lemma(at))
        if unit is None or unit == "hour":
            return None
        if amount is None:
            return whole(move(floor(self.today, unit), unit, 1), unit), at + 1
        return Period(self.today, move(self.today, unit, amount), unit), at + 1

    def one(self, at: int) -> tuple[Period, int] | None:
        """Any period at this place; a year counts only where words say that it is one."""
        found = self.absolute(at) or self.relative(at)
        if found:
            return found
        year = self.year_at(at)
        if year is None or (self.tokens[at].kind == "number" and "," in self.tokens[at].text):
            return None
        before = self.word(at - 1) if at else ""
        sure = before in ("in", "year", "of", "for", "during", "since", "from", "until", "to", "by",
                          "through", "and", "between", "before", "after")  # fmt: skip
        return replace(whole(dt.date(year, 1, 1), "year"), unsure=not sure), at + 1


_BEFORE = {"before", "until", "till"}
_AFTER = {"after"}
_SINCE = {"since", "from", "starting"}


def find_periods(tokens: Sequence[Token], today: dt.date) -> list[Found]:
    """All periods of the question, left to right, with the words that bound them."""
    reader = _Reader(tokens, today)
    out: list[Found] = []
    at = 0
    while at < len(tokens):
        found = _bounded(reader, at)
        if found is None:
            at += 1
            continue
        last = min(found.last, len(tokens))
        out.append(Found(found.first, last, found.period))
        at = last
    return out


def _bounded(reader: _Reader, at: int) -> Found | None:
    """A period at this place, with `before`, `since`, `between ... and` taken in."""
    word = reader.word(at)
    inner = reader.skip(at + 1, "the", "and", "including")
    if word in ("between", "from"):
        pair = _pair(reader, inner)
        if pair:
            return Found(at, pair[1], pair[0])
    if word == "on" and reader.words[at + 1 : at + 3] in (["or", "after"], ["or", "before"]):
        got = reader.one(at + 3)
        if got:
            after = reader.word(at + 2) == "after"
            period = got[0]
            low, high = (period.low, None) if after else (None, period.high)
            return Found(at, got[1], Period(low, high, period.grain))
    if word in _BEFORE | _AFTER | _SINCE:
        got = reader.one(inner)
        if got:
            return Found(at, got[1], _half_open(word, got[0]))
    got = reader.one(at)
    if got is None:
        return None
    span = _pair(reader, at)
    return Found(at, span[1], span[0]) if span else Found(at, got[1], got[0])


def _half_open(word: str, period: Period) -> Period:
    if word == "before":
        return Period(None, period.low, period.grain)
    if word in ("until", "till"):
        return Period(None, period.high, period.grain)
    if word == "after":
        return Period(period.high, None, period.grain)
    return Period(period.low, None, period.grain)


def _pair(reader: _Reader, at: int) -> tuple[Period, int] | None:
    """`X to Y`, `X and Y` (after between), `X - Y`."""
    first = reader.one(at)
    if first is None:
        return None
    middle = reader.skip(first[1], "inclusive", "and", "to", "until", "till", "through", "-", "the")
    if middle == first[1] or (reader.word(first[1]) == "and" and reader.word(at - 1) not in (
            "between", "from")):  # fmt: skip
        return None
    second = reader.one(middle)
    if second is None:
        return None
    return Period(first[0].low, second[0].high, second[0].grain), second[1]


def clock(text: str) -> dt.time | None:
    """The time of day that `1pm`, `13:30` or `9:05:10 am` says."""
    found = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s?(?:([ap])\.?m\.?)?", text.lower())
    if not found or not (found[2] or found[4]):
        return None
    hour = int(found[1]) % 12 + (12 if found[4] == "p" else 0) if found[4] else int(found[1])
    try:
        return dt.time(hour, int(found[2] or 0), int(found[3] or 0))
    except ValueError:
        return None
