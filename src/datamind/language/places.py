"""Places: a state or country that is named in another way than the data spells it."""

from __future__ import annotations

from collections.abc import Iterator

from datamind.language import names
from datamind.language.index import Index
from datamind.language.tables.places import PLACE_WORDS, PLACES

# What is a word of its own where it is not written with a capital.
_ALSO_WORDS = frozenset("polish china turkey jordan georgia chile reading mobile nice".split())
_SHORTEST = 5


def is_plain(said: str) -> bool:
    """Whether a place that is written small is one all the same: `our german shops`."""
    return len(said) >= _SHORTEST and said not in _ALSO_WORDS


def spelt(said: str, index: Index) -> Iterator[tuple[str, str]]:
    """Columns that hold the place under another of its names, with that: `TX` of Texas.

    A code alone says little (`IN`), so the column or its table has to be called by what it holds.
    """
    for other in sorted(PLACES.get(said, ())):
        for column_id, stored in index.values.get(other, ()):
            column = index.view.column(column_id)
            words = {*names.split(column.name), *names.words_of(column.name)}
            if (words | index.table_words.get(column.table, frozenset())) & PLACE_WORDS:
                yield column_id, stored
