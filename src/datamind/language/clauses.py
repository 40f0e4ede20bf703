"""Clauses that say what a column is, as described: `revenue by where the order was placed`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.index import Index
from datamind.language.tables.keywords import SOFT, STOP
from datamind.language.tokens import Token, stem, tokenize
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

_ASKING = frozenset({"where", "how", "who", "why", "when", "what"})
_BEFORE = frozenset({"by", "per", "on", "and", "of", "to", ",", "or"})
_REACH = 8  # words that a clause has at most
_GAIN = 0.9


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """A column for each clause that says what its description says."""
    for at, token in enumerate(tokens):
        if token.lower not in _ASKING or not at or tokens[at - 1].lower not in _BEFORE:
            continue
        found: dict[str, tuple[Column, int]] = {}
        for table in index.view.tables:
            for column in table.columns:
                last = _end(column, tokens, at, index)
                if last:
                    found[column.id] = column, last
        if found:
            last = max(end for _, end in found.values())
            meant = tuple(
                Candidate("column", c.id, c.table, 0.95, "name", type=c.type)
                for c, end in found.values() if end == last
            )  # fmt: skip
            yield Unit("c", at, last, meant, _GAIN * (last - at))


def heed_clauses(nodes: Sequence[object], units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where the clause that tells how to group was not understood, or by how much
    something changed was asked and nothing is subtracted."""
    said = [w.lower() for w in ctx.words]
    meant = {u.first for u in units if u.code == "c"}
    for at, (by, word, after) in enumerate(zip(said, said[1:], [*said[2:], ""], strict=False)):
        if by != "by" or word not in _CLAUSES or at + 1 in meant:
            continue
        if after not in ("much", "many"):
            raise Unbuildable("by what it is grouped was said")
        if _GROWING & set(said) and not any(isinstance(n, P.Window | P.Arithmetic) for n in nodes):
            raise Unbuildable("by how much it changed was asked")


_GROWING = frozenset("grow grew grown increase increased rise risen rose fall fell fallen".split())
_CLAUSES = frozenset({"where", "how", "who", "why", "when"})


def _end(column: Column, tokens: Sequence[Token], at: int, index: Index) -> int:
    """Where the clause ends that says all that the description says, and no more; 0 for none."""
    told = tokenize(column.description.split(".")[0].split(";")[0])
    if not told or told[0].lower != tokens[at].lower:
        return 0
    known = {
        stem(w) for i in index.items if i.kind == "table" and i.table == column.table
        for w in i.core
    }  # fmt: skip
    needed = _content(told[1:]) - known  # `they` stands for those
    if not needed:
        return 0
    left = set(needed)
    for place in range(at + 1, min(at + 1 + _REACH, len(tokens))):
        token = tokens[place]
        said = _content([token])
        if token.kind == "mark" or not said <= needed | known:
            break
        left -= said
        if not left and said:
            return place + 1
    return 0


def _content(tokens: Sequence[Token]) -> set[str]:
    return {
        stem(t.lower) for t in tokens
        if t.kind == "word" and t.lower not in STOP and t.lower not in SOFT
    }  # fmt: skip
