"""Initials: `GM` for the gross margin, where one metric alone has these letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datamind.language.index import Index
from datamind.language.tables.keywords import STOP
from datamind.language.tables.places import PLACES
from datamind.language.tokens import Token, lemma

_FEW, _MANY = 2, 5  # letters


def spelt_out(token: Token, index: Index) -> Sequence[Token]:
    """The words that the letters stand for, at their place; none where that is not clear."""
    letters = token.lower
    if (
        not (_FEW <= len(letters) <= _MANY and token.text.isupper() and letters.isalpha())
        or letters in PLACES
        or letters in STOP
    ):
        return ()
    named = {
        item.id: item.core for item in index.items
        if item.kind == "metric" and "".join(w[0] for w in item.core) == letters
    }  # fmt: skip
    if len(named) != 1:
        return ()
    (words,) = named.values()
    return [replace(token, text=w, lower=w, lemma=lemma(w)) for w in words]
