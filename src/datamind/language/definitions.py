"""Definitions: words that the evidence defines become units of the question, formulas included.

The text of a definition is read like a question, over tokens appended to the question's own, so
that its mentions can be resolved together with the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from datamind.language.assemble import side
from datamind.language.index import Index
from datamind.language.lexer import Unit, covers
from datamind.language.linking import Linker
from datamind.language.nodes import to_nodes
from datamind.language.patterns import combine
from datamind.language.sketch import Cond, Measure, Rank
from datamind.language.tokens import Token, tokenize

_OPERATORS = frozenset("+-*/")
_TWO: dict[str, str] = {"divide": "/", "subtract": "-", "multiply": "*", "add": "+"}
_CALLS = frozenset({"sum", "avg", "average", "count", "max", "min", *_TWO})


def units_of(
    definitions: dict[str, str], tokens: list[Token], index: Index, today: dt.date
) -> tuple[list[Unit], list[Token]]:
    """Units for the places where defined words stand, and the tokens with the texts appended."""
    found: list[Unit] = []
    combined = list(tokens)
    for name, text in definitions.items():
        places = _places(name, tokens)
        if not places:
            continue
        start = len(combined) + 1
        combined += [Token(".", ".", ".", "mark", 0, 0), *tokenize(text)]
        for first, last in places:
            unit = _unit(combined, start, first, last, index, today)
            if unit is not None:
                found.append(unit)
    return found, combined


def _places(name: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the name stands: an abbreviation as it is written, other words in any form."""
    wanted = tokenize(name)
    short = name.isupper()
    places = []
    for first in range(len(tokens) - len(wanted) + 1):
        window = tokens[first : first + len(wanted)]
        if all(
            (t.text == w.text) if short else (t.lemma == w.lemma)
            for t, w in zip(window, wanted, strict=True)
        ):
            places.append((first, first + len(wanted)))
    return places


def _unit(
    tokens: list[Token], start: int, first: int, last: int, index: Index, today: dt.date
) -> Unit | None:
    gain = 1.3 * (last - first)
    if any((t.kind == "mark" and t.text in _OPERATORS) or t.lower in _TWO for t in tokens[start:]):
        formula = _Formula(tokens, start, index, today).read()
        return Unit("M", first, last, formula, gain) if formula is not None else None
    nodes = combine(to_nodes(_cover(tokens, start, len(tokens), index, today)))
    conds = [n.payload for n in nodes if n.code == "P"]
    for node in nodes:
        if node.code == "M" and _is_extreme(node.payload, tokens[first:last]):
            measure: Measure = node.payload
            if measure.target is not None:
                measure.target.role = "order"
            rank = Rank(measure.target, measure.function == "max", 1, extreme=True, first=first)
            return Unit("L", first, last, rank, gain)
        if node.code == "M":
            return Unit("M", first, last, node.payload, gain)
    if conds:
        cond = conds[0] if len(conds) == 1 else Cond("all", parts=tuple(conds), first=first)
        return Unit("P", first, last, cond, gain)
    for node in nodes:
        if node.code == "c":
            return Unit("c", first, last, node.payload.candidates, gain)
    return None


def _is_extreme(measure: Measure, name: list[Token]) -> bool:
    """`heaviest refers to MAX(weight)` asks for the row, not for the number."""
    plain = {"maximum", "minimum", "max", "min"}
    return (
        measure.kind == "aggregate"
        and measure.function in ("max", "min")
        and not plain & {t.lower for t in name}
    )


def _cover(tokens: list[Token], start: int, end: int, index: Index, today: dt.date) -> list[Unit]:
    """The best cut of a stretch of the tokens, its places counted from the question's first."""
    stretch = tokens[start:end]
    if not stretch:
        return []
    best = covers(Linker(index, stretch), today, stretch)[0][0]
    return [replace(u, first=u.first + start, last=u.last + start) for u in best if u.code != "."]


class _Formula:
    """A reader of sums, products and brackets over measures said in words."""

    def __init__(self, tokens: list[Token], start: int, index: Index, today: dt.date) -> None:
        self.tokens, self.at, self.index, self.today = tokens, start, index, today

    def read(self) -> Measure | None:
        """The formula as a measure; None where a part of it says nothing."""
        made = self._sum()
        return made

    def _word(self) -> str:
        return self.tokens[self.at].lower if self.at < len(self.tokens) else ""

    def _call(self) -> Measure | None:
        """`divide(a, b)`, `sum(a)`: written as in a spreadsheet."""
        name = self._word()
        self.at += 2
        if name in _TWO:
            left = self._sum()
            self.at += self._mark() == ","
            right = self._sum()
            self.at += self._mark() == ")"
            if left is None or right is None:
                return None
            return Measure("formula", _TWO[name], left=left, right=right, first=left.first)
        start, depth = self.at, 1
        while self.at < len(self.tokens) and depth:
            depth += {"(": 1, ")": -1}.get(self._mark(), 0)
            self.at += 1
        units = _cover(self.tokens, start, self.at - 1, self.index, self.today)
        measure, _ = side(to_nodes(units)) if units else (None, [])
        if measure is None or measure.target is None:
            return None
        measure.kind = "count" if name == "count" else "aggregate"
        measure.function = {"average": "avg"}.get(name, name)
        return measure

    def _mark(self, ahead: int = 0) -> str:
        at = self.at + ahead
        here = self.tokens[at] if at < len(self.tokens) else None
        return here.text if here is not None and here.kind == "mark" else ""

    def _chain(self, operators: str) -> Measure | None:
        deeper = self._product if "+" in operators else self._factor
        left = deeper()
        while left is not None and self._mark() and self._mark() in operators:
            op = self._mark()
            self.at += 1
            right = deeper()
            if right is None:
                return left if self.at >= len(self.tokens) else None
            left = Measure("formula", op, left=left, right=right, first=left.first)
        return left

    def _sum(self) -> Measure | None:
        return self._chain("+-")

    def _product(self) -> Measure | None:
        return self._chain("*/")

    def _factor(self) -> Measure | None:
        if self._mark() == "(":
            self.at += 1
            inner = self._sum()
            if self._mark() == ")":
                self.at += 1
            return inner
        if self._word() in _CALLS and self._mark(1) == "(":
            return self._call()
        start = self.at
        while self.at < len(self.tokens) and self._mark() not in {*_OPERATORS, "(", ")", ","}:
            self.at += 1
        stretch = self.tokens[start : self.at]
        if len(stretch) == 1 and stretch[0].kind == "number" and stretch[0].value is not None:
            return Measure("number", value=stretch[0].value, first=start)
        units = _cover(self.tokens, start, self.at, self.index, self.today)
        if not units:
            return None
        measure, _ = side(to_nodes(units))
        return measure if measure.target is not None else None
