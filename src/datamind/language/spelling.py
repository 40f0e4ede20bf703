"""Spelling: greetings blanked, short forms written out, and typos read as the word that is meant.

Only words that neither the data nor English knows are taken for typos, and only where one word of
the data or of questions is nearest. What was read otherwise than written is told as an assumption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein
from simplemma import is_known

from datamind.language.index import Index, synonyms
from datamind.language.initials import spelt_out
from datamind.language.tables import keywords as K
from datamind.language.tables.paraphrases import PARAPHRASES
from datamind.language.tables.places import PLACES
from datamind.language.tables.spelling import (
    BACK,
    GREETING,
    LOOKING_BACK,
    PHRASAL,
    SHORT_FORMS,
)
from datamind.language.tables.times import UNITS, WORD_NUMBERS
from datamind.language.tokens import Token, lemma, stem

LONG = 8  # letters from which two slips are one typo
SHORTEST = 4


def without_greeting(text: str) -> str:
    """The text with what only greets as blanks, so that places in it stay."""
    return GREETING.sub(lambda found: " " * len(found[0]), text)


def read(tokens: Sequence[Token], index: Index) -> tuple[list[Token], list[str]]:
    """The tokens as they are meant, and what was read otherwise than it is written."""
    out, notes = [], []
    said = list(_phrasal(tokens, index))
    for before, token, after in zip([None, *said], said, [*said[1:], None], strict=False):
        if _is_cut_off(before, token, after):
            continue
        if (back := LOOKING_BACK.fullmatch(token.lower)) and not _is_of_data(token, index):
            out += _looking_back(token, back)
            continue
        if (
            token.kind == "word"
            and not _is_of_data(token, index)
            and (words := spelt_out(token, index))
        ):
            out += words
            notes.append(f"'{token.text}' is read as {' '.join(w.text for w in words)}")
            continue
        meant = None if token.kind != "word" or _is_of_data(token, index) else _meant(token, index)
        if meant is None or meant == token.lower:
            out.append(token)
            continue
        if token.lower not in SHORT_FORMS:
            notes.append(f"'{token.text}' is read as {meant}")
        out.append(replace(token, text=meant, lower=meant, lemma=lemma(meant)))
    return out, notes


def _is_cut_off(before: Token | None, token: Token, after: Token | None) -> bool:
    """Whether a full stop only ends a short form: `avg. price`."""
    if before is None or after is None or token.text != ".":
        return False
    return before.lower in SHORT_FORMS and after.kind == "word" and after.text == after.lower


def _looking_back(token: Token, found: re.Match[str]) -> list[Token]:
    """`L12M` as the words `last 12 months` at its place."""
    number, unit = found["number"] or "12", BACK[found["unit"] or "m"]
    many = Token(number, number, number, "number", token.start, token.end, float(number))
    last, units = (
        replace(token, text=word, lower=word, lemma=lemma(word)) for word in ("last", unit)
    )
    return [last, many, units]


def _phrasal(tokens: Sequence[Token], index: Index) -> Iterator[Token]:
    """`called off` as the one word cancelled, where the data knows it and not the phrase."""
    at = 0
    while at < len(tokens):
        pair = " ".join(t.lower for t in tokens[at : at + 2])
        meant = next((m for m in PHRASAL.get(pair, ()) if _known(m, index)), None)
        if meant is None or pair in index.values:
            yield tokens[at]
            at += 1
            continue
        first, last = tokens[at : at + 2]
        text = f"{first.text} {last.text}"
        yield Token(text, meant, lemma(meant), "word", first.start, last.end)
        at += 2


def _known(word: str, index: Index) -> bool:
    return word in index.values or word in index.postings or stem(word) in index.stems


def _is_of_data(token: Token, index: Index) -> bool:
    return any(
        word in known for word in (token.lower, token.lemma)
        for known in (index.postings, index.values, index.value_words)
    )  # fmt: skip


def _meant(token: Token, index: Index) -> str | None:
    """The word that a short form or a typo stands for; None where it stands for itself."""
    word = token.lower
    if word in SHORT_FORMS:
        return SHORT_FORMS[word]
    if (
        len(word) < SHORTEST
        or not word.isalpha()
        or word in _grammar()
        or token.lemma in _grammar()
    ):
        return None
    known = is_known(word, lang="en")
    if known and len(token.lemma) < LONG:
        return None
    near = _near(word, index) or (_near(token.lemma, index) if token.lemma != word else [])
    if known:  # `costumers`: English, but two letters have changed places
        near = [
            (s, w) for s, w in (*near, *_near(token.lemma, index))
            if sorted(w) in (sorted(word), sorted(token.lemma))
            and (w in index.postings or w in index.value_words)
        ]  # fmt: skip
    if not near and not known:  # a word of some phrase: `runing today`
        near = _near_of(word, _phrase_words())
    if not near:
        return None
    least = min(near)[0]
    best = {lemma(w): w for slips, w in near if slips == least}
    return next(iter(best.values())) if len(best) == 1 else None


def _near(word: str, index: Index) -> list[tuple[int, str]]:
    """The words within a typo of this one, with the number of slips."""
    return _near_of(word, _words_of(index))


def _near_of(word: str, words: Sequence[str]) -> list[tuple[int, str]]:
    most = 2 if len(word) >= LONG else 1
    found = process.extract(
        word, words, scorer=DamerauLevenshtein.distance, score_cutoff=most, limit=3
    )
    return [(int(slips), str(w)) for w, slips, _ in found if _alike(word, str(w))]


def _alike(word: str, other: str) -> bool:
    """First letters are seldom wrong, but they may change places."""
    return word[0] == other[0] or (word[:2] == other[1::-1])


@lru_cache(maxsize=1)
def _grammar() -> frozenset[str]:
    """The words that questions are made of, whatever they are about."""
    words = {w for entries in K.CODES.values() for phrase, _ in entries for w in phrase.split()}
    words |= {w for phrase in K.SUPERLATIVES for w in phrase.split()}
    words |= {*K.STOP, *K.SOFT, *K.RELATING, *K.UNITS, *K.SETTINGS, *UNITS, *WORD_NUMBERS}
    words |= {f"{unit}s" for unit in UNITS} | set(_TIMES) | set(synonyms())
    words |= {w for place in PLACES for w in place.split()}
    return frozenset(w for w in words if w.isalpha())


@lru_cache(maxsize=1)
def _phrase_words() -> tuple[str, ...]:
    """The words by which paraphrases are looked for."""
    words = {w for keys, *_ in PARAPHRASES for w in keys.split()}
    return tuple(sorted(w for w in words if w.isalpha() and len(w) > SHORTEST))


_TIMES = """january february march april may june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday today yesterday quarter quarters
    quarterly monthly weekly daily yearly annual since because during until weekend
    weekday""".split()
_VOCABULARIES: dict[int, tuple[Index, list[str]]] = {}


def _words_of(index: Index) -> list[str]:
    """All words that a typo may stand for, kept for the last index asked about."""
    known = _VOCABULARIES.get(id(index))
    if known is None or known[0] is not index:
        single = (w for w in index.value_words if w.isalpha() and len(w) >= SHORTEST)
        words = {*(w for w in _grammar() if len(w) >= SHORTEST), *index.postings, *single}
        _VOCABULARIES.clear()
        known = _VOCABULARIES[id(index)] = (index, sorted(words))
    return known[1]
