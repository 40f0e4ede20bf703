"""Scoring: how well the name of a catalog item fits the words that may name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from datamind.language.candidates import FORM_WORDS, SOURCES, Candidate
from datamind.language.denials import candidate_of
from datamind.language.index import GENERIC, SUFFIXES, Index, Item, normal
from datamind.language.telling import (
    ABSORBED,
    ADDRESS,
    ADDRESSED,
    NUMBER,
    NUMBERED,
    is_kind_of,
    is_of_another,
    is_other,
    telling_of,
)
from datamind.language.tokens import Token, is_participle

# For each item that a word occurs in: which word of its name (-1 of what goes with the name, -2 of
# its description), how well, and how it was found.
Matches = dict[int, list[tuple[int, float, str]]]


@dataclass(slots=True)
class _Fit:
    """The words of an item's name that were said, how well they fit, how they were found; and how
    many only its description has."""

    used: dict[int, float] = field(default_factory=dict)
    quality: float = 1.0
    source: str = "name"
    described: int = 0


class Scorer:
    """Scores items by the words at some places of a question, of which each has its matches."""

    def __init__(self, index: Index, tokens: Sequence[Token], matches: Sequence[Matches]) -> None:
        self._index = index
        self._tokens = tokens
        self._matches = matches

    def score(self, number: int, content: Sequence[int], *, core_only: bool) -> Candidate | None:
        """The item as a meaning of these words; None where it is none. With `core_only` the words
        that tell have to be of its name."""
        item = self._index.items[number]
        if is_other(item, self._tokens, content):
            return None
        fit = self._fit(number, item, content)
        if fit is None:
            return None
        if core_only and len(fit.used) < len(telling_of(content, self._tokens)):
            return None
        if item.within and len(fit.used) < len(item.core):
            return None
        if not fit.used:
            return self._described(item, fit.described, len(content))
        return self._named(item, fit, content, core_only=core_only)

    def _fit(self, number: int, item: Item, content: Sequence[int]) -> _Fit | None:
        """How the words fit the item; None where one of them does not."""
        fit = _Fit()
        for at in content:
            found = self._matches[at].get(number, ())
            options = [o for o in found if o[0] not in fit.used or o[0] < 0]
            if not options:
                spared = self._spared(at, content, item)
                if spared is None:
                    return None
                fit.quality *= spared
                continue
            word, quality, kind = max(options, key=lambda o: (o[0] >= 0, o[1]))
            if word == -1 and (item.id in self._index.flags or self._is_thing(at, content)):
                return None  # `covered stations` are stations, and covered
            if word == -2:
                if self._told_apart(at, item):
                    return None  # `cancelled orders` are not all orders
                fit.described += 1
                fit.quality *= 0.93
                continue
            if word >= 0:
                fit.used[word] = quality
            fit.quality *= quality
            if SOURCES[kind] > SOURCES[fit.source]:
                fit.source = kind
        return fit

    def _spared(self, at: int, content: Sequence[int], item: Item) -> float | None:
        """What a word costs that may go with the item's name, though it is not in it; None where
        it may not."""
        spare = ABSORBED | (ADDRESS if ADDRESSED & set(item.core) else frozenset())
        spare |= NUMBER if NUMBERED & set(item.core) else frozenset()
        text, lemma = self._holds_text(item), self._tokens[at].lemma
        if (lemma in spare and text) or (
            at > content[0] and lemma == "date" and self._is_date(item)
        ):
            return 0.93
        kind = at == content[0] and is_kind_of(self._tokens, at)
        return 0.97 if kind and (item.kind == "table" or text) else None

    def _named(
        self, item: Item, fit: _Fit, content: Sequence[int], *, core_only: bool
    ) -> Candidate | None:
        """A match by the name, or by enough of it."""
        total = sum(self._index.weight(w) for w in item.core)
        covered = sum(self._index.weight(item.core[w]) for w in fit.used) / total
        if covered < 0.3:
            return None
        score = (fit.quality ** (1 / len(content))) * (0.35 + 0.65 * covered)
        told = sum(word not in SUFFIXES for word in item.core)
        if all(item.core[w] in GENERIC for w in fit.used) and told > len(fit.used):
            score *= 0.6
        word = self._tokens[content[-1]].lemma
        if covered < 0.99 and is_of_another(item, word, self._index.view):
            score *= 0.9  # the `price` is a list price before it is the cost price of the cost
        source = "synonym" if item.synonym and fit.source == "name" else fit.source
        if item.kind in ("table", "metric") and self._misses_head(item, fit):
            if item.kind == "metric":
                return None  # `new` alone is no new customers
            score *= 0.75
        literal = (
            not core_only and covered > 0.99 and len(fit.used) == len(content) and source == "name"
        )
        whole = covered > 0.99 and source in ("name", "abbreviation")
        return candidate_of(
            self._index, item, round(min(score, 1.0), 4), source, literal=literal, whole=whole
        )

    def _is_thing(self, at: int, content: Sequence[int]) -> bool:
        """`registered customers` are customers, not when they registered."""
        token = self._tokens[at]
        many = token.lower != token.lemma and token.lower.endswith("s")
        return at == content[-1] > content[0] and many and is_participle(self._tokens[at - 1])

    def _told_apart(self, at: int, item: Item) -> bool:
        """Whether the word is a value by which some rows differ from others: of the table's, or of
        the column."""
        found = self._index.values.get(normal(self._tokens[at].lower), ())
        whole = item.kind == "table"
        return any(
            item.id == (self._index.view.column(column).table if whole else column)
            for column, _ in found
        )

    def _misses_head(self, item: Item, fit: _Fit) -> bool:
        """Whether only what stands before the noun was said: `projects` for the project status."""
        told = [n for n, word in enumerate(item.core) if word not in FORM_WORDS]
        return len(told) > 1 and told[-1] not in fit.used

    def _is_date(self, item: Item) -> bool:
        return item.kind == "column" and self._index.view.column(item.id).is_date

    def _holds_text(self, item: Item) -> bool:
        return item.kind == "column" and self._index.view.column(item.id).type == "text"

    def _described(self, item: Item, words: int, content: int) -> Candidate | None:
        """A match by the description alone: two words or more, or none."""
        if words < 2 or words < content or item.kind != "column":
            return None
        return candidate_of(self._index, item, min(0.4 + 0.08 * words, 0.66), "description")
