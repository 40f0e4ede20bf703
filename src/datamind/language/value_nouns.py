"""Values as nouns: `the cheapest tent`, `which lamps do we have`: the products of that kind.

The plural of a value, or one that is the dearest of its kind, stands for the rows that have it.
They are named after it: `the cheapest tent products`.
"""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language.index import Index, normal
from datamind.language.tables import keywords as K
from datamind.language.tables.times import WORD_NUMBERS
from datamind.language.tokens import Token

_LONGEST = 3  # words of a value
_ASKING = frozenset("which what what's list show give get see display find name".split())
_COUNTED = frozenset({"how", "many", "much", "often"})  # a count knows what it is of
_BEFORE = (K.STOP | _ASKING | frozenset(WORD_NUMBERS)) - _COUNTED
_STUFF = frozenset({"stuff", "thing", "good"})
_IS = frozenset({"is", "was", "has", "had"})
_RANKING = frozenset(w for phrase in K.SUPERLATIVES for w in phrase.split())


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens with the noun of their rows behind a value that stands for them."""
    first = 0
    while first < len(tokens) and _leads(tokens[first]):
        first += 1
    ranked = any(t.lower in _RANKING for t in tokens[:first])
    for last in range(min(first + _LONGEST, len(tokens)), first, -1):
        one = ranked or _is_ranked(tokens, last)
        after = tokens[last : last + 1]
        if (
            after
            and after[0].lemma in _STUFF
            and (noun := _kind(tokens[first:last], index, ranked=True))
        ):
            return [*tokens[:last], *_words(noun, after[0]), *tokens[last + 1 :]]
        noun = _kind(tokens[first:last], index, ranked=one)
        if noun and not _goes_on(tokens[last - 1 : last + 1], index):
            return [*tokens[:last], *_words(noun, tokens[last - 1]), *tokens[last:]]
    return list(tokens)


def _words(noun: Sequence[str], place: Token) -> list[Token]:
    return [Token(word, word, word, "word", place.end, place.end) for word in noun]


def _leads(token: Token) -> bool:
    return token.kind == "number" or token.lower in _BEFORE or token.lower in _RANKING


def _is_ranked(tokens: Sequence[Token], last: int) -> bool:
    """`which tent is the cheapest`."""
    said = [t.lower for t in tokens]
    is_one = "which" in said[:last] and bool(_IS & set(said[last : last + 1]))
    return is_one and bool(_RANKING & set(said[last:]))


def _kind(said: Sequence[Token], index: Index, *, ranked: bool) -> tuple[str, ...]:
    """What the table is called whose rows go by a name, or are referred to, and have what is said
    as one of their values; nothing where something of the data is called so itself."""
    if any(t.kind != "word" for t in said):
        return ()
    words = [t.lower for t in said]
    single = normal(" ".join([*words[:-1], said[-1].lemma]))
    plural = said[-1].lower != said[-1].lemma or normal(" ".join(words)) == single + "s"
    if not (plural or ranked) or _is_named(said[-1], index):
        return ()
    found = {c for key in (normal(" ".join(words)), single) for c, _ in index.values.get(key, ())}
    if len(found) != 1:
        return ()
    column = index.view.column(next(iter(found)))
    table = index.view.table(column.table)
    alone = column.distinct == table.rows or column.name in table.primary_key
    things = table.display or any(r.to_table == table.id for r in index.view.relationships)
    return _noun_of(table.id, index) if things and not alone else ()


def _noun_of(table: str, index: Index) -> tuple[str, ...]:
    called = (i.core for i in index.items if i.kind == "table" and i.id == table and not i.synonym)
    return next(called, ())


def _is_named(token: Token, index: Index) -> bool:
    """Whether a table, a column or a metric is called so."""
    postings = [p for w in (token.lower, token.lemma) for p in index.postings.get(w, ())]
    return any(p.word >= 0 and p.quality >= 0.9 for p in postings)


def _goes_on(said: Sequence[Token], index: Index) -> bool:
    """Whether a noun of the data follows, which the value only describes: `tent sales`, but not
    `tents cost`."""
    value, after = (*said, None)[:2]
    if value is None or after is None or after.kind != "word" or after.lower in K.STOP:
        return False
    plural = value.lower != value.lemma and after.lower == after.lemma
    return not plural and _is_named(after, index)
