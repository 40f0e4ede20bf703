"""Traits: what a column or table is, told from its name, type and statistics."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from datamind.language.names import GENERIC_PREFIXES, split, words_of
from datamind.language.tokens import lemma
from datamind.semantics.catalog import NUMERIC, Additivity, Column, ColumnType

# The first word of a type's name; PostgreSQL's ranges begin with the name of what they range over.
_TYPES: tuple[tuple[str, ColumnType], ...] = (
    (r"u?(big|small|tiny|huge)?int(eger)?\d*|(big|small)?serial\d*", "integer"),
    (r"decimal\d*|numeric|money|smallmoney", "decimal"),
    (r"double|b?float\d*|real", "float"),
    (r"bool(ean)?", "boolean"),
    (r"timestamp(tz|_\w+)?|datetime\d*", "timestamp"),
    (r"date(32)?", "date"),
    (r"time(64|tz|_\w+)?", "time"),
    (r"interval[a-z]*", "interval"),
    (r"varchar|char|text|(fixed)?string|bpchar|character|citext|name|uuid|enum\d*|ipv[46]", "text"),
)
# Of text, these take any text that they are compared with.
_ANY_TEXT = re.compile(r"varchar|char|text|string|bpchar|character|citext|name|$")
_FIRST_WORD = re.compile(r'(?:(?:"[^"]*"|\w+)\.)?(\w*)')
# How ClickHouse keeps values of another type.
_WRAPPED = re.compile(r"(?:Nullable|LowCardinality|SimpleAggregateFunction\(\w+,)\(?\s*(.*)\)")

_RATES = frozenset(
    """rate ratio percent percentage pct score rating average avg mean price age temperature
    speed density index latitude longitude altitude gpa grade margin duration probability level
    height depth""".split()
)
_CODES = frozenset(
    """id key code number no nr num zip postal phone year month day week quarter hour identifier
    version sequence rank position latitude longitude lat lon lng epoch ssn""".split()
)
_AMOUNTS = frozenset(
    """amount total sum count quantity cost revenue sale payment budget balance tax fee population
    volume units points hours minutes days area enrolled credits salary""".split()
)
_UNIT_WORDS = frozenset(
    """usd eur gbp chf jpy miles km kg lb meters metres feet percent pct days hours minutes seconds
    ms cm mm sqm acres hectares celsius fahrenheit mph kmh""".split()
)
_IN_UNIT = re.compile(r"\bin (?:the )?((?:square |cubic )?[a-z]+)\b", re.IGNORECASE)


def column_type(native: str) -> ColumnType:
    """The catalog's type for a database's own; `other` for arrays, structs and the like."""
    native = unwrapped(native)
    word = _first_word(native)
    if native.endswith("]"):
        return "other"
    return next((kind for pattern, kind in _TYPES if re.fullmatch(pattern, word)), "other")


def is_any_text(native: str) -> bool:
    """Whether a column of text holds any text; not so UUIDs and enumerations, whose values alone
    they can be compared with."""
    return _ANY_TEXT.fullmatch(_first_word(unwrapped(native))) is not None


def unwrapped(native: str) -> str:
    """`String` of ClickHouse's `LowCardinality(Nullable(String))`."""
    while (inner := _WRAPPED.fullmatch(native.strip())) is not None:
        native = inner[1]
    return native


def _first_word(native: str) -> str:
    """`character` of `character varying(20)`, `citext` of `public.citext`."""
    found = _FIRST_WORD.match(native.strip().lower())
    return found[1] if found is not None else ""


# Many of a unit are how long something took; one is which hour or day it was.
_LENGTHS = frozenset("hours hrs days minutes mins seconds secs".split())


def additivity(column: Column, *, is_key: bool) -> Additivity:
    """How the column's numbers roll up: sum (amounts), avg (rates), none (codes and keys)."""
    if column.type not in NUMERIC:
        return "none"
    words = words_of(column.name)
    if is_key or column.epoch:
        return "none"
    if _RUN_TOGETHER_ID.search(column.name.lower()):
        return "none"
    if split(column.name)[-1:] and split(column.name)[-1] in _LENGTHS:
        return "sum"
    if words and words[-1] in _CODES and not set(words) & {"total", "count"}:
        return "sum" if _counts(column, words) else "none"
    if set(words) & _AMOUNTS and words[-1] not in _RATES:
        return "sum"
    return "avg" if set(words) & (_RATES - {"price"}) else "sum"


def is_told_by_name(column: Column) -> bool:
    """Whether the name says how the column's numbers roll up, so that it is no mere guess."""
    return bool(set(words_of(column.name)) & (_AMOUNTS | _RATES))


def _counts(column: Column, words: Sequence[str]) -> bool:
    """Whether a number of things is meant, not a number that names one: num_reviews, citation_num
    ("the number of citations"), but not flight_number."""
    if len(words) > 1 and words[0] in ("number", "count"):
        return True
    about = column.description.lower()
    return words[-1] == "number" and ("number of" in about or "count of" in about)


def is_epoch(column: Column, low: float | None, high: float | None) -> bool:
    """Whether whole numbers are Unix seconds: a time by name or comment, in their range."""
    if column.type != "integer" or low is None or high is None:
        return False
    if not (low >= 3e8 and high <= 4.2e9):
        return False
    said = set(words_of(column.name)) & {"time", "timestamp", "date", "at", "epoch", "created"}
    return bool(said) or "unix" in column.description.lower()


_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?$")


def is_dated(samples: Sequence[str]) -> bool:
    """Whether a text column keeps dates, as databases without a date type do."""
    return len(samples) >= 3 and all(_ISO.match(s) for s in samples)


def unit_of(column: Column) -> str | None:
    """The unit that the name ends in or the comment names."""
    if column.type not in NUMERIC:
        return None
    words = split(column.name)
    if words and words[-1] in _UNIT_WORDS:
        return words[-1]
    for found in _IN_UNIT.finditer(column.description):
        unit = found[1].lower()
        if unit.split()[-1] in _UNIT_WORDS or unit.startswith("square"):
            return unit
    return None


_FIRST = frozenset({"first name", "forename", "given name", "fore name", "name first"})
_LAST = frozenset({"last name", "surname", "family name", "sur name", "name last"})


def _tails(name: str) -> frozenset[str]:
    """The last word and the last two of a name."""
    words = words_of(name)
    return frozenset({*words[-1:], " ".join(words[-2:])})


_RUN_TOGETHER_ID = re.compile(r"(?<!pa)(?<!val)(?<!gr)(?<!b)(?<!ra)(?<!flu)(?<!sol)id$")
_NAMING = ("name", "title", "label", "full_name", "fullname", "display_name")
# What rows go by where they have no name.
_CALLED = frozenset("alias nickname headline heading caption subject".split())

_TELLING = frozenset({"desc", "descr", "description", "text", "meaning"})
_FEW = 200


def display_columns(table: str, columns: Sequence[Column], rows: int | None) -> tuple[str, ...]:
    """The columns that a person would call a row by; empty where nothing reads like a name."""
    texts = [c for c in columns if c.type == "text" and c.pii is None]
    first = [c.name for c in texts if _FIRST & _tails(c.name)]
    last = [c.name for c in texts if _LAST & _tails(c.name)]
    if first and last:
        return (first[0], last[0])
    entity = set(words_of(table, GENERIC_PREFIXES))
    scored = [(_naming_score(c, entity, rows), -place, c.name) for place, c in enumerate(texts)]
    best = max(scored, default=None)
    return (best[2],) if best is not None and best[0] >= 1.0 else ()


def _naming_score(column: Column, entity: Collection[str], rows: int | None) -> float:
    """How much a text column reads like its row's name: by its words, and nearly unique."""
    words = words_of(column.name)
    joined = "".join(w for w in words_of(column.table.rpartition(".")[2], GENERIC_PREFIXES))
    if column.name.lower().removeprefix(joined) in _NAMING:
        words = (joined, "name")
    own = [w for w in words if w not in entity and w != joined]
    score = 0.0
    if words and words[-1] in ("name", "title", "label"):
        score = 2.0 if len(own) <= 1 else 1.0
        if column.name.lower() in _NAMING:
            score += 0.5
    elif words and set(words) <= set(entity):
        score = 1.6
    elif words and words[-1] in _CALLED:
        score = 1.3
    elif words and words[-1] in _TELLING and rows and column.distinct == rows <= _FEW:
        score = 1.2  # a table of codes
    if score and rows and column.distinct is not None:
        score += 0.5 * column.distinct / rows
    return score - (column.null_fraction or 0.0)


def entity_of(table: str, prefixes: Collection[str]) -> str:
    """The business noun of a table's name: `dim_users` is user."""
    words = [w for w in split(table) if w not in prefixes] or [table.lower()]
    return " ".join([*words[:-1], words[-1] if words[-1].endswith("ed") else lemma(words[-1])])
