"""Stored values as meanings: the value itself, values that hold these words, what is quoted."""

from __future__ import annotations

import re

from datamind.language.candidates import Candidate, best_of
from datamind.language.index import Index, normal
from datamind.language.names import words_of
from datamind.language.tokens import Token

_FEW = 6  # values that a part of a name may stand for


def value_of(index: Index, column: str, stored: str, score: float, source: str) -> Candidate:
    """The value of a column as a meaning."""
    table = index.view.column(column).table
    holder = index.holders.get(table, "")
    return Candidate("value", column, table, score, source, stored, holder=holder)


def partial(index: Index, words: tuple[str, ...], top: float) -> list[Candidate]:
    """Values whose words include all of these."""
    if not words or (len(words) == 1 and len(words[0]) < 3):
        return []
    keys = set(index.value_words.get(words[0], ()))
    for word in words[1:]:
        keys &= set(index.value_words.get(word, ()))
    out = []
    for key in sorted(keys, key=lambda k: (len(k), k))[:_FEW]:
        share = len(words) / len(key.split())
        for column, stored in index.values[key]:
            out.append(value_of(index, column, stored, top * (0.6 + 0.4 * share), "partial"))
    return out


_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def _addresses(index: Index, said: str) -> list[Candidate]:
    """An e-mail address is looked for where addresses are kept, whose values the index has not."""
    return [
        value_of(index, c.id, said, 1.0, "value")
        for t in index.view.tables for c in t.columns
        if c.type == "text" and (c.pii == "email" or {"email", "mail"} & set(words_of(c.name)))
    ]  # fmt: skip


def quoted(index: Index, token: Token) -> list[Candidate]:
    """Values that are quoted whole or in part, or the text as it stands."""
    key = normal(token.text)
    if _MAIL.fullmatch(token.text):
        return _addresses(index, token.text) or [
            Candidate("text", "", "", 0.6, "grammar", token.text)
        ]
    out = [value_of(index, c, v, 1.0, "value") for c, v in index.values.get(key, ())]
    if not out:
        out = partial(index, tuple(key.split()), 0.8)
    out.append(Candidate("text", "", "", 0.6, "grammar", token.text))
    return best_of(out)
