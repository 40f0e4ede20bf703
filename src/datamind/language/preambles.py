"""Preambles: what somebody says of themselves before they ask.

`I have to plan the shifts, so could you tell me which store …` asks from `which store` on. A
preamble is said in the first person or of somebody; one that names a value, a number or a time may
narrow the question, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from datamind.language.index import Index
from datamind.language.tables.keywords import SETTINGS, STOP
from datamind.language.tables.spelling import TELLING
from datamind.language.tokens import Token, joined

_WHOSE = (
    r"(?:i|we|i'm|i've|i'd|i'll|we're|we've|we'd|we'll|my|our|somebody|someone|people|everybody"
    r"|everyone|they|for (?:a|an|the|my|our))"
)
_ASKED = r"(?:(?:in|on|of|from|to|for|by|with|at) )?(?:which|what|who|whose|how|when|where)(?!\S)"
_FORM = re.compile(
    rf"(?<!\S)(?P<before>{_WHOSE} [^.?!]+?)(?: ,)?"
    rf"(?: (?:so|but)(?: then)?(?: ,)?(?: {TELLING}(?: ,)?)?"
    rf"|(?: (?P<and>and|because))? {TELLING}(?: ,)?) (?={_ASKED})"
)
# What may narrow, and what refers to what was said before.
_NARROWS = frozenset(
    """last past previous since yesterday today only excluding except without during between january
    february march april june july august september october november december per each more
    less""".split()
)
_REFERS = frozenset("them those these he she him her".split())
_TIMES = frozenset("day week month quarter year".split())
_LEAST = 3  # words of the question


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens from where the question begins."""
    text, starts, _ = joined(tokens)
    found = _FORM.match(text)
    at = starts.get(found.end()) if found else None
    if at is None or len(tokens) - at < _LEAST:
        return list(tokens)
    rest = tokens[at:]
    if _REFERS & {t.lower for t in rest} or not _says_nothing(tokens[:at], index):
        return list(tokens)
    named = {w for words in index.table_words.values() for w in words}
    if found and found["and"] and named & {t.lemma for t in tokens[:at]}:
        return list(tokens)  # `I want to see the stores and I'd like to know how many …`
    return [replace(t, lower="we", lemma="we") if t.lower == "they" else t for t in rest]


def _says_nothing(before: Sequence[Token], index: Index) -> bool:
    if any(t.kind in ("number", "quoted", "op") or t.lower in _NARROWS for t in before):
        return False
    words = [t.lower for t in before]
    if any(a == "this" and b in _TIMES for a, b in pairwise(words)):
        return False
    return not any(
        t.kind == "word" and t.lower not in STOP | SETTINGS
        and (t.lower in index.values or t.lemma in index.values)
        for t in before
    )  # fmt: skip
