"""Shapes: the two forms of a plan, groups with measures and plain lists of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from datamind.language import measures, names, windows
from datamind.language.asked import asks_where, places_of
from datamind.language.context import Context, Unbuildable, conjunction
from datamind.language.draft import (
    Draft,
    aggregate,
    free_name,
    is_unique,
    keys,
    named,
    of_column,
    period_key,
)
from datamind.language.metric_time import figure
from datamind.language.ordering import ranks
from datamind.language.scope import called
from datamind.language.sketch import Measure, Mention, Output, Sketch
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table
from datamind.semantics.walk import below


def group(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    for mention in sketch.groups:
        draft.keys.extend(k for k in keys(mention, ctx) if k not in draft.keys)
    for output in sketch.outputs:
        if isinstance(output, Measure):
            expr = measures.expression(output, ctx)
            name = aggregate(draft, expr, measures.name_of(output, ctx))
            _show(draft, name)
        elif ctx.meaning(output).kind == "metric":
            name = aggregate(draft, figure(ctx.meaning(output).id, ctx), ctx.meaning(output).id)
            _show(draft, name)
        elif _is_ranked_by(output, sketch, ctx):
            continue  # `..., and what was the amount of each`: the figure of the rank is shown
        elif _added_up(output, sketch, ctx):
            measure = Measure("either", target=output, first=output.first)
            name = aggregate(
                draft, measures.expression(measure, ctx), measures.name_of(measure, ctx)
            )
            _show(draft, name)
        else:
            made = keys(output, ctx, shown=True)
            if _is_head(output, sketch, ctx) and (sketch.ranks or draft.having):
                draft.where += _known(made, ctx)
            for key in made:
                if key.expr not in [k.expr for k in draft.keys]:
                    draft.keys.append(key)
    _head_key(sketch, ctx, draft)
    windows.nested_keys(sketch, ctx, draft)
    ranks(sketch, ctx, draft, grouped=True)
    if not draft.aggregates and not draft.keys:
        raise Unbuildable("a group of nothing")
    draft.outputs = [*(P.Named(k.name, P.Field(k.name)) for k in draft.keys), *draft.outputs]
    windows.over_groups(sketch, ctx, draft)


def _is_head(output: Mention, sketch: Sketch, ctx: Context) -> bool:
    """Whether it is what was asked for, in the same words or said again."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    return output is sketch.head or (head is not None and head.id == ctx.meaning(output).id)


def _known(made: Sequence[P.Named], ctx: Context) -> list[P.Predicate]:
    """`which regions have ...`: what is not known is none of them."""
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    columns = [k.expr for k in made if isinstance(k.expr, P.Column) and k.expr.alias in tables]
    return [
        P.Not(P.IsNull(c)) for c in columns
        if ctx.scope.view.column(f"{tables[c.alias]}.{c.name}").null_fraction
    ]  # fmt: skip


def _added_up(output: Mention, sketch: Sketch, ctx: Context) -> bool:
    """`top 3 lines by quantity: the line and the quantity`: what is ranked by is what is shown."""
    candidate = ctx.meaning(output)
    if candidate.kind != "column" or ctx.scope.view.column(candidate.id).additivity != "sum":
        return False
    by = [ctx.chosen[r.by].id for r in sketch.ranks
          if isinstance(r.by, Mention) and r.by in ctx.chosen]  # fmt: skip
    return candidate.id in by


def _is_ranked_by(output: Mention, sketch: Sketch, ctx: Context) -> bool:
    """Whether an amount that is to be shown is the one that the groups are ranked by."""
    candidate = ctx.meaning(output)
    if candidate.kind != "column" or ctx.scope.view.column(candidate.id).additivity != "sum":
        return False
    for rank in sketch.ranks:
        by = rank.by.target if isinstance(rank.by, Measure) else None
        meant = ctx.chosen.get(by) if by is not None else None
        if meant is not None and meant.kind in ("metric", "column"):
            words = set(names.words_of(meant.name or meant.id))
            if meant.id == candidate.id or words <= set(names.words_of(candidate.name)):
                return True
    return False


def _show(draft: Draft, name: str) -> None:
    """A measure is shown once, however often the question says it."""
    if name not in {o.name for o in draft.outputs}:
        draft.outputs.append(P.Named(name, P.Field(name)))


def _head_key(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """Rows are one for each head: its key is grouped by too where its names may repeat."""
    head = sketch.head
    candidate = ctx.chosen.get(head) if head is not None else None
    if candidate is None or candidate.kind != "table" or not draft.keys or sketch.groups:
        return
    if not any(
        isinstance(k.expr, P.Column) and k.expr.alias == ctx.scope.aliases.get(candidate.table)
        for k in draft.keys
    ):
        return
    table = ctx.scope.view.table(candidate.table)
    alias = ctx.scope.aliases[candidate.table]
    shown = [table.column(k.expr.name) for k in draft.keys
             if isinstance(k.expr, P.Column) and k.expr.alias == alias]  # fmt: skip
    if all(_is_kind(c, table) for c in shown):
        return  # the kinds of bikes, not each bike's
    if any(
        isinstance(k.expr, P.Column) and k.expr.alias == alias and is_unique(table, k.expr.name)
        for k in draft.keys
    ):
        return
    for name in table.primary_key:
        expr = ctx.scope.column(f"{table.id}.{name}")
        if expr not in [k.expr for k in draft.keys]:
            draft.hidden.append(P.Named(free_name(draft, name), expr))


def _is_kind(column: Column, table: Table) -> bool:
    """Whether few values tell the rows of the table apart into kinds."""
    few = column.distinct is not None and 2 * column.distinct <= (table.rows or 0)
    return few and column.type == "text" and column.name not in table.display


def grouped_query(ctx: Context, draft: Draft) -> P.Query:
    if draft.order and not (draft.keys or draft.hidden):
        raise Unbuildable("one number has no order")
    _check_counts(ctx, draft)
    _check_sums(ctx, draft)
    if draft.having and not (draft.keys or draft.hidden):
        raise Unbuildable("there is one group only to choose from")
    steps: list[P.Step] = []
    if draft.where:
        steps.append(P.Filter(conjunction(draft.where)))
    source: P.Source | P.Query = ctx.scope.source()
    groups = (*draft.keys, *draft.hidden)
    steps.append(P.Group((*groups, *draft.per), tuple(draft.aggregates), draft.fill))
    if draft.per:
        source, steps = P.Query(source, tuple(steps)), [averaged(groups, draft)]
    if draft.having:
        steps.append(P.Filter(conjunction(draft.having)))
    if draft.windows:
        steps.append(P.Window(tuple(draft.windows)))
    if draft.kept:
        steps.append(P.Filter(draft.kept))
    if draft.top:
        steps.append(draft.top)
    if draft.order:
        steps.append(P.Order(tuple(draft.order)))
    if draft.limit:
        steps.append(draft.limit)
    steps.append(P.Project(tuple(draft.outputs)))
    return P.Query(source, tuple(steps))


def _check_sums(ctx: Context, draft: Draft) -> None:
    """Sums of a customer's own amounts by a reason of his returns: each return has all of it."""
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    keys = [(tables.get(k.expr.alias), k.expr.name) for k in draft.keys
            if isinstance(k.expr, P.Column)]  # fmt: skip
    for named_ in draft.aggregates:
        added = named_.expr
        if not isinstance(added, P.Aggregate) or not isinstance(added.arg, P.Column):
            continue
        table = tables.get(added.arg.alias)
        if table is None or added.function not in ("sum", "avg"):
            continue
        once = added.function == "avg"  # by kinds, it is of each of them once
        keyed = {t for t, name in keys if t and not (once and _is_text(t, name, ctx))}
        if any(k not in (None, table) and table in ctx.scope.graph.owned(k) for k in keyed):
            raise Unbuildable("what is added up is shared by the groups")


def _is_text(table: str, name: str, ctx: Context) -> bool:
    return ctx.scope.view.column(f"{table}.{name}").type == "text"


def _check_counts(ctx: Context, draft: Draft) -> None:
    """A count of rows for each of those rows is 1."""
    grouped = {(k.expr.alias, k.expr.name) for k in (*draft.keys, *draft.hidden)
               if isinstance(k.expr, P.Column)}  # fmt: skip
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    for named_ in draft.aggregates:
        counted = named_.expr
        if not isinstance(counted, P.Aggregate) or counted.function != "count" or counted.arg:
            continue
        table = ctx.scope.view.table(tables.get(counted.of, ctx.scope.home))
        key = table.primary_key
        if key and all((counted.of, name) in grouped for name in key) and not draft.per:
            raise Unbuildable("each is counted as one")


def averaged(groups: Sequence[P.Named], draft: Draft) -> P.Group:
    """The aggregate of the inner groups' measures."""
    function = cast(P.Function, draft.inner)
    return P.Group(
        tuple(P.Named(k.name, P.Field(k.name)) for k in groups),
        tuple(P.Named(a.name, P.Aggregate(function, P.Field(a.name))) for a in draft.aggregates),
    )


def listed(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    parts = windows.partitions(sketch, ctx) if sketch.listed else []
    for output in (*sketch.outputs, *(g for g in sketch.groups if g not in parts)):
        made: Sequence[P.Named]
        if _is_hinted(output, sketch, ctx):
            continue  # the dearest `and its price`: what it is ranked by is shown
        if isinstance(output, Measure):
            made = [P.Named(measures.name_of(output, ctx), measures.expression(output, ctx))]
        else:
            made = _shown(output, sketch, ctx)
        if _said_twice(output, made, draft):
            raise Unbuildable("two of one name")
        for shown in made:
            if shown.expr not in [o.expr for o in draft.outputs]:
                draft.outputs.append(P.Named(free_name(draft, shown.name), shown.expr))
    _show_when(ctx, draft)
    if not draft.outputs:
        raise Unbuildable("nothing to show")
    ranks(sketch, ctx, draft, grouped=False)
    if head is not None and head.kind in ("column", "value") and len(sketch.outputs) == 1:
        column = ctx.scope.view.column(head.id)
        owner = sketch.head.owner if sketch.head is not None else None
        draft.distinct = owner is None and not is_unique(
            ctx.scope.view.table(column.table), column.name
        )
    windows.over_rows(sketch, ctx, draft)


def _show_when(ctx: Context, draft: Draft) -> None:
    """`Who has retired, and when?`: the date of what was said."""
    said = [w.lower() for w in ctx.words if w.isalpha()]
    tested = {n for c in draft.where for n in below(c) if isinstance(n, P.IsNull)}
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    dates = {
        ctx.scope.view.column(f"{tables[n.of.alias]}.{n.of.name}") for n in tested
        if isinstance(n.of, P.Column) and n.of.alias in tables
    }  # fmt: skip
    dates = {c for c in dates if c.is_date}
    if said[-2:] == ["and", "when"] and len(dates) == 1:
        draft.outputs.append(named(dates.pop(), ctx))


def _is_hinted(output: Output, sketch: Sketch, ctx: Context) -> bool:
    """Whether it is only the word for what a superlative compares."""
    if not isinstance(output, Mention) or output is sketch.head or len(sketch.outputs) < 2:
        return False
    hints = {h for r in sketch.ranks if r.by is None and r.extreme for h in r.hints}
    return output.last == output.first + 1 and ctx.lemmas[output.first] in hints


def _said_twice(output: Output, made: Sequence[P.Named], draft: Draft) -> bool:
    """`the name of the main teacher and that of the assistant`: one may not stand for both."""
    told = isinstance(output, Mention) and output.owner is not None and len(made) == 1
    return told and any(o.expr == made[0].expr for o in draft.outputs)


def _shown(mention: Mention, sketch: Sketch, ctx: Context) -> list[P.Named]:
    candidate = ctx.meaning(mention)
    if candidate.kind == "grain":
        return [period_key(candidate.id, ctx)]
    if candidate.kind == "table":
        table = ctx.scope.view.table(candidate.id)
        columns = called(table)
        if len(table.primary_key) == 1 and (mention is sketch.head or len(sketch.outputs) == 1):
            columns = [table.column(table.primary_key[0]), *columns]
        if asks_where(ctx.words) and mention is sketch.head:
            columns += places_of(table)
        return [named(c, ctx) for c in dict.fromkeys(columns)]
    if candidate.kind in ("column", "value"):
        return of_column(mention, ctx.scope.view.column(candidate.id), ctx)
    raise Unbuildable(f"{candidate.kind} can't be listed")


def list_query(sketch: Sketch, ctx: Context, draft: Draft) -> P.Query:
    scope = ctx.scope
    shown = {o.expr.alias for o in draft.outputs if isinstance(o.expr, P.Column)}
    spread = [t for t in scope.to_many if scope.aliases[t] not in shown]
    ranked = draft.windows or draft.top
    if shown and scope.aliases[scope.home] not in shown and not draft.order:
        spread.append(scope.home)  # who donated is told once, however often it was
    distinct = sketch.distinct or draft.distinct or (bool(spread) and not ranked)
    if distinct:
        for sort in draft.order:
            if sort.by not in [o.expr for o in draft.outputs]:
                name = sort.by.name if isinstance(sort.by, P.Column) else "value"
                draft.outputs.append(P.Named(free_name(draft, name), sort.by))
    steps: list[P.Step] = []
    if draft.where:
        steps.append(P.Filter(conjunction(draft.where)))
    if draft.windows:
        steps.append(P.Window(tuple(draft.windows)))
    if draft.top:
        steps.append(draft.top)
    sorts: list[P.Step] = []
    if draft.order:
        by = draft.order
        if distinct:
            by = [P.Sort(_field(s.by, draft), s.descending) for s in draft.order]
        sorts.append(P.Order(tuple(by)))
    if draft.limit:
        sorts.append(draft.limit)
    project = P.Project(tuple(draft.outputs), distinct)
    steps += [project, *sorts] if distinct else [*sorts, project]
    return P.Query(scope.source(), tuple(steps))


def _field(expr: P.Expr, draft: Draft) -> P.Expr:
    """After the projection, outputs are known by their names."""
    for output in draft.outputs:
        if output.expr == expr:
            return P.Field(output.name)
    return expr
