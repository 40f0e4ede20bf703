"""Said again: `bought last year but have not bought anything this year` is `but not this year`."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language.tokens import Token, lemma, stem

_BEFORE = frozenset("have has had did do does was were are is been be yet".split())
_DENIES = frozenset("not never".split())
_SHORT = frozenset("haven't hasn't hadn't didn't don't doesn't weren't wasn't aren't".split())
_AFTER = frozenset("anything any a an thing something one at all again yet so far us from".split())
_THEN = frozenset("in during since this last the over within before after until by on".split())


def said_once(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without a denied verb that only repeats the one before `but`."""
    words = [t.lower for t in tokens]
    at = next((n for n, w in enumerate(words) if w in ("but", "and") and n > 1), None)
    if at is None:
        return list(tokens)
    here = at + 1
    while words[here : here + 1] and words[here] in _BEFORE | {"who", "that"}:
        here += 1
    if words[here : here + 1] and words[here] in _DENIES | _SHORT:
        denied = here
    else:
        return list(tokens)
    here += 1
    while words[here : here + 1] and words[here] in _BEFORE:
        here += 1
    if here >= len(tokens) or _root(tokens[here]) not in {_root(t) for t in tokens[:at]}:
        return list(tokens)
    here += 1
    while words[here : here + 1] and words[here] in _AFTER:
        here += 1
    if not words[here : here + 1] or words[here] not in _THEN:
        return list(tokens)
    said = tokens[denied]
    no = Token("not", "not", "not", "word", said.start, said.end)
    return [*tokens[: at + 1], no, *tokens[here:]]


def _root(token: Token) -> str:
    return stem(lemma(token.lower)) if token.kind == "word" else ""
