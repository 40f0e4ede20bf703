"""English definitions as units of a question: conditions, or figures made of others.

A definition is taken whole or not at all: a word of it that nothing explains makes it none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from datamind.language.candidates import Candidate
from datamind.language.index import Index
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.nodes import Node, to_nodes
from datamind.language.patterns import combine
from datamind.language.plainly import is_measure
from datamind.language.ratios import cut_ratios, side
from datamind.language.scope import money_column
from datamind.language.sketch import Cond, Formula, Measure, Mention
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token, tokenize
from datamind.language.units import Unit
from datamind.semantics import plan as P

_GLUE = frozenset({K.WITH, K.IN, K.OF, K.AND, K.COMMA, K.ASK, K.TO, "c", "P", "."})
# What a pattern should have taken: left over, the text was not understood.
_UNREAD = frozenset({"n", "p", "w", "d", "v", "u", "S", "L", K.COMPARE, K.BETWEEN, K.NOT})
# Words that say nothing, and superlatives: whose earliest attempt it is asks for more than words.
_DIM = frozenset({"u", K.SUPERLATIVE, K.TOP, K.RANK})
_SPLITS: tuple[tuple[str, str], ...] = (
    (r"\s*(?:,\s*)?(?:less|minus|net of)\s+", "-"), (r"\s+plus\s+", "+"),
    (r"\s*,?\s*divided by\s+", "/"), (r"\s+-\s+", "-"), (r"\s+\+\s+", "+"), (r"\s+/\s+", "/"),
)  # fmt: skip
_TIMES = re.compile(r"\s+(?:times|multiplied by)\s+|\s*\*\s*", re.IGNORECASE)
_SCOPE = re.compile(
    r",?\s+(?:over|across|among|counting)\s+(?:only |all )?(?:the )?(?P<scope>[^,;]+)$",
    re.IGNORECASE,
)
_WITHOUT = re.compile(
    r",\s*(?:without|excluding|leaving out|not counting|ignoring) (?:the |any )?(?P<what>[^,;]+)$",
    re.IGNORECASE,
)
_SUM = re.compile(r"^(?:the )?(?:sum|total|total amount) of (?:the )?", re.IGNORECASE)
_NEITHER = re.compile(r"\bneither (\w+) nor (\w+)\b", re.IGNORECASE)


class Reader:
    """Reads the text of one definition; its tokens are appended to those of the question."""

    def __init__(self, tokens: list[Token], index: Index, today: dt.date) -> None:
        self.tokens, self.index, self.today = tokens, index, today
        self._last: list[Unit] = []

    def unit(self, text: str, first: int, last: int) -> Unit | None:
        """What the definition is where its name stands."""
        gain = 1.3 * (last - first)
        text = _NEITHER.sub(r"not \1 and not \2", text.strip())
        if is_measure(text):
            measure = self._figure(text)
            if measure is None:
                return None
            measure.first = first
            return Unit("M", first, last, measure, gain)
        cond = self._condition(text)
        if cond is None:
            return None
        cond.first = first
        return Unit("P", first, last, cond, gain)

    def _nodes(self, text: str) -> list[Node] | None:
        """The text as nodes, not yet combined; None where a word of it says nothing."""
        start = len(self.tokens) + 1
        said = tokenize(text)
        self.tokens += [Token(".", ".", ".", "mark", 0, 0), *said]
        if not said:
            return None
        best = covers(Linker(self.index, said), self.today, said)[0][0]
        if any(u.code in _DIM for u in best):
            return None
        self._last = [
            Unit(u.code, u.first + start, u.last + start, u.payload, u.gain)
            for u in best if u.code != "."
        ]  # fmt: skip
        return to_nodes(self._last)

    def _condition(self, text: str) -> Cond | None:
        nodes = self._nodes(text)
        if nodes is None:
            return None
        made = combine(nodes)
        conds = [n.payload for n in made if n.code == "P"]
        if not conds or any(n.code not in _GLUE for n in made):
            return None
        return (
            conds[0] if len(conds) == 1 else Cond("all", parts=tuple(conds), first=conds[0].first)
        )

    def _figure(self, text: str) -> Measure | None:
        out = _WITHOUT.search(text)
        if out is not None:
            measure = self._figure(text[: out.start()])
            nodes = self._nodes(f"excluding {out['what']}")
            conds = [n.payload for n in combine(nodes or []) if n.code == "P"]
            if (
                measure is None
                or not conds
                or any(c.kind == "related" and _of_rows(c) for c in conds)
            ):
                return None  # what is left out, but for what?
            for cond in conds:
                _restrict(measure, cond)
            return measure
        scope = _SCOPE.search(text)
        measure = self._sum(text[: scope.start()] if scope else text)
        if measure is None or scope is None:
            return measure
        nodes = self._nodes(scope["scope"])
        if nodes is None:
            return None
        for cond in (n.payload for n in combine(nodes) if n.code == "P"):
            _restrict(measure, cond)
        return measure

    def _sum(self, text: str) -> Measure | None:
        """Differences before quotients before products, as they are read aloud."""
        for pattern, op in _SPLITS:
            found = list(re.finditer(pattern, text, re.IGNORECASE))
            cut = next((f for f in reversed(found) if not _is_open(text[: f.start()])), None)
            if cut is None:
                continue
            left, right = self._sum(text[: cut.start()]), self._sum(text[cut.end() :])
            if left is None or right is None:
                return None
            return Measure("formula", op, left=left, right=right, first=left.first)
        if _TIMES.search(text):
            return self._product(_SUM.sub("", text))
        return self._plain(text.strip(" ()"))

    def _product(self, text: str) -> Measure | None:
        """`quantity times unit price`: of each row, added up."""
        mentions: list[Mention] = []
        expr: P.Expr | None = None
        conds: list[Cond] = []
        for factor in _TIMES.split(text):
            nodes = self._nodes(factor.strip(" ()"))
            columns = [n for n in nodes or () if n.code == "c" and _numbers(n.payload)]
            if not nodes or not columns:
                return None
            rest = [n for n in nodes if n is not columns[0]]
            conds += [n.payload for n in combine(rest) if n.code == "P"]
            place = P.Field(f"?{len(mentions)}")
            mention: Mention = columns[0].payload
            mention.role, mention.candidates = "number", _numbers(mention)
            mentions.append(mention)
            expr = place if expr is None else P.Arithmetic("*", expr, place)
        assert expr is not None
        formula = Formula(P.Aggregate("sum", expr), tuple(mentions))
        made = Measure("given", "sum", mentions=tuple(mentions), given=formula)
        made.where = conds
        return made

    def _plain(self, text: str) -> Measure | None:
        """A figure as a question would ask for it."""
        nodes = self._nodes(text)
        if nodes is None:
            return None
        cut = cut_ratios(nodes)
        if any(n.code == "M" and n.payload.kind in ("share", "percent", "ratio") for n in cut):
            made = combine(cut)
            figures = [n.payload for n in made if n.code == "M"]
            unread = len(figures) > 1 or any(n.code in _UNREAD for n in made)
            return None if unread or not figures else figures[0]
        if any(n.code in _UNREAD for n in combine(to_nodes(self._last))):
            return None
        measure, leftover = side(nodes)
        if measure.kind == "aggregate" and measure.target is not None and not self._money(measure):
            return None
        return None if leftover or (measure.target is None and not measure.where) else measure

    def _money(self, measure: Measure) -> bool:
        """`the sum of the donations` is what they are worth; whether that is known."""
        target = measure.target
        assert target is not None
        best = target.candidates[0]
        if best.kind != "table" or measure.function == "count":
            return True
        column = money_column(self.index.view.table(best.table))
        if column is None:
            return False
        link = Candidate("column", column.id, column.table, 0.95, "name", type=column.type)
        target.candidates = (link,)
        return True


def _of_rows(cond: Cond) -> bool:
    """Whether it is about other rows, not about a column."""
    return cond.subject is None or cond.subject.candidates[0].kind == "table"


def _restrict(measure: Measure, cond: Cond) -> None:
    """The condition on every figure that the measure is made of."""
    if measure.left is not None and measure.right is not None:
        _restrict(measure.left, cond)
        _restrict(measure.right, cond)
    else:
        measure.where = [*measure.where, cond]


def _numbers(mention: Mention) -> tuple[Candidate, ...]:
    return tuple(
        c for c in mention.candidates
        if c.kind == "column" and c.type in ("integer", "decimal", "float", "number")
    )  # fmt: skip


def _is_open(text: str) -> bool:
    return text.count("(") > text.count(")")


def words(texts: Sequence[str]) -> frozenset[str]:
    """The words that say when something happened."""
    return frozenset(t.lower for text in texts for t in tokenize(text) if t.kind == "word")
