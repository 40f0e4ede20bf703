"""Rates that go by what they count: the `failure rate` of payments, the `opt-in rate` of customers.

A flag or a state that the word names, out of all rows: where no metric or column is called so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate
from datamind.language.denials import denied
from datamind.language.index import normal, synonyms
from datamind.language.linking import SURE, Linker
from datamind.language.sketch import Cond, Measure, Mention
from datamind.language.stored import value_of
from datamind.language.tables.keywords import STOP
from datamind.language.tokens import Token, stem
from datamind.language.units import Unit

_RATES = frozenset({"rate", "rates", "percentage"})
_GAIN = 1.1
_FEW = 15  # so many values a column of states has at most
_NAMED = 0.9


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The share of rows that are so, for each `... rate`."""
    for at, token in enumerate(tokens):
        if token.lower not in _RATES or not at or _is_called(linker, at + 1):
            continue
        for first in (at - 2, at - 1):
            marked = any(t.kind == "mark" for t in tokens[max(first, 0) : at])
            cond = _state(linker, tokens, first, at) if first >= 0 and not marked else None
            if cond is None:
                continue
            about = cond.subject or cond.mention
            assert about is not None
            first = _from_noun(linker, about, first)
            rows = Measure("count", target=_rows(about, first, at), where=[cond], first=first)
            measure = Measure("percent", left=rows, first=first)
            yield Unit("M", first, at + 1, measure, _GAIN * (at + 1 - first))
            break


def _rows(about: Mention, first: int, last: int) -> Mention:
    """What is counted: the rows of the table that has the flag or state."""
    tables = dict.fromkeys(c.table for c in about.candidates)
    found = tuple(Candidate("table", t, t, _NAMED, "name") for t in tables)
    return Mention(first, last, found, role="entity")


def _is_called(linker: Linker, last: int) -> bool:
    """Whether a metric or column has that very name."""
    spans = (linker.concepts(last - n, last) for n in (2, 3) if last >= n)
    return any(c.kind != "table" and c.score >= SURE for found in spans for c in found)


def _state(linker: Linker, tokens: Sequence[Token], first: int, last: int) -> Cond | None:
    """The condition that the words before `rate` name: a flag, its contrary, or a value."""
    index = linker.index
    named = linker.concepts(first, last)
    if any(c.kind == "table" and c.score >= _NAMED for c in named):
        return None
    flags = tuple(c for c in named if c.id in index.flags and c.score >= _NAMED)
    if not flags and last - first == 1:
        flags = _flags(linker, tokens[first])
    if flags:
        return Cond("related", Mention(first, last, flags, role="relation"), first=first)
    negated = denied(index, tokens[first]) if last - first == 1 else ()
    if negated:
        about = Mention(first, last, negated, role="relation")
        return Cond("related", about, negated=True, first=first)
    values = _values(linker, tokens[first:last])
    if values:
        return Cond("value", mention=Mention(first, last, values, role="value"), first=first)
    return None


def _flags(linker: Linker, token: Token) -> tuple[Candidate, ...]:
    """Flags whose name has the word in another form: `conversion` of converted."""
    index = linker.index
    if token.lower in STOP or token.kind != "word":
        return ()
    said = {stem(token.lower)} | {stem(w) for w in synonyms().get(token.lower, ())}
    found = {
        i.id: Candidate("column", i.id, i.table, _NAMED, "name", type="boolean")
        for i in index.items
        if i.kind == "column" and i.id in index.flags and len(i.core) == 1
        and stem(i.core[0]) in said
    }  # fmt: skip
    return tuple(found.values())


def _values(linker: Linker, words: Sequence[Token]) -> tuple[Candidate, ...]:
    """The values that the words are, or another form of: `cancellation` of cancelled."""
    index = linker.index
    said = normal(" ".join(t.lower for t in words))
    root = _root(said) if len(words) == 1 else ""
    keys = [said] if said in index.values else []
    if root and not keys:
        keys = [k for k in index.values if k[:3] == said[:3] and " " not in k and _root(k) == root]
    return tuple(
        value_of(linker.index, column, stored, 0.9, "value")
        for key in keys for column, stored in index.values[key]
        if len(index.view.values(column)) <= _FEW
    )  # fmt: skip


def _root(word: str) -> str:
    root = stem(word)
    return root[:-1] if root[-2:] in ("ll", "ss") else root


def _from_noun(linker: Linker, about: Mention, first: int) -> int:
    """Where the naming begins: `payment failure rate` names the rows too, and only those."""
    before = [c for c in linker.concepts(first - 1, first) if c.score >= _NAMED] if first else []
    named = {c.table for c in before if c.kind == "table"}
    theirs = tuple(c for c in about.candidates if c.table in named)
    same = {c.id for c in about.candidates} & {c.id for c in before}
    if theirs:
        about.candidates = theirs
    return first - 1 if theirs or same else first
