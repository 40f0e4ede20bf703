"""Building: a sketch whose mentions have meanings becomes a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard, cast

from datamind.language import against, biggest_change, measures, risen, windows
from datamind.language.added_up import adds_up, usual_of_kind
from datamind.language.apart import check_words
from datamind.language.beyond import above_average
from datamind.language.candidates import Candidate
from datamind.language.conditions import predicate
from datamind.language.context import Context, Unbuildable, compared, conjunction
from datamind.language.draft import Draft, aggregate
from datamind.language.each_one import usual_of_each
from datamind.language.graph import UNREACHABLE
from datamind.language.homes import figure_tables
from datamind.language.metric_rows import owners_rows, rows_of
from datamind.language.metric_time import figure, goes_by_own_dates
from datamind.language.ordering import is_dated
from datamind.language.outputs import in_total, is_told, measured_outputs
from datamind.language.own_rows import of_their_own
from datamind.language.relations import flag, has_some, is_had, matched, of_subtype
from datamind.language.roles import link_of
from datamind.language.shapes import group, grouped_query, list_query, listed
from datamind.language.sketch import Cond, Measure, Mention, Sketch
from datamind.language.top_share import part_of_all
from datamind.language.totals import having_measure, in_all, of_total
from datamind.language.units import Percent
from datamind.language.whole import of_all
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC
from datamind.semantics.walk import below


def build(sketch: Sketch, ctx: Context) -> P.Query:
    """The plan; Unbuildable or NoPath where this reading makes none."""
    against.to_date(sketch, ctx.today)
    sketch = biggest_change.shown(risen.to_date(sketch, ctx.today))
    check_words(sketch, ctx)
    sketch = in_all(of_their_own(sketch, ctx), ctx)
    ctx.scope.need(_condition_tables(sketch, ctx))
    _check_head(sketch, ctx)
    _check_periods(sketch, ctx)
    sketch = measured_outputs(windows.sold(sketch, ctx), ctx)
    sketch = windows.without_rows(usual_of_each(sketch, ctx), ctx)
    changed = windows.between_periods(sketch, ctx)
    if changed is not None:
        return _one_number(changed, ctx)
    sketch = _extremes(sketch, ctx)
    draft, ctx.figures = Draft(), figure_tables(sketch, ctx)
    grouped = _is_grouped(sketch, ctx)
    _conditions(sketch, ctx, draft, grouped=grouped)
    for mention in (*sketch.outputs, *sketch.groups):
        if isinstance(mention, Mention) and mention.role != "value":
            draft.where.extend(_row_conditions(ctx.meaning(mention), ctx))
    draft.where.extend(owners_rows(sketch, ctx))
    if grouped or draft.having or draft.kept:
        group(sketch, ctx, draft)
        _check_there(sketch, ctx)
        query = grouped_query(ctx, draft)
        return part_of_all(sketch.top, query) if sketch.top else _of_groups(sketch, query, ctx)
    listed(sketch, ctx, draft)
    return list_query(sketch, ctx, draft)


def _check_there(sketch: Sketch, ctx: Context) -> None:
    """`which shops have ...? Show the name and ...`: the name is a shop's, and shops are there."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None and sketch.listed else None
    if head is not None and head.kind == "table" and head.table not in ctx.scope.aliases:
        raise Unbuildable("the figures of other things than were asked for")


def _extremes(sketch: Sketch, ctx: Context) -> Sketch:
    """`how many claims of the highest severity`: a figure of the rows that have the extreme."""
    measured = all(isinstance(o, Measure) for o in sketch.outputs)
    if sketch.groups or not sketch.outputs or not measured or len(sketch.ranks) != 1:
        return sketch
    rank = sketch.ranks[0]
    candidate = ctx.chosen.get(rank.by) if isinstance(rank.by, Mention) else None
    if not rank.extreme or rank.count != 1 or candidate is None or candidate.kind != "column":
        return sketch
    assert isinstance(rank.by, Mention)
    cond = Cond("average", rank.by, "=", match="max" if rank.descending else "min")
    return replace(sketch, ranks=[], conds=[*sketch.conds, cond])


def _check_periods(sketch: Sketch, ctx: Context) -> None:
    """`months where revenue was below 10000`: the months' revenue, not that of a row."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    subjects = [ctx.chosen.get(c.subject) for c in sketch.conds if c.subject and c.numbers]
    if head is not None and head.kind == "grain" and any(
        s is not None and s.kind == "column"
        and ctx.scope.view.column(s.id).additivity == "sum" for s in subjects
    ):  # fmt: skip
        raise Unbuildable("what a period adds up to, not a row of it")


def _check_head(sketch: Sketch, ctx: Context) -> None:
    """`the 3 best products by revenue`: what is ranked is a thing, not a figure."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    by = [
        ctx.chosen[r.by] for r in sketch.ranks if isinstance(r.by, Mention) and r.by in ctx.chosen
    ]
    figures = [c for c in by if c.kind == "metric" or c.type in NUMERIC]
    if head is None or head.kind != "metric":
        return
    if figures and head not in figures:
        raise Unbuildable("a figure is not ranked by another")
    shown = [ctx.chosen[o] for o in sketch.outputs if isinstance(o, Mention) and o in ctx.chosen]
    if sketch.opener == "list" and not sketch.groups and any(c.kind == "column" for c in shown):
        raise Unbuildable("rows are listed, no figure")


def _one_number(changed: tuple[Sketch, P.Expr], ctx: Context) -> P.Query:
    """A single number under the sketch's conditions."""
    sketch, value = changed
    draft = Draft(aggregates=[P.Named("change", value)])
    draft.outputs = [P.Named("change", P.Field("change"))]
    _conditions(sketch, ctx, draft, grouped=True)
    return grouped_query(ctx, draft)


def _row_conditions(candidate: Candidate, ctx: Context) -> list[P.Predicate]:
    """What must hold of the rows of something shown: of a subtype's column, that it is one; of a
    role (`agents`), that it is played."""
    if candidate.within:
        return [of_subtype(candidate, ctx)]
    if candidate.kind == "value":
        column = ctx.scope.view.column(candidate.id)
        return [P.Compare("=", ctx.expr(column), P.Value(candidate.value))]
    return []


def _of_groups(sketch: Sketch, query: P.Query, ctx: Context) -> P.Query:
    """`average number of orders per customer`: an aggregate over the groups' own counts."""
    query = of_all(query, sketch, ctx)
    measure = sketch.outputs[0] if len(sketch.outputs) == 1 else None
    if not isinstance(measure, Measure) or not measure.inner or not sketch.groups:
        return query
    group_step = next(s for s in query.steps if isinstance(s, P.Group))
    counted = group_step.measures[0].expr
    if measure.kind != "count" or getattr(counted, "function", "") != "count":
        return query
    function = cast(P.Function, measure.inner)
    name = group_step.measures[0].name
    steps = tuple(s for s in query.steps if isinstance(s, P.Filter | P.Group))
    outer = P.Group((), (P.Named(f"{function}_{name}", P.Aggregate(function, P.Field(name))),))
    return P.Query(P.Query(query.source, steps), (outer,))


def _condition_tables(sketch: Sketch, ctx: Context) -> list[str]:
    """Tables of the relations said outright: they steer the join tree."""
    out = []
    for mention in sketch.related:
        candidate = ctx.chosen.get(mention)
        if candidate is not None and candidate.kind == "table" and _reachable(candidate.table, ctx):
            out.append(candidate.table)
    return out


def _is_grouped(sketch: Sketch, ctx: Context) -> bool:
    if windows.of_rows(sketch, ctx):
        return False
    measured = [
        o for o in sketch.outputs if isinstance(o, Measure) and not measures.is_row_level(o)
    ]
    if measured or _metric_outputs(sketch, ctx):
        return True
    for rank in (*sketch.ranks, *sketch.order):
        if rank.function or adds_up(rank, sketch, ctx) or usual_of_kind(rank, sketch, ctx):
            return True
        if isinstance(rank.by, Measure) and not measures.is_row_level(rank.by):
            return True
        if isinstance(rank.by, Mention) and _counts(rank.by, ctx) and not is_dated(rank):
            return True
    return bool(sketch.groups) and bool(sketch.ranks)


def _metric_outputs(sketch: Sketch, ctx: Context) -> bool:
    return any(
        isinstance(o, Mention) and o in ctx.chosen and ctx.chosen[o].kind == "metric"
        for o in sketch.outputs
    )


def _counts(mention: Mention, ctx: Context) -> bool:
    """Whether ranking by this means counting it: a table other than the home's, or a metric."""
    candidate = ctx.chosen.get(mention)
    return candidate is not None and (candidate.kind == "metric" or (candidate.kind == "table"))


def _conditions(sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool) -> None:
    own_dates = grouped and goes_by_own_dates(sketch, ctx)
    for cond in sketch.conds:
        if cond.kind == "beyond":
            above_average(cond, sketch, ctx, draft)
        elif cond.kind == risen.KIND:
            risen.risen(cond, sketch, ctx, draft)
        elif cond.kind == "period" and cond.subject is None and not cond.negated and own_dates:
            assert cond.period is not None
            ctx.spans.append(cond.period)
        elif cond.kind == "total":
            draft.where.append(of_total(cond, ctx))
        elif cond.kind == "measure":
            draft.having.append(having_measure(cond, sketch, ctx, draft))
        elif (cond.kind == "related" and cond.numbers and _about_groups(cond, sketch, ctx)) or (
            cond.kind == "compare" and _metric_of(cond, ctx)
        ):
            draft.having.append(_having(cond, ctx, draft))
        else:
            draft.where.append(predicate(cond, ctx))
    for mention in sketch.related:
        made = _relation(mention, sketch, ctx)
        if made is not None:
            draft.where.append(made)
    draft.where = _together(draft.where)
    if any(_is_trivial(w, draft.where) for w in draft.where):
        raise Unbuildable("what is one thing is never another")
    given = _given_wheres(sketch, ctx)
    draft.where = [w for w in draft.where if w not in given]


def _together(wheres: list[P.Predicate]) -> list[P.Predicate]:
    """Each condition once; two values of one column are alternatives, for no row has both."""
    out: list[P.Predicate] = []
    for where in wheres:
        if where in out:
            continue
        if _is_value(where):
            place = next((n for n, o in enumerate(out) if _same_column(o, where)), None)
            if place is not None:
                out[place] = P.OneOf(where.left, (*_values(out[place]), *_values(where)))
                continue
        out.append(where)
    return out


def _is_trivial(where: P.Predicate, others: list[P.Predicate]) -> bool:
    """`a phone but never a case`: that a row of a phone is of no case says nothing."""
    inner = where.item if isinstance(where, P.Not) else None
    if isinstance(where, P.Compare) and where.op == "!=":
        inner = P.Compare("=", where.left, where.right)
    if inner is None or not _is_value(inner):
        return False
    values = filter(_is_value, others)
    return any(o.left == inner.left and o.right != inner.right for o in values)


def _is_value(where: P.Predicate) -> TypeGuard[P.Compare]:
    return (
        isinstance(where, P.Compare) and where.op == "=" and isinstance(where.right, P.Value)
        and isinstance(where.right.value, str)
    )  # fmt: skip


def _same_column(one: P.Predicate, other: P.Predicate) -> bool:
    left = one.of if isinstance(one, P.OneOf) else one.left if _is_value(one) else None
    return left is not None and isinstance(other, P.Compare) and left == other.left


def _values(where: P.Predicate) -> tuple[P.Value, ...]:
    found = where.values if isinstance(where, P.OneOf) else (cast(P.Compare, where).right,)
    return cast(tuple[P.Value, ...], found)


def _given_wheres(sketch: Sketch, ctx: Context) -> list[P.Predicate]:
    """Conditions that a formula of the evidence already holds for its own parts, or that a share
    has for what is counted and not for what it is a share of."""
    found: list[P.Predicate] = []
    for output in sketch.outputs:
        if not isinstance(output, Measure):
            continue
        of_parts = output.given is not None
        if not of_parts and output.kind not in ("formula", "ratio", "percent"):
            continue
        parts = below(measures.expression(output, ctx))
        wheres = [n.where for n in parts if isinstance(n, P.Aggregate)]
        if of_parts or (None in wheres and len(wheres) == 2):
            found += [w for w in wheres if w is not None]
    return found


def _metric_of(cond: Cond, ctx: Context) -> bool:
    candidate = ctx.chosen.get(cond.subject) if cond.subject else None
    return candidate is not None and candidate.kind == "metric"


def _about_groups(cond: Cond, sketch: Sketch, ctx: Context) -> bool:
    """`with more than 5 orders`, where orders are what the plan's rows are, or where what there
    are more than 5 of is counted and shown."""
    candidate = ctx.chosen.get(cond.subject) if cond.subject else None
    if candidate is None or candidate.kind not in ("table", "metric", "column"):
        return False
    if candidate.kind == "column":
        shown = [o.target for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"]
        if in_total(candidate, sketch, ctx):
            return True
        return any(m is not None and m in ctx.chosen and ctx.chosen[m].id == candidate.id
                   for m in shown)  # fmt: skip
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    playing = head is not None and link_of(head, (), ctx.scope.graph) is not None
    if playing and candidate.kind == "table":  # agents with more than 5 policies: as agents
        return candidate.table in ctx.scope.graph.owned(ctx.scope.home)
    return candidate.kind == "metric" or candidate.table == ctx.scope.home


def _having(cond: Cond, ctx: Context, draft: Draft) -> P.Predicate:
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    measure: P.Expr
    if candidate.kind == "metric":
        measure = figure(candidate.id, ctx)
    else:
        wheres = [predicate(c, ctx) for c in cond.within]
        where = conjunction(wheres) if wheres else None
        measure = P.Aggregate("count", None, ctx.scope.alias(candidate.table), where=where)
        if candidate.kind == "column":
            column = ctx.scope.view.column(candidate.id)
            expr = ctx.expr(column)
            adds = column.is_number and column.additivity == "sum"
            measure = P.Aggregate("sum" if adds else "count", expr, distinct=not adds, where=where)
    called = "number_of_rows" if candidate.kind == "table" else candidate.id
    name = aggregate(draft, measure, called)
    sums = isinstance(measure, P.Aggregate) and measure.function == "sum"
    scale, counted = 1.0, candidate.kind != "metric" and not sums
    if candidate.kind == "metric":
        metric = ctx.scope.view.metrics_by_name[candidate.id]
        counted = str(metric.aggregation).startswith("count")
        percent = any(isinstance(n, Percent) for n in cond.numbers)
        if percent and metric.kind != "ratio" and metric.aggregation == "sum":
            raise Unbuildable("a percentage is no amount")
        scale = 0.01 if percent and metric.kind == "ratio" else 1.0
    made = compared(cond, P.Field(name), ctx, scale=scale, counted=counted)
    return P.Not(made) if cond.negated else made


def _relation(mention: Mention, sketch: Sketch, ctx: Context) -> P.Predicate | None:
    """A noun that stands in the question without more: a table to join, a flag, a filled column."""
    candidate = ctx.chosen.get(mention)
    if candidate is None or candidate.kind == "grain":
        return None
    if candidate.kind == "metric":
        return rows_of(ctx.scope.view.metrics_by_name[candidate.id], ctx)
    if candidate.kind == "table":
        if not _reachable(candidate.table, ctx):
            return matched(candidate.table, sketch, ctx)
        if not _belongs(candidate.table, ctx):
            raise Unbuildable("of something that both belong to, not its own")
        ctx.scope.alias(candidate.table)
        return None
    if candidate.kind == "value":
        return predicate(Cond("related", mention), ctx)
    column = ctx.scope.view.column(candidate.id)
    hinted = any(c.mention is not None and c.mention.hint is mention for c in sketch.conds)
    if hinted or any(c.subject is mention for c in sketch.conds):
        return None
    if is_told(mention, candidate, sketch, ctx):
        return None
    refers = is_had(mention, ctx) and any(
        r.table == column.table and r.columns == (column.name,)
        for r in ctx.scope.view.relationships
    )
    home = column.table == ctx.scope.home
    if column.type == "boolean" or (column.null_fraction and home
                                    and (refers or not column.is_number)):  # fmt: skip
        return predicate(Cond("related", mention), ctx)
    if home and column.is_number and has_some(mention, sketch, ctx) and (
        column.null_fraction or column.additivity == "sum"
    ):  # fmt: skip
        return predicate(Cond("related", mention), ctx)
    if column.distinct is not None and column.distinct <= 2:
        truth = flag(column, ctx.expr(column), ctx)
        if truth is not None:
            return truth
    ctx.scope.alias(column.table)
    ctx.used.add(column.id)
    reference = ctx.scope.graph.references.get(column.id)
    if reference is not None and reference.to_table in ctx.scope.graph.calendars:
        return None  # which date is meant
    ctx.penalty += 0.5
    ctx.idle += 1
    return None


def _belongs(table: str, ctx: Context) -> bool:
    """Whether rows of the table are the home's, or those of something that was named, too."""
    named = {c.table for c in ctx.chosen.values() if c.kind == "table"} - {table}
    between = (named & ctx.scope.graph.owned(ctx.scope.home)) | {ctx.scope.home}
    return any(ctx.scope.graph.is_related(t, table) for t in between)


def _reachable(table: str, ctx: Context) -> bool:
    return ctx.scope.graph.distance(ctx.scope.home, table) < UNREACHABLE
