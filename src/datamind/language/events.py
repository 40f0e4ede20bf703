"""Events: what somebody did in a period happened then, not the doer: `customers who bought in May`
are no customers of May."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.index import Index, synonyms
from datamind.language.kept import named_table
from datamind.language.scope import dates_of
from datamind.language.sketch import Mention
from datamind.language.tables import keywords as K
from datamind.language.tables.irregular import VERBS
from datamind.language.tokens import Token, lemma, stem
from datamind.language.units import Unit
from datamind.semantics import plan as P

_BETWEEN = frozenset(
    """in on during since from over within through between the something anything us with once twice
    times at least most more than only again out off""".split()
)


def heed_events(units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where a period that was said of what somebody did is taken for another date of
    theirs, or where what they did the most was passed over."""
    if any(_comes_again(m, c, ctx) for m, c in ctx.chosen.items()):
        raise Unbuildable("who comes again sends nothing back")
    if _left_out(units, ctx):
        raise Unbuildable("which of them was said first")
    if any(u.code == K.SUPERLATIVE and _passed_over(u, units, ctx) for u in units):
        raise Unbuildable("what was done the most was said")
    if "yet" in ctx.words and any(_is_one_state(m, c, ctx) for m, c in ctx.chosen.items()):
        raise Unbuildable("that it has not happened was said, not that its state is another")
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    dated = {
        (tables[d.alias], d.name) for d in ctx.dates
        if isinstance(d, P.Column) and d.alias in tables
    }  # fmt: skip
    if not dated:
        return
    none = {c.table for m, c in ctx.chosen.items() if m.role == "relation"} - {ctx.scope.home}
    if "yet" in ctx.words and none & {t for t, _ in dated}:
        raise Unbuildable("what has not happened yet has no date")
    for unit in units:
        verb = _verb_before(ctx.words, unit.first) if unit.code == "d" else ""
        events = (happenings(ctx.index, verb) or _dated_by(verb, ctx)) if verb else frozenset()
        if events and all(_is_of_doer(t, c, verb, events, ctx) for t, c in dated):
            raise Unbuildable("when it was done was said")
        away = verb and not events
        if away and all(_is_elsewhere(verb, t, c, unit.first, ctx) for t, c in dated):
            raise Unbuildable("no date tells when it happened")


def _comes_again(meant: Mention, found: Candidate, ctx: Context) -> bool:
    """`returning customers`, where they were taken for what is returned."""
    if ctx.words[meant.first].lower() != "returning" or found.source == "grammar":
        return False
    after = ctx.lemmas[meant.first + 1 : meant.first + 2]
    items = [ctx.index.items[p.item] for w in after for p in ctx.index.postings.get(w, ())]
    known = any(i.kind == "table" and i.table in ctx.index.persons for i in items)
    beside = ctx.words[meant.first - 1].lower() in ("vs", "versus", "or")  # `new vs returning`
    return known or bool(_COMERS & {*after, *(ctx.lemmas if beside else ())})


_COMERS = frozenset("customer client user guest visitor buyer member patient shopper".split())


def _left_out(units: Sequence[Unit], ctx: Context) -> bool:
    """`Paid orders by month`: whether what the first word says of the rows was passed over."""
    at = int(ctx.words[0].lower() in ("list", "show")) if ctx.words else 0
    word = ctx.words[at].lower() if ctx.words[at + 1 :] else ""
    past = word.endswith("ed") or word in VERBS
    if not past or word in _OF_ALL or any(u.first <= at < u.last for u in units):
        return False
    return any(
        m.first == at + 1 and c.kind in ("table", "metric") for m, c in ctx.chosen.items()
    )  # fmt: skip


# What is so of all that the data holds.
_OF_ALL = frozenset(
    """listed recorded registered ordered sorted needed wanted used combined placed rounded logged
    submitted reported estimated""".split()
)


def _is_one_state(mention: Mention, found: Candidate, ctx: Context) -> bool:
    """`orders not shipped yet`, where there are shipments of orders: what was shipped and has
    arrived is no longer in the state `shipped`."""
    if found.kind != "value" or mention.last - mention.first != 1:
        return False
    verb = ctx.words[mention.first].lower()
    edges, of = ctx.scope.graph.edges, {found.table, ctx.scope.home}
    return any(
        event not in of and any(e.end in of for e in edges.get(event, ()))
        for event in happenings(ctx.index, verb)
    )


def _passed_over(most: Unit, units: Sequence[Unit], ctx: Context) -> bool:
    """Whether `the most` is said of a verb that nothing explains: `which city complains the most`;
    what is used or chosen the most is counted."""
    words, at = [w.lower() for w in ctx.words], most.first
    behind = words[most.last : most.last + 1]
    if not {"most", "least"} & set(words[at : most.last]) or (behind and behind[0] not in _BEHIND):
        return False
    while at and words[at - 1] in ("the", "us", "them"):
        at -= 1
    if at < 2 or any(u.first < at <= u.last for u in units if u.code != " "):
        return False
    return words[at - 1] not in K.STOP | _HAPPENING


_BEHIND = frozenset("? . , ; ! in on at during since last this from of for over".split())
_HAPPENING = frozenset(
    """occurs occur occurred appears appear appeared happens happen happened comes come came chosen
    used picked selected preferred mentioned reported recorded seen found up""".split()
)


def _is_elsewhere(verb: str, table: str, column: str, at: int, ctx: Context) -> bool:
    """Whether the date is of something else than the thing of which the verb is said: `stores
    closed in 2025` by the day on which a complaint was closed."""
    said = [w.lower() for w in ctx.words[:at]]
    place = max(n for n, w in enumerate(said) if w == verb)
    noun = next((n for n in range(place - 1, -1, -1) if said[n] not in _LINKING), None)
    if noun is None or (noun and said[noun - 1] in _OF):
        return False  # of what stands further before it
    tokens = [Token(w, w, m, "word", 0, 0) for w, m in zip(said, ctx.lemmas, strict=False)]
    named = named_table(ctx.index, tokens[noun], tokens[: noun + 1])
    meant = {c.id for m, c in ctx.chosen.items() if m.first <= place < m.last}
    told = ctx.index.column_words.get(f"{table}.{column}", frozenset())
    told |= ctx.index.table_words.get(table, frozenset())
    own = named is None or named == table or table in meant
    return not own and stem(verb) not in {stem(w) for w in told}


_OF = frozenset("of about for with by from in on at to and or without".split())
_LINKING = frozenset("that which who were was are is have has had been got being".split())


def _dated_by(verb: str, ctx: Context) -> frozenset[str]:
    """The tables with a date that the verb names: `dropped out` of enrolments with `dropped_on`."""
    return frozenset(
        t.id for t in ctx.scope.view.tables for c in dates_of(t)
        if stem(verb) in map(stem, names.split(c.name))
    )  # fmt: skip


def _verb_before(words: Sequence[str], at: int) -> str:
    """The past form that the period is said of, if one stands before it."""
    while at > 0 and words[at - 1].lower() in _BETWEEN:
        at -= 1
    word = words[at - 1].lower() if at else ""
    return word if word in VERBS or (word.endswith("ed") and not word.endswith("eed")) else ""


def happenings(index: Index, verb: str) -> frozenset[str]:
    """The tables whose rows are what the verb says: `bought` of purchases, orders or sales."""
    names = {lemma(verb), *synonyms().get(verb, ())}
    postings = [p for n in names for p in index.postings.get(n, ())]
    postings += index.stems.get(stem(verb), ())
    items = (index.items[p.item] for p in postings if p.word >= 0)
    return frozenset(i.table for i in items if i.kind == "table" and len(i.core) == 1)


def _is_of_doer(table: str, column: str, verb: str, events: frozenset[str], ctx: Context) -> bool:
    """Whether the date is of those to whom the events refer, and not named by the verb."""
    said = ctx.index.column_words.get(f"{table}.{column}", frozenset())
    if table in events or stem(verb) in said or verb in said:
        return False
    edges = (e for event in events for e in ctx.scope.graph.edges.get(event, ()))
    return any(e.end == table and not e.to_many for e in edges)
