"""Search: tables, columns, metrics and values of a view by words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from datamind.language import names
from datamind.semantics.catalog import View

_BEGINNING = 90.0  # how well the beginning of a word fits
_TYPO = 75.0  # the least that two words are alike to be taken for one
_ABOUT = 75.0  # the phrase stands in the description
_LEAST = 33.0  # a third of the words asked for


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its kind, its id, what it says, and how well it fits (0 to 100)."""

    kind: str
    id: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Item:
    """What can be found: the names it goes by, and words that may stand beside one of them."""

    kind: str
    id: str
    about: str
    names: tuple[str, ...]
    beside: tuple[str, ...] = ()


def search(view: View, words: str, limit: int = 20) -> list[Hit]:
    """The best hits, best first; only what the view shows."""
    wanted = words.strip().lower()
    if not wanted:
        return []
    asked = _words(wanted)
    said = set(wanted.split())
    hits = [hit for item in _items(view) if (hit := _hit(item, wanted, asked)) is not None]
    for table in view.tables:
        for column in table.columns:
            hits += [
                Hit("value", column.id, value, round(max(100.0 * len(wanted) / len(value), 50), 1))
                for value, _ in view.values(column.id)
                if wanted in value.lower() or value.lower() in said
            ]
    hits.sort(key=lambda h: (-h.score, h.kind, h.id, h.text))
    return hits[:limit]


def _items(view: View) -> Iterable[_Item]:
    terms: dict[str, list[str]] = {}
    for term in view.glossary:
        terms.setdefault(term.item, []).append(term.words)
    for table in view.tables:
        said = (table.name, *table.synonyms, *terms.get(table.id, ()))
        yield _Item("table", table.id, table.description, said)
        beside = _words(table.name)
        for column in table.columns:
            said = (column.name, *column.synonyms, *terms.get(column.id, ()))
            yield _Item("column", column.id, column.description, said, beside)
    for metric in view.metrics:
        said = (metric.name, metric.label, *metric.synonyms, *terms.get(metric.name, ()))
        yield _Item("metric", metric.name, metric.description, said)


def _hit(item: _Item, wanted: str, asked: Sequence[str]) -> Hit | None:
    score = max(_likeness(asked, _words(name), item.beside) for name in item.names)
    if any(wanted == name.lower() for name in (*item.names, item.id)):
        score = 100.0
    elif wanted in item.about.lower():
        score = max(score, _ABOUT)
    if score < _LEAST:
        return None
    return Hit(item.kind, item.id, item.about or item.names[0], round(score, 1))


def _words(text: str) -> tuple[str, ...]:
    """The words of a name or a question: `customer` of `Customers` and of `cust`."""
    return tuple(dict.fromkeys(names.words_of(text))) or (text.lower(),)


def _likeness(asked: Sequence[str], own: Sequence[str], beside: Sequence[str]) -> float:
    """How many of the words asked for stand in a name, or beside one that does; less for a name
    that says more."""
    alone = [max((_alike(word, other) for other in own), default=0.0) for word in asked]
    if not any(alone):
        return 0.0
    both = [
        max(found, max((_alike(word, other) for other in beside), default=0.0))
        for word, found in zip(asked, alone, strict=True)
    ]
    more = len(set(own)) - sum(found > 0 for found in alone)
    return max(sum(both) / len(asked) - 2.0 * max(more, 0), 0.0)


def _alike(word: str, other: str) -> float:
    if word == other:
        return 100.0
    if len(word) >= 3 and other.startswith(word):
        return _BEGINNING
    score = fuzz.ratio(word, other)
    return score if score >= _TYPO else 0.0
