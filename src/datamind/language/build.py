"""Building: a sketch whose mentions have meanings becomes a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from datamind.language import measures
from datamind.language.conditions import Context, Unbuildable, conjunction, date_expr, flag, predicate
from datamind.language.linking import Candidate
from datamind.language.graph import UNREACHABLE
from datamind.language.scope import NoPath, Scope, dates_of, display, year_columns
from datamind.language.sketch import Cond, Measure, Mention, Rank, Sketch
from datamind.language.tokens import stem
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, TEMPORAL, Column, Table


@dataclass
class Draft:
    """A plan in the making: keys and measures, or plain outputs, and the conditions on groups."""

    outputs: list[P.Named] = field(default_factory=list)
    keys: list[P.Named] = field(default_factory=list)
    hidden: list[P.Named] = field(default_factory=list)
    aggregates: list[P.Named] = field(default_factory=list)
    having: list[P.Predicate] = field(default_factory=list)
    where: list[P.Predicate] = field(default_factory=list)
    order: list[P.Sort] = field(default_factory=list)
    limit: P.Limit | None = None
    distinct: bool = False


def home_table(sketch: Sketch, chosen: dict[Mention, Candidate], metrics: dict[str, str]) -> str:
    """The table whose rows the plan starts from: the measure's, the head's, or the first named."""
    measured = [o for o in sketch.outputs if isinstance(o, Measure)]
    by = [r.by for r in (*sketch.ranks, *sketch.order) if isinstance(r.by, Measure)]
    for measure in (*measured, *by):
        home = measures.home_of(measure, chosen, metrics)
        if home:
            return home
    for mention in (sketch.head, *sketch.outputs, *sketch.groups, *chosen):
        candidate = chosen.get(mention) if isinstance(mention, Mention) else None
        if candidate is not None and candidate.table:
            return candidate.table
        if candidate is not None and candidate.id in metrics:
            return metrics[candidate.id]
    raise Unbuildable("nothing names a table")


def build(sketch: Sketch, ctx: Context) -> P.Query:
    """The plan; Unbuildable or NoPath where this reading makes none."""
    ctx.scope.need(_condition_tables(sketch, ctx))
    draft = Draft()
    grouped = _is_grouped(sketch, ctx)
    _conditions(sketch, ctx, draft, grouped=grouped)
    if grouped or draft.having:
        _grouped(sketch, ctx, draft)
        return _grouped_query(ctx, draft)
    _listed(sketch, ctx, draft)
    return _list_query(sketch, ctx, draft)


def _condition_tables(sketch: Sketch, ctx: Context) -> list[str]:
    """Tables of the relations said outright: they steer the join tree."""
    out = []
    for mention in sketch.related:
        candidate = ctx.chosen.get(mention)
        if candidate is not None and candidate.kind == "table" and _reachable(candidate.table, ctx):
            out.append(candidate.table)
    return out


def _is_grouped(sketch: Sketch, ctx: Context) -> bool:
    measured = [o for o in sketch.outputs if isinstance(o, Measure) and not measures.is_row_level(o)]
    if measured or _metric_outputs(sketch, ctx):
        return True
    for rank in (*sketch.ranks, *sketch.order):
        if isinstance(rank.by, Measure) and not measures.is_row_level(rank.by):
            return True
        if isinstance(rank.by, Mention) and _counts(rank.by, ctx):
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
    return candidate is not None and (
        candidate.kind == "metric" or (candidate.kind == "table")
    )


def _conditions(sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool) -> None:
    for cond in sketch.conds:
        if cond.kind == "related" and cond.numbers and _about_groups(cond, ctx, grouped):
            draft.having.append(_having(cond, ctx, draft))
        elif cond.kind == "compare" and _metric_of(cond, ctx):
            draft.having.append(_having(cond, ctx, draft))
        else:
            draft.where.append(predicate(cond, ctx))
    for mention in sketch.related:
        made = _relation(mention, sketch, ctx)
        if made is not None:
            draft.where.append(made)


def _metric_of(cond: Cond, ctx: Context) -> bool:
    candidate = ctx.chosen.get(cond.subject) if cond.subject else None
    return candidate is not None and candidate.kind == "metric"


def _about_groups(cond: Cond, ctx: Context, grouped: bool) -> bool:
    """`with more than 5 orders`, where orders are what the plan's rows are."""
    candidate = ctx.chosen.get(cond.subject) if cond.subject else None
    if candidate is None or candidate.kind not in ("table", "metric"):
        return False
    return candidate.kind == "metric" or candidate.table == ctx.scope.home


def _having(cond: Cond, ctx: Context, draft: Draft) -> P.Predicate:
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    measure: P.Expr
    if candidate.kind == "metric":
        measure = P.Metric(candidate.id)
    else:
        measure = P.Aggregate("count", None, ctx.scope.alias(candidate.table))
    name = _aggregate(draft, measure, "number_of_rows" if candidate.kind == "table" else candidate.id)
    value = cond.numbers[0]
    assert isinstance(value, float)
    made: P.Predicate = P.Compare(
        cast(P.Comparison, cond.op), P.Field(name), P.Value(int(value) if value == int(value) else value)
    )
    return P.Not(made) if cond.negated else made


def _relation(mention: Mention, sketch: Sketch, ctx: Context) -> P.Predicate | None:
    """A noun that stands in the question without more: a table to join, a flag, a filled column."""
    candidate = ctx.chosen.get(mention)
    if candidate is None or candidate.kind in ("metric", "grain"):
        return None
    if candidate.kind == "table":
        if not _reachable(candidate.table, ctx):
            return _shares(candidate.table, sketch, ctx)
        ctx.scope.alias(candidate.table)
        return None
    if candidate.kind == "value":
        return predicate(Cond("related", mention), ctx)
    column = ctx.scope.view.column(candidate.id)
    hinted = any(c.mention is not None and c.mention.hint is mention for c in sketch.conds)
    if hinted or any(c.subject is mention for c in sketch.conds):
        return None
    if any(ctx.chosen.get(o) == candidate for o in (*sketch.outputs, *sketch.groups)
           if isinstance(o, Mention)):  # fmt: skip
        return None
    if column.type == "boolean" or (column.null_fraction and column.table == ctx.scope.home
                                    and column.type not in NUMERIC):  # fmt: skip
        return predicate(Cond("related", mention), ctx)
    if column.distinct is not None and column.distinct <= 2:
        truth = flag(column, ctx.expr(column), ctx)
        if truth is not None:
            return truth
    ctx.scope.alias(column.table)
    ctx.used.add(column.id)
    ctx.penalty += 0.5
    return None


def _reachable(table: str, ctx: Context) -> bool:
    return ctx.scope.graph.distance(ctx.scope.home, table) < UNREACHABLE


def _shares(table: str, sketch: Sketch, ctx: Context) -> P.Predicate:
    """A table that no key leads to, but that has the same column as what is asked for or grouped
    by: its values must be among that table's."""
    for mention in (*sketch.groups, *sketch.outputs):
        candidate = ctx.chosen.get(mention) if isinstance(mention, Mention) else None
        if candidate is None or candidate.kind != "column":
            continue
        name = candidate.id.rpartition(".")[2]
        if any(c.name == name for c in ctx.scope.view.table(table).columns):
            inner = Scope(ctx.scope.view, ctx.scope.graph, table, taken=ctx.scope.taken)
            other = P.Column(inner.aliases[table], name)
            query = P.Query(inner.source(), (P.Project((P.Named(name, other),)),))
            ctx.notes.append(f"{table} is matched by {name}")
            return P.InQuery(ctx.scope.column(candidate.id), query)
    raise NoPath(table)


# ---- grouped plans -----------------------------------------------------------------------------


def _grouped(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    for mention in sketch.groups:
        draft.keys.extend(k for k in _keys(mention, ctx) if k not in draft.keys)
    for output in sketch.outputs:
        if isinstance(output, Measure):
            expr = measures.expression(output, ctx)
            name = _aggregate(draft, expr, measures.name_of(output, ctx))
            draft.outputs.append(P.Named(name, P.Field(name)))
        elif ctx.meaning(output).kind == "metric":
            name = _aggregate(draft, P.Metric(ctx.meaning(output).id), ctx.meaning(output).id)
            draft.outputs.append(P.Named(name, P.Field(name)))
        else:
            made = _keys(output, ctx, shown=True)
            for key in made:
                if key.expr not in [k.expr for k in draft.keys]:
                    draft.keys.append(key)
    _head_key(sketch, ctx, draft)
    _ranks(sketch, ctx, draft, grouped=True)
    if not draft.aggregates and not draft.keys:
        raise Unbuildable("a group of nothing")
    draft.outputs = [*(P.Named(k.name, P.Field(k.name)) for k in draft.keys), *draft.outputs]


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
    if any(
        isinstance(k.expr, P.Column) and k.expr.alias == alias and _is_unique(table, k.expr.name)
        for k in draft.keys
    ):
        return
    for name in table.primary_key:
        expr = ctx.scope.column(f"{table.id}.{name}")
        if expr not in [k.expr for k in draft.keys]:
            draft.hidden.append(P.Named(_free(draft, name), expr))


def _is_unique(table: Table, name: str) -> bool:
    column = table.column(name)
    return name in table.primary_key or (bool(table.rows) and column.distinct == table.rows)


def _free(draft: Draft, name: str) -> str:
    taken = {n.name for n in (*draft.keys, *draft.hidden, *draft.aggregates, *draft.outputs)}
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made


def _aggregate(draft: Draft, expr: P.Expr, name: str) -> str:
    """The name under which this aggregate is computed, once."""
    for named in draft.aggregates:
        if named.expr == expr:
            return named.name
    free = _free(draft, name)
    draft.aggregates.append(P.Named(free, expr))
    return free


def _keys(mention: Mention, ctx: Context, *, shown: bool = False) -> list[P.Named]:
    """What a mention groups by: a column, what names a table's rows, or a period."""
    candidate = ctx.meaning(mention)
    if candidate.kind == "grain":
        return [_period_key(candidate.id, ctx)]
    if candidate.kind == "table":
        table = ctx.scope.view.table(candidate.id)
        columns = display(table)
        if len(table.primary_key) == 1:
            columns = [table.column(table.primary_key[0]), *columns]
        return [_named(c, ctx) for c in dict.fromkeys(columns)]
    if candidate.kind in ("column", "value"):
        column = ctx.scope.view.column(candidate.id)
        if mention.grain and column.type in TEMPORAL:
            grain = cast(P.Grain, mention.grain)
            return [P.Named(mention.grain, P.DateTrunc(grain, ctx.expr(column)))]
        return [_named(c, ctx) for c in _person(mention, column, ctx)]
    raise Unbuildable(f"{candidate.kind} can't be grouped by")


def _person(mention: Mention, column: Column, ctx: Context) -> list[Column]:
    """`name`, where the table keeps it in two columns, is both."""
    table = ctx.scope.view.table(column.table)
    said = ctx.lemmas[mention.first : mention.last]
    if said and said[-1] == "name" and column.name in table.display and len(table.display) == 2:
        if not {"first", "last", "given", "family"} & set(said):
            return display(table)
    return [column]


def _named(column: Column, ctx: Context) -> P.Named:
    return P.Named(column.name, ctx.expr(column))


def _period_key(grain: str, ctx: Context) -> P.Named:
    if grain == "year":
        for table_id in list(ctx.scope.aliases):
            table = ctx.scope.view.table(table_id)
            if year_columns(table) and not dates_of(table):
                return _named(year_columns(table)[0], ctx)
    return P.Named(grain, P.DateTrunc(cast(P.Grain, grain), date_expr(ctx, None)))


def _grouped_query(ctx: Context, draft: Draft) -> P.Query:
    steps: list[P.Step] = []
    if draft.where:
        steps.append(P.Filter(conjunction(draft.where)))
    steps.append(P.Group((*draft.keys, *draft.hidden), tuple(draft.aggregates)))
    if draft.having:
        steps.append(P.Filter(conjunction(draft.having)))
    if draft.order:
        steps.append(P.Order(tuple(draft.order)))
    if draft.limit:
        steps.append(draft.limit)
    steps.append(P.Project(tuple(draft.outputs)))
    return P.Query(ctx.scope.source(), tuple(steps))


# ---- ranks -------------------------------------------------------------------------------------


def _ranks(sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool) -> None:
    for rank in (*sketch.ranks, *sketch.order):
        sort, shown = _sort(rank, sketch, ctx, draft, grouped=grouped)
        if sort is not None and sort.by not in [s.by for s in draft.order]:
            draft.order.append(sort)
        if shown is not None and rank in sketch.ranks and not _already(draft, shown):
            draft.outputs.append(shown)
    limits = [r.count for r in sketch.ranks if r.count and not _unlimited(r, sketch, ctx)]
    if limits and draft.order:
        draft.limit = P.Limit(min(limits))
    elif limits:
        draft.limit = P.Limit(limits[0])


def _already(draft: Draft, shown: P.Named) -> bool:
    return any(o.expr == shown.expr for o in draft.outputs)


def _unlimited(rank: Rank, sketch: Sketch, ctx: Context) -> bool:
    """`which lakes are the largest, ordered by ...`: an order of all, not one row."""
    if not rank.extreme or not sketch.order:
        return False
    head = sketch.head
    if head is None:
        return False
    last = ctx.words[head.last - 1].lower()
    return last != ctx.lemmas[head.last - 1] and last.endswith("s")


def _sort(
    rank: Rank, sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool
) -> tuple[P.Sort | None, P.Named | None]:
    """The sort key of a rank, and the output that shows it."""
    by = rank.by
    if by is None:
        return _bare_sort(rank, sketch, ctx, draft, grouped=grouped)
    if isinstance(by, Measure):
        expr = measures.expression(by, ctx)
        if not grouped:
            return P.Sort(expr, rank.descending), P.Named(measures.name_of(by, ctx), expr)
        name = _aggregate(draft, expr, measures.name_of(by, ctx))
        return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))
    candidate = ctx.meaning(by)
    if grouped and candidate.kind in ("table", "metric"):
        made: P.Expr = (
            P.Metric(candidate.id)
            if candidate.kind == "metric"
            else P.Aggregate("count", None, ctx.scope.alias(candidate.table))
        )
        label = candidate.id if candidate.kind == "metric" else f"number_of_{candidate.id}"
        name = _aggregate(draft, made, label)
        return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))
    if candidate.kind == "grain":
        key = _period_key(candidate.id, ctx)
        target = key.expr if not grouped else P.Field(_key_name(draft, key))
        return P.Sort(target, rank.descending), None
    column = ctx.column_of(by)
    return _column_sort(column, rank, ctx, draft, grouped=grouped)


def _key_name(draft: Draft, key: P.Named) -> str:
    for named in (*draft.keys, *draft.hidden):
        if named.expr == key.expr:
            return named.name
    raise Unbuildable("ordered by something that is not grouped by")


def _column_sort(
    column: Column, rank: Rank, ctx: Context, draft: Draft, *, grouped: bool
) -> tuple[P.Sort | None, P.Named | None]:
    named = _named(column, ctx)
    if isinstance(rank.by, Mention) and rank.by.function and column.type == "text":
        named = P.Named("length", P.Call("length", (named.expr,)))
    if not grouped:
        return P.Sort(named.expr, rank.descending), named
    for key in (*draft.keys, *draft.hidden):
        if key.expr == named.expr:
            return P.Sort(P.Field(key.name), rank.descending), None
    for aggregate in draft.aggregates:
        if isinstance(aggregate.expr, P.Aggregate) and aggregate.expr.arg == named.expr:
            return P.Sort(P.Field(aggregate.name), rank.descending), P.Named(
                aggregate.name, P.Field(aggregate.name))  # fmt: skip
    table = ctx.scope.view.table(column.table)
    alias = ctx.scope.aliases[column.table]
    if table.primary_key and all(P.Column(alias, k) in [n.expr for n in (*draft.keys, *draft.hidden)]
                                 for k in table.primary_key):  # fmt: skip
        draft.hidden.append(P.Named(_free(draft, column.name), named.expr))
        return P.Sort(P.Field(draft.hidden[-1].name), rank.descending), None
    if column.type not in NUMERIC:
        raise Unbuildable("ordered by something that is not grouped by")
    function = "sum" if column.additivity == "sum" else "avg"
    made = P.Aggregate(cast(P.Function, function), named.expr)
    name = _aggregate(draft, made, f"{function}_{column.name}")
    return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))


def _bare_sort(
    rank: Rank, sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool
) -> tuple[P.Sort | None, P.Named | None]:
    """An order that names nothing: by the hints, the first measure, or the first output."""
    if rank.hints:
        column = _hinted_column(rank, sketch, ctx)
        if column is not None:
            return _column_sort(column, rank, ctx, draft, grouped=grouped)
    if grouped and draft.aggregates:
        name = draft.aggregates[0].name
        return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))
    if rank in sketch.order and draft.outputs:
        first = next((o for o in draft.outputs if _sortable(o, rank)), draft.outputs[-1])
        return P.Sort(first.expr, rank.descending), None
    if rank.extreme:
        raise Unbuildable("a superlative of nothing")
    return None, None


def _sortable(output: P.Named, rank: Rank) -> bool:
    return not output.name.endswith("id") or rank.descending


def _hinted_column(rank: Rank, sketch: Sketch, ctx: Context) -> Column | None:
    """The column that the superlative's adjective compares: `oldest` by birth date."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    table = ctx.scope.view.table(head.table if head is not None and head.table else ctx.scope.home)
    for hint in rank.hints:
        for column in (*dates_of(table), *table.columns):
            words = ctx.index.column_words.get(column.id, frozenset())
            comparable = column.type in NUMERIC or column.type in TEMPORAL
            if comparable and (hint in words or stem(hint) in words):
                return column
        if hint == "date" and dates_of(table):
            return dates_of(table)[0]
    return None


# ---- plain lists -------------------------------------------------------------------------------


def _listed(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    for output in (*sketch.outputs, *sketch.groups):
        made: Sequence[P.Named]
        if isinstance(output, Measure):
            made = [P.Named(measures.name_of(output, ctx), measures.expression(output, ctx))]
        else:
            made = _shown(output, sketch, ctx)
        for named in made:
            if named.expr not in [o.expr for o in draft.outputs]:
                draft.outputs.append(P.Named(_free(draft, named.name), named.expr))
    if not draft.outputs:
        raise Unbuildable("nothing to show")
    _ranks(sketch, ctx, draft, grouped=False)
    if head is not None and head.kind in ("column", "value") and len(sketch.outputs) == 1:
        column = ctx.scope.view.column(head.id)
        owner = sketch.head.owner if sketch.head is not None else None
        draft.distinct = owner is None and not _is_unique(ctx.scope.view.table(column.table), column.name)


def _shown(mention: Mention, sketch: Sketch, ctx: Context) -> list[P.Named]:
    candidate = ctx.meaning(mention)
    if candidate.kind == "grain":
        return [_period_key(candidate.id, ctx)]
    if candidate.kind == "table":
        table = ctx.scope.view.table(candidate.id)
        columns = display(table)
        if len(table.primary_key) == 1 and (mention is sketch.head or len(sketch.outputs) == 1):
            columns = [table.column(table.primary_key[0]), *columns]
        return [_named(c, ctx) for c in dict.fromkeys(columns)]
    if candidate.kind in ("column", "value"):
        return [_named(c, ctx) for c in _person(mention, ctx.scope.view.column(candidate.id), ctx)]
    raise Unbuildable(f"{candidate.kind} can't be listed")


def _list_query(sketch: Sketch, ctx: Context, draft: Draft) -> P.Query:
    scope = ctx.scope
    shown = {o.expr.alias for o in draft.outputs if isinstance(o.expr, P.Column)}
    spread = [t for t in scope.to_many if scope.aliases[t] not in shown]
    distinct = sketch.distinct or draft.distinct or bool(spread)
    if distinct:
        for sort in draft.order:
            if sort.by not in [o.expr for o in draft.outputs]:
                name = sort.by.name if isinstance(sort.by, P.Column) else "value"
                draft.outputs.append(P.Named(_free(draft, name), sort.by))
    steps: list[P.Step] = []
    if draft.where:
        steps.append(P.Filter(conjunction(draft.where)))
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
