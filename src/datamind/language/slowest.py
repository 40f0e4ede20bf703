"""What takes longest: `which clerk is the slowest?`, `kinds that take the longest to repair`.

Ranked by a column that keeps how long it takes, else by the time from a row's start to its end; of
what rows are of, by their average.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import kept
from datamind.language.index import Index
from datamind.language.lasting import lasting
from datamind.language.sketch import Rank
from datamind.language.tables.kept import SLOWEST
from datamind.language.tables.keywords import STOP
from datamind.language.tokens import Token, joined, stretches
from datamind.language.units import Unit
from datamind.semantics.catalog import Column

_GAIN = 1.2  # for each word: more than for its words one by one
_LONG = frozenset({"longest", "slowest", "most"})
_ASKING = frozenset({"which", "what", "who", "the", "our", "whose"})


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The rank that the words for it stand for."""
    for found, first, last in stretches(joined(tokens), SLOWEST):
        if not first:
            continue
        way = found["long"] or found["way"]
        before, tail = tokens[:first], found["tail"] or ""
        column = _column(index, before, tail)
        rank = Rank(None, way in _LONG, 1, extreme=True, first=first)
        if column is not None:
            rank.by = kept.mention_of(column, first, last)
            rank.by.role = "order"
            own = _head(index, before) == column.table and not found["usual"]
            rank.function = "" if own else "avg"
        elif found["long"] and not tail:
            rank.by = lasting(index, before, "", first, last)
        if rank.by is not None:
            yield Unit("L", first, last, rank, _GAIN * (last - first))


def _column(index: Index, before: Sequence[Token], tail: str) -> Column | None:
    """What keeps how long it takes, of the rows named before or of the verb that is said."""
    verb = tail or before[-1].lower
    found = kept.meant(index, before, "take", tail) or kept.beside(index, before, tail)
    return found or kept.only([c for c in kept.columns(index) if kept.told({verb}, c, index)])


def _head(index: Index, before: Sequence[Token]) -> str | None:
    """The table that is asked for, where the first noun names one."""
    nouns = [t for t in before if t.kind == "word" and t.lower not in STOP | _ASKING]
    return kept.named_table(index, nouns[0], before) if nouns else None
