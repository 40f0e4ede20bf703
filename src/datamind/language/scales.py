"""Scales: what is kept in cents, seconds or kilograms, in the unit that the question asks for."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import names
from datamind.language.tokens import lemma
from datamind.semantics.catalog import Column
from datamind.semantics.scales import NAMED, PER

_PLURAL = {w: w for w in ("dollar", "euro", "pound", "franc")}
_SHORT = 3  # names of units are no longer; alone they say little (`min`, `t`)
_ASKING = frozenset({"in", "many"})


def divisor(column: Column, lemmas: Sequence[str]) -> int | None:
    """By what the column's numbers are divided to be in the unit that the question names: money
    anywhere, other units after `in` or `how many`."""
    found = _asked(column, lemmas)
    return found[0] if found is not None else None


def renamed(column: Column, lemmas: Sequence[str]) -> str:
    """The column's name, with the unit that its numbers are shown in: `duration_minutes`."""
    found = _asked(column, lemmas)
    if found is None:
        return column.name
    words = names.split(column.name)
    kept = words[:-1] if lemma(words[-1]) in NAMED else words
    return "_".join((*kept, f"{found[1]}s"))


def _asked(column: Column, lemmas: Sequence[str]) -> tuple[int, str] | None:
    kept = kept_in(column) if column.is_number else None
    if kept is None:
        return None
    for at, word in enumerate(lemmas):
        asked = NAMED.get(word)
        told = asked == "dollar" or (at > 0 and lemmas[at - 1] in _ASKING)
        if told and asked is not None and (kept, asked) in PER:
            return PER[kept, asked], _PLURAL.get(word, asked)
    return None


def kept_in(column: Column) -> str | None:
    """The unit that the column's numbers are kept in, if its name or the catalog tells."""
    words = names.split(column.name)
    last = lemma(words[-1]) if words else ""
    if len(last) <= _SHORT and len(words) < 2:
        return None
    said = (column.unit or "").lower()
    return NAMED.get(lemma(said) if said else last) or NAMED.get(last)
