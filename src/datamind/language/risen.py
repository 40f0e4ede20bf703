"""Risen: whose figure rose or fell from one period to the next.

`customers who spent more in 2025 than in 2024`, `how many brands sold fewer units this year than
last`: each thing's figure in the one period against its figure in the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from datamind.language import against, measures
from datamind.language.beyond import each_of, home_of
from datamind.language.conditions import predicate
from datamind.language.context import Context, Unbuildable, conjunction
from datamind.language.draft import Draft, aggregate
from datamind.language.relations import inner_context
from datamind.language.sketch import Cond, Measure, Mention, Output, Over, Sketch
from datamind.semantics import plan as P

KIND = "risen"


def settle(sketch: Sketch) -> None:
    """The sketch with the change as a condition, where it asks whose figure rose or fell."""
    over = sketch.over
    if over is None or over.kind not in ("rose", "verb") or over.top or sketch.ranks:
        return
    head = _head(sketch)
    if head is None or (over.kind == "verb" and not _asks_which(sketch)):
        return
    said = next(((c, s) for c in sketch.conds if (s := _sides(c, over)) is not None), None)
    figures = [m for m in (*sketch.outputs[1:], *sketch.related) if _may_change(m)]
    sketch.over = None
    if said is None or not figures or sketch.groups:
        sketch.unused += 1  # what rose, or since when, was not said
        return
    cond, (now, before) = said
    figure = max(figures, key=lambda m: m.first)
    if isinstance(figure, Mention):
        figure.role = "measure"
    measure = figure if isinstance(figure, Measure) else Measure("either", target=figure)
    sketch.outputs, sketch.related = sketch.outputs[:1], _others(sketch.related, figure)
    sketch.conds = [c for c in sketch.conds if c is not cond]
    op = "<" if over.falls else ">"
    sketch.conds.append(Cond(KIND, op=op, measure=measure, parts=(now, before), first=figure.first))


def _sides(cond: Cond, over: Over) -> tuple[Cond, Cond] | None:
    """The later and the earlier period: both were said, or `the year before`, or only what it is
    `down on`, the period now being the one after it."""
    pair = against.sides(cond)
    if pair is not None or cond.kind != "period" or cond.negated or cond.period is None:
        return pair
    period = cond.period
    if over.grain:
        earlier = against.period_before(period, over.grain)
        return (cond, replace(cond, period=earlier)) if earlier else None
    later = against.period_after(period) if over.kind == "rose" else None
    return (replace(cond, period=later), cond) if later else None


def _head(sketch: Sketch) -> Mention | None:
    """What rose or fell: what is listed, or counted."""
    first = sketch.outputs[0] if sketch.outputs else None
    if isinstance(first, Measure):
        return first.target if first.kind == "count" and not first.where else None
    if first is None or first.candidates[0].kind in ("metric", "grain"):
        return None
    return first


def _asks_which(sketch: Sketch) -> bool:
    """`which brands grew`, `how many shops declined`, and not `how much did sales grow`."""
    return isinstance(sketch.outputs[0], Measure) or sketch.opener not in ("how", "what", "when")


def _may_change(figure: Output) -> bool:
    if isinstance(figure, Measure):
        return not figure.per and not figure.inner
    best = figure.candidates[0]
    return best.kind in ("metric", "table", "column")


def _others(related: Sequence[Mention], figure: Output) -> list[Mention]:
    """What else was named, but for the verb of the figure: `sold` fewer units."""
    return [m for m in related if m is not figure and m.last < figure.first]


def to_date(sketch: Sketch, today: dt.date) -> Sketch:
    """Both periods up to the same day, where the later one is not over."""
    if all(c.kind != KIND for c in sketch.conds):
        return sketch
    conds = []
    for cond in sketch.conds:
        if cond.kind == KIND:
            now, before = against.alike(cond.parts[0], cond.parts[1], today)
            cond = replace(cond, parts=(now, before))
        conds.append(cond)
    return replace(sketch, conds=conds)


def risen(cond: Cond, sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """Adds the test to the draft, and where what rose or fell is listed both figures, or by how
    much they differ: what is named by a key and a name is wide enough."""
    counted = sketch.outputs[0] if sketch.outputs else None
    if isinstance(counted, Measure) and counted.target is not None:
        draft.where.append(_among(cond, counted.target, sketch, ctx))
        return
    names = [aggregate(draft, expr, name) for name, expr in _figures(cond, ctx)]
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    if head is not None and head.kind == "table":
        change = P.Arithmetic("-", *(_or_none(n, cond, ctx) for n in names))
        draft.outputs.append(P.Named("change", change))
    else:
        draft.outputs += [P.Named(n, P.Field(n)) for n in names]
    draft.having.append(_compared(cond, names, ctx))
    draft.where.append(predicate(_either(cond), ctx))


def _among(cond: Cond, counted: Mention, sketch: Sketch, ctx: Context) -> P.Predicate:
    """What is counted is among those whose figure changed so."""
    about = ctx.meaning(counted).table
    inner = inner_context(ctx, home_of(cond, about, ctx))
    outer = each_of(counted, ctx)
    keys = each_of(counted, inner)
    if len(keys) != 1 or len(outer) != 1:
        raise Unbuildable("what is counted has no key of its own")
    others = [c for c in sketch.conds if c is not cond]
    wheres = [predicate(c, inner) for c in (*others, _either(cond))]
    figures = tuple(P.Named(name, expr) for name, expr in _figures(cond, inner))
    each = P.Named("each", keys[0].expr)
    steps: tuple[P.Step, ...] = (
        P.Filter(conjunction(wheres)),
        P.Group((each,), figures),
        P.Filter(_compared(cond, [f.name for f in figures], inner)),
        P.Project((P.Named("each", P.Field("each")),)),
    )
    ctx.used |= inner.used
    return P.InQuery(outer[0].expr, P.Query(inner.scope.source(), steps))


def _figures(cond: Cond, ctx: Context) -> list[tuple[str, P.Expr]]:
    """The figure of the later period, then that of the earlier one."""
    assert cond.measure is not None
    sides = [
        replace(cond.measure, where=[*cond.measure.where, part], label=label, loose=False)
        for part, label in zip(cond.parts, ("now", "before"), strict=True)
    ]
    return [(measures.name_of(s, ctx), measures.expression(s, ctx)) for s in sides]


def _compared(cond: Cond, names: Sequence[str], ctx: Context) -> P.Predicate:
    now, before = (_or_none(n, cond, ctx) for n in names)
    return P.Compare(cast(P.Comparison, cond.op), now, before)


def _or_none(name: str, cond: Cond, ctx: Context) -> P.Expr:
    """Nothing sold is less than something: what is added up is 0 where there is none."""
    field = P.Field(name)
    return P.Call("coalesce", (field, P.Value(0))) if _adds(cond, ctx) else field


def _adds(cond: Cond, ctx: Context) -> bool:
    assert cond.measure is not None
    made = measures.expression(cond.measure, ctx)
    if isinstance(made, P.Metric):
        metric = ctx.scope.view.metrics_by_name[made.name]
        return metric.kind == "simple" and str(metric.aggregation) in ("sum", "count")
    return isinstance(made, P.Aggregate) and made.function in ("sum", "count")


def _either(cond: Cond) -> Cond:
    return Cond("any", parts=cond.parts, first=cond.first)
