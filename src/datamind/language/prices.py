"""Prices: `how much does the Swift 3 cost?`, `what do we charge for an oil change?`: what is asked
for one thing that goes by its name, or for each of a kind, not what it cost us."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language.index import Index, normal
from datamind.language.scope import money_column
from datamind.language.tokens import Token, lemma

_LEADS = (
    ("how", "much", "does"), ("how", "much", "do"), ("how", "much", "is"), ("what", "does"),
    ("what", "do"),
)  # fmt: skip
_CHARGED = (
    ("what", "do", "we", "charge", "for"), ("how", "much", "do", "we", "charge", "for"),
    ("how", "much", "do", "i", "pay", "for"), ("how", "much", "do", "you", "charge", "for"),
)  # fmt: skip
_BEFORE = frozenset("the a an one our this".split())
_AFTER = frozenset({"cost", "costs"})


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens, with the price of what is named in the place of what it costs."""
    said = [t.lower for t in tokens]
    end = len(said) - (said[-1:] == ["?"])
    costs = bool(_AFTER & set(said[end - 1 : end]))
    leads = _LEADS if costs else _CHARGED
    lead = max((w for w in leads if tuple(said[: len(w)]) == w), key=len, default=())
    if not lead:
        return list(tokens)
    first = len(lead)
    while said[first : first + 1] and said[first] in _BEFORE:
        first += 1
    last = end - costs
    named = list(tokens[first:last])
    table, alone = _priced(named, index)
    if not table:
        return list(tokens)
    if alone:
        return [*_words("how much is", tokens[0]), *named, *tokens[end:]]
    return [*_words("show", tokens[0]), *named, *_words("with their price", tokens[-1])]


def _words(text: str, place: Token) -> list[Token]:
    return [Token(w, w, lemma(w), "word", place.start, place.end) for w in text.split()]


def _priced(said: Sequence[Token], index: Index) -> tuple[str, bool]:
    """The table that keeps a price for what is named, and whether that is one row: else the
    plural of a kind is named."""
    keys = {normal(" ".join(t.text for t in said))}
    plural = bool(said) and said[-1].lower != said[-1].lemma
    if plural:
        keys.add(normal(" ".join([*(t.lower for t in said[:-1]), said[-1].lemma])))
    columns = {c for key in keys for c, _ in index.values.get(key, ())}
    if len(columns) != 1:
        return "", False
    column = index.view.column(next(iter(columns)))
    table = index.view.table(column.table)
    alone = column.distinct == table.rows
    told = money_column(table) is not None and (alone or plural)
    return (table.id, alone) if told else ("", False)
