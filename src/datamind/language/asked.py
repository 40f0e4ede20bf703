"""Asked: what `where`, `when` and `how` ask for has to be in the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.sketch import Mention
from datamind.language.tables import keywords as K
from datamind.language.tables.places import PLACE_PARTS
from datamind.language.tokens import is_participle, lemma, stem, tokenize
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, Column, Table
from datamind.semantics.walk import below

MOST = 4
_HELPING = frozenset({"is", "are", "was", "were", "did", "does", "do"})
_BEING = frozenset({"is", "are", "was", "were"})
_OPENING = frozenset({"show", "list", "tell", "give", "me", "and"})
_TOLD = (P.Aggregate, P.Metric, P.DateDiff)


def heed_asked(plan: P.Query, nodes: Sequence[object], units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where it was asked when, where or how, and the plan tells no such thing."""
    said = _spoken(ctx.words)
    last = [w for w in said if w not in ".?!"][-1:]
    when = "when" in (*said[:1], *last) or any(
        u.code == K.ASK and u.payload == "when" for u in units
    )
    if when and not _tells_time(plan, ctx):
        raise Unbuildable("it was asked when")
    if said[:2] == ["when", "did"] and any(
        _is_deed(m, c, said, ctx) for m, c in ctx.chosen.items()
    ):
        raise Unbuildable("when it did so was asked, not of which it is so")
    if asks_where(ctx.words) and not _tells_place(plan):
        raise Unbuildable("it was asked where")
    if said[:1] in (["who"], ["whom"]) and _only_marks(plan, ctx):
        raise Unbuildable("who it is was asked, not whether")
    told = any(isinstance(n, _TOLD) for n in nodes)
    if said[:1] == ["how"] and set(said[1:2]) & _HELPING and not told:
        raise Unbuildable("it was asked how")
    if said[:1] == ["how"] and set(said[1:2]) & _BEING and _ends_done(said) and not _parted(nodes):
        raise Unbuildable("it was asked how it was done")
    if (again := _AGAIN.search(" ".join(said))) and _shown_once(again["what"], plan, ctx):
        raise Unbuildable("the same of something else was asked for, too")
    if _half_a_name(nodes, ctx):
        raise Unbuildable("a word of a name was passed over")
    if said[:2] == ["how", "much"] and not told and not _tells_number(plan, ctx):
        raise Unbuildable("it was asked how much")


def _is_deed(mention: Mention, found: Candidate, said: Sequence[str], ctx: Context) -> bool:
    """`when did our first shop open`: a verb with a date of its own, no state of something."""
    if found.kind != "value" or mention.last - mention.first != 1:
        return False
    if set(said[mention.last : mention.last + 1]) - {"and", ",", "?", ".", "for", "in"}:
        return False
    verb = stem(said[mention.first])
    return any(
        c.is_date and verb in names.stems_of(c.name)
        for t in ctx.scope.view.tables for c in t.columns
    )  # fmt: skip


# `their last name and the last name of their boss`
_AGAIN = re.compile(
    r"(?<!\S)(?P<what>[a-z]+(?: [a-z]+)?) and (?:the |that )?(?P=what) of"
    r" (?:the|their|his|her|its|each) "
)


def _shown_once(what: str, plan: P.Query, ctx: Context) -> bool:
    """Whether it is shown of one thing only."""
    words = {lemma(w) for w in what.split()}
    shown = [c for c in _columns(plan, ctx) if words <= {lemma(w) for w in names.words_of(c.name)}]
    return len(shown) == 1


def _half_a_name(nodes: Sequence[object], ctx: Context) -> bool:
    """`have a loyalty card`, where loyalty was passed over, and card is a value of something else:
    the two words are one name."""
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    used = {f"{tables.get(n.alias)}.{n.name}" for n in nodes if isinstance(n, P.Column)}
    view = ctx.scope.view
    passed = {
        m.last: view.column(c.id) for m, c in ctx.chosen.items()
        if c.kind == "column" and c.id not in used and not view.column(c.id).is_date
    }  # fmt: skip
    return any(
        c.kind == "value" and m.last == m.first + 1 and (half := passed.get(m.first)) is not None
        and half.table != c.table and half.name != view.column(c.id).name
        for m, c in ctx.chosen.items()
    )  # fmt: skip


def _only_marks(plan: P.Query, ctx: Context) -> bool:
    """Whether nothing but yes or no is shown."""
    shown = [n for s in plan.steps if isinstance(s, P.Project) for n in s.columns]
    columns = _columns(plan, ctx)
    return bool(shown) and len(columns) == len(shown) and all(c.type == "boolean" for c in columns)


def _ends_done(said: Sequence[str]) -> bool:
    """`how were they resolved`: what was done, behind all else."""
    last = next((t for t in reversed(tokenize(" ".join(said))) if t.kind == "word"), None)
    return last is not None and is_participle(last)


def _parted(nodes: Sequence[object]) -> bool:
    """Whether the plan tells it by something."""
    return any(isinstance(n, P.Group) and n.keys for n in nodes)


def _spoken(words: Sequence[str]) -> list[str]:
    """What is said now, without `show me` and the marks that stand for what was asked before."""
    said = [w.lower() for w in words if w != "."]
    first = next((n for n, w in enumerate(said) if w not in _OPENING), 0)
    return said[first:]


def asks_where(words: Sequence[str]) -> bool:
    """`where are our stores?`, said first or behind what was asked before."""
    said = _spoken(words)
    again = zip(said, said[1:], said[2:], strict=False)  # `which is the largest, and where is it?`
    return said[:1] == ["where"] or any(
        at == "where" and it in ("it", "they", "that", "this") for at, _, it in again
    )


def places_of(table: Table) -> list[Column]:
    """The columns that say where a row's thing is."""
    return [c for c in table.columns if PLACE_PARTS & set(names.words_of(c.name))][:MOST]


def _tells_place(plan: P.Query) -> bool:
    """Whether what is shown is a place, or has one."""
    shown = [n for s in plan.steps if not isinstance(s, P.Filter) for n in below(s)]
    return any(isinstance(n, P.Column) and PLACE_PARTS & set(names.words_of(n.name)) for n in shown)


def _tells_time(plan: P.Query, ctx: Context) -> bool:
    """Whether the plan shows or orders by a date; `when` asks for one."""
    columns = _columns(plan, ctx)
    return any(c.is_date or c.type in TEMPORAL or "year" in c.name.lower() for c in columns)


def _tells_number(plan: P.Query, ctx: Context) -> bool:
    """Whether the plan shows or orders by a number that is no key."""
    keys = {*ctx.scope.graph.references}
    return any(
        c.is_number and c.id not in keys and c.name not in ctx.scope.view.table(c.table).primary_key
        for c in _columns(plan, ctx)
    )


def _columns(plan: P.Query, ctx: Context) -> list[Column]:
    """The columns that are shown or ordered by."""
    shown = [n for s in plan.steps if not isinstance(s, P.Filter) for n in below(s)]
    tables = {n.alias: n.table for n in below(plan) if isinstance(n, P.Source | P.Join)}
    return [
        ctx.scope.view.column(f"{tables[n.alias]}.{n.name}") for n in shown
        if isinstance(n, P.Column) and n.alias in tables
    ]  # fmt: skip
