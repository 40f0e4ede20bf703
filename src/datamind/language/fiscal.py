"""Fiscal years: periods of a year that begins in another month than January, where one is set.

Without one `fiscal year 2026` is no period, and a question that says so is asked back or refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from datamind.language.calendar import Period, add_months
from datamind.language.candidates import Candidate
from datamind.language.tables.times import ORDINALS, WORD_NUMBERS
from datamind.language.tokens import Token, joined, stretches
from datamind.language.units import Unit

_BACK = frozenset({"last", "previous", "prior", "past"})
_COUNT = "|".join(["\\d{1,2}", *WORD_NUMBERS])
_WHICH = (
    rf"(?:the )?(?:our )?(?:(?P<which>this|current|running|last|previous|prior|past|next)"
    rf"(?: (?P<count>{_COUNT}))? )?"
)
_OWN = "(?:fiscal|financial)"
_NAMED = r"(?: ?(?P<year>\d{4}|\d{2})(?: ?[/-] ?(?P<until>\d{2,4}))?)?"
_YEAR = rf"{_WHICH}(?:{_OWN}(?: years?)?|fy){_NAMED}"
_NTH = "first|second|third|fourth|1st|2nd|3rd|4th|last"
_PART = (
    rf"(?:(?:the )?(?P<nth>{_NTH}) (?:{_OWN} )?(?P<unit>quarter|half)|(?P<short>[qh][1-4]))"
    rf"(?: of| in|,)? "
)
_FORMS = tuple(
    re.compile(rf"{form}(?!\S)")
    for form in (
        rf"(?P<to_date>fytd|{_OWN} (?:ytd|year to date)|{_WHICH}{_OWN} year to date)",
        rf"{_PART}{_YEAR}",
        rf"(?:{_OWN}(?: years?)?|fy) ?(?P<year>\d{{4}}|\d{{2}})(?: ,)? (?P<short>[qh][1-4])",
        rf"(?P<ago>{_COUNT}) {_OWN} years? ago",
        rf"{_WHICH}{_OWN} (?P<quarters>quarters?)",
        rf"{_OWN} (?P<short>[qh][1-4]){_NAMED}",
        _YEAR,
    )
)
_LONGEST = 12  # words of a period
_EACH = re.compile(
    r"(?<!\S)(?:(?<=by )|(?<=per )|(?<=each )|(?<=every )|(?<=which )|(?<=what ))"
    r"(?:fiscal|financial) (?P<unit>year|quarter)(?!\S)"
)


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """A year that begins with the month `start` (1 to 12), named by the calendar year in which it
    ends, or in which it starts."""

    start: int
    by_end: bool = True

    @property
    def ahead(self) -> int:
        """How many months on a date is in the calendar year that its fiscal year is named by."""
        return (13 - self.start) % 12 if self.by_end else 1 - self.start

    def named(self, year: int) -> dt.date:
        """The first day of the fiscal year of that name."""
        return add_months(dt.date(year, 1, 1), -self.ahead)

    def holding(self, day: dt.date) -> int:
        """The name of the fiscal year that the day is in."""
        return add_months(day.replace(day=1), self.ahead).year


def fiscal_year(start: int | None, named: str) -> FiscalYear | None:
    """The fiscal year that settings tell: its first month, and whether its `end` or its `start`
    names it."""
    return None if start is None else FiscalYear(start, named == "end")


def period(words: Sequence[str], today: dt.date, fiscal: FiscalYear) -> tuple[Period, int] | None:
    """The fiscal period that the words begin with, and how many of them say it."""
    parted = [re.sub(r"^fy(?=\d)", "fy ", word) for word in words[:_LONGEST]]
    found = next((f for form in _FORMS if (f := form.match(" ".join(parted)))), None)
    made = _read(found.groupdict(), today, fiscal) if found is not None else None
    if found is None or made is None:
        return None
    ends = accumulate(len(word) + 1 for word in parted)
    return made, 1 + sum(end < found.end() for end in ends)


def _read(said: Mapping[str, str | None], today: dt.date, fiscal: FiscalYear) -> Period | None:
    running = fiscal.holding(today)
    if said.get("to_date"):
        return _told(fiscal.named(running), today + dt.timedelta(1), "year", f"{running} so far")
    if said.get("quarters"):
        return _quarters(said, today, fiscal)
    if said.get("ago"):
        first = running - _number(said.get("ago"))
        made = _told(fiscal.named(first), fiscal.named(first + 1), "year", str(first))
        return replace(made, ahead=fiscal.ahead)
    part = said.get("nth") or said.get("short")
    years = _years(said, running, fiscal, implied=part is not None)
    if years is None:
        return None
    first, last = years
    if part is None:
        name = str(first) if last == first + 1 else f"{first} to {last - 1}"
        made = _told(fiscal.named(first), fiscal.named(last), "year", name)
        return replace(made, ahead=fiscal.ahead)
    low, high = _cut(fiscal.named(first), said)
    if low > today and said.get("which") is said.get("year") is None:  # the last that has begun
        first, low, high = first - 1, add_months(low, -12), add_months(high, -12)
    name = part.upper() if said.get("short") else f"{part} {said.get('unit')}"
    return _told(low, high, "quarter", f"{name} {first}")


def _years(
    said: Mapping[str, str | None], running: int, fiscal: FiscalYear, *, implied: bool
) -> tuple[int, int] | None:
    """The names of the first year and of the one after the last; None where none is named."""
    year, which = said.get("year"), said.get("which")
    if year:
        first = int(year) + (2000 if len(year) == 2 else 0)
        until = said.get("until")
        if until and int(until) % 100 != (first + 1) % 100:
            return None
        first += bool(until) and fiscal.by_end  # 2025/26 is told by both
        return (first, first + 1) if which is None and 1900 < first < 2200 else None
    count = _number(said.get("count"))
    if which in _BACK:
        return running - count, running
    if which == "next":
        return running + 1, running + 1 + count
    return (running, running + 1) if count == 1 and (which or implied) else None


def _quarters(said: Mapping[str, str | None], today: dt.date, fiscal: FiscalYear) -> Period | None:
    """`this fiscal quarter`, `the last two fiscal quarters`."""
    first, which, count = (
        fiscal.named(fiscal.holding(today)), said.get("which"), _number(said.get("count"))
    )  # fmt: skip
    if which is None:
        return None
    past = (12 * (today.year - first.year) + today.month - first.month) // 3
    low, high = past, past + 1
    if which in _BACK:
        low, high = past - count, past
    elif which == "next":
        low, high = past + 1, past + 1 + count
    return _told(add_months(first, 3 * low), add_months(first, 3 * high), "quarter", "quarter")


def _cut(first: dt.date, said: Mapping[str, str | None]) -> tuple[dt.date, dt.date]:
    """The quarter or half of the year that begins then."""
    short, nth = said.get("short") or "", said.get("nth")
    months = 6 if short.startswith("h") or said.get("unit") == "half" else 3
    most = 12 // months
    place = most if nth == "last" else ORDINALS[nth] if nth else int(short[1:])
    low = add_months(first, months * (min(place, most) - 1))
    return low, add_months(low, months)


def _number(said: str | None) -> int:
    return 1 if said is None else int(said) if said.isdigit() else WORD_NUMBERS[said]


def units(tokens: list[Token], fiscal: FiscalYear | None) -> Iterator[Unit]:
    """`by fiscal year`: the key that rows are gathered by; quarters are those of the calendar,
    where they begin with one."""
    if fiscal is None:
        return
    for found, first, last in stretches(joined(tokens), _EACH):
        if found["unit"] == "quarter" and (fiscal.start - 1) % 3:
            continue
        grain = "quarter" if found["unit"] == "quarter" else f"fiscal_year{fiscal.ahead:+d}"
        yield Unit("c", first, last, (Candidate("grain", grain, "", 0.9, "grammar"),), 2.4)


def _told(low: dt.date, high: dt.date, grain: str, name: str) -> Period:
    last = high - dt.timedelta(1)
    said = " ".join(f"fiscal {name}".split())
    return Period(low, high, grain, note=f"{said} is {low} to {last}")
