"""Paraphrases: phrases that say a thing in a way of their own, read as the plain way to say it.

`the value of the largest order` is read as `largest order value`, `ended up being cancelled` as
`cancelled`. The table is in tables/paraphrases.py; what a rule leaves of a phrase keeps its place
in the question, and what it adds stands where the phrase stood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from datamind.language.index import Index, normal
from datamind.language.tables.paraphrases import PARAPHRASES
from datamind.language.tokens import Token, joined, lemma, stem

_PART = re.compile(r"\{(\d)\}")


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens after every rule of the table, in its order, was applied wherever it fits."""
    said = list(tokens)
    words = {t.lower for t in said}
    for pattern, keys, meant, known in _rules():
        if keys and not keys & words:
            continue
        unknown = bool(known) and known[0].startswith("!")
        if known and any(_known(word.lstrip("!"), index) for word in known) == unknown:
            continue
        said = applied(said, pattern, meant, index)
    return said


@lru_cache(maxsize=1)
def _rules() -> list[tuple[re.Pattern[str], frozenset[str], str, tuple[str, ...]]]:
    """The table's rules, ready to be searched for: pattern, words one of which it needs, what it
    means, and words one of which the data has to know."""
    return [
        (re.compile(rf"(?<!\S){pattern}(?!\S)"), frozenset(keys.split()), meant,
         tuple(known[0].split()) if known else ())
        for keys, pattern, meant, *known in PARAPHRASES
    ]  # fmt: skip


def _known(word: str, index: Index) -> bool:
    return word in index.postings or word in index.values or stem(word) in index.stems


def applied(tokens: list[Token], pattern: re.Pattern[str], meant: str, index: Index) -> list[Token]:
    """The tokens with what fits the pattern said plainly."""
    text, starts, ends = joined(tokens)
    out: list[Token] = []
    done = 0
    for found in pattern.finditer(text):
        first, last = starts.get(found.start()), ends.get(found.end())
        if first is None or last is None or first < done or normal(found[0]) in index.values:
            continue
        out += tokens[done:first]
        done = last
        for part in meant.split():
            group = _PART.fullmatch(part)
            if group is None:
                out.append(_new(part, tokens[first], tokens[last - 1]))
            elif found[int(group[1])]:
                low, high = found.span(int(group[1]))
                out += tokens[starts[low] : ends[high]]
    return [*out, *tokens[done:]]


def _new(word: str, first: Token, last: Token) -> Token:
    if not word.isalnum():
        return Token(word, word, word, "mark", first.start, last.end)
    return Token(word, word, lemma(word), "word", first.start, last.end)
