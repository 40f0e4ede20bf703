"""Scales: what is kept in cents, seconds or kilograms, in the unit that the question asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from datamind.language import names
from datamind.language.tokens import lemma
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column
from datamind.semantics.scales import NAMED, PER, called

_PLURAL = {w: w for w in ("dollar", "euro", "pound", "franc")}
_SHORT = 3  # names of units are no longer; alone they say little (`min`, `t`)
_ASKING = frozenset({"in", "many"})


def scaled(expr: P.Expr, kept: str | None, lemmas: Sequence[str]) -> P.Expr:
    """The figure, kept in that unit, in the unit that the question names."""
    found = _asked(kept, lemmas)
    if found is None:
        return expr
    op, many, _ = found
    return P.Arithmetic(op, expr, P.Value(many))


def renamed(name: str, kept: str | None, lemmas: Sequence[str]) -> str:
    """The figure's name, with the unit that it is shown in: `duration_minutes`."""
    found = _asked(kept, lemmas)
    if found is None:
        return name
    words = names.split(name)
    plain = words[:-1] if lemma(words[-1]) in NAMED else words
    return "_".join((*plain, f"{found[2]}s"))


def unit_asked(lemmas: Sequence[str]) -> str:
    """The unit that is said to tell the figures in: `in hours`."""
    return next((NAMED[w] for at, w in enumerate(lemmas)
                 if w in NAMED and at > 0 and lemmas[at - 1] == "in"), "")  # fmt: skip


def _asked(kept: str | None, lemmas: Sequence[str]) -> tuple[Literal["/", "*"], int, str] | None:
    """By what a figure is divided to be in the unit that is named, money anywhere, other units
    after `in` or `how many`; or by what it is multiplied, where it is told in a smaller one."""
    for at, word in enumerate(lemmas if kept else ()):
        asked = NAMED.get(word)
        before = lemmas[at - 1] if at else ""
        numbered = at + 1 < len(lemmas) and lemmas[at + 1].isdigit()  # in week 12
        if asked is None or numbered or not kept or (asked != "dollar" and before not in _ASKING):
            continue
        name = _PLURAL.get(word, asked)
        if (kept, asked) in PER:
            return "/", PER[kept, asked], name
        if (asked, kept) in PER and before == "in":
            return "*", PER[asked, kept], name
    return None


def kept_in(column: Column) -> str | None:
    """The unit that the column's numbers are kept in, if its name or the catalog tells."""
    words = names.split(column.name)
    last = lemma(words[-1]) if words and words[-1] != "week" else ""  # which week it is
    if not column.is_number or (len(last) <= _SHORT and len(words) < 2):
        return None
    said = (column.unit or "").lower()
    return NAMED.get(lemma(said) if said else last) or NAMED.get(last)


def kept_by(unit: str | None) -> str | None:
    """The unit of a metric, as far as one is known."""
    return called((unit or "").lower()) or None


def is_fraction(column: Column) -> bool:
    """Whether its numbers lie between 0 and 1, so that 0.25 is what people call 25 %."""
    try:
        low, high = float(column.low or ""), float(column.high or "")
    except ValueError:
        return False
    return low >= 0.0 and 0.0 < high <= 1.0 and column.type != "integer"


def is_amount(column: Column) -> bool:
    """Whether it holds what is added up, which no percentage can be compared with."""
    return column.additivity == "sum" and not is_fraction(column)
