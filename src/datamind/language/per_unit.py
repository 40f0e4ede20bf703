"""What a figure is told per: `revenue per square metre`, `cost per click`, `waste per inhabitant`.

A column of numbers keeps so many of those; the figure is divided by what it adds up to, over the
rows of its own table: each store's floor area once, however many sales it had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.linking import SURE, Linker
from datamind.language.sketch import Mention
from datamind.language.tables.measured import MEASURED_IN
from datamind.language.tokens import Token, lemma
from datamind.language.units import Unit
from datamind.semantics.catalog import Column

CODE = "/"
_GAIN = 1.4
_LONGEST = 3  # words of a unit
_TIMES = frozenset("hour day week month quarter year minute second date time".split())


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The columns that `per ...` divides by."""
    for at, token in enumerate(tokens):
        if token.lower != "per" or not at:
            continue
        if {"average", "mean", "median"} & {t.lower for t in tokens[max(0, at - 3) : at]}:
            continue  # the price per litre may be kept
        for last in range(min(at + 1 + _LONGEST, len(tokens)), at + 1, -1):
            found = _measured(linker, tokens, at, last) or _counted(linker, tokens, at, last)
            if not found or any(c.score >= SURE for c in linker.concepts(at - 1, last)):
                continue  # the column `cost_per_click` is no cost divided by clicks
            last = _with_name(linker, tokens, last, found)
            told = tuple(
                Candidate("column", c.id, c.table, 0.95, "name", type=c.type) for c in found
            )
            target = Mention(at + 1, last, told, role="measure")
            yield Unit(CODE, at, last, target, _GAIN * (last - at))
            break


def _measured(linker: Linker, tokens: Sequence[Token], at: int, last: int) -> list[Column]:
    """The columns that are kept in the unit: `per square metre` of the floor area."""
    said = " ".join(t.lemma for t in tokens[at + 1 : last])
    words = next((columns for unit, columns in MEASURED_IN if said in unit), None)
    if words is None or any(
        c.kind == "table" and c.score >= SURE for c in linker.concepts(at + 1, last)
    ):
        return []
    return [
        c for c in _numbers(linker) if c.additivity != "avg" and words & set(names.split(c.name))
    ]


def _counted(linker: Linker, tokens: Sequence[Token], at: int, last: int) -> list[Column]:
    """The columns whose name is the plural of what is said: `per click`, of clicks."""
    said = tokens[at + 1]
    if last != at + 2 or said.lower != said.lemma or said.lemma in _TIMES:
        return []
    if any(c.kind in ("table", "metric") and c.score >= 0.9 for c in linker.concepts(at + 1, last)):
        return []
    added = (c for c in _numbers(linker) if c.additivity == "sum")
    return [c for c in added if _is_plural(names.split(c.name)[-1:], said.lemma)]


def _is_plural(words: Sequence[str], noun: str) -> bool:
    return any(w != noun and lemma(w) == noun for w in words)


def _numbers(linker: Linker) -> Iterator[Column]:
    return (c for table in linker.index.view.tables for c in table.columns if c.is_number)


def _with_name(linker: Linker, tokens: Sequence[Token], last: int, found: list[Column]) -> int:
    """Where it ends: `per square metre of floor area` names the column too."""
    if last < len(tokens) and tokens[last].lower == "of":
        known = {c.id for c in found}
        for end in range(min(last + 4, len(tokens)), last + 1, -1):
            if any(c.id in known and c.score >= 0.9 for c in linker.concepts(last + 1, end)):
                return end
    return last
