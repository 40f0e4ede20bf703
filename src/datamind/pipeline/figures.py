"""Figures: which columns hold numbers to reckon with, and how names and values are written."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections.abc import Iterable
from decimal import Decimal

from datamind.records import ResultColumn, Scalar

NUMBERS = frozenset({"integer", "decimal", "float"})
DATES = frozenset({"date", "timestamp"})
CURRENCIES = {"usd": "$", "eur": "€", "gbp": "£"}
PERCENT = frozenset({"percent", "pct", "%"})
SHARE = "share"  # of one; people read it as percent
# Whole numbers whose name ends so are names of things, and are written without separators.
LABELS = frozenset({"id", "key", "code", "number", "no", "nr", "zip", "postcode", "year",
                    "quarter", "pk"})  # fmt: skip
_PLURAL_UNITS = frozenset({"second", "minute", "hour", "day", "week", "month", "quarter", "year"})
_WORD = re.compile(r"_|(?<=[a-z])(?=[A-Z])|\s+")
_LAYER = re.compile(r"^number_of_(dim|fct|fact|stg)_")
_SPOKEN = {"sum": "total", "avg": "average", "max": "largest", "min": "smallest"}
_ALONE = {"lasting": "duration", "percent": "percentage"}  # names of what a question works out
# Words that end like plurals and are none.
_SINGULAR = re.compile(r"(?:ss|us|is|ics|news|series)$")
MOST_LETTERS = 60


def words(name: str) -> list[str]:
    """The words of a column's name, in lower case."""
    return [word.lower() for word in _WORD.split(name) if word]


def spoken(name: str) -> str:
    """A column's name as people say it: `sum_amount` is total amount."""
    first, *rest = words(_LAYER.sub("number_of_", name)) or [name]
    if not rest:
        return _ALONE.get(first, first)
    if (first, *rest[:1]) == ("number", "of") and len(rest) > 1:
        noun = -2 if rest[-1] in ("now", "before") and len(rest) > 2 else -1
        rest[noun] = rest[noun] if is_plural(rest[noun]) else plural(rest[noun])
    if first in _SPOKEN and len(rest) > 1:  # the average of sums
        rest[0] = _SPOKEN.get(rest[0], rest[0])
    return " ".join([_SPOKEN.get(first, first), *rest])


def called(column: ResultColumn) -> str:
    """A column as a sentence names it: without the unit, which stands by its figures."""
    name = spoken(column.name)
    *rest, last = name.split()
    unit = (column.unit or "").lower()
    same = unit and last.removesuffix("s") in (unit, unit.removesuffix("s"))
    return " ".join(rest) if rest and same and rest != ["total"] else name


def is_plural(noun: str) -> bool:
    """Whether a noun names several, by how it ends."""
    return noun.endswith("s") and not _SINGULAR.search(noun)


def plural(noun: str) -> str:
    """The plural of a noun, as most nouns make it."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def is_label(column: ResultColumn) -> bool:
    """Whether its whole numbers only name things: keys, codes, years; not how many there are."""
    if column.name.startswith("number_of_"):
        return False
    return column.type == "integer" and bool(LABELS.intersection(words(column.name)[-1:]))


def is_figure(column: ResultColumn) -> bool:
    """Whether its values are numbers to compare and draw."""
    return column.type in NUMBERS and not is_label(column)


def is_period(column: ResultColumn) -> bool:
    """Whether its values are dates, or the numbers of years or quarters."""
    return column.type in DATES or (
        is_label(column) and words(column.name)[-1] in ("year", "quarter")
    )


def is_quarter(column: ResultColumn, value: Scalar) -> bool:
    """Whether the value is the number of a quarter, 1 to 4."""
    return words(column.name)[-1:] == ["quarter"] and value in (1, 2, 3, 4)


def _label(column: ResultColumn, value: float | Decimal) -> str:
    """The name of a quarter or a calendar month; other labels as they are."""
    if is_quarter(column, value):
        return f"Q{value}"
    if column.name == "month_of_year" and value in range(1, 13):
        return calendar.month_name[int(value)]
    return str(value)


def number_of(value: Scalar) -> float | None:
    """The value as a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def places_of(values: Iterable[Scalar]) -> int:
    """How many decimals a column of these values is written with, so that its points line up."""
    found = [n for n in map(number_of, values) if n is not None]
    if all(n == int(n) for n in found):
        return 0
    largest = max(map(abs, found))
    return 2 if largest >= 1 else min(8, 3 - math.floor(math.log10(largest)))


def is_percent(column: ResultColumn) -> bool:
    """Whether its values are read as percent: their own changes are told in points."""
    return column.unit == SHARE or (column.unit or "").lower() in PERCENT


def percent_places(share: float | Decimal, places: int | None = None) -> int:
    """How many decimals a share has in percent: one, or what shows that it is not nothing.
    `places` are those of the share itself."""
    places = places_of([share]) if places is None else places
    return max(1, places - 4) if places else 0


def heading(column: ResultColumn) -> str:
    """A column's name and unit, as they stand above figures without."""
    unit = "%" if column.unit == SHARE else column.unit
    return f"{column.name} ({unit})" if unit else column.name


def written(value: Scalar, column: ResultColumn | None = None, places: int | None = None) -> str:
    """A value without its unit: thousands separated, dates in ISO form, periods by their name."""
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        if column is not None and is_label(column):
            return _label(column, value)
        if column is not None and column.unit == SHARE and number_of(value) is not None:
            return _number(100 * float(value), percent_places(value, places))
        return _number(value, places)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    if isinstance(value, dt.datetime):
        text = value.isoformat(" ", "minutes" if not value.second else "seconds")
        return text.replace("+00:00", " UTC")
    if isinstance(value, dt.date) and column is not None:
        return _period(value, words(column.name)[-1:])
    return str(value)


def shown(value: Scalar, column: ResultColumn | None = None, places: int | None = None) -> str:
    """A value with its unit, as people read it in a sentence; long texts are cut."""
    text = written(value, column, places)
    unit = (column.unit or "").strip() if column is not None else ""
    number = number_of(value)
    if number is None or not unit:
        return _short(text) if isinstance(value, str) else text
    if unit.lower() in CURRENCIES:
        sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
        return f"{sign}{CURRENCIES[unit.lower()]}{text}"
    if column is not None and is_percent(column):
        return f"{text} %"
    if unit.lower().removesuffix("s") in _PLURAL_UNITS:
        unit = unit.removesuffix("s") + ("" if abs(number) == 1 else "s")
    return f"{text} {unit}"


def _short(text: str) -> str:
    """A text on one line, cut where it is long."""
    text = " ".join(text.split()) or "(blank)"
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1].rstrip()}…"


def _number(value: float | Decimal, places: int | None) -> str:
    if isinstance(value, int):  # exactly, however long
        return f"{value:,}" + (f".{'0' * places}" if places else "")
    if number_of(value) is None:
        return str(value)
    if places is None:
        places = places_of([value])
    return f"{value:,.{places}f}"


def _period(day: dt.date, grain: list[str]) -> str:
    """The first day of a period by the period's name, where the column is called so."""
    match grain:
        case ["year"] if (day.month, day.day) == (1, 1):
            return str(day.year)
        case ["quarter"] if day.day == 1 and day.month % 3 == 1:
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case ["month"] if day.day == 1:
            return f"{day:%Y-%m}"
    return day.isoformat()
