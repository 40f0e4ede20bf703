"""Wording: a question's words as they are meant, before anything is looked up in the catalog.

Greetings are blanked, names that are written as the database writes them are kept whole, typos and
short forms are written out, and paraphrases are said plainly.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import zip_longest

from datamind.language import (
    contests,
    leads,
    older,
    paraphrase,
    preambles,
    prices,
    selves,
    spelling,
    typed,
    value_nouns,
)
from datamind.language.identifiers import with_identifiers
from datamind.language.index import Index
from datamind.language.said_again import said_once
from datamind.language.titles import without_title
from datamind.language.tokens import Token

_LATIN = re.compile(r"\b(?:i\. ?e\.|e\. ?g\.|ie,|eg,|viz\.),?", re.IGNORECASE)


def _as_country(token: Token, after: Token | None) -> Token:
    """`US`, which is no `us`; `US dollars` are dollars."""
    money = after is not None and after.lemma in ("dollar", "currency")
    alone = token.text == "US" and not money
    return replace(token, lower="usa", lemma="usa") if alone else token


def tokens_of(text: str, index: Index) -> tuple[list[Token], list[str]]:
    """The words as they are meant, and what was read otherwise than it is written."""
    plain = _LATIN.sub(lambda m: " " * len(m[0]), spelling.without_greeting(text))
    said = with_identifiers(plain, index.identifiers)
    said = [_as_country(t, after) for t, after in zip_longest(said, said[1:])]
    if said and said[-1].text == ".":  # no part of a name, as in `Acme Inc.`
        said[-1] = replace(said[-1], text="?", lower="?", lemma="?")
    tokens, notes = spelling.read(said, index)
    asked = preambles.read(tokens, index)
    bare = leads.read(without_title(asked, index), index)
    full = typed.read(bare, index)
    aged = older.read(selves.read(prices.read(full, index), index), index)
    plainly = paraphrase.read(aged, index)
    return value_nouns.read(said_once(contests.read(plainly, index)), index), notes
