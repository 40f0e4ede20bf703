"""Spending: what people spend is what is sold to them, by whatever name the data keeps it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from datamind.language import names
from datamind.language.candidates import PEOPLE, Candidate
from datamind.language.index import Index, synonyms
from datamind.language.scope import MONEY
from datamind.language.tokens import Token
from datamind.semantics.catalog import View

SPENT = frozenset({"spend", "spends", "spent", "spender", "spenders", "spending"})
SOURCE = "spent"  # how a meaning was found that stands for what people spend
# Money that is not what somebody bought for.
ASIDE = frozenset(
    """refund discount tax cost fee shipping margin tip profit credit balance budget salary
    commission fine target""".split()
)


def spending(index: Index, tokens: Sequence[Token]) -> list[Candidate]:
    """The measures of what people spend, where the question is about people: a metric before a
    column, revenue before other amounts."""
    if not _about_people(index, tokens):
        return []
    view = index.view
    tables = referring(view, set(index.persons))
    found: list[Candidate] = []
    for metric in view.metrics:
        told = names.words_of(metric.name)
        simple = metric.kind == "simple" and str(metric.aggregation) == "sum"
        if simple and metric.table in tables and set(told) & set(MONEY) and not ASIDE & set(told):
            found.append(Candidate("metric", metric.name, "", _score(told), SOURCE))
    for table in map(view.table, tables):
        for column in table.columns if not found else ():
            told = names.words_of(column.name)
            if (
                column.is_number and column.additivity == "sum" and set(told) & set(MONEY)
                and not ASIDE & set(told)
            ):  # fmt: skip
                found.append(
                    Candidate(
                        "column", column.id, table.id, _score(told), "synonym", type=column.type
                    )
                )
    return sorted(found, key=lambda c: (-c.score, c.id))


def _score(told: Collection[str]) -> float:
    """Revenue is the likeliest, then what stands first among the words for money."""
    return round(0.85 - 0.03 * min(MONEY.index(w) for w in told if w in MONEY), 4)


def _about_people(index: Index, tokens: Sequence[Token]) -> bool:
    """Whether people are named, or a column of theirs: `which city spends the most`."""
    said = {t.lemma for t in tokens} | {t.lower for t in tokens}
    tables = [i for i in index.items if i.kind == "table" and i.table in index.persons]
    if said & PEOPLE.union(*(i.core for i in tables), *(_alike(i.core) for i in tables)):
        return True
    found = ((index.items[p.item], p.word) for w in said for p in index.postings.get(w, ()))
    return "we" not in said and any(
        i.kind == "column" and i.table in index.persons and word == len(i.core) - 1
        for i, word in found
    )


def _alike(core: Sequence[str]) -> Collection[str]:
    return {w for word in core for w in synonyms().get(word, ())}


def referring(view: View, people: Collection[str]) -> list[str]:
    """The tables whose rows refer to people, directly or not."""
    known = set(people)
    grown = True
    while grown:
        more = {r.table for r in view.relationships if r.to_table in known} - known
        grown = bool(more)
        known |= more
    return sorted(known - set(people))
