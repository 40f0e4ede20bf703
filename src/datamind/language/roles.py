"""Roles: which of several references to a table the question means, told by the words near it."""

from __future__ import annotations

from collections.abc import Collection

from datamind.language.candidates import Candidate
from datamind.language.context import Context
from datamind.language.graph import Graph
from datamind.language.kinds import KEYS, is_party, role_words
from datamind.language.sketch import Mention
from datamind.language.tokens import stem
from datamind.semantics.catalog import Column, Relationship

# What stands before a value, and the words of columns that it points to.
WAYS: dict[str, frozenset[str]] = {
    "from": frozenset({"from", "origin", "source", "departure", "start", "sender", "departing"}),
    "to": frozenset({"to", "destination", "target", "arrival", "end", "receiver", "recipient",
                     "into"}),
    "via": frozenset({"via", "stop", "through", "layover", "transit"}),
    "by": frozenset({"by"}),
}  # fmt: skip
REACH = 3  # how many words before a mention may tell its role


def role_of(mention: Mention, table: str, ctx: Context) -> str | None:
    """The reference by which the table is meant here; None where there is but one way to it, or
    nothing is said."""
    rivals = ctx.scope.graph.rivals(table)
    if not rivals:
        return None
    target = ctx.scope.view.table(table)
    near = _near(mention, ctx)
    stems = {stem(w) for w in near}
    pointed = frozenset().union(*(WAYS[w] for w in near if w in WAYS))
    told = []
    for rival in rivals:
        words = role_words(rival, target)
        if {stem(w) for w in words} & stems or words & pointed:
            told.append(rival)
    return told[0].id if len(told) == 1 else None


def _near(mention: Mention, ctx: Context) -> list[str]:
    """The words of the mention and its hint, and those before it up to the mention before."""
    spans = [mention, *([mention.hint] if mention.hint is not None else [])]
    taken = {at for m in ctx.chosen if m not in spans and ctx.chosen[m].kind == "value"
             for at in range(m.first, m.last)}  # fmt: skip
    first = min(m.first for m in spans)
    if mention.before >= 0:
        first = min(first, mention.before)
    start = first
    while start > max(0, first - REACH) and start - 1 not in taken:
        start -= 1
    return [w.lower() for w in ctx.words[start : mention.last]]


def played(candidate: Candidate, ctx: Context) -> Column | None:
    """The column that says who plays a role: `agent` is a name in a code table; the rows that
    refer to it also refer to somebody, and to what he is the agent of."""
    view = ctx.scope.view
    for code in view.relationships:
        if code.to_table != candidate.table or len(code.columns) != 1:
            continue
        others = [
            r for r in view.relationships
            if r.table == code.table and r.id != code.id and len(r.columns) == 1
        ]  # fmt: skip
        way = ctx.scope.graph.path({ctx.scope.home}, code.table, ctx.scope.mentioned, ())
        passed = {e.start for e in way[0]} if way is not None else {ctx.scope.home}
        graph = ctx.scope.graph
        named = [t for t in ctx.scope.mentioned if t not in (code.to_table, code.table)]
        passed |= {o for t in named for o in graph.owned(t)}  # of what he is the agent, said
        free = [r for r in others if r.to_table not in passed] or others
        free.sort(key=lambda r: not is_party(view.table(r.to_table)))
        if len(others) >= 2:
            return view.column(f"{code.table}.{free[0].columns[0]}")
    return None


def link_of(candidate: Candidate, tables: Collection[str], graph: Graph) -> str | None:
    """The table that says who plays a role in what: it refers to the roles, to whoever plays them
    and to something else; of several, the one that is about the tables named."""
    found = graph.tellers.get(candidate.table, ()) if candidate.kind == "value" else ()
    return max(found, key=lambda t: sum(o in graph.owned(t) for o in tables), default=None)


def referred(mention: Mention, column: Column, ctx: Context) -> Relationship | None:
    """What a referring column stands for where its key was not asked for: the row referred to."""
    said = {*ctx.lemmas[mention.first : mention.last], *ctx.lemmas[mention.last : mention.last + 1]}
    if said & KEYS:
        return None
    view = ctx.scope.view
    for reference in view.relationships:
        if reference.table != column.table or reference.columns != (column.name,):
            continue
        target = view.table(reference.to_table)
        if target.display and set(target.display) != {*target.primary_key}:
            return reference
    return None
