"""The index: words and values of a view, inverted, so that linking never loops over columns."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from datamind.language import identifiers, names
from datamind.language.candidates import LINKING_WORDS, Candidate, function_words
from datamind.language.fiscal import FiscalYear
from datamind.language.kinds import (
    holders,
    is_calendar,
    is_flag,
    is_given_name,
    is_person,
    role_words,
)
from datamind.language.legends import legend
from datamind.language.scope import money_column
from datamind.language.tables.keywords import SOFT, STOP, WITH
from datamind.language.tables.synonyms import GROUPS, ONE_WAY
from datamind.language.tokens import lemma, stem, tokenize
from datamind.language.vocabulary import key_noun, spread, vocabulary_of
from datamind.semantics.catalog import Column, Relationship, Table, View

GENERIC = frozenset(
    """id name code number type date time value key count total text status is has flag indicator
    of the""".split()
)


# What a name may end in without saying more: the status_cd is the status.
SUFFIXES = frozenset({"id", "code", "key", "identifier", "nr"})


@dataclass(frozen=True, slots=True)
class Item:
    """A table, column or metric as the linker sees it.

    `core` are the words that name it within its table, `outer` its table's words, `about` the
    stems of its description. `synonym` marks a name that nobody gave it; `within` the relationship
    to a subtype table whose rows alone are meant.
    """

    kind: str
    id: str
    table: str
    core: tuple[str, ...]
    outer: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()
    synonym: bool = False
    within: str = ""


@dataclass(slots=True)
class Posting:
    """Where a word occurs: item number, the core word it is (-1: outer, -2: description)."""

    item: int
    word: int
    quality: float


@dataclass
class Index:
    """Postings by word, values by their text, and what a word is worth; `naming` are the columns
    that name the rows of a table, whatever they are called; `referred` the tables that keys refer
    to, where no other key of theirs does."""

    view: View
    items: list[Item] = field(default_factory=list)
    postings: dict[str, list[Posting]] = field(default_factory=lambda: defaultdict(list))
    stems: dict[str, list[Posting]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    value_words: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    frequency: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    column_words: dict[str, frozenset[str]] = field(default_factory=dict)
    table_words: dict[str, frozenset[str]] = field(default_factory=dict)
    short_words: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    persons: tuple[str, ...] = ()
    identifiers: dict[str, list[Candidate]] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    given_names: frozenset[str] = frozenset()
    naming: dict[str, list[Candidate]] = field(default_factory=dict)
    referred: dict[str, str] = field(default_factory=dict)
    fiscal: FiscalYear | None = None

    def weight(self, word: str) -> float:
        """How much a core word says: rare ones much, generic ones little."""
        if word in SUFFIXES:
            return 0.12
        if word in GENERIC:
            return 0.35
        return 1.0 / (1.0 + 0.25 * math.log1p(self.frequency[word]))

    def refers(self, table: str, other: str) -> bool:
        """Whether rows of the one refer to rows of the other."""
        return any(r.table == table and r.to_table == other for r in self.view.relationships)

    def near_words(self, word: str) -> list[tuple[str, float]]:
        """Index words within a typo of this one, with their likeness."""
        if len(word) < 5:
            return []
        found = process.extract(
            word,
            self.postings.keys(),
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=0.82,
            limit=3,
        )
        return [(str(w), float(score)) for w, score, _ in found if str(w)[0] == word[0]]


@lru_cache(maxsize=1)
def synonyms() -> dict[str, frozenset[str]]:
    """For each word, the words that may stand for it."""
    out: dict[str, set[str]] = defaultdict(set)
    for group in GROUPS:
        words = group.split()
        for word in words:
            out[word].update(w for w in words if w != word)
    for said, meant in ONE_WAY:
        out[said].update(meant.split())
    return {word: frozenset(others) for word, others in out.items()}


def build(view: View) -> Index:
    """The index of all that the view shows."""
    index = Index(view)
    tables = view.tables
    table_prefixes = names.common_prefixes([t.name for t in tables])
    vocabulary = vocabulary_of(tables)
    for table in tables:
        _add_table(index, table, table_prefixes, vocabulary)
    for relationship in view.relationships:
        _add_subtype(index, relationship, table_prefixes, vocabulary)
        _add_role(index, relationship)
    for metric in view.metrics:
        _add_metric(index, metric.name, (metric.label, *metric.synonyms), metric.description)
    for term in view.glossary:
        _add_term(index, term.words, term.item)
    _add_postings(index)
    _add_values(index)
    index.identifiers = identifiers.of_view(view)
    index.holders = holders(view)
    pairs = Counter((r.table, r.to_table) for r in view.relationships)
    index.referred = {
        f"{r.table}.{r.columns[0]}": r.to_table for r in view.relationships
        if len(r.columns) == 1 and pairs[(r.table, r.to_table)] == 1 and r.table != r.to_table
    }  # fmt: skip
    shown = [c.id for t in tables for c in map(t.column, t.display[:1])]
    keys = [f"{t.id}.{t.primary_key[0]}" for t in tables if len(t.primary_key) == 1]
    for words, columns in (("name title", shown), ("id identifier", keys)):
        meant = [Candidate("column", c.id, c.table, 0.9, "name", type=c.type)
                 for c in map(view.column, columns)]  # fmt: skip
        index.naming |= dict.fromkeys(words.split(), meant)
    index.given_names = frozenset(c.id for t in tables for c in t.columns if is_given_name(c))
    index.persons = tuple(t.id for t in tables if is_person(t))
    index.short_words = [w for w in index.postings if 2 <= len(w) <= 5 and w not in GENERIC]
    return index


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        stem(t.lower) for t in tokenize(text)
        if t.kind in ("word", "quoted") and t.lower not in STOP and t.lower not in SOFT
        and t.lower not in function_words(WITH)
        and len(t.lower) > 2 and t.lower not in _LISTING
    )  # fmt: skip


def _add_table(
    index: Index, table: Table, prefixes: frozenset[str], vocabulary: frozenset[str]
) -> None:
    words = spread(names.words_of(table.name, prefixes), vocabulary)
    if table.entity:
        entity = tuple(lemma(w) for w in names.split(table.entity))
        if entity != words:
            index.items.append(Item("table", table.id, table.id, entity, synonym=True))
    index.table_words[table.id] = frozenset(words) | set(names.split(table.name)[-1:])
    about = _stems(table.description)
    index.items.append(Item("table", table.id, table.id, words, frozenset(), about))
    spelt = tuple(lemma(w) for w in names.split(table.name) if w not in prefixes)
    if spelt and spelt != words:
        index.items.append(Item("table", table.id, table.id, spelt))
    noun = key_noun(table, words)
    if noun:
        index.items.append(Item("table", table.id, table.id, noun))
    phrase = _noun_phrase(table.description, head=True)
    if phrase and phrase != words:
        index.items.append(Item("table", table.id, table.id, phrase, synonym=True))
    called = set(words) | set(phrase) | {lemma(w) for w in names.split(table.entity or "")}
    for text in table.synonyms:
        called |= {t.lemma for t in tokenize(text) if t.lemma}
        core = tuple(t.lemma for t in tokenize(text) if t.lemma)
        index.items.append(Item("table", table.id, table.id, core))
    column_prefixes = names.common_prefixes([c.name for c in table.columns], 0.8)
    for column in table.columns:
        _add_column(index, table, column, words, column_prefixes, vocabulary, called)


def _add_subtype(
    index: Index, relationship: Relationship, prefixes: frozenset[str], vocabulary: frozenset[str]
) -> None:
    """A table whose key refers to another's: its noun also means the other's measure, taken over
    its rows alone (`premium` is the amount of the agreement amounts that are premiums)."""
    view = index.view
    child, parent = view.table(relationship.table), view.table(relationship.to_table)
    if child.primary_key != relationship.columns or parent.id == child.id:
        return
    own = [c for c in child.columns if c.is_number and c.name not in child.primary_key]
    measure = money_column(parent)
    if own or measure is None or parent.primary_key != relationship.to_columns:
        return
    words = spread(names.words_of(child.name, prefixes), vocabulary)
    last = names.words_of(measure.name)[-1]
    whole = words if last in words else (*words, last)
    for core in {words, whole, words[:-1] if words[-1] == last else words} - {()}:
        index.items.append(Item("column", measure.id, parent.id, core, within=relationship.id))


def _add_role(index: Index, relationship: Relationship) -> None:
    """Who a reference stands for goes by its role alone: the `head` of head_staff_id."""
    target = index.view.table(relationship.to_table)
    said = role_words(relationship, target)
    if len(relationship.columns) != 1 or not 1 <= len(said) <= 2:
        return
    if is_calendar(target) and not any(w.endswith("ed") for w in said):
        return  # an order is not the day of one
    column = index.view.column(f"{relationship.table}.{relationship.columns[0]}")
    words = tuple(w for w in names.words_of(column.name) if w in said)
    if words and not said & (SUFFIXES | STOP):
        index.items.append(Item("column", column.id, column.table, words))


def _add_column(
    index: Index, table: Table, column: Column, table_words: tuple[str, ...],
    prefixes: frozenset[str], vocabulary: frozenset[str], called: set[str],
) -> None:  # fmt: skip
    words = spread(names.words_of(column.name, prefixes | {"is", "has"}), vocabulary)
    outer = frozenset(table_words)
    core = _beyond_table(words, outer)
    about = _stems(column.description)
    if is_flag(column, index.view):
        index.flags.add(column.id)
    index.column_words[column.id] = frozenset(words) | frozenset(map(stem, words)) | about
    index.items.append(
        Item("column", column.id, table.id, core, outer | called | frozenset(words), about)
    )
    if _numbers_rows(table, column, words):  # the claim number, whoever's number it is
        index.items.append(Item("column", column.id, table.id, words[-1:], outer, synonym=True))
    if column.unit and column.unit.lower() in core and len(core) > 1:
        rest = tuple(w for w in core if w != column.unit.lower())
        index.items.append(Item("column", column.id, table.id, rest, outer, about))
    phrase = tuple(w for w in _noun_phrase(column.description) if w not in outer)
    phrase = () if all(w in function_words() for w in phrase) else phrase
    told = [value for value, _ in index.view.values(column.id)]
    told += [said for said, _ in legend(column, index.view)]
    held = {word for value in told for word in normal(value).split()}
    if phrase and phrase != core and not _alike(phrase, words) and not held & set(phrase):
        index.items.append(Item("column", column.id, table.id, phrase, outer, synonym=True))
    for text in column.synonyms:
        said = tuple(t.lemma for t in tokenize(text) if t.lemma)
        index.items.append(Item("column", column.id, table.id, said, outer))


def _numbers_rows(table: Table, column: Column, words: tuple[str, ...]) -> bool:
    """Whether it is the only number by which people know the rows, its key apart."""
    numbers = [c for c in table.columns if names.words_of(c.name)[-1:] == ("number",)]
    return len(words) > 1 and numbers == [column] and column.name not in table.primary_key


_RELATIVE = re.compile(r"\b(?:that|which|who|whose|if|when|where|whether)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[:;,.(\n=]| - |null|e\.g\.", re.IGNORECASE)
_AFTER_HEAD = re.compile(
    r" of | in | for | per | between | with | from | to | by | on ", re.IGNORECASE
)


def _noun_phrase(description: str, *, head: bool = False) -> tuple[str, ...]:
    """What a description calls the thing: its first words, up to a mark; with `head`, only the
    noun. Empty where it is more of a sentence, or lists values."""
    text = _CLAUSE.split(description.strip(), maxsplit=1)[0]
    if _RELATIVE.search(text) or re.match(r"\W*\d", text):
        return ()
    if head:
        text = _AFTER_HEAD.split(text, maxsplit=1)[0]
    words = [t.lemma for t in tokenize(text) if t.kind == "word" and t.lower not in STOP]
    words = [w for w in words if w not in _LISTING and w not in SOFT]
    words = [] if all(w in function_words() for w in words) else words
    return tuple(words) if 1 <= len(words) <= 6 else ()


def _alike(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether a name already says some of the phrase: then it needs no other."""
    stems = {stem(w) for w in words}
    return any(stem(p) in stems for p in phrase)


_LISTING = frozenset(
    {"each", "every", "possible", "value", "list", "row", "record", "table", "one", "unique"}
)


def _beyond_table(words: tuple[str, ...], table_words: frozenset[str]) -> tuple[str, ...]:
    """What a column's name says beyond its table's: `mountain_altitude` says altitude."""
    at = 0
    while at < len(words) and (words[at] in table_words or _short_for(words[at], table_words)):
        at += 1
    rest = words[at:]
    return words if rest[:1] == ("of",) or LINKING_WORDS.issuperset(rest) else rest


def _short_for(word: str, others: frozenset[str]) -> bool:
    return any(names.abbreviates(word, other) for other in others)


RATES = ("percent", "percentage", "pct")  # what a rate may be called: `margin %`


def _add_metric(index: Index, name: str, labels: Iterable[str], description: str) -> None:
    said = {names.words_of(name)} | {
        tuple(t.lemma for t in tokenize(text) if t.lemma) for text in labels if text
    }
    said |= {(*words[:-1], rate) for words in said if words[-1:] == ("rate",) for rate in RATES}
    for words in said:
        index.items.append(Item("metric", name, "", words, frozenset(), _stems(description)))


def _add_term(index: Index, words: str, item: str) -> None:
    core = tuple(t.lemma for t in tokenize(words) if t.lemma)
    if not core:
        return
    if item in index.view.metrics_by_name:
        index.items.append(Item("metric", item, "", core))
        return
    kind = "table" if item in index.view.by_id else "column"
    table = item if kind == "table" else index.view.column(item).table
    index.items.append(Item(kind, item, table, core))


def _add_postings(index: Index) -> None:
    for number, item in enumerate(index.items):
        for place, word in enumerate(item.core):
            index.postings[word].append(Posting(number, place, 1.0))
            index.stems[stem(word)].append(Posting(number, place, 0.88))
            index.frequency[word] += 1
        for word in item.outer:
            if word not in item.core:
                index.postings[word].append(Posting(number, -1, 1.0))
        for root in item.about:
            index.stems[root].append(Posting(number, -2, 0.6))


def normal(text: str) -> str:
    """The form in which values are looked up: lower case, single spaces, no edge marks."""
    return " ".join(text.lower().replace("-", " ").replace("_", " ").split()).strip(" .,;:!?'\"")


def _add_values(index: Index) -> None:
    for table in index.view.tables:
        for column in table.columns:
            if column.dated:
                continue
            column_id = column.id  # one text for all its values
            for value, _ in index.view.values(column_id):
                key = normal(value)
                if not key:
                    continue
                if key not in index.values:
                    for word in key.split():
                        index.value_words[word].append(key)
                index.values[key].append((column_id, value))
                if _HUMPED.fullmatch(value):
                    _add_said(index, column, " ".join(names.split(value)), value)
            for said, value in legend(column, index.view):
                _add_said(index, column, said, value)


_HUMPED = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+")


def _add_said(index: Index, column: Column, said: str, value: str) -> None:
    """What the value's legend calls it: looked up like the value itself."""
    for key in {normal(said), " ".join(t.lemma for t in tokenize(said) if t.kind == "word")}:
        if key and (column.id, value) not in index.values[key]:
            index.values[key].append((column.id, value))
            for word in key.split():
                if key not in index.value_words[word]:
                    index.value_words[word].append(key)
