"""Texts said: `shops with plaza in their name` asks for a text that holds the word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.keywords import STOP
from datamind.language.tokens import Token
from datamind.language.units import Unit

_HAVING = frozenset("with have has had having contain contains containing without no word".split())
_WHOSE = frozenset("the their its his her a".split())
_MOST = 3  # words of the text
_GAIN = 0.9  # for each word: more than for the words one by one


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """Conditions on texts, of words before `in their name`."""
    for at in range(2, len(tokens) - 2):
        if tokens[at].lower != "in" or tokens[at + 1].lower not in _WHOSE:
            continue
        first = next(
            (n + 1 for n in range(at - 2, at - 2 - _MOST, -1) if n > 0 and _leads(tokens[n])), 0
        )
        held = tokens[first:at]
        last = at + 3
        named = linker.concepts(at + 2, last)
        texts = tuple(c for c in named if c.kind == "column" and c.type == "text")
        plain = all(t.kind == "word" and t.lower not in STOP for t in held)
        if not first or not plain or not texts or texts[0] != named[0]:
            continue
        text = " ".join(t.text for t in held)
        value = Mention(first, at, (Candidate("text", "", "", 0.6, "grammar", text),), role="value")
        subject = Mention(at + 2, last, texts, role="text")
        value.hint = subject
        cond = Cond("text", subject, mention=value, match="contains", first=first)
        yield Unit("P", first, last, cond, _GAIN * (last - first))


def _leads(token: Token) -> bool:
    return token.lower in _HAVING
