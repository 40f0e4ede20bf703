"""Totals of things: `products that sold fewer than 10 units`, `shops that took less than 1000`.

What is compared is all that each has, not one row of it; and what has nothing has less than that.
"""

from __future__ import annotations

from dataclasses import replace

from datamind.language import measures
from datamind.language.candidates import Candidate
from datamind.language.conditions import predicate
from datamind.language.context import Context, compared, conjunction
from datamind.language.draft import Draft, aggregate
from datamind.language.relations import FEWER, inner_context
from datamind.language.sketch import Cond, Measure, Mention, Sketch
from datamind.semantics import plan as P

UNITS = frozenset({"unit", "piece", "item", "copy"})
_NEAR = 5  # how far after the verb they may stand: `sold fewer than 10 units`


def in_all(sketch: Sketch, ctx: Context) -> Sketch:
    """The sketch with comparisons of rows made comparisons of totals, where those are meant."""
    about = _about(sketch, ctx)
    found = next((c for c in sketch.conds if about and _is_total(c, about, ctx)), None)
    if found is None or about is None:
        return sketch
    subject = found.measure.target if found.measure is not None else found.subject
    measure = found.measure or Measure("either", target=subject, first=found.first)
    periods = [c for c in sketch.conds if c.kind == "period" and c.subject is None]
    if any(c.negated for c in periods):
        return sketch
    total = replace(
        found, kind="total", measure=measure, within=[*found.within, *periods], each=about
    )
    others = [c for c in sketch.conds if c is not found and c not in periods]
    related = [
        m for m in sketch.related
        if m is not subject and not UNITS & set(ctx.lemmas[m.first : m.last])
    ]  # fmt: skip
    return replace(sketch, conds=[*others, total], related=related)


def _about(sketch: Sketch, ctx: Context) -> str | None:
    """The table of the things that are listed or counted, where nothing else is asked."""
    if sketch.groups or sketch.ranks or sketch.over is not None or len(sketch.outputs) != 1:
        return None
    output = sketch.outputs[0]
    mention = output if isinstance(output, Mention) else output.target
    if isinstance(output, Measure) and (output.kind != "count" or output.where):
        return None
    meant = ctx.chosen.get(mention) if mention is not None else None
    if meant is None or meant.kind != "table":
        return None
    return meant.table if len(ctx.scope.view.table(meant.table).primary_key) == 1 else None


def _is_total(cond: Cond, about: str, ctx: Context) -> bool:
    if not cond.numbers or cond.negated or cond.kind not in ("compare", "related", "measure"):
        return False
    if cond.measure is not None and cond.measure.kind not in ("either", "aggregate"):
        return False
    if cond.measure is not None and cond.measure.function not in ("sum", "count"):
        return False
    subject = cond.measure.target if cond.measure is not None else cond.subject
    meant = ctx.chosen.get(subject) if subject is not None else None
    home = _home(meant, ctx) if meant is not None else None
    if subject is None or meant is None or home is None or home == about:
        return False
    if about not in ctx.scope.graph.owned(home):
        return False
    counted = UNITS & set(ctx.lemmas[subject.first : subject.last + _NEAR])
    return bool(counted) if meant.kind == "column" else cond.op in FEWER


def _home(meant: Candidate, ctx: Context) -> str | None:
    """The table whose rows are added up."""
    if meant.kind == "metric":
        metric = ctx.scope.view.metrics_by_name[meant.id]
        adds = metric.kind == "simple" and str(metric.aggregation) in ("sum", "count")
        return metric.table if adds else None
    if meant.kind != "column" or ctx.scope.view.column(meant.id).additivity != "sum":
        return None
    return meant.table


def of_total(cond: Cond, ctx: Context) -> P.Predicate:
    """The key is among those that have as much; or, of little, not among those that have more."""
    assert cond.measure is not None and cond.measure.target is not None
    home = _home(ctx.meaning(cond.measure.target), ctx)
    table = ctx.scope.view.table(cond.each)
    id_ = f"{table.id}.{table.primary_key[0]}"
    inner = replace(inner_context(ctx, home), related=home or "")
    key = P.Named("each", inner.scope.column(id_))
    value = P.Named("value", measures.expression(cond.measure, inner))
    wheres = [predicate(c, inner) for c in cond.within]
    few = cond.op in FEWER
    said = replace(cond, op=FEWER[cond.op]) if few else cond
    steps: list[P.Step] = [P.Filter(conjunction(wheres))] if wheres else []
    steps += [P.Group((key,), (value,)), P.Filter(compared(said, P.Field("value"), inner))]
    steps.append(P.Project((P.Named("each", P.Field("each")),)))
    ctx.used |= inner.used
    made = P.InQuery(ctx.scope.column(id_), P.Query(inner.scope.source(), tuple(steps)))
    if few:
        ctx.notes.append(f"{table.name} that have none count as having less")
    return P.Not(made) if few else made


def having_measure(cond: Cond, sketch: Sketch, ctx: Context, draft: Draft) -> P.Predicate:
    """The test of each group's figure, which is shown where no other is."""
    assert cond.measure is not None
    name = aggregate(
        draft, measures.expression(cond.measure, ctx), measures.name_of(cond.measure, ctx)
    )
    if not sketch.groups and all(isinstance(o, Mention) for o in sketch.outputs):
        draft.outputs.append(P.Named(name, P.Field(name)))
    made = compared(cond, P.Field(name), ctx)
    return P.Not(made) if cond.negated else made
