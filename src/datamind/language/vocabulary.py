"""Vocabulary: the words that a schema uses, and names cut by them."""

from __future__ import annotations

from collections.abc import Iterable

from datamind.language import names
from datamind.language.kinds import KEYS
from datamind.language.tokens import lemma, tokenize
from datamind.semantics.catalog import Table


def vocabulary_of(tables: Iterable[Table]) -> frozenset[str]:
    """Words that stand by themselves somewhere in the schema, to cut run-together names by."""
    words = {"name", "id", "code", "number", "num", "date", "type", "first", "last", "by", "text"}
    for table in tables:
        words.update(names.split(table.name))
        for column in table.columns:
            pieces = names.split(column.name)
            if len(pieces) > 1:
                words.update(pieces)
        for text in (table.description, *(c.description for c in table.columns)):
            words.update(t.lemma for t in tokenize(text) if t.kind == "word" and len(t.lemma) > 3)
    return frozenset(w for w in words if len(w) > 1)


def spread(words: tuple[str, ...], vocabulary: frozenset[str]) -> tuple[str, ...]:
    """Run-together words (`journalname`) cut into known ones."""
    out: list[str] = []
    for word in words:
        pieces = _cut(word, vocabulary) if len(word) > 6 and word not in vocabulary else None
        out.extend(lemma(names.ABBREVIATIONS.get(p, p)) for p in pieces) if pieces else out.append(
            word
        )
    return tuple(out)


def _cut(word: str, vocabulary: frozenset[str]) -> list[str] | None:
    """The fewest vocabulary words that the word is made of, if it is."""
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            head = best[start]
            if head is not None and word[start:end] in vocabulary:
                current = best[end]
                if current is None or len(head) + 1 < len(current):
                    best[end] = [*head, word[start:end]]
    found = best[len(word)]
    return found if found and len(found) <= 4 else None


def key_noun(table: Table, words: tuple[str, ...]) -> tuple[str, ...]:
    """What the key says that a shortened name stands for: the rows of `ln` with a loan_id are
    loans."""
    if len(table.primary_key) != 1:
        return ()
    said = names.words_of(table.primary_key[0])
    if len(said) < 2 or said[-1] not in KEYS or said[:-1] == words:
        return ()
    rest = iter("".join(said[:-1]))
    short = "".join(names.split(table.name))
    fits = short[0] == said[0][0] and all(letter in rest for letter in short)
    return said[:-1] if fits and len(short) < len("".join(said[:-1])) else ()
