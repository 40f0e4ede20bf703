"""Definitions: words that the evidence defines become units of the question, formulas included.

The text of a definition is read like a question, over tokens appended to the question's own, so
that its mentions can be resolved together with the rest.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from simplemma import is_known

from datamind.language import durations, english, said
from datamind.language.candidates import Candidate
from datamind.language.evidence import Overlay
from datamind.language.formulas import Names, NoFormula, columns_listed, is_condition, read
from datamind.language.hints import spoken
from datamind.language.index import Index
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.nodes import Listed, to_nodes
from datamind.language.patterns import combine
from datamind.language.plainly import is_measure
from datamind.language.ratios import side
from datamind.language.restrictions import is_restricted
from datamind.language.sketch import Cond, Formula, Measure, Mention, Rank
from datamind.language.tables.keywords import STOP
from datamind.language.tokens import Token, stem, tokenize
from datamind.language.units import UNREAD, Unit
from datamind.semantics import plan as P

_OPERATORS = frozenset("+-*/")
_PLAIN = frozenset({"maximum", "minimum", "max", "min"})
LONGEST = 200  # words and marks of a definition; what is nested deeper is no statement
_TWO: dict[str, str] = {"divide": "/", "subtract": "-", "multiply": "*", "add": "+"}
_CALLS = frozenset({"sum", "avg", "average", "count", "max", "min", *_TWO})


def units_of(
    overlay: Overlay, tokens: list[Token], names: Names, today: dt.date
) -> tuple[list[Unit], list[Token]]:
    """Units for the places where defined words stand, and the tokens with the texts appended."""
    found: list[Unit] = []
    combined = list(tokens)
    for test in overlay.tests:
        found.extend(_as_formula(test, [], tokens, names, today) or ())
    for name, text in _nested(overlay.definitions).items():
        places = _places(name, tokens)
        if len(tokenize(text)) > LONGEST:
            found += [_unread(name, place) for place in places]
            continue
        over = said.defined(text)
        if over is not None and places:
            found.extend(Unit("W", a, b, over, 1.3 * (b - a) + 1.5) for a, b in places)
            continue
        made = _as_formula(text, places, tokens, names, today)
        if made is not None:
            found.extend(made)
            continue
        if not places or is_restricted(text):
            continue  # what is not understood of it would change the figure
        start = len(combined) + 1
        combined += [Token(".", ".", ".", "mark", 0, 0), *tokenize(spoken(text))]
        for first, last in places:
            unit = _unit(combined, start, first, last, names.index, today)
            if unit is None and is_measure(text):
                unit = english.Reader(combined, names.index, today).unit(text, first, last)
            if unit is not None:
                found.append(unit)
    for name, text in overlay.english.items():
        for first, last in _places(name, tokens):
            brief = len(tokenize(text)) <= LONGEST
            reader = english.Reader(combined, names.index, today)
            unit = reader.unit(text, first, last) if brief else None
            if unit is None:
                found.append(_unread(name, (first, last)))
            else:
                found += [unit, *_beside(unit, tokens, names.index)]
    return found, combined


def _unread(name: str, place: tuple[int, int]) -> Unit:
    """Where a name stands whose definition was not understood: the question is refused."""
    return Unit(UNREAD, *place, name, 1.3 * (place[1] - place[0]) + 2.0)


def _beside(unit: Unit, tokens: Sequence[Token], index: Index) -> list[Unit]:
    """The same condition without the noun that it ends with: `active members` are members."""
    noun = unit.last - unit.first > 1 and _is_noun(tokens[unit.last - 1], index)
    if unit.code != "P" or not noun:
        return []
    return [replace(unit, last=unit.last - 1, gain=unit.gain + 0.4)]


def _nested(definitions: dict[str, str]) -> dict[str, str]:
    """Definitions with the names of others inside them written out."""
    out = {}
    for name, text in definitions.items():
        for other, meaning in definitions.items():
            if other != name and len(other) > 2 and re.search(r"[/*+(]", meaning):
                whole = f"({meaning})".replace("\\", r"\\")
                text = re.sub(rf"\b{re.escape(other)}\b", whole, text)
        out[name] = text
    return out


def _places(name: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where the name stands: an abbreviation that is a word too as it is written, other words in
    any form."""
    wanted = tokenize(name)
    short = name.isupper() and (len(name) < 3 or is_known(name.lower(), lang="en"))
    places = []
    for first in range(len(tokens) - len(wanted) + 1):
        window = tokens[first : first + len(wanted)]
        if all(
            (t.text == w.text) if short else (stem(t.lower) == stem(w.lower))
            for t, w in zip(window, wanted, strict=True)
        ):
            places.append((first, first + len(wanted)))
    return places or ([] if name.isupper() else _near(wanted, tokens))


def _near(wanted: Sequence[Token], tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The shortest stretch that holds the name's words of content, its last one among them."""
    words = {stem(t.lower) for t in wanted if t.kind == "word" and t.lower not in STOP}
    if len(words) < 2:
        return []
    stems = [stem(t.lower) for t in tokens]
    best: tuple[int, int, int] | None = None
    for first, word in enumerate(stems):
        if word not in words:
            continue
        seen: set[str] = set()
        for last in range(first, min(first + len(words) + 3, len(stems))):
            if tokens[last].text in (".", "?", ";"):
                break
            if stems[last] in words:
                seen.add(stems[last])
                missing = len(words) - len(seen)
                if missing <= len(words) // 4 and (
                    best is None or (missing, last - first) < (best[0], best[2] - best[1])
                ):
                    best = (missing, first, last)
    return [] if best is None else [(best[1], best[2] + 1)]


def _as_formula(
    text: str, places: list[tuple[int, int]], tokens: Sequence[Token], names: Names, today: dt.date
) -> list[Unit] | None:
    """Units of a text that is written as a formula or as names of columns; None if it is not."""
    listed = columns_listed(text, names)
    if listed:
        return [Unit("c", a, b, Listed(tuple(listed)), 1.3 * (b - a)) for a, b in places]
    try:
        formula = read(text, names, today)
    except NoFormula:
        return None
    if places:
        return [
            unit for a, b in places for unit in _given(formula, a, b, tokens, names, today, text)
        ]
    return _hints(formula, tokens)


def _given(
    formula: Formula, first: int, last: int, tokens: Sequence[Token], names: Names,
    today: dt.date, text: str,
) -> list[Unit]:  # fmt: skip
    """The units that a formula is where its name stands; each place has mentions of its own."""
    formula = read(text, names, today)
    for mention in formula.mentions:
        mention.first, mention.last = first, last
    gain, expr = 1.3 * (last - first), formula.expr
    said = " ".join(t.lower for t in tokens[first:last])
    if is_condition(formula):
        cond = Cond("given", mentions=formula.mentions, formula=formula, first=first)
        units = [Unit("P", first, last, cond, gain)]
        if last - first > 1 and _is_noun(tokens[last - 1], names.index):
            units.append(Unit("P", first, last - 1, cond, gain - 0.5))  # the noun stays itself
        return units
    if isinstance(expr, P.Field):
        return [Unit("c", first, last, formula.mentions[0].candidates, gain)]
    measure = Measure("given", said, mentions=formula.mentions, given=formula, first=first)
    extreme = isinstance(expr, P.Aggregate) and expr.function in ("max", "min")
    if isinstance(expr, P.Aggregate) and extreme and not expr.where and expr.arg is not None:
        if _PLAIN & set(said.split()):
            return [Unit("M", first, last, measure, gain)]
        by: Mention | Measure = formula.mentions[0]
        if not isinstance(expr.arg, P.Field):
            inner = Formula(expr.arg, formula.mentions)
            by = Measure("given", said, mentions=formula.mentions, given=inner, first=first)
        else:
            formula.mentions[0].role = "order"
        rank = Rank(by, expr.function == "max", 1, extreme=True, first=first)
        return [Unit("L", first, last, rank, gain)]
    return [Unit("M", first, last, measure, gain)]


def _is_noun(token: Token, index: Index) -> bool:
    """Whether the word names a table of the data."""
    return any(c.kind == "table" and c.score > 0.85 for c in Linker(index, [token]).concepts(0, 1))


def _hints(formula: Formula, tokens: Sequence[Token]) -> list[Unit]:
    """`col = 'v'` though nothing names it: where v stands, it is a value of that column."""
    found = []
    items = formula.expr.items if isinstance(formula.expr, P.And) else (formula.expr,)
    for item in items:
        if not (isinstance(item, P.Compare) and item.op == "=" and isinstance(item.left, P.Field)):
            continue
        right = item.right
        if not isinstance(right, P.Value) or not isinstance(right.value, str):
            continue
        columns = formula.mentions[int(item.left.name[1:])].candidates
        values = tuple(
            Candidate("value", c.id, c.table, 1.0, "evidence", right.value) for c in columns
        )
        for first, last in _spelt(right.value, tokens):
            found.append(Unit("v", first, last, values, 1.2 * (last - first)))
    return found


def _spelt(text: str, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where a text stands among the tokens, word for word, or as a quoted whole."""
    words = [t.lower for t in tokenize(text)]
    wanted = text.lower()
    places = [(n, n + 1) for n, t in enumerate(tokens) if t.kind == "quoted" and t.lower == wanted]
    places += [
        (first, first + len(words))
        for first in range(len(tokens) - len(words) + 1)
        if words and [t.lower for t in tokens[first : first + len(words)]] == words
    ]
    return places


def _unit(
    tokens: list[Token], start: int, first: int, last: int, index: Index, today: dt.date
) -> Unit | None:
    gain = 1.3 * (last - first)
    lasting = durations.of_words(index, tokens[start:])
    if lasting is not None:
        for mention in lasting.mentions:
            mention.first, mention.last = first, last
        return Unit("M", first, last, lasting, gain)
    if any((t.kind == "mark" and t.text in _OPERATORS) or t.lower in _TWO for t in tokens[start:]):
        formula = _Spoken(tokens, start, index, today).read()
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
            node.payload.where = [*node.payload.where, *conds]
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
    return (
        measure.kind == "aggregate"
        and measure.function in ("max", "min")
        and not _PLAIN & {t.lower for t in name}
    )


def _cover(tokens: list[Token], start: int, end: int, index: Index, today: dt.date) -> list[Unit]:
    """The best cut of a stretch of the tokens, its places counted from the question's first."""
    stretch = tokens[start:end]
    if not stretch:
        return []
    best = covers(Linker(index, stretch), today, stretch)[0][0]
    return [replace(u, first=u.first + start, last=u.last + start) for u in best if u.code != "."]


class _Spoken:
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
        if any(t.kind == "mark" and t.text in _OPERATORS for t in self.tokens[start : self.at]):
            return None  # SUM(a * b) is more than a sum of a
        units = _cover(self.tokens, start, self.at - 1, self.index, self.today)
        measure, _ = side(to_nodes(units)) if units else (None, [])
        if measure is not None and measure.kind in ("duration", "difference", "lasting"):
            measure.inner = {"average": "avg"}.get(name, name)
            return measure
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
