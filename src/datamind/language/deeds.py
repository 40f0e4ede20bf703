"""Deeds: what somebody did in a period happened in rows of its own.

`Customers who ordered in May`: the orders are of May, not the day that a customer was entered.
"""

from __future__ import annotations

from datamind.language.context import Context, Unbuildable
from datamind.language.index import Index, synonyms
from datamind.language.tables.irregular import VERBS
from datamind.language.tokens import stem

_BETWEEN = frozenset(
    """in on at during since from over within between the this last past us something
    anything""".split()
)


def check_deed(table: str, at: int | None, ctx: Context) -> None:
    """Unbuildable where the verb before a period names rows of another table that refer to this
    one, and nothing of the plan is of them."""
    place = (at or 0) - 1
    while place > 0 and ctx.lemmas[place] in _BETWEEN:
        place -= 1
    if place < 1 or any(m.first <= place < m.last for m in ctx.chosen):
        return
    done = happened(ctx.words[place].lower(), ctx.index)
    graph = ctx.scope.graph
    if table in done or done & {c.table for c in ctx.chosen.values()}:
        return
    if any(table in graph.owned(t) for t in done - {table}):
        raise Unbuildable("what was done then was said")


def happened(word: str, index: Index) -> frozenset[str]:
    """The tables of what was done, where the word is a verb in the past: bought, ordered."""
    if not (word.endswith("ed") or word in VERBS):
        return frozenset()
    found = list(index.stems.get(stem(word), ())) if word.endswith("ed") else []
    for said in synonyms().get(word, frozenset()):
        found += index.postings.get(said, ())
    items = [index.items[p.item] for p in found if p.word >= 0]
    return frozenset(i.id for i in items if i.kind == "table" and len(i.core) == 1)
