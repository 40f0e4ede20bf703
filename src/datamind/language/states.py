"""States: values that are said in another form than the data writes them, or by another word.

`successful charges` are those whose status is success, `foggy days` those with fog. Only words that
mean nothing else in the data are read so, and only values of columns that hold few.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate, best_of, keyword_words
from datamind.language.denials import denied
from datamind.language.index import Index, synonyms
from datamind.language.linking import Linker
from datamind.language.skips import is_relating
from datamind.language.stored import value_of
from datamind.language.tables.moments import STARTS
from datamind.language.tables.times import UNITS
from datamind.language.telling import GRAINS
from datamind.language.tokens import Token, stem
from datamind.language.units import Unit

MAX_STATES = 24  # values of a column that says what state its rows are in
_SAME, _LIKE = 0.8, 0.7  # how surely a word means a value of its stem, or one it may stand for
_SHORTEST = 4
_SURE = 0.6
_LINES = frozenset("line range collection lineup stuff".split())  # of a brand: what it makes
_DOING = frozenset("to can will would could should did do does we they i you please".split())
_ADJECTIVES = ("ed", "ful", "al", "y", "ive", "able", "ible", "ic", "less", "ous")
_KNOWN: dict[int, tuple[Index, dict[str, list[tuple[str, str]]]]] = {}


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """A value for each word that the data writes otherwise and that says nothing else."""
    near: frozenset[str] | None = None
    for at, token in enumerate(tokens):
        if at and token.lower in _LINES and (whose := _of_brand(linker, at)):
            yield Unit("c", at, at + 1, whose, 0.9)
        if not _may_be(tokens, at) or _means_else(linker, at):
            continue
        roots = _roots(linker.index)
        found = [(c, v, _SAME) for c, v in roots.get(stem(token.lower), ())] or [
            (c, v, _LIKE)
            for other in sorted(synonyms().get(token.lemma, ()))
            for c, v in linker.index.values.get(other, ())
            if (c, v) in roots.get(stem(other), ())
        ]
        if any(score == _LIKE for *_, score in found) or token.lower.endswith("ed"):
            near = _named(linker) if near is None else near
            found = [f for f in found if not near or linker.index.view.column(f[0]).table in near]
        if found:
            meant = best_of([value_of(linker.index, c, v, score, "value") for c, v, score in found])
            yield Unit("v", at, at + 1, tuple(meant), meant[0].score - 0.2)


def _named(linker: Linker) -> frozenset[str]:
    """The tables that the question names, or names a value of."""
    singles = range(len(linker.tokens))
    named = {c.table for n in singles for c in linker.concepts(n, n + 1)[:3] if c.score > _SURE
             and c.kind == "table"}  # fmt: skip
    return frozenset(named | {v.table for n in singles for v in linker.values(n, n + 1)})


def _of_brand(linker: Linker, at: int) -> tuple[Candidate, ...]:
    """What has the value before the word: the Acme `line` are the things of that brand."""
    held = {v.table for v in linker.values(at - 1, at) if v.source == "value"}
    return tuple(Candidate("table", t, t, 0.9, "synonym") for t in sorted(held))


def _may_be(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word may say what something is like: no name, no verb, no time."""
    token = tokens[at]
    word = token.lower
    if token.kind != "word" or len(word) < _SHORTEST or word in keyword_words() | STARTS:
        return False
    if token.lemma in GRAINS or token.lemma in UNITS:
        return False
    before = tokens[at - 1].lower if at else ""
    return before not in _DOING and (word.endswith(_ADJECTIVES) if not at else not token.is_proper)


def _means_else(linker: Linker, at: int) -> bool:
    """Whether something is called by the word, or by one that it stands for, or nothing can be."""
    token, values = linker.tokens[at], linker.index.values
    if linker.is_stop(token) or is_relating(token):
        return True
    if token.lower in values or token.lemma in values or denied(linker.index, token):
        return True
    return any(place >= 0 for found in linker.matches[at].values() for place, _, _ in found)


def _roots(index: Index) -> dict[str, list[tuple[str, str]]]:
    """The values of one word of columns that hold few, by their stems."""
    known = _KNOWN.get(id(index))
    if known is None or known[0] is not index:
        roots = defaultdict(list)
        for key, places in index.values.items():
            if " " in key or not key.isalpha() or len(key) < _SHORTEST:
                continue
            for column, value in places:
                if (index.view.column(column).distinct or MAX_STATES + 1) <= MAX_STATES:
                    roots[stem(key)].append((column, value))
        _KNOWN.clear()
        known = _KNOWN[id(index)] = (index, dict(roots))
    return known[1]
