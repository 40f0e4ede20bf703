"""As people type it: `trips kind count` asks for the number of trips by kind."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import names
from datamind.language.index import Index
from datamind.language.tokens import Token, lemma

_COUNT = frozenset({"count", "counts"})
_LONGEST = 3  # words of what the rows are told apart by


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens with such a count said in full."""
    end = next((n for n, t in enumerate(tokens[: _LONGEST + 2]) if t.lower in _COUNT), 0)
    if end < 2 or tokens[0].lower == tokens[0].lemma:
        return list(tokens)
    by = tuple(t.lemma for t in tokens[1:end])
    tables = {t for t, words in index.table_words.items() if tokens[0].lemma in words}
    kinds = [
        c for t in tables for c in index.view.table(t).columns
        if c.type in ("text", "boolean") and names.words_of(c.name) == by
    ]  # fmt: skip
    if not kinds:
        return list(tokens)
    of, told = _words("number of", tokens[0]), _words("by", tokens[1])
    return [*of, tokens[0], *told, *tokens[1:end], *tokens[end + 1 :]]


def _words(text: str, place: Token) -> list[Token]:
    return [Token(w, w, lemma(w), "word", place.start, place.end) for w in text.split()]
