"""Outputs: which of what is shown is a figure, though the question does not say how it is made."""

from __future__ import annotations

from dataclasses import replace

from datamind.language import windows
from datamind.language.candidates import Candidate
from datamind.language.context import Context
from datamind.language.counting import happenings
from datamind.language.draft import is_unique
from datamind.language.sketch import Measure, Mention, Output, Sketch
from datamind.language.tables.keywords import RELATING


def measured_outputs(sketch: Sketch, ctx: Context) -> Sketch:
    """`revenue by region`: a number that is shown for each group is added up."""
    sketch = _over_periods(_set_against(_totalled(sketch, ctx), ctx), ctx)
    kinds = [ctx.chosen[o] for o in sketch.outputs if isinstance(o, Mention) and o in ctx.chosen]
    if windows.partitions(sketch, ctx):
        return sketch
    several = len({c.within for c in kinds if c.within}) > 1
    if not sketch.groups and not several and not _asks_for_one(sketch, ctx):
        return sketch
    outputs: list[Output | None] = list(sketch.outputs)
    told = [ctx.chosen[g] for g in sketch.groups if g in ctx.chosen and not g.grain]
    for place, output in enumerate(outputs):
        candidate = ctx.chosen.get(output) if isinstance(output, Mention) else None
        if candidate is None or not isinstance(output, Mention):
            continue
        if _told_by(candidate, told, ctx):
            outputs[place] = None
            continue
        if candidate.kind == "table" and output.owner is None and _summarised(sketch, ctx):
            worth = ctx.lemmas[output.last - 1] in WORTH_NOUNS
            kind, function = ("aggregate", "sum") if worth else ("count", "count")
            outputs[place] = Measure(kind, function, output, first=output.first)
        if candidate.kind != "column":
            continue
        column = ctx.scope.view.column(candidate.id)
        if column.is_number and column.additivity != "none":
            outputs[place] = Measure("either", target=output, first=output.first)
        elif column.is_date and happenings(output, ctx) and _summarised(sketch, ctx):
            outputs[place] = Measure("count", "count", output, first=output.first)
    return replace(sketch, outputs=[o for o in outputs if o is not None])


_IN_ALL = frozenset({"total", "altogether", "combined", "overall"})


def in_total(candidate: Candidate, sketch: Sketch, ctx: Context) -> bool:
    """`more than 200 hours in total`: of all rows that refer to the thing asked for, added up."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    if candidate.kind != "column" or head is None or head.kind != "table":
        return False
    column = ctx.scope.view.column(candidate.id)
    many = head.table != column.table and head.table in ctx.scope.graph.owned(column.table)
    adds = column.is_number and column.additivity == "sum"
    return many and adds and bool(_IN_ALL & set(ctx.lemmas))


def _totalled(sketch: Sketch, ctx: Context) -> Sketch:
    """What is shown beside such a condition is the total, too."""
    if not sketch.conds:
        return sketch
    tested = {ctx.chosen[c.subject].id for c in sketch.conds
              if c.subject in ctx.chosen and c.numbers
              and in_total(ctx.chosen[c.subject], sketch, ctx)}  # fmt: skip
    outputs: list[Output] = [
        Measure("aggregate", "sum", o, first=o.first)
        if isinstance(o, Mention) and o in ctx.chosen and ctx.chosen[o].id in tested else o
        for o in sketch.outputs
    ]  # fmt: skip
    return replace(sketch, outputs=outputs)


def _set_against(sketch: Sketch, ctx: Context) -> Sketch:
    """`difference between revenue and refunds`: of what each adds up to, for they share no rows."""
    if not any(isinstance(o, Measure) and o.kind == "difference" for o in sketch.outputs):
        return sketch
    outputs: list[Output] = []
    for output in sketch.outputs:
        pair = output.mentions if isinstance(output, Measure) else ()
        meant = [ctx.chosen[m] for m in pair if m in ctx.chosen]
        tables = {c.table for c in meant}
        metrics = [c for c in meant if c.kind == "metric"]
        apart = len(meant) == 2 and (len(metrics) == 2 or (len(tables) == 2 and not metrics))
        if isinstance(output, Measure) and output.kind == "difference" and apart:
            left, right = (Measure("either", target=m, first=m.first) for m in pair)
            made = Measure("formula", "-", left=left, right=right, first=output.first)
            outputs.append(replace(made, label="difference"))
        else:
            outputs.append(output)
    return replace(sketch, outputs=outputs)


def _over_periods(sketch: Sketch, ctx: Context) -> Sketch:
    """`average revenue per day`, `per customer`: the days' revenues, averaged; no line's."""
    output = sketch.outputs[0] if len(sketch.outputs) == 1 else None
    if not isinstance(output, Measure) or output.kind != "aggregate" or output.function != "avg":
        return sketch
    target = ctx.chosen.get(output.target) if output.target is not None else None
    known = [(g, ctx.chosen.get(g)) for g in sketch.groups if g.per]
    each = [g for g, named in known if named is not None and named.kind in ("grain", "table")]
    rest = [g for g in sketch.groups if g not in each]
    if target is None or not each or any(g.per for g in rest):
        return sketch
    if not _adds_up(target, [ctx.chosen[g] for g in each], ctx, apart=bool(rest)):
        return sketch
    made = Measure("either", target=output.target, first=output.first, inner="avg", per=each)
    return replace(sketch, outputs=[made], groups=rest)


def _adds_up(target: Candidate, each: list[Candidate], ctx: Context, *, apart: bool) -> bool:
    """Whether each of them has a sum of its own; of a column, where they are told `apart` from the
    groups: `average weight per parcel by country` is no line's."""
    if target.kind == "metric":
        aggregation = ctx.scope.view.metrics_by_name[target.id].aggregation
        return str(aggregation) in ("sum", "count")
    if target.kind != "column" or not apart:
        return False
    column = ctx.scope.view.column(target.id)
    parents = ctx.scope.graph.owned(column.table) - {column.table}
    return column.additivity == "sum" and all(c.kind == "table" and c.id in parents for c in each)


def _asks_for_one(sketch: Sketch, ctx: Context) -> bool:
    """`What is our profit?`: one number of all rows, not each row's."""
    asked = tuple(w.lower() for w in ctx.words[:2])
    alone = len(sketch.outputs) == 1 and not (sketch.ranks or sketch.order)
    happened = asked[:1] == ("what",) and asked[1:] in (("did",), ("have",), ("has",), ("do",))
    named = sketch.outputs[0] if alone else None
    if isinstance(named, Mention) and named.first == 0 and not sketch.opener and sketch.conds:
        candidate = ctx.chosen.get(named)  # `amount paid by gift card in 2025`
        if candidate is not None and candidate.kind == "column":
            key = candidate.id in ctx.scope.graph.references
            return not key and ctx.scope.view.column(candidate.id).additivity == "sum"
    return alone and (happened or asked in (("what", "is"), ("what", "was"), ("what's", "our")))


def _told_by(candidate: Candidate, groups: list[Candidate], ctx: Context) -> bool:
    """`policies and agents by policy number and agent id`: what shows the rows is named after
    `by`, so that there is nothing to count."""
    if candidate.kind == "value":
        return any(g.kind == "value" and g.id == candidate.id for g in groups)
    if candidate.kind != "table":
        return False
    table = ctx.scope.view.table(candidate.id)
    return any(
        g.kind == "column" and g.table == table.id and is_unique(table, g.name) for g in groups
    )


# Nouns of trade: without "number of", they mean the money.
WORTH_NOUNS = frozenset({"sale", "revenue", "spend", "spending", "turnover", "income"})


def _summarised(sketch: Sketch, ctx: Context) -> bool:
    """`orders by month` counts; `list the orders by date` lists."""
    if sketch.opener != "list":
        return True
    return any(m in ctx.chosen and ctx.chosen[m].kind == "grain" for m in sketch.groups)


def is_told(mention: Mention, candidate: Candidate, sketch: Sketch, ctx: Context) -> bool:
    """Whether what is shown already says it: the units that we `sell` are units sold."""
    verb = ctx.lemmas[mention.first] in RELATING
    for output in (*sketch.outputs, *sketch.groups):
        shown = output.target if isinstance(output, Measure) else output
        found = ctx.chosen.get(shown) if shown is not None else None
        if found == candidate and isinstance(output, Mention):
            return True
        if found is not None and verb and found.id == candidate.id:
            return True
    return False
