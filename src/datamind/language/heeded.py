"""What a question says outright and its plan must show: numbers, `median`, `average`, `but not`.

A plan that leaves one of them out answers another question, however well the rest fits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from datamind.language import names
from datamind.language.context import Context, Unbuildable
from datamind.language.units import Top, Unit
from datamind.semantics import plan as P
from datamind.semantics.walk import below

_MEANS = frozenset({"avg", "average", "median", "mean"})
_YES_OR_NO = frozenset({"is", "are", "was", "were", "did", "does", "do", "has", "have"})
# What a number may have become: percent, thousands, and units of time.
_SCALES = (1, Decimal("0.01"), 100, 1000, 60, 24, 7, 3600, 86400)


def heed(plan: P.Query, units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where the plan leaves out what was said."""
    nodes = list(below(plan))
    said = [w.lower() for w in ctx.words]
    _heed_numbers(nodes, units)
    _heed_averages(nodes, set(said), ctx)
    _heed_parts(nodes, set(said), ctx)
    grouped = any(isinstance(n, P.Group) and n.keys for n in nodes)
    measures = max((len(n.measures) for n in nodes if isinstance(n, P.Group)), default=0)
    computed = any(isinstance(n, P.Arithmetic | P.Window) for n in nodes)
    if {"versus", "vs", "compared"} & set(said) and not (grouped or computed) and measures == 1:
        raise Unbuildable("one number is compared with nothing")
    if said and said[0] in _YES_OR_NO and {"than", "or"} & set(said) and not grouped:
        raise Unbuildable("two sides were to be compared")
    denied = any(isinstance(n, P.Not) or (isinstance(n, P.Compare) and n.op == "!=") for n in nodes)
    if not denied and any(f"but {no}" in " ".join(said) for no in ("not", "no", "never")):
        raise Unbuildable("what is left out was said")
    if "both" in said and any(isinstance(n, P.OneOf) for n in nodes):
        raise Unbuildable("both, not one of them")


def _heed_averages(nodes: Sequence[object], said: set[str], ctx: Context) -> None:
    metrics = [ctx.scope.view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    missing = {c.id for c in ctx.chosen.values() if c.kind == "metric"} - {m.name for m in metrics}
    if any(ctx.scope.view.metrics_by_name[name].filters for name in missing):
        raise Unbuildable("which rows a metric counts was said")
    functions = [n.function for n in nodes if isinstance(n, P.Aggregate)]
    labels = [w for m in metrics for w in (str(m.aggregation), *m.label.lower().split())]
    means = _MEANS & {*functions, *labels}
    if "median" in said and "median" not in means:
        raise Unbuildable("the median was asked for")
    shown = bool(means) or any(m.kind != "simple" for m in metrics)
    shown = shown or any(
        isinstance(n, P.Window) or (isinstance(n, P.Arithmetic) and n.op == "/") for n in nodes
    )
    held = any(_MEANS & set(ctx.lemmas[m.first : m.last]) for m in ctx.chosen)
    if {"average", "mean"} & said and not shown and not held:
        raise Unbuildable("an average was asked for")


_PARTS = frozenset("percent percentage share proportion fraction".split())
_RATES = frozenset("percent percentage pct perc share proportion fraction rate ratio".split())


def _heed_parts(nodes: Sequence[object], said: set[str], ctx: Context) -> None:
    """`what percentage of`: a part of something, or a column or metric that is one."""
    if not _PARTS & said:
        return
    divided = any(isinstance(n, P.Arithmetic) and n.op == "/" for n in nodes)
    view = ctx.scope.view
    metrics = [view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    told = {w for c in ctx.used for w in names.words_of(view.column(c).name)}
    told |= {w for m in metrics for w in (*names.words_of(m.name), *m.label.lower().split())}
    named = any(_PARTS & set(ctx.lemmas[m.first : m.last]) for m in ctx.chosen)
    if not (divided or _RATES & told or named or any(m.kind != "simple" for m in metrics)):
        raise Unbuildable("a part of the whole was asked for")


def _heed_numbers(nodes: Sequence[object], units: Sequence[Unit]) -> None:
    shown: set[Decimal] = set()
    texts = ""
    for node in nodes:
        if isinstance(node, P.Value):
            value = node.value
            if isinstance(value, str):
                texts += f" {value}"
            elif isinstance(value, dt.date):
                shown |= {Decimal(value.year), Decimal(value.month), Decimal(value.day)}
            elif isinstance(value, int | float | Decimal):
                shown.add(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
        elif isinstance(node, P.Limit | P.TopPerGroup):
            shown.add(Decimal(node.count))
    counts = {n.count for n in nodes if isinstance(n, P.Limit | P.TopPerGroup)}
    for unit in units:
        if isinstance(unit.payload, Top) and unit.payload.count not in counts:
            raise Unbuildable("so many were asked for")
        if unit.code != "n" or not isinstance(unit.payload, int | float):
            continue
        number = Decimal(repr(unit.payload))
        if f"{number:g}" in texts or any(number * scale in shown for scale in _SCALES):
            continue
        raise Unbuildable("a number was not heeded")
