"""Ongoing: `active leases`, `which campaigns are running` are those that have begun and not ended,
where their rows keep from when to when they last and nothing else of theirs is called so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import names
from datamind.language.context import Unbuildable
from datamind.language.index import Index
from datamind.language.kept import named_table
from datamind.language.periods import ends_of
from datamind.language.sketch import Cond
from datamind.language.tokens import Token
from datamind.language.units import Unit

_WORDS = frozenset({"active", "running", "live"})
_IS = frozenset({"is", "are", "currently", "now", "still"})
_GAIN = 1.1  # what the word itself may be called, in rows of something else


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition that it lasts, for the word and what leads up to it."""
    for at, token in enumerate(tokens):
        if token.lower not in _WORDS:
            continue
        first = at
        while first and tokens[first - 1].lower in _IS:
            first -= 1
        if first == at and at + 1 < len(tokens):
            noun, first = named_table(index, tokens[at + 1], tokens), at
        elif first < at and first and tokens[at + 1 : at + 2] in ([], [tokens[-1]]):
            noun = named_table(index, tokens[first - 1], tokens)
        else:
            continue
        if noun is not None and _lasts(index, noun, token.lower):
            cond = Cond("open", first=first, match="own")
            yield Unit("P", first, at + 1, cond, _GAIN * (at + 1 - first))


def _lasts(index: Index, table_id: str, word: str) -> bool:
    """Whether its rows begin and end, and none of its columns or their values is called so."""
    table = index.view.table(table_id)
    named = any(word in names.words_of(c.name) for c in table.columns)
    valued = any(c.rpartition(".")[0] == table_id for c, _ in index.values.get(word, ()))
    if named or valued:
        return False
    try:
        ends_of(table, index.view)
    except Unbuildable:
        return False
    return True
