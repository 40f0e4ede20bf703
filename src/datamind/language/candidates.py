"""Candidates: what a span of a question may mean, in order; and the words that tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from datamind.language.tables.keywords import (
    AND,
    BETWEEN,
    CODES,
    COMPARE,
    GROUP,
    IN,
    NOT,
    OF,
    OR,
    SUPERLATIVES,
    TO,
    WITH,
)
from datamind.language.tables.synonyms import OPPOSITES

MAX_CANDIDATES = 10
# Words at the end of a table's name that say what form the rows have, not what they are.
FORM_WORDS = frozenset(
    """table data info information master detail record list log history fact dim dimension entry
    header line item row set base main all event""".split()
)
PEOPLE = frozenset({"people", "person", "persons", "individual", "individuals", "who", "somebody"})


@lru_cache(maxsize=1)
def keyword_words() -> frozenset[str]:
    """Words of the grammar that are hardly meant as values when they stand alone."""
    single = {phrase for entries in CODES.values() for phrase, _ in entries if " " not in phrase}
    return frozenset(single | {s for s in SUPERLATIVES if " " not in s})


@lru_cache(maxsize=8)
def function_words(
    codes: str = "".join((WITH, IN, TO, AND, OR, NOT, COMPARE, BETWEEN, GROUP, OF)),
) -> frozenset[str]:
    """Words of the grammar that join others, of these codes."""
    return frozenset(p for code in codes for p, _ in CODES[code] if " " not in p)


# Words of names (`paid_at`) that link in a question, whatever the data calls by them.
LINKING_WORDS = frozenset(
    "a an at by for in is of on the has and or not no are was were be".split()
)
DENYING = ("un", "non", "in", "im", "dis")


@lru_cache(maxsize=1)
def opposites() -> dict[str, tuple[str, ...]]:
    """For each word, what denies it."""
    out: dict[str, tuple[str, ...]] = {}
    for one, other in OPPOSITES:
        out[one] = (*out.get(one, ()), other)
        out[other] = (*out.get(other, ()), one)
    return out


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that a span may mean.

    `kind` is table, column, metric, value, text (a quoted string not found in the data), grain
    or weekday. For a value, `id` is its column and `value` the text as it is stored. `type` is a
    column's type. `literal` says that the span is the name word for word, `within` is the
    relationship to the subtype table whose rows are meant, `whole` says that every word of the
    name was said, `holder` the table whose rows have the
    value where that is not its own.
    """

    kind: str
    id: str
    table: str
    score: float
    source: str
    value: str | None = None
    type: str = ""
    literal: bool = False
    within: str = ""
    holder: str = ""
    whole: bool = False

    @property
    def name(self) -> str:
        """A column's name without its table's."""
        return self.id[len(self.table) + 1 :]


SOURCES = {"name": 0, "synonym": 1, "abbreviation": 2, "description": 3, "fuzzy": 4}


def in_order(candidate: Candidate) -> tuple[float, str, str, str]:
    return (-candidate.score, candidate.kind, candidate.id, candidate.value or "")


def best_of(candidates: list[Candidate]) -> list[Candidate]:
    kept: dict[tuple[str, str | None], Candidate] = {}
    for candidate in sorted(candidates, key=in_order):
        kept.setdefault((candidate.id, candidate.value), candidate)
    return list(kept.values())[:MAX_CANDIDATES]
