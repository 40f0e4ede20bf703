"""Figures said: money, costs and targets that a question speaks of, and its plan must have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.numbers import PLACES
from datamind.language.sketch import Mention
from datamind.language.tables import keywords as K
from datamind.language.units import Top, Unit
from datamind.language.vacuous import all_of
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
    if any(_is_amount(u, said) for u in units) and any(_counts_rows(n, ctx) for n in nodes):
        raise Unbuildable("an amount is no count")
    if {"heavier", "lighter"} & set(said) and not any(map(_weighs, nodes)):
        raise Unbuildable("what it weighs was compared")
    if said[:2] == ["what", "did"] and _SPENT & set(said[2:5]) and not (aggregates or metric):
        raise Unbuildable("what it came to was asked for")
    if _REACHED & set(said) and _TARGETS & set(ctx.lemmas) and not any(map(_compares, nodes)):
        raise Unbuildable("set against a target")
    ordered = any(isinstance(n, P.Compare) and n.op in ("<", ">", "<=", ">=") for n in nodes)
    if not ordered and _OR_SO & set(pairwise(said)):
        raise Unbuildable("so many or more")
    if _ONE & set(pairwise(said)) and not any(map(_is_one, nodes)):
        raise Unbuildable("no more than one was said")
    _heed_words(nodes, units, said, ctx)
    _heed_parts(nodes, set(said), ctx)
    _heed_how(nodes, said, aggregates, ctx)
    placed = any(u.code == K.SUPERLATIVE and said[u.first] in PLACES for u in units)
    if placed and not any(isinstance(n, P.Limit) and n.offset for n in nodes):
        raise Unbuildable("at which place it stands was said")
    firsts = any(isinstance(n, P.Limit) and n.count == 1 for n in nodes)
    per = "per" in said and not any(u.first <= said.index("per") < u.last for u in units)
    if per and firsts:
        raise Unbuildable("the first of each was asked for")
    each = any(u.code == K.GROUP and u.payload == "per" for u in units)
    groups = [n for n in nodes if isinstance(n, P.Group)]
    divided = any(isinstance(n, P.Arithmetic | P.Window | P.Project | P.Metric) for n in nodes)
    if (per or each) and groups and not any(g.keys for g in groups) and not divided:
        raise Unbuildable("a figure of each was asked for")
    rows = said[:1] == ["list"] or (said[:1] == ["show"] and "all" in said[1:4])
    rows = rows and not any(isinstance(n, P.Group) and n.keys for n in nodes)
    if rows and any(_counts_rows(n, ctx) for n in nodes):
        raise Unbuildable("which they are was asked for, not how many")
    if "both" in said and any(_by_a_flag(n, units, ctx) for n in nodes):
        raise Unbuildable("what both hold of is no group")
    if _BEST & set(said) and any(_of_dates(a, ctx) for a in aggregates):
        raise Unbuildable("the last day is not the best")
    if any(c.kind == "metric" and ctx.words[m.first - 1].lower() == "but"
           for m, c in ctx.chosen.items() if m.first):  # fmt: skip
        raise Unbuildable("what is so, too, is no other figure")
    if _who_is_a_figure(units, said, ctx):
        raise Unbuildable("who it is was asked, not how many")
    told = {n for m in ctx.chosen for n in range(m.first, m.last)}
    told |= {n for u in units if u.code in "PM" for n in range(u.first, u.last)}
    if any(pair in _STATES and n + 1 not in told for n, pair in enumerate(pairwise(said))):
        raise Unbuildable("on time, on hold or full, which nothing says")
    if _per_time(units, ctx) and not (aggregates or metric):
        raise Unbuildable("a figure of each period was asked for")


_STATES = frozenset({("on", "time"), ("on", "hold"), ("are", "full"), ("is", "full")})
_BEST = frozenset({"best", "worst", "strongest", "weakest", "busiest"})


def _by_a_flag(node: object, units: Sequence[Unit], ctx: Context) -> bool:
    """Whether rows are grouped by a yes or no though nothing says by what."""
    if not isinstance(node, P.Group) or any(u.code in (K.GROUP, K.BY) for u in units):
        return False
    flags = {ctx.scope.view.column(c.id).name for c in ctx.chosen.values()
             if c.kind == "column" and c.type == "boolean"}  # fmt: skip
    return any(isinstance(k.expr, P.Column) and k.expr.name in flags for k in node.keys)


def _of_dates(aggregate: P.Aggregate, ctx: Context) -> bool:
    """Whether the first or last of some dates is taken."""
    held = {alias: table for table, alias in ctx.scope.aliases.items()}
    of = aggregate.arg
    if aggregate.function not in ("min", "max") or not isinstance(of, P.Column):
        return False
    return of.alias in held and ctx.scope.view.column(f"{held[of.alias]}.{of.name}").is_date


_ONE = frozenset({("only", "one"), ("just", "one"), ("exactly", "one")})


def _is_one(node: object) -> bool:
    """Whether a plan's part holds a number of one: a value, or how many are shown."""
    if isinstance(node, P.Value):
        return node.value in (1, 2)
    return isinstance(node, P.Limit | P.TopPerGroup) and node.count == 1


_WEIGHTS = frozenset("weight weights mass kg kilo gram grams lbs pounds tons tonnes load".split())


def _weighs(node: object) -> bool:
    return isinstance(node, P.Column) and bool(_WEIGHTS & set(names.words_of(node.name)))


def _is_amount(unit: Unit, said: Sequence[str]) -> bool:
    """`the total amount of orders`: what they come to, not how many they are."""
    return unit.code == K.AGGREGATE and bool(_AMOUNTS & set(said[unit.first : unit.last]))


_AMOUNTS = frozenset({"amount", "value"})


def _counts_rows(node: object, ctx: Context) -> bool:
    metric = ctx.scope.view.metrics_by_name[node.name] if isinstance(node, P.Metric) else None
    return metric is not None and str(metric.aggregation).startswith("count")


def _heed_words(
    nodes: Sequence[object], units: Sequence[Unit], said: Sequence[str], ctx: Context
) -> None:
    """Unbuildable, where a word that changes the question is not in the plan."""
    ordered = any(isinstance(n, P.Between) or (isinstance(n, P.Compare) and n.op in _OPEN)
                  for n in nodes)  # fmt: skip
    compares = any(u.code == "p" and getattr(u.payload, "op", "") in _OPEN for u in units) or any(
        u.code == K.COMPARE and u.payload in _OPEN for u in units
    )
    if compares and not ordered:
        raise Unbuildable("more or less than something")
    pairs = set(pairwise(said))
    times = any(isinstance(n, P.Arithmetic) and n.op == "*" for n in nodes)
    if not times and any(("than", w) in pairs for w in ("twice", "double", "triple", "half")):
        raise Unbuildable("a multiple was said")
    ways = {K.SUPERLATIVES[str(u.payload)][0] for u in units if u.code == K.SUPERLATIVE}
    limits = sum(isinstance(n, P.Limit | P.TopPerGroup) for n in nodes)
    if len(ways) > 1 and limits == 1:
        raise Unbuildable("both ends were asked for")
    denied = sum(isinstance(n, P.Not) or (isinstance(n, P.Compare) and n.op == "!=") for n in nodes)
    if "neither" in said and denied < 2:
        raise Unbuildable("neither of the two")
    extreme = any(isinstance(n, P.Limit | P.TopPerGroup | P.WindowCall) or (
        isinstance(n, P.Aggregate) and n.function in ("min", "max")) for n in nodes)  # fmt: skip
    if not extreme and any(("whose", w) in pairs for w in ("last", "latest", "first", "earliest")):
        raise Unbuildable("the last of each was said")
    if ("with", "and") in pairs and ("and", "without") in pairs and not _both_ways(nodes):
        raise Unbuildable("with and without")
    if any(map(_contradicts, _alternatives(nodes))):
        raise Unbuildable("what is one thing is no other")


def _both_ways(nodes: Sequence[object]) -> bool:
    return any(isinstance(n, P.Case) for n in nodes)


def _alternatives(nodes: Sequence[object]) -> list[list[P.Predicate]]:
    """What holds together: the conditions of all rows with those of each figure."""
    rows = [p for n in nodes if isinstance(n, P.Filter) for p in all_of(n.where)]
    figures = [n.where for n in nodes if isinstance(n, P.Aggregate) and n.where is not None]
    return [rows, *([*rows, *all_of(w)] for w in figures)]


def _contradicts(parts: Sequence[P.Predicate]) -> bool:
    """Whether one column would have to be two texts at once."""
    held: dict[P.Expr, str] = {}
    for part in parts:
        value = part.right.value if _is_equal(part) else None  # type: ignore[union-attr]
        if isinstance(value, str) and held.setdefault(part.left, value) != value:  # type: ignore[union-attr]
            return True
    return False


def _is_equal(part: P.Predicate) -> bool:
    return isinstance(part, P.Compare) and part.op == "=" and isinstance(part.right, P.Value)


_OR_SO = frozenset({("or", "more"), ("or", "fewer"), ("or", "less"), ("or", "above")})


def _who_is_a_figure(units: Sequence[Unit], said: Sequence[str], ctx: Context) -> bool:
    """`who are the two customers`, where customers were taken for the number of them."""
    for at, unit in enumerate(units):
        if unit.code == K.ASK and said[unit.first] == "who":
            noun = next((u for u in units[at + 1 : at + 3] if u.code == "c"), None)
            return noun is not None and any(
                m.first == noun.first and c.kind == "metric" for m, c in ctx.chosen.items()
            )
    counted = any(u.code in (K.COUNT, K.AGGREGATE, K.RATIO) for u in units)
    return "who" in said and not counted and any(map(_is_people, ctx.chosen.items()))


def _is_people(meant: tuple[Mention, Candidate]) -> bool:
    """Whether people were taken for their number: `guests from Rome who came in May`."""
    said, found = meant
    rows = any(c.kind == "table" and c.score > _SURE for c in said.candidates)
    return found.kind == "metric" and rows


_SURE = 0.98  # the whole name was said


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
    spans = [s for s in map(_spans, all_of(both)) if s]
    return any(
        all(a.of == b.of and (a.high <= b.low or b.high <= a.low) for a in one for b in other)
        for one, other in combinations(spans, 2)
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of days that something must lie in."""

    of: P.Expr
    low: dt.date
    high: dt.date


def _spans(part: P.Predicate) -> list[_Span]:
    """The stretches of which it must be one; none where it says something else."""
    if isinstance(part, P.Or):
        found = [_spans(i) for i in part.items]
        return [s for spans in found for s in spans] if all(found) else []
    if isinstance(part, P.Between) and isinstance(part.low, P.Value):
        ends = part.low.value, part.high.value if isinstance(part.high, P.Value) else None
    elif isinstance(part, P.Compare) and isinstance(part.right, P.Value) and part.op in _OPEN:
        day = part.right.value
        ends = (dt.date.min, day) if part.op in ("<", "<=") else (day, dt.date.max)
    else:
        return []
    of = part.of if isinstance(part, P.Between) else part.left
    low, high = ends
    return [_Span(of, low, high)] if type(low) is type(high) is dt.date else []


_OPEN = frozenset({"<", "<=", ">", ">="})


_SURE = 0.99
_PARTS = frozenset("percent percentage pct share proportion portion fraction".split())
_RATES = frozenset("percent percentage pct perc share proportion fraction rate ratio".split())


def _heed_parts(nodes: Sequence[object], said: set[str], ctx: Context) -> None:
    """`what percentage of`: a part of something, or a column or metric that is one."""
    divided = any(isinstance(n, P.Arithmetic) and n.op == "/" for n in nodes)
    if "divided" in said and not divided:
        raise Unbuildable("one divided by the other was asked for")
    if not (_PARTS | _RATIOS) & said:
        return
    for m, c in ctx.chosen.items():  # `percentage of new members` is no rate of another name
        alone = set(ctx.lemmas[m.first : m.last]) <= _PARTS and c.kind in ("metric", "column")
        if alone and c.score < _SURE and ctx.lemmas[m.last : m.last + 1] == ("of",):
            raise Unbuildable("of what it is a percentage was said")
    view = ctx.scope.view
    metrics = [view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    told = {w for c in ctx.used for w in names.words_of(view.column(c).name)}
    told |= {w for m in metrics for w in (*names.words_of(m.name), *m.label.lower().split())}
    named = any(_PARTS & set(ctx.lemmas[m.first : m.last]) for m in ctx.chosen)
    means = any(isinstance(n, P.Aggregate) and n.function == "avg" for n in nodes)
    if not _PARTS & said and (means or _RATIOS & _of(ctx)):
        return
    if not (divided or _RATES & told or named or any(m.kind != "simple" for m in metrics)):
        raise Unbuildable("a part of the whole was asked for")


_RATIOS = frozenset({"rate", "ratio"})


def _of(ctx: Context) -> set[str]:
    """The words of all names that were understood."""
    return {ctx.lemmas[at] for m in ctx.chosen for at in range(m.first, m.last)}


_STOCK = frozenset({"stock", "inventory", "hand", "available", "reserved"})
_SOLD = frozenset({"sold", "sell", "sells", "selling", "bought", "ordered"})
_WORSE = frozenset({"better", "worse"})
_MONEY = frozenset("cents amount price cost fee revenue salary usd eur gbp".split())


def _measured_in(nodes: Sequence[object]) -> bool:
    """Whether a column of money is told or compared."""
    columns = (n for n in nodes if isinstance(n, P.Column))
    return any({*names.words_of(c.name)} & (_MONEY | {"budget", "spend"}) for c in columns)


def _heed_how(
    nodes: Sequence[object], said: Sequence[str], aggregates: Sequence[P.Aggregate], ctx: Context
) -> None:
    """How many there are is no sum of money, how good no count, and neither is what was spent."""
    asked = said[:2] == ["how", "much"] or bool(
        _AHEAD & set(said) and _SPEND & _unlinked(said, ctx)
    )
    if asked and _SPEND & set(said) and _counts_only(nodes, aggregates, ctx):
        raise Unbuildable("how much, not how many")
    metrics = any(isinstance(n, P.Metric) for n in nodes)
    if {"spend", "budget"} & set(said) and not (aggregates or metrics or _measured_in(nodes)):
        raise Unbuildable("a sum of money was asked for")
    columns = [a.arg for a in aggregates if isinstance(a.arg, P.Column)]
    words = {w for c in columns for w in names.words_of(c.name)}
    if _SOLD & set(said) and words & _STOCK - set(ctx.lemmas):
        raise Unbuildable("what was sold, not what is there")
    if metrics or not aggregates:
        return
    if _WORSE & set(said) and all(a.function == "count" for a in aggregates):
        raise Unbuildable("how good, not how many")
    sums = all(a.function in ("sum", "avg") for a in aggregates)
    if said[:2] == ["how", "many"] and sums and words & _MONEY - set(ctx.lemmas):
        raise Unbuildable("how many, not how much")


_SPEND = frozenset(
    "spend spends spent spending pay pays paid earn earns earned owe owes owed".split()
)
_AHEAD = frozenset({"most", "least", "more", "less", "vs", "versus"})


def _unlinked(said: Sequence[str], ctx: Context) -> set[str]:
    """The words that name nothing of what was found."""
    named = {at for m in ctx.chosen for at in range(m.first, m.last)}
    return {w for at, w in enumerate(said) if at not in named}


def _counts_only(nodes: Sequence[object], aggregates: Sequence[P.Aggregate], ctx: Context) -> bool:
    """Whether each figure is a number of rows."""
    metrics = [ctx.scope.view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    counts = [a.function == "count" for a in aggregates]
    counts += [(m.aggregation or "").startswith("count") for m in metrics]
    return bool(counts) and all(counts)


# What a number may have become: percent, thousands, and units of time.
_SCALES = tuple(map(Decimal, ("1", "0.01", "100", "1000", "60", "24", "7", "3600", "86400")))


def heed_numbers(nodes: Sequence[object], units: Sequence[Unit]) -> None:
    """Unbuildable, where a number was said and the plan has it nowhere."""
    shown: list[Decimal] = []
    texts = ""
    for node in nodes:
        if isinstance(node, P.Value):
            value = node.value
            if isinstance(value, str):
                texts += f" {value}"
            elif isinstance(value, dt.date):
                shown += [Decimal(value.year), Decimal(value.month), Decimal(value.day)]
            elif isinstance(value, int | float | Decimal):
                shown.append(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
        elif isinstance(node, P.Limit | P.TopPerGroup):
            shown.append(Decimal(node.count))
    counts = {n.count for n in nodes if isinstance(n, P.Limit | P.TopPerGroup)}
    for unit in units:
        if isinstance(unit.payload, Top) and unit.payload.count not in {*counts, *shown}:
            raise Unbuildable("so many were asked for")
        if unit.code != "n" or not isinstance(unit.payload, int | float):
            continue
        number = Decimal(repr(unit.payload))
        if f"{number.normalize():f}" in texts:
            continue
        again = sum(int(u.code == "n" and u.payload == unit.payload) for u in units)
        if sum(shown.count(number * scale) for scale in _SCALES) < again:
            raise Unbuildable("a number was not heeded")
