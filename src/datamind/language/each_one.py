"""Each one of a kind: `fare per trip by plan` is the usual fare of a trip, no list of trips."""

from __future__ import annotations

from dataclasses import replace

from datamind.language.candidates import Candidate
from datamind.language.context import Context
from datamind.language.sketch import Measure, Mention, Sketch


def usual_of_each(sketch: Sketch, ctx: Context) -> Sketch:
    """What is said `per trip` and then `by plan`, where a trip has one plan: the average of the
    trips of each plan. By month it may be each one's months, and stays."""
    output = sketch.outputs[0] if len(sketch.outputs) == 1 else None
    per = [g for g in sketch.groups if g.per and _kind(g, ctx) == "table"]
    rest = [g for g in sketch.groups if g not in per]
    if output is None or len(per) != 1 or not rest or sketch.ranks or sketch.over is not None:
        return sketch
    rows = ctx.chosen[per[0]].table
    if any(_kind(g, ctx) != "column" or not _told_by(rows, ctx.chosen[g], ctx) for g in rest):
        return sketch
    measure = output if isinstance(output, Measure) else Measure("either", target=output)
    target = ctx.chosen.get(measure.target) if measure.target is not None else None
    if target is None or measure.inner or measure.per or measure.kind not in ("either", "count"):
        return sketch
    if target.kind == "column" and target.table == rows:
        usual = replace(measure, kind="aggregate", function="avg")
        return replace(sketch, outputs=[usual], groups=rest)
    if measure.kind != "count" and not _adds_up(target, ctx):
        return sketch
    usual = replace(measure, inner="avg", per=per)
    return replace(sketch, outputs=[usual], groups=rest)


def _kind(mention: Mention, ctx: Context) -> str:
    return ctx.chosen[mention].kind if mention in ctx.chosen else ""


def _told_by(rows: str, group: Candidate, ctx: Context) -> bool:
    """Whether each row of the table has one of it: its own column, or one of what it refers to."""
    return group.table in ctx.scope.graph.owned(rows)


def _adds_up(target: Candidate, ctx: Context) -> bool:
    if target.kind == "metric":
        metric = ctx.scope.view.metrics_by_name[target.id]
        return metric.kind == "simple" and str(metric.aggregation) in ("sum", "count")
    if target.kind != "column":
        return False
    column = ctx.scope.view.column(target.id)
    return column.is_number and column.additivity == "sum"
