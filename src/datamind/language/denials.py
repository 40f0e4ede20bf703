"""Denials: words that name what is not so, as `uninsured` of the insurer, `closed` of is_open."""

from __future__ import annotations

from datamind.language.candidates import (
    DENYING,
    MAX_CANDIDATES,
    Candidate,
    in_order,
    opposites,
)
from datamind.language.index import Index, Item
from datamind.language.tokens import Token, stem


def denied(index: Index, token: Token) -> tuple[Candidate, ...]:
    """Columns whose negation the word is: `uninsured` of insurer, `non-smoker` of smoker."""
    word = token.lower
    contrary = _contrary(index, word)
    if contrary:
        return contrary
    prefix = next((p for p in DENYING if word.startswith(p) and len(word) > len(p) + 3), None)
    if prefix == "in" and word.endswith("ing"):
        return ()  # what is `incoming` comes
    if token.kind != "word" or prefix is None or token.lemma in index.postings:
        return ()
    if word in index.values or token.lemma in index.values:
        return ()
    if any(posting.word >= 0 for posting in index.stems.get(stem(word), ())):
        return ()  # what is `discounted` has a discount
    found = []
    for posting in index.stems.get(stem(word[len(prefix) :]), ()):
        item = index.items[posting.item]
        if item.synonym:
            continue  # what a customer pays is no money where nobody is unpaid
        if item.kind in ("column", "table") and posting.word >= 0 and len(item.core) <= 2:
            found.append(candidate_of(index, item, round(0.9 * posting.quality, 4), "name"))
    return tuple(sorted(found, key=in_order)[:MAX_CANDIDATES])


def _contrary(index: Index, word: str) -> tuple[Candidate, ...]:
    """Flags that are named by the opposite of the word: `closed` of is_open."""
    if word in index.values or word in index.postings:
        return ()
    found = []
    for other in opposites().get(word, ()):
        for posting in index.postings.get(other, ()):
            item = index.items[posting.item]
            if posting.word >= 0 and item.id in index.flags:
                found.append(candidate_of(index, item, 0.9, "name"))
    return tuple(sorted(found, key=in_order)[:MAX_CANDIDATES])


def candidate_of(
    index: Index,
    item: Item,
    score: float,
    source: str,
    *,
    literal: bool = False,
    whole: bool = False,
) -> Candidate:
    """The item as a meaning that a span may have."""
    type_ = index.view.column(item.id).type if item.kind == "column" else ""
    if item.id in index.flags:
        type_ = "boolean"
    return Candidate(
        item.kind, item.id, item.table, score, source, type=type_, literal=literal,
        within=item.within, whole=whole,
    )  # fmt: skip
