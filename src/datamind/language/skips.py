"""Skips: the words of a question that say nothing, and what passing over the others costs."""

from __future__ import annotations

from functools import lru_cache

from datamind.language.linking import Linker
from datamind.language.tables import keywords as K
from datamind.language.tables.moments import STARTS
from datamind.language.tables.times import WORD_NUMBERS
from datamind.language.tokens import Token, is_participle, stem
from datamind.language.units import Unit


def is_relating(token: Token) -> bool:
    """A verb that only says that two things are related."""
    if token.lemma in K.RELATING:
        return True
    return (
        token.lower.endswith(("ed", "ing", "en", "es")) and stem(token.lower) in _relating_stems()
    )


def follows(tokens: list[Token], at: int, word: str) -> bool:
    return at < len(tokens) and tokens[at].lower == word


def skip(linker: Linker, tokens: list[Token], at: int) -> Unit:
    """Passing a word over: free for function words, dear for words that might mean something."""
    token = tokens[at]
    if token.kind == "mark" and token.text in ".?!;\n":
        return Unit(".", at, at + 1, "", 0.0)
    if _asks_more(tokens, at) or _is_shows(tokens, at) or _modifies(linker, tokens, at):
        return Unit("u", at, at + 1, token.text, -0.5)
    if at and _is_ranked(tokens, at) and linker.concepts(at, at + 1):
        return Unit("u", at, at + 1, token.text, -0.5)
    if token.kind in ("mark", "op") or linker.is_stop(token):
        return Unit(" ", at, at + 1, "", 0.0)
    if token.lower in ("each", "every"):
        return Unit(" ", at, at + 1, "", -0.6)
    if is_relating(token) and not _is_one(linker, tokens, at):
        return Unit(" ", at, at + 1, "", 0.0)
    if token.lower in STARTS and _is_done_to_counted(linker, tokens, at):
        return Unit(" ", at, at + 1, "", 0.9)
    if token.lower == "new" and at + 1 < len(tokens):  # since when, the period says (heeded.py)
        return Unit(" ", at, at + 1, "", -0.4 if "new" in linker.index.postings else -0.05)
    if token.lower in K.SETTINGS and _is_setting(tokens, at):
        return Unit(" ", at, at + 1, "", 0.0)
    if token.lemma in K.UNITS and at and tokens[at - 1].lower == "in":
        return Unit(" ", at, at + 1, "", 0.6)
    if token.lower in _KINDS and at and any(v.source == "value" for v in linker.values(at - 1, at)):
        return Unit(" ", at, at + 1, "", 0.4)
    known = at > 0 and bool(linker.matches[at - 1]) and not linker.matches[at]
    if known and token.lemma in _TAILS:
        return Unit(" ", at, at + 1, "", -0.1)
    if token.lower == "calendar" and follows(tokens, at + 1, "year"):
        return Unit(" ", at, at + 1, "", 0.9)
    of_a_country = at > 1 and tokens[at - 1].lower in ("us", "american", "canadian", "australian")
    if token.lemma in K.UNITS and of_a_country and tokens[at - 2].kind == "number":
        return Unit(" ", at, at + 1, "", 0.0)
    if token.lemma in K.UNITS and at and tokens[at - 1].kind == "number":
        compared = at + 1 < len(tokens) and tokens[at + 1].lower in ("after", "before", "later")
        return Unit(" ", at, at + 1, "", 0.7 if compared else 0.0)
    return Unit("u", at, at + 1, token.text, -0.5)


def _is_done_to_counted(linker: Linker, tokens: list[Token], at: int) -> bool:
    """`opened more than 3 tickets`: that tickets are opened, their opened_at says."""
    ahead = range(at + 2, min(at + 6, len(tokens)))
    noun = next((n for n in ahead if _is_number(tokens[n - 1]) and tokens[n].kind == "word"), 0)
    tables = {c.table for c in linker.concepts(noun, noun + 1) if c.kind == "table"} if noun else ()
    view = linker.index.view
    return any(
        c.is_date and stem(token.lower) in {stem(w) for w in linker.index.column_words[c.id]}
        for token in tokens[at : at + 1] for t in tables for c in view.table(t).columns
    )  # fmt: skip


def _is_ranked(tokens: list[Token], at: int) -> bool:
    """Whether a superlative stands before: the latest `order`."""
    before = tokens[at - 1].lower
    return before in K.SUPERLATIVES and before not in ("most", "least", "top", "min")


def _is_number(token: Token) -> bool:
    return token.kind == "number" or token.lower in WORD_NUMBERS


# What a kind of goods may be called with its name: the Garden `range`.
_KINDS = frozenset({"range", "line", "section", "department", "assortment", "segment", "aisle"})
# What a name may be told with and is not called by: the star `rating`, the fuel `level`.
_TAILS = frozenset(
    """rating score level figure value amount quantity volume size status count date
    rate degree term unit team desk""".split()
)


def _is_setting(tokens: list[Token], at: int) -> bool:
    """`in the hospital`, `on our list`: where all of the data is of."""
    before = [t.lower for t in tokens[max(0, at - 2) : at]]
    return len(before) == 2 and before[0] in _PLACING and before[1] in ("the", "our", "this", "my")


_PLACING = frozenset(
    "in at of on from to by with for within across has have had did does do".split()
)


def _is_one(linker: Linker, tokens: list[Token], at: int) -> bool:
    """`ended in an order`: one of the things that the data holds, and no verb."""
    return at > 0 and tokens[at - 1].lower in ("a", "an") and any(
        c.kind == "table" and c.score > _NAMED for c in linker.concepts(at, at + 1)
    )  # fmt: skip


_NAMED = 0.98  # the whole name was said


def _asks_more(tokens: list[Token], at: int) -> bool:
    """The `many` and `more` of `how many more`, which change what is asked."""
    before = tokens[at - 1].lower if at else ""
    return (before, tokens[at].lower) in NUMBERS_ASKED


NUMBERS_ASKED = frozenset(
    {("how", "many"), ("many", "more"), ("many", "fewer"), ("much", "more"), ("much", "less")}
)


def _modifies(linker: Linker, tokens: list[Token], at: int) -> bool:
    """Whether a participle says which are meant: `how many failed payments`."""
    before = tokens[at - 1].lower if at else ""
    return (
        before in ("many", "of", "all", "total")
        and is_participle(tokens[at])
        and at + 1 < len(tokens)
        and bool(linker.concepts(at + 1, at + 2))
    )


def _is_shows(tokens: list[Token], at: int) -> bool:
    """Whether a verb of asking stands as a noun: `how many shows`, `all lists`."""
    before = tokens[at - 1].lower if at else ""
    return tokens[at].lower in ("shows", "lists", "finds", "gives") and (
        before in ("many", "of", "which", "all", "different", "distinct")
    )


@lru_cache(maxsize=1)
def _relating_stems() -> frozenset[str]:
    return frozenset(map(stem, K.RELATING))
