"""Titles: `our globetrotters: riders with more than 5 trips` asks for what follows the title.

A title names nothing that the data knows; what it means is said after it. Where the data knows one
of its words, it may narrow the question, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language.index import Index
from datamind.language.tables.keywords import CODES, STOP
from datamind.language.tokens import Token, stem

_MARKS = frozenset({":", "-", "–", "—"})
_LEAD = frozenset("list report overview need our the my a an for who what are is which get".split())
_TELLS = frozenset("with who that which whose having have has without haven't hasn't".split())
_LONGEST = 6  # words of a title
_NAMED = 0.8  # how well a word has to name something of the data; synonyms do less
_LEAST = 4  # words of what it is the title of


def without_title(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens after a title that the data knows nothing of, where what it means follows."""
    at = range(1, min(len(tokens) - _LEAST, _LONGEST + 1))
    mark = next((n for n in at if tokens[n].text in _MARKS), 0)
    title = tokens[:mark]
    if not title or not _TELLS & {t.lower for t in tokens[mark + 1 :]}:
        return list(tokens)
    said = [t for t in title if t.lower not in _LEAD | STOP]
    if not said or any(t.kind != "word" or t.is_proper for t in title[1:]):
        return list(tokens)
    if any(_known(t, index) for t in said):
        return list(tokens)
    return list(tokens[mark + 1 :])


def _known(token: Token, index: Index) -> bool:
    word = token.lower
    named = [p for w in (word, token.lemma) for p in index.postings.get(w, ())]
    named += index.stems.get(stem(word), ())
    said = any(p.word >= 0 and p.quality >= _NAMED for p in named) or word in index.values
    return said or word in _phrases()


def _phrases() -> frozenset[str]:
    """Words that ask for something by themselves: the `average`, the `number`."""
    return frozenset(p for rows in CODES.values() for p, _ in rows)
