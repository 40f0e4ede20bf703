"""Figures said: money, costs and targets that a question speaks of, and its plan must have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from datamind.language.context import Context, Unbuildable
from datamind.language.tables import keywords as K
from datamind.language.units import Unit
from datamind.semantics import plan as P

_WORTH = frozenset({"value", "revenue", "turnover", "worth"})
_REACHED = frozenset("reached reach met meet hit beat missed miss surpassed exceeded".split())
_TARGETS = frozenset({"target", "goal", "quota", "budget"})
_SPENT = frozenset("spend spent pay paid earn earned take took make made charge cost".split())


def heed_figures(nodes: Sequence[object], units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where a figure was said and the plan has none, or only counts."""
    aggregates = [n for n in nodes if isinstance(n, P.Aggregate)]
    said = [w.lower() for w in ctx.words]
    counts = all(a.function == "count" and not a.distinct for a in aggregates)
    metric = any(isinstance(n, P.Metric) for n in nodes)
    if aggregates and counts and not metric and _named(_WORTH, ctx):
        raise Unbuildable("a worth is no count")
    if said[:2] == ["what", "did"] and _SPENT & set(said[2:5]) and not (aggregates or metric):
        raise Unbuildable("what it came to was asked for")
    if _REACHED & set(said) and _TARGETS & set(ctx.lemmas) and not any(map(_compares, nodes)):
        raise Unbuildable("set against a target")
    ordered = any(isinstance(n, P.Compare) and n.op in ("<", ">", "<=", ">=") for n in nodes)
    if not ordered and _OR_SO & set(pairwise(said)):
        raise Unbuildable("so many or more")
    if _who_is_a_figure(units, said, ctx):
        raise Unbuildable("who it is was asked, not how many")
    told = {n for m in ctx.chosen for n in range(m.first, m.last)}
    told |= {n for u in units if u.code in "PM" for n in range(u.first, u.last)}
    if any(pair == ("on", "time") and n + 1 not in told for n, pair in enumerate(pairwise(said))):
        raise Unbuildable("on time, which nothing says")
    if _per_time(units, ctx) and not (aggregates or metric):
        raise Unbuildable("a figure of each period was asked for")


_OR_SO = frozenset({("or", "more"), ("or", "fewer"), ("or", "less"), ("or", "above")})


def _who_is_a_figure(units: Sequence[Unit], said: Sequence[str], ctx: Context) -> bool:
    """`who are the two customers`, where customers were taken for the number of them."""
    for at, unit in enumerate(units):
        if unit.code == K.ASK and said[unit.first] == "who":
            noun = next((u for u in units[at + 1 : at + 3] if u.code == "c"), None)
            return noun is not None and any(
                m.first == noun.first and c.kind == "metric" for m, c in ctx.chosen.items()
            )
    return False


def _named(words: Collection[str], ctx: Context) -> bool:
    """Whether a name that was taken for a table ends with one of the words."""
    return any(c.kind == "table" and ctx.lemmas[m.last - 1] in words and m.last - m.first > 1
               for m, c in ctx.chosen.items() if m.last)  # fmt: skip


def _compares(node: object) -> bool:
    """Whether two things of the data are compared with each other."""
    return isinstance(node, P.Compare) and not isinstance(node.right, P.Value) and node.op != "="


def _per_time(units: Sequence[Unit], ctx: Context) -> bool:
    """`costs per quarter`."""
    grains = {m.first for m, c in ctx.chosen.items() if c.kind == "grain"}
    return any(one.code == K.GROUP and one.payload == "per" and other.first in grains
               for one, other in pairwise(units))  # fmt: skip


def never(both: P.And) -> bool:
    """Whether one date would have to lie in two periods that are apart."""
    spans = [i for i in _all_of(both) if isinstance(i, P.Between)]
    return any(
        one.of == other.of and isinstance(one.high, P.Value) and isinstance(other.low, P.Value)
        and isinstance(one.high.value, dt.date) and isinstance(other.low.value, dt.date)
        and one.high.value <= other.low.value
        for one in spans for other in spans
    )  # fmt: skip


def _all_of(part: P.Predicate) -> Iterator[P.Predicate]:
    if isinstance(part, P.And):
        for item in part.items:
            yield from _all_of(item)
    else:
        yield part
