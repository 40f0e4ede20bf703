"""Words for a state that something else has: `late deliveries` are none sent back as `late`."""

from __future__ import annotations

from datamind.language import names
from datamind.language.context import Context
from datamind.language.tokens import lemma, stem
from datamind.semantics import plan as P


def is_sideways(source: P.Source, ctx: Context) -> bool:
    """`How many parcels are late`, by the reason that something of the same order has: its table,
    over a third one, is not spoken of."""
    lemmas = set(ctx.lemmas)
    spoken = {c.table for c in ctx.chosen.values() if c.kind != "value"}
    up, over = {source.alias: False}, set()
    for join in source.joins:
        up[join.alias] = up[join.parent] or not join.reverse
        if join.alias in over or join.parent in over or (join.reverse and up[join.parent]):
            over.add(join.alias)
    tables = {j.table for j in source.joins if j.alias in over} - spoken
    nouns = {m.first: c for m, c in ctx.chosen.items() if c.kind != "value"}
    owned = ctx.scope.graph.owned

    def beside(at: int, table: str) -> bool:
        """Whether the noun is a column of what the state's table is no part of."""
        noun = nouns.get(at) if ctx.words[at - 1].islower() else None
        return noun is not None and noun.kind == "column" and table not in owned(noun.table)

    return any(
        c.kind == "value"
        and (c.table in tables or beside(m.last, c.table))
        and (m.last in nouns or _states(ctx.words[max(m.first - 1, 0)].lower()))
        and ctx.words[m.first].lower() == ctx.lemmas[m.first]  # no noun: who `are tenants`
        and not lemmas & _words(c.id)
        for m, c in ctx.chosen.items()
    )


def is_of_another_event(ctx: Context) -> bool:
    """`Delivered late`, by a reason that is kept where no delivery has its date."""
    for mention, found in ctx.chosen.items():
        verb = ctx.words[mention.first - 1].lower() if mention.first else ""
        timely = found.kind == "value" and ctx.words[mention.first].lower() in _TIMELY
        if timely and verb.endswith("ed"):
            dated = {
                t.id for t in ctx.scope.view.tables for c in t.columns
                if c.is_date and stem(verb) in map(stem, ctx.index.column_words.get(c.id, ()))
            }  # fmt: skip
            if dated and found.table not in dated:
                return True
    return False


_TIMELY = frozenset({"late", "early"})
_STATING = frozenset(
    "is are was were be been being isn't aren't arrived came arrive arrives".split()
)


def _states(word: str) -> bool:
    return word in _STATING or word.endswith("ed")


def _words(column_id: str) -> set[str]:
    """What its table and the column itself are called."""
    return {lemma(w) for part in column_id.split(".")[-2:] for w in names.words_of(part)}
