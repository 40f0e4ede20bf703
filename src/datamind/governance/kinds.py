"""What values are, as far as it decides whether they can be compared: a family of types each."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, product

from datamind.governance.tables.totality import (
    FAMILIES,
    INTEGER_DIGITS,
    ISO_DATE,
    ISO_TIME,
    MEET,
    MOST_DIGITS,
    NUMBER,
    WIDEST_SUM,
)
from datamind.records import Dialect

NUMBERS = frozenset({"integer", "decimal", "float"})
TIMES = frozenset({"date", "timestamp", "timestamptz"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What an expression gives: a family of types, the digits of a decimal, a literal's text.

    The family is empty where it is none that we know: such a value is compared with nothing, not
    even with its like. `above` is set for what stands on an aggregate or window, which no engine
    moves below it.
    """

    family: str
    digits: tuple[int, int] = (0, 0)
    literal: str | None = None
    above: bool = False


TRUTH = Kind("boolean")
NULL = Kind("null")
ABOVE = Kind("", above=True)


@lru_cache(maxsize=4096)
def kind_of(native: str, dialect: Dialect) -> Kind:
    """The family of a database's own type, empty where it is in none."""
    written = native.strip().lower()
    if dialect == "clickhouse":
        while (inner := re.fullmatch(r"(?:nullable|lowcardinality)\((.*)\)", written)) is not None:
            written = inner[1]
    for family, pattern in FAMILIES[dialect].items():
        if re.fullmatch(pattern, written):
            sized = re.search(r"(\d+), ?(\d+)", written)
            if family != "decimal":
                return Kind(family)
            if sized:
                return Kind(family, (int(sized[1]), int(sized[2])))
            # PostgreSQL's holds any number of digits then.
            return Kind(family, (18, 3) if dialect != "postgres" else (0, 0))
    return Kind("")


def meet(kinds: Sequence[Kind], dialect: Dialect) -> bool:
    """Whether values can be compared with each other, whatever they are: each two, and all of
    them as the one type that an engine finds for a list."""
    if not all(kind.family for kind in kinds):
        return False
    typed = {kind for kind in kinds if kind.literal is None}
    literals = {kind for kind in kinds if kind.literal is not None}
    # Lists are long: a literal is held against each type, and of its like only one is.
    alike = {kind.family: kind for kind in literals}.values()
    pairs = chain(combinations(typed, 2), product(typed, literals), combinations(alike, 2))
    return all(_pair(a, b, dialect) for a, b in pairs) and (
        dialect != "duckdb" or _one_decimal(kinds)
    )


def add_up(kind: Kind, dialect: Dialect) -> bool:
    """Whether the sum of any number of them is in range."""
    if kind.literal is not None:
        return False
    if kind.family == "decimal":
        return 0 < kind.digits[0] <= WIDEST_SUM[dialect]
    # ClickHouse's floats become infinite, where others fail.
    return kind.family == "integer" or (kind.family == "float" and dialect == "clickhouse")


def _pair(a: Kind, b: Kind, dialect: Dialect) -> bool:
    if NULL in (a, b):
        return True
    if a.literal is not None and b.literal is None:
        a, b = b, a
    if b.literal is not None:
        return _meets_literal(a, b, dialect)
    if "decimal" in (a.family, b.family) and dialect == "clickhouse":
        return a == b
    return a.family == b.family or any({a.family, b.family} <= group for group in MEET[dialect])


def _one_decimal(kinds: Sequence[Kind]) -> bool:
    """All become a decimal that holds each of them, if there is one so wide."""
    if not any(kind.family == "decimal" for kind in kinds):
        return True
    digits = [size for kind in kinds if (size := _digits(kind)) is not None]
    return max(w - f for w, f in digits) + max(f for _, f in digits) <= MOST_DIGITS


def _digits(kind: Kind) -> tuple[int, int] | None:
    """The digits that a number needs in a decimal, and how many follow the point."""
    if kind.family == "integer":
        return INTEGER_DIGITS, 0
    number = re.fullmatch(NUMBER, kind.literal or "") if kind.family == "'number'" else None
    if number is not None:
        return len(number[1]) + len(number[3] or ""), len(number[3] or "")
    return kind.digits if kind.family == "decimal" else None


def _meets_literal(a: Kind, b: Kind, dialect: Dialect) -> bool:
    assert b.literal is not None
    if a.literal is not None:
        return a.family == b.family
    if b.family == "'number'":
        number = re.fullmatch(NUMBER, b.literal)
        if number is None or a.family not in NUMBERS:
            return False
        if a.family != "decimal" or dialect != "clickhouse":
            return True
        return not number[3] and len(number[1]) <= a.digits[0] - a.digits[1]
    if b.family == "'text'":
        if dialect == "postgres" or a.family == "text":
            return True  # PostgreSQL reads it as the type when it parses
        if a.family == "date":
            return is_date(b.literal)
        strict = dialect == "clickhouse"
        return a.family == "timestamp" and (
            is_time(b.literal) if strict else is_date(b.literal) or is_time(b.literal)
        )
    if a.family == b.family or dialect == "postgres":
        return {a.family, b.family} <= TIMES
    # A date written out becomes a time; a column of dates does not always.
    return dialect == "duckdb" and (a.family, b.family) == ("timestamp", "date")


def is_date(text: str) -> bool:
    """Whether it is a date as every dialect reads one."""
    return _parses(ISO_DATE, text)


def is_time(text: str) -> bool:
    """Whether it is a time as every dialect reads one."""
    return _parses(ISO_TIME, text)


def _parses(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None and bool(dt.datetime.fromisoformat(text))
    except ValueError:
        return False
