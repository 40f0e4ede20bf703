"""Named dates: the days, months and quarters of the calendar that a question names."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datamind.language import calendar as C
from datamind.language.calendar import Period, move, whole
from datamind.language.fiscal import FiscalYear
from datamind.language.tables import times as T
from datamind.language.tokens import Token

_DAY = re.compile(r"(\d{1,2})(st|nd|rd|th)?")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_YEAR_MONTH = re.compile(r"(\d{4})-(\d{2})")
_DECADE = re.compile(r"['’]?(\d{2}|\d{4})['’]?s")
_FULL_DATE = re.compile(rf"{_YEAR_FIRST.pattern}|{_YEAR_LAST.pattern}".replace(r"\2", r"[-/.]"))


@dataclass(frozen=True, slots=True)
class Read:
    """What was read up to the token `end`; `period` is None for a date that no calendar has.

    `implied` marks a year that was not said, `span` what has two ends of its own.
    """

    period: Period | None
    end: int
    implied: bool = False
    span: bool = False


class Words:
    """The question's words as the readers of dates look at them."""

    def __init__(
        self, tokens: Sequence[Token], today: dt.date, fiscal: FiscalYear | None = None
    ) -> None:
        self.tokens = tokens
        self.today = today
        self.fiscal = fiscal
        self.words = tuple(
            t.lower if t.kind != "quoted" or _FULL_DATE.fullmatch(t.lower) else "" for t in tokens
        )
        self.lemmas = tuple(t.lemma for t in tokens)

    def word(self, at: int) -> str:
        """The word at a place; nothing beyond the ends."""
        return self.words[at] if 0 <= at < len(self.words) else ""

    def skip(self, at: int, *allowed: str) -> int:
        """The place after any of these words."""
        while self.word(at) in allowed and at < len(self.words):
            at += 1
        return at

    def phrase(self, at: int, table: T.Phrases) -> tuple[str, int]:
        """The kind of the longest phrase of the table here and the place after it, or nothing."""
        for length in range(min(6, len(self.words) - at), 0, -1):
            kind = table.get(self.words[at : at + length])
            if kind:
                return kind, at + length
        return "", at

    def number(self, at: int) -> tuple[int | None, int]:
        """A whole number above 0 in figures or words, and the place after it."""
        word = self.word(at)
        if word and self.tokens[at].kind == "number":
            value = self.tokens[at].value
            counted = value is not None and value > 0 and value == int(value)
            return (int(value), at + 1) if counted and value and word[-1].isdigit() else (None, at)
        if word == "couple":
            return 2, self.skip(at + 1, "of")
        return (T.WORD_NUMBERS[word], at + 1) if word in T.WORD_NUMBERS else (None, at)

    def unit(self, at: int) -> tuple[str, int, int]:
        """The unit of time here, how many of it, and the place after it; "" for none."""
        if self.word(at) == "half" and self.word(self.skip(at + 1, "a")) in ("year", "years"):
            return "month", 6, self.skip(at + 1, "a") + 1
        lemma = self.lemmas[at] if 0 <= at < len(self.lemmas) else ""
        unit, times = T.UNITS.get(lemma, ("", 0))
        return unit, times, at + 1

    def year(self, at: int) -> int | None:
        """A year in figures, from 1900 to 2099."""
        text = self.word(at)
        return int(text) if re.fullmatch(r"(19|20)\d\d", text) else None

    def is_proper(self, at: int) -> bool:
        """Whether a word with a capital stands here."""
        return 0 <= at < len(self.tokens) and self.tokens[at].is_proper

    def placed(self, at: int) -> bool:
        """Whether the word before says that a time follows."""
        before = self.word(at - 1)
        return (before if before != "the" else self.word(at - 2)) in T.PLACING

    def free(self, at: int) -> bool:
        """Whether no noun stands here that a number before it could count."""
        return self.word(at) in _FREE or self.tokens[at].kind in ("mark", "op")


_FREE = frozenset(
    """and or to by per with who that which in on for of from until where when was were is are did
    do had have has only inclusive exclusive grouped broken sorted ordered vs as but""".split()
) | {""}


def absolute(w: Words, at: int, year: int | None = None) -> Read | None:
    """A day, week, month, quarter, half, decade or century; `year` where it says none."""
    text = w.word(at)
    if not text:
        return None
    if text[0].isdigit() or text[0] in "'’":
        return _figures(w, at, year)
    if text in T.MONTHS:
        return _month(w, at, year)
    if re.fullmatch(r"[qh][1-4]", text):
        return _part_of_year(w, at, year)
    if text in T.WEEKDAYS and w.word(w.skip(at + 1, ",", "the")):
        got = absolute(w, w.skip(at + 1, ",", "the"), year)
        return got if got and got.period and got.period.grain == "day" else None
    if text in T.SEASONS:
        return _season(w, at)
    if text in T.DECADES and w.word(at - 1) == "the":
        return Read(C.decade(str(T.DECADES[text])), at + 1)
    if text in ("week", "quarter", "weekend", "month"):
        return _numbered(w, at) or _week_of(w, at)
    return _day_of(w, at, year) or _ordinal_century(w, at)


def _figures(w: Words, at: int, year: int | None) -> Read | None:
    text = w.word(at)
    if found := _YEAR_FIRST.fullmatch(text):
        day = C.date(int(found[1]), int(found[3]), int(found[4]))
        return _at_time(w, Read(whole(day, "day") if day else None, at + 1))
    if found := _YEAR_LAST.fullmatch(text):
        day = _day_of_figures(int(found[1]), int(found[3]), int(found[4]), found[2])
        return Read(whole(day, "day") if day else None, at + 1)
    if found := _YEAR_MONTH.fullmatch(text):
        month = C.date(int(found[1]), int(found[2]), 1)
        season = int(found[2]) == (int(found[1]) + 1) % 100
        return Read(replace(whole(month, "month"), unsure=season) if month else None, at + 1)
    if _DECADE.fullmatch(text):
        return Read(C.decade(text), at + 1)
    part = w.skip(at + 1, "-")
    if w.year(at) and re.fullmatch(r"q[1-4]|h[12]", w.word(part)) and not w.year(part + 1):
        got = _part_of_year(w, part, w.year(at))
        return replace(got, implied=False) if got else None
    if _DAY.fullmatch(text):
        return _day_first(w, at, year) or _ordinal_century(w, at)
    return None


def _at_time(w: Words, day: Read) -> Read:
    """`2024-03-05 10:30` is that minute."""
    time = C.clock(w.word(day.end)) if ":" in w.word(day.end) else None
    if time is None or day.period is None or day.period.low is None:
        return day
    low = dt.datetime.combine(day.period.low, time)
    step = dt.timedelta(seconds=1) if w.word(day.end).count(":") == 2 else dt.timedelta(minutes=1)
    return Read(Period(low, low + step, "minute"), day.end + 1)


def _day_of_figures(a: int, b: int, year: int, mark: str) -> dt.date | None:
    """5.3.2020 has the day first; 5/3/2020 may be either, and is not read."""
    if mark == "." or a > 12 or a == b:
        return C.date(year, b, a)
    return C.date(year, a, b) if b > 12 else None


def year_after(w: Words, at: int) -> tuple[int | None, int]:
    """The year that a month or quarter is of, said in figures or as `last year`."""
    after = w.skip(at, ",", "of", "in", "the", "year", "-", "/")
    if w.year(after) is not None:
        return w.year(after), after + 1
    step = {**dict.fromkeys(T.THIS, 0), "last": -1, "previous": -1, "next": 1}.get(w.word(after))
    if step is not None and w.word(after + 1) == "year":
        return w.today.year + step, after + 2
    return None, at


def _dated(w: Words, month: int, day: int, year: int | None, end: int) -> Read:
    """A day of a month; without a year the latest that has begun."""
    said, after = year_after(w, end)
    known = said or year
    for tried in (known,) if known else range(w.today.year, w.today.year - 8, -1):
        found = C.date(tried or 0, month, day)
        if found and (known or found <= w.today):
            note = "" if known else f"{found:%B} {day} is that of {found.year}"
            return Read(replace(whole(found, "day"), note=note), after, implied=not said)
    return Read(None, after)


def _latest(w: Words, month: int, months: int, unit: str, name: str) -> Period:
    """The latest period of some months that has begun."""
    low = dt.date(w.today.year, month, 1)
    low = low if low <= w.today else C.add_months(low, -12)
    return Period(low, C.add_months(low, months), unit, note=f"{name} is that of {low.year}")


def _month(w: Words, at: int, year: int | None) -> Read | None:
    month = T.MONTHS[w.word(at)]
    after = at + 1 + (w.word(at + 1) == "." and w.word(at + 2)[:1].isdigit())
    start = w.skip(after, "the")
    day = _DAY.fullmatch(w.word(start))
    if day and 1 <= int(day[1]) <= 31 and not _verb(w, at):
        return _day_span(w, start, month, year) or _dated(w, month, int(day[1]), year, start + 1)
    said, end = year_after(w, after)
    known = said or year
    if said is None and (_verb(w, at) or not _stands_alone(w, at)):
        return None
    if known:
        return Read(whole(dt.date(known, month, 1), "month"), end, implied=not said)
    name = dt.date(2000, month, 1).strftime("%B")
    return Read(_latest(w, month, 1, "month", name), end, implied=True)


def _verb(w: Words, at: int) -> bool:
    """Whether `may` or `march` is no month here."""
    if w.word(at) not in ("may", "march", "mar") or w.placed(at) or w.year(at + 1):
        return False
    modal = at == 0 and w.word(at) == "may" and w.word(1) not in (",", "and", "or", "to", "-")
    return not w.is_proper(at) or modal


def _stands_alone(w: Words, at: int) -> bool:
    """Whether a month without a year is one: not half of a name, not a short form by itself."""
    if w.placed(at) or w.word(at - 1) in {"-", "(", *T.MONTHS} or w.word(at + 1) in T.MONTHS:
        return True
    through = {"to", "thru", "through", "till", "until", "-"}
    if (w.word(at + 1) in through and w.word(at + 2) in T.MONTHS) or (
        w.word(at - 1) in through and w.word(at - 2) in T.MONTHS
    ):
        return True  # `Jan to Jun`
    named = w.is_proper(at + 1) and w.word(at + 1) not in T.MONTHS
    return w.is_proper(at) and (len(w.word(at)) > 3 or w.word(at) == "may") and not named


def _day_span(w: Words, at: int, month: int, year: int | None) -> Read | None:
    """`March 5 to 10, 2024`: the place is that of the first day."""
    joint, second = w.phrase(at + 1, T.JOINTS)
    last = _DAY.fullmatch(w.word(second))
    if not joint or not last or (joint == "both" and w.word(at - 2) != "between"):
        return None
    if w.word(second + 1) in T.MONTHS or w.unit(second + 1)[0]:
        return None
    return _days(w, month, (w.word(at), last[1]), year, second + 1)


def _days(w: Words, month: int, ends: tuple[str, str], year: int | None, after: int) -> Read | None:
    first, last = (int(re.sub(r"\D", "", text)) for text in ends)
    end = _dated(w, month, last, year, after)
    if end.period is None or end.period.low is None or not 1 <= first < last:
        return Read(None, end.end)
    period = replace(end.period, low=end.period.low.replace(day=first))
    return Read(period, end.end, end.implied, span=True)


def _day_first(w: Words, at: int, year: int | None) -> Read | None:
    """`5 March`, `the 5th of March 2024`, `5 to 10 March`."""
    after = w.skip(at + 1, "of", "day")
    if w.word(at - 1) in _RANKING:
        return None
    if w.word(after) in T.MONTHS:
        lower_verb = w.word(after) in ("may", "march", "mar") and not w.is_proper(after)
        if lower_verb and not (w.year(after + 1) or w.word(at)[-1].isalpha() or w.placed(at)):
            return None
        day = int(re.sub(r"\D", "", w.word(at)))
        return _dated(w, T.MONTHS[w.word(after)], day, year, after + 1)
    joint, second = w.phrase(at + 1, T.JOINTS)
    month = w.skip(second + 1, "of")
    if not joint or not _DAY.fullmatch(w.word(second)) or w.word(month) not in T.MONTHS:
        return None
    if joint == "both" and w.word(w.skip(at - 1, "the") - 1) != "between" != w.word(at - 1):
        return None
    return _days(w, T.MONTHS[w.word(month)], (w.word(at), w.word(second)), year, month + 1)


_RANKING = frozenset("top bottom first last best worst least highest lowest".split())


def _day_of(w: Words, at: int, year: int | None) -> Read | None:
    """`the first of May`."""
    day = T.ORDINALS.get(w.word(at))
    if day is None or w.word(at + 1) != "of" or w.word(at + 2) not in T.MONTHS:
        return None
    return _dated(w, T.MONTHS[w.word(at + 2)], day, year, at + 3)


def _part_of_year(w: Words, at: int, year: int | None) -> Read | None:
    """`Q2 2024`, `H1 of last year`, `Q3`; a half needs its year."""
    kind, number = w.word(at)[0], int(w.word(at)[1:])
    said, end = year_after(w, at + 1)
    known = said or year
    if w.word(at + 1) in T.FISCAL or w.word(at + 1).startswith("fy"):
        return Read(None, at + 2)
    if kind == "h" and (number > 2 or known is None):
        return None
    months = 3 if kind == "q" else 6
    month = (number - 1) * months + 1
    if known:
        low = dt.date(known, month, 1)
        return Read(Period(low, C.add_months(low, months), "quarter"), end, implied=not said)
    return Read(_latest(w, month, 3, "quarter", f"Q{number}"), at + 1, implied=True)


def _season(w: Words, at: int) -> Read | None:
    """`summer 2023`; unsure, for it may be the name of a term."""
    year, end = year_after(w, at + 1)
    if year is None:
        return None
    low = dt.date(year, T.SEASONS[w.word(at)], 1)
    return Read(season(low, w.word(at)), end)


def season(low: dt.date, name: str) -> Period:
    """Three months, as the weather has them in the north."""
    last = C.add_months(low, 2)
    note = f"{name} is {low:%B} to {last:%B}"
    return Period(low, C.add_months(low, 3), "month", unsure=True, note=note)


def _numbered(w: Words, at: int) -> Read | None:
    """`week 12 of 2024`, `quarter 2 of 2024`."""
    number, after = w.number(at + 1)
    year, end = year_after(w, after)
    if number is None or year is None or w.tokens[at + 1].kind != "number":
        return None
    if w.word(at) == "quarter" and 1 <= number <= 4:
        return Read(whole(dt.date(year, 3 * number - 2, 1), "quarter"), end)
    try:
        monday = dt.date.fromisocalendar(year, number, 1)
    except ValueError:
        return None
    return Read(whole(monday, "week"), end) if w.word(at) == "week" else None


def _week_of(w: Words, at: int) -> Read | None:
    """`week of March 5`, `week starting 5 March`, `week ending March 10`, `weekend of March 5`."""
    verb = w.word(at + 1)
    if w.word(at) not in ("week", "weekend") or verb not in (
        "of", "starting", "beginning", "commencing", "ending"):  # fmt: skip
        return None
    got = absolute(w, w.skip(at + 2, "on", "the", "of"))
    if got is None or got.period is None or got.period.grain != "day":
        return None
    day = got.period.low
    assert day is not None
    if w.word(at) == "weekend":
        saturday = move(C.floor(day, "week"), "day", 5)
        return replace(got, period=Period(saturday, move(saturday, "day", 2), "day"))
    low = C.floor(day, "week") if verb == "of" else move(day, "day", -6 * (verb == "ending"))
    return replace(got, period=Period(low, move(low, "week", 1), "week"))


def _ordinal_century(w: Words, at: int) -> Read | None:
    number, after = T.ORDINALS.get(w.word(at)), w.skip(at + 1, "-")
    if w.word(at) == "twenty" and w.word(at + 1) == "first":
        number, after = 21, w.skip(at + 2, "-")
    if number is None or w.word(after) != "century":
        return None
    return Read(C.century(number), after + 1)
