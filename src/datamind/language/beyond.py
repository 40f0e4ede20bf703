"""Above the average: rows against the average of their column, groups against that of groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from datamind.language import measures
from datamind.language.conditions import predicate
from datamind.language.context import Context, Unbuildable, conjunction, number
from datamind.language.draft import Draft, aggregate, free_name, keys
from datamind.language.relations import inner_context, plain_relation
from datamind.language.scope import money_column
from datamind.language.sketch import Cond, Measure, Mention, Sketch
from datamind.language.tables.windows import COMPARED, SPENDING
from datamind.language.tokens import lemma
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

Made = Callable[[Context], P.Expr]


def above_average(cond: Cond, sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """Adds the test to the draft: of rows, or of groups where the measure adds up several rows."""
    about = _about(sketch, ctx)
    column, made = _compared(cond, about, ctx)
    if column is not None:
        if cond.each not in ("", column.table):
            raise Unbuildable("what each has in all, not a row of it")
        draft.where.append(_of_rows(cond, column, ctx))
    elif made is not None and _counts(sketch, ctx):
        draft.where.append(_counted_groups(cond, made, sketch, ctx))
    elif made is not None:
        _of_groups(cond, made, sketch, ctx, draft)
    else:
        raise Unbuildable("compared with the average of nothing")


def _about(sketch: Sketch, ctx: Context) -> str:
    """The table whose rows are compared."""
    head = sketch.head or next((o for o in sketch.outputs if isinstance(o, Mention)), None)
    counted = next(
        (o.target for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"), None
    )
    for mention in (counted, head):
        candidate = ctx.chosen.get(mention) if mention is not None else None
        if candidate is not None and candidate.table:
            return candidate.table
    return ctx.scope.home


def _compared(cond: Cond, about: str, ctx: Context) -> tuple[Column | None, Made | None]:
    """The column of the rows that is compared, or how the measure of a group is made."""
    measure = cond.measure
    hints, spent = _hints(cond, ctx)
    own = _hinted(about, hints, ctx)
    if measure is not None and measure.target is not None:
        candidate = ctx.meaning(measure.target)
        if own is not None and candidate.kind == "column" and candidate.table != about:
            raise Unbuildable("what a thing costs is its own price")
        kinds = any(c.kind == "column" and c.id == cond.each for c in ctx.chosen.values())
        plain = measure.kind == "either" and not kinds  # the average region is none of its rows
        if candidate.kind == "column" and candidate.table == about and plain:
            column = ctx.scope.view.column(candidate.id)
            if column.is_number:
                return column, None
        return None, lambda c: measures.expression(measure, c)
    if own is not None:
        return own, None
    return None, _money(about, ctx) if spent else None


def _hinted(about: str, hints: Sequence[str], ctx: Context) -> Column | None:
    """The thing's own number that the words speak of: the price of what `costs more`."""
    for hint in hints:
        for column in ctx.scope.view.table(about).columns:
            words = ctx.index.column_words.get(column.id, frozenset())
            if column.is_number and column.additivity != "none" and hint in words:
                return column
    return None


def _hints(cond: Cond, ctx: Context) -> tuple[list[str], bool]:
    """What the words before the comparison compare: `more expensive`, `earn more`, `spent more`."""
    near = [lemma(w) for w in ctx.lemmas[max(0, cond.first - 1) : cond.first + 2]]
    hints = [h for w in near for h in COMPARED.get(w, ())]
    return hints, bool(SPENDING & set(near))


def _money(about: str, ctx: Context) -> Made:
    """What the rows that refer to a table are worth, added up."""
    view = ctx.scope.view
    for edge in ctx.scope.graph.edges.get(about, ()):
        column = money_column(view.table(edge.end)) if edge.to_many else None
        if column is not None:
            found = column
            return lambda c: P.Aggregate("sum", c.expr(found))
    raise Unbuildable("nothing that could be spent")


def within_counts(sketch: Sketch, ctx: Context) -> Sketch:
    """`how many customers spent more than the average in 2025`: the period is of what was spent."""
    beyond = next((c for c in sketch.conds if c.kind == "beyond"), None)
    periods = [c for c in sketch.conds if c.kind == "period" and c.subject is None]
    if beyond is None or not periods or not _counts(sketch, ctx):
        return sketch
    if _compared(beyond, _about(sketch, ctx), ctx)[0] is not None:
        return sketch
    moved = replace(beyond, within=[*beyond.within, *periods])
    others = [c for c in sketch.conds if c is not beyond and c not in periods]
    return replace(sketch, conds=[*others, moved])


def _counts(sketch: Sketch, ctx: Context) -> bool:
    """Whether nothing but the rows of a table are counted."""
    only = sketch.outputs[0] if len(sketch.outputs) == 1 and not sketch.groups else None
    if not isinstance(only, Measure) or only.kind != "count" or only.target is None:
        return False
    counted = ctx.chosen.get(only.target)
    if counted is None or counted.kind != "table":
        return False
    return len(ctx.scope.view.table(counted.table).primary_key) == 1


def _counted_groups(cond: Cond, made: Made, sketch: Sketch, ctx: Context) -> P.Predicate:
    """The key is among those whose figure is beyond the average of all that have one."""
    table = ctx.scope.view.table(_about(sketch, ctx))
    id_ = f"{table.id}.{table.primary_key[0]}"
    home = home_of(cond, table.id, ctx)
    inner = replace(inner_context(ctx, home), related=home)
    others = [c for c in sketch.conds if c is not cond]
    wheres = [predicate(c, inner) for c in (*others, *cond.within)]
    key, value = P.Named("each", inner.scope.column(id_)), P.Named("value", made(inner))
    steps: tuple[P.Step, ...] = (P.Filter(conjunction(wheres)),) if wheres else ()
    if _function(cond) != "avg":
        raise Unbuildable("a median of groups")
    same = [P.Named("within", k.expr) for k in _same(cond, inner)]
    parts = tuple(P.Field(k.name) for k in same)
    average = P.Named("average", P.WindowCall("avg", P.Field("value"), parts, ()))
    limit = _multiplied(P.Field("average"), cond)
    beyond = P.Compare(cast(P.Comparison, cond.op), P.Field("value"), limit)
    shown = P.Project((P.Named("each", P.Field("each")),))
    steps = (*steps, P.Group((key, *same), (value,)), P.Window((average,)), P.Filter(beyond), shown)
    kept = P.Query(inner.scope.source(), steps)
    ctx.used |= inner.used
    return P.InQuery(ctx.scope.column(id_), kept)


def home_of(cond: Cond, about: str, ctx: Context) -> str:
    """The table whose rows make the figure."""
    target = cond.measure.target if cond.measure is not None else None
    if target is not None:
        candidate = ctx.meaning(target)
        metric = ctx.scope.view.metrics_by_name.get(candidate.id)
        return candidate.table or (metric.table if metric and metric.table else about)
    edges = ctx.scope.graph.edges.get(about, ())
    return next(
        e.end for e in edges if e.to_many and money_column(ctx.scope.view.table(e.end)) is not None
    )


def _of_rows(cond: Cond, column: Column, ctx: Context) -> P.Predicate:
    outer, outside = ctx.expr(column), None
    same = cond.mention
    if same is not None and (ctx.meaning(same).kind, ctx.meaning(same).table) != (
        "table", column.table):  # fmt: skip
        outside = keys(same, ctx)[0].expr  # first, so that the inner query's aliases differ
    inner = inner_context(ctx, column.table)
    wheres = [predicate(c, inner) for c in cond.within]
    if same is not None and outside is not None:
        wheres.append(P.Compare("=", keys(same, inner)[0].expr, outside))
    average = P.Aggregate(_function(cond), inner.expr(column))
    steps: list[P.Step] = [P.Filter(conjunction(wheres))] if wheres else []
    steps.append(P.Group((), (P.Named("value", average),)))
    query = P.Query(inner.scope.source(), tuple(steps))
    return P.Compare(cast(P.Comparison, cond.op), outer, _multiplied(P.Scalar(query), cond))


def _multiplied(average: P.Expr, cond: Cond) -> P.Expr:
    """`twice` the average, `80% of` the median."""
    return P.Arithmetic("*", number(cond.numbers[0]), average) if cond.numbers else average


def _function(cond: Cond) -> P.Function:
    return "median" if cond.match == "median" else "avg"


def _same(cond: Cond, ctx: Context) -> Sequence[P.Named]:
    """What the others are alike in that something is compared with."""
    made = keys(cond.mention, ctx)[:1] if cond.mention is not None else []
    if made and _function(cond) != "avg":
        raise Unbuildable("a median of groups")
    return made


def _of_groups(cond: Cond, made: Made, sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """The group's measure against the average of all groups' measures, or of those of its kind."""
    shown = [o for o in sketch.outputs if isinstance(o, Mention)]
    if not shown:
        raise Unbuildable("groups that can't be compared")
    name = aggregate(draft, made(ctx), _name(cond, ctx))
    if not any(isinstance(o, Measure) for o in sketch.outputs):
        draft.outputs.append(P.Named(name, P.Field(name)))
    op = cast(P.Comparison, cond.op)
    same = [P.Named(free_name(draft, f"own_{k.name}"), k.expr) for k in _same(cond, ctx)]
    if same:
        draft.hidden += same
        parts = tuple(P.Field(k.name) for k in same)
        average = P.Named("average", P.WindowCall("avg", P.Field(name), parts, ()))
        draft.windows.append(average)
        draft.kept = P.Compare(op, P.Field(name), _multiplied(P.Field("average"), cond))
        return
    inner = inner_context(ctx)
    value = P.Named("value", made(inner))
    others = [
        c
        for c in (*sketch.conds, *cond.within)
        if c is not cond and not (c.kind == "related" and c.numbers)
    ]
    wheres = [predicate(c, inner) for c in others if not plain_relation(c, inner)]
    groups = tuple(k for m in shown[:1] for k in each_of(m, inner))
    steps: list[P.Step] = [P.Filter(conjunction(wheres))] if wheres else []
    ctx.used |= inner.used
    if cond.measure is not None and cond.measure.kind == "aggregate":  # the average of all rows
        whole = P.Query(inner.scope.source(), (*steps, P.Group((), (value,))))
        draft.having.append(P.Compare(op, P.Field(name), _multiplied(P.Scalar(whole), cond)))
        return
    steps.append(P.Group(groups, (value,)))
    average = P.Named("average", P.Aggregate(_function(cond), P.Field("value")))
    source = P.Query(inner.scope.source(), tuple(steps))
    query = P.Query(source, (P.Group((), (average,)),))
    draft.having.append(P.Compare(op, P.Field(name), _multiplied(P.Scalar(query), cond)))


def each_of(mention: Mention, ctx: Context) -> Sequence[P.Named]:
    """The row that it is, by its key: of two that share a name each is one."""
    candidate = ctx.meaning(mention)
    table = ctx.scope.view.table(candidate.table) if candidate.table else None
    if table is None or candidate.kind not in ("table", "column") or len(table.primary_key) != 1:
        return keys(mention, ctx)
    if candidate.kind == "column" and candidate.name not in table.display:
        return keys(mention, ctx)
    return [P.Named("each", ctx.scope.column(f"{table.id}.{table.primary_key[0]}"))]


def _name(cond: Cond, ctx: Context) -> str:
    if cond.measure is None:
        return "total"
    return measures.name_of(replace(cond.measure), ctx)
