"""Ordering: superlatives, tops and sort clauses as the order and limit of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from datamind.language import measures
from datamind.language.added_up import adds_up, is_one_of_many, usual_of_kind
from datamind.language.context import Context, Unbuildable
from datamind.language.draft import Draft, aggregate, free_name, is_period, named, period_key
from datamind.language.kinds import KEYS
from datamind.language.metric_time import figure
from datamind.language.numbers import PLACES
from datamind.language.scales import kept_in
from datamind.language.scope import dates_of, is_personal, moment_of, year_columns
from datamind.language.sketch import Measure, Mention, Rank, Sketch
from datamind.language.tokens import stem
from datamind.language.windows import TRADED, words_for
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column


def ranks(sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool) -> None:
    for rank in (*sketch.ranks, *sketch.order):
        sort, shown = _sort(rank, sketch, ctx, draft, grouped=grouped)
        if sort is not None:
            _add_sort(draft, sort)
        wanted = rank in sketch.ranks or not (grouped or sketch.listed)
        told = _is_figure(rank, ctx) and not sketch.opener  # `sort them by number of trips`
        wanted = wanted or (grouped and told) or adds_up(rank, sketch, ctx)
        if shown is not None and wanted and not _already(draft, shown):
            draft.outputs.append(shown)
    limits = [r.count for r in sketch.ranks if r.count and not _unlimited(r, sketch, ctx)]
    places = [PLACES.get(ctx.words[r.first].lower(), 1) for r in sketch.ranks if r.extreme]
    if limits and draft.order:
        skipped = max((r.skip for r in sketch.ranks), default=0)
        draft.limit = P.Limit(min(limits), skipped + max(places, default=1) - 1)
    elif limits:
        draft.limit = P.Limit(limits[0])


def _is_figure(rank: Rank, ctx: Context) -> bool:
    by = ctx.chosen.get(rank.by) if isinstance(rank.by, Mention) else None
    return isinstance(rank.by, Measure) or (by is not None and by.kind == "metric")


def _add_sort(draft: Draft, sort: P.Sort) -> None:
    """A sort said again (`the longest, sorted ascending`) sets the direction."""
    for place, known in enumerate(draft.order):
        if known.by == sort.by:
            draft.order[place] = sort
            return
    draft.order.append(sort)


def _already(draft: Draft, shown: P.Named) -> bool:
    return any(o.expr == shown.expr for o in draft.outputs)


def _unlimited(rank: Rank, sketch: Sketch, ctx: Context) -> bool:
    """`which lakes are the largest, ordered by ...`: an order of all, not one row."""
    return rank.extreme and bool(sketch.order) and _are_many(sketch, ctx)


def _are_many(sketch: Sketch, ctx: Context) -> bool:
    """Whether what is asked for stands in the plural."""
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
        name = aggregate(draft, expr, measures.name_of(by, ctx))
        return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))
    candidate = ctx.meaning(by)
    if candidate.kind == "table" and is_dated(rank) and not grouped:
        if _are_many(sketch, ctx):
            raise Unbuildable("several, of the one that was last")
        return _column_sort(_moment(candidate.table, ctx), rank, ctx, draft, grouped=False)
    if rank.extreme and not grouped and candidate.kind in ("table", "grain"):
        raise Unbuildable("what is compared is not said")
    if grouped and candidate.kind == "table" and rank.hints:
        raise Unbuildable("the highest rated are not the most")
    if candidate.kind == "metric" and "date" in rank.hints:
        raise Unbuildable("the oldest are not the fewest")
    if grouped and candidate.kind in ("table", "metric"):
        made: P.Expr = (
            figure(candidate.id, ctx)
            if candidate.kind == "metric"
            else P.Aggregate("count", None, ctx.scope.alias(candidate.table))
        )
        label = candidate.id if candidate.kind == "metric" else f"number_of_{candidate.id}"
        name = aggregate(draft, made, label)
        return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))
    if candidate.kind == "grain":
        key = period_key(candidate.id, ctx)
        target = key.expr if not grouped else P.Field(_key_name(draft, key))
        return P.Sort(target, rank.descending), None
    column = ctx.column_of(by)
    if rank.extreme and not grouped and is_one_of_many(by, sketch, ctx):
        raise Unbuildable("one row of many, where a figure is kept of all")
    if is_dated(rank) and column.is_number and column.additivity != "none":
        raise Unbuildable("the latest are not the largest")
    most = ctx.lemmas[rank.first] in _MOST or bool(TRADED & set(rank.hints))
    most = most or (bool(rank.count) and ctx.lemmas[rank.first] == "top")  # `top 3 by category`
    worded = column.type == "text" and not column.dated and most
    dated = column.is_date and not rank.hints and ctx.lemmas[rank.first] in _MOST
    if worded or dated or (column.type == "boolean" and rank.extreme):
        raise Unbuildable("a text has no most")
    keyed = column.id in ctx.scope.graph.references or (
        ctx.scope.view.table(column.table).primary_key == (column.name,)
    )
    if keyed and rank.extreme and not KEYS & set(ctx.lemmas[by.first : by.last]):
        raise Unbuildable("a key has no best")
    return _column_sort(column, rank, ctx, draft, grouped=grouped)


_MOST = frozenset({"most", "fewest", "least", "more", "fewer"})


def is_dated(rank: Rank) -> bool:
    """Whether what happened last, or first, is meant: `the latest order`."""
    return rank.extreme and rank.hints[:1] == ("date",)


def _moment(table: str, ctx: Context) -> Column:
    """When the table's rows happened."""
    found = dates_of(ctx.scope.view.table(table))
    if not found:
        raise Unbuildable("nothing says when")
    return moment_of(found[0], ctx.scope.view.table(table))


def _key_name(draft: Draft, key: P.Named) -> str:
    for known in (*draft.keys, *draft.hidden):
        if known.expr == key.expr:
            return known.name
    raise Unbuildable("ordered by something that is not grouped by")


def _column_sort(
    column: Column, rank: Rank, ctx: Context, draft: Draft, *, grouped: bool
) -> tuple[P.Sort | None, P.Named | None]:
    pace = ctx.words[rank.first].lower() if rank.extreme else ""
    if pace in _PACES and kept_in(column):  # the slowest takes the most days
        rank = replace(rank, descending=_PACES[pace])
    shown = named(column, ctx)
    if isinstance(rank.by, Mention) and rank.by.function and column.type == "text":
        shown = P.Named("length", P.Call("length", (shown.expr,)))
    if not grouped:
        return P.Sort(shown.expr, rank.descending), shown
    for key in (*draft.keys, *draft.hidden):
        if key.expr == shown.expr:
            return P.Sort(P.Field(key.name), rank.descending), None
    for known in draft.aggregates:
        if isinstance(known.expr, P.Aggregate) and known.expr.arg == shown.expr:
            return P.Sort(P.Field(known.name), rank.descending), P.Named(
                known.name, P.Field(known.name))  # fmt: skip
    table = ctx.scope.view.table(column.table)
    alias = ctx.scope.aliases[column.table]
    grouped_by = [n.expr for n in (*draft.keys, *draft.hidden)]
    if table.primary_key and all(P.Column(alias, k) in grouped_by for k in table.primary_key):
        draft.hidden.append(P.Named(free_name(draft, column.name), shown.expr))
        return P.Sort(P.Field(draft.hidden[-1].name), rank.descending), None
    if not column.is_number:
        raise Unbuildable("ordered by something that is not grouped by")
    function = rank.function or ("sum" if column.additivity == "sum" else "avg")
    made = P.Aggregate(cast(P.Function, function), shown.expr)
    name = aggregate(draft, made, f"{function}_{column.name}")
    return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))


_PACES = {"slowest": True, "fastest": False, "quickest": False}


def _bare_sort(
    rank: Rank, sketch: Sketch, ctx: Context, draft: Draft, *, grouped: bool
) -> tuple[P.Sort | None, P.Named | None]:
    """An order that names nothing: by the hints, the first measure, or the first output."""
    if rank.hints:
        column = _hinted_column(rank, sketch, ctx)
        if column is not None:
            usual = grouped and usual_of_kind(rank, sketch, ctx)
            rank = replace(rank, function="avg") if usual else rank
            return _column_sort(column, rank, ctx, draft, grouped=grouped)
    said = " ".join(w.lower() for w in ctx.words[rank.first : rank.first + 5])
    if grouped and rank in sketch.order and any(w in said for w in _BY_TIME):
        times = [k for k in draft.keys if is_period(k)]
        if times:
            return P.Sort(P.Field(times[0].name), rank.descending), None
    if grouped and draft.aggregates:
        made = {named_.name for named_ in draft.aggregates}
        shown = [o.name for o in draft.outputs if isinstance(o.expr, P.Field) and o.name in made]
        name = (*shown, draft.aggregates[0].name)[0]
        return P.Sort(P.Field(name), rank.descending), P.Named(name, P.Field(name))
    if rank in sketch.order and any(w in said for w in _TIMELY):
        column = _hinted_column(replace(rank, hints=("date",)), sketch, ctx)
        if column is None:
            raise Unbuildable("newest first, of what has no date")
        return _column_sort(column, rank, ctx, draft, grouped=grouped)
    if rank in sketch.order and draft.outputs:
        large = bool(_LARGE & set(said.split()))
        able = [o for o in draft.outputs if _sortable(o, rank)]
        sized = [o for o in able if large and _is_size(o, ctx)]
        first = next(iter(sized or able), draft.outputs[-1])
        return P.Sort(first.expr, rank.descending), None
    if rank.extreme or rank.count:
        raise Unbuildable("a superlative of nothing")
    return None, None


_LARGE = frozenset(
    """largest highest biggest smallest lowest most least best worst top rated longest shortest
    cheapest expensive""".split()
)


def _is_size(output: P.Named, ctx: Context) -> bool:
    """Whether an output is a number that has more and less: no key, no code."""
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    if not isinstance(output.expr, P.Column) or output.expr.alias not in tables:
        return isinstance(output.expr, P.Arithmetic | P.DateDiff)
    column = ctx.scope.view.column(f"{tables[output.expr.alias]}.{output.expr.name}")
    return column.is_number and column.additivity != "none"


def _sortable(output: P.Named, rank: Rank) -> bool:
    return not output.name.endswith("id") or rank.descending


_TIMELY = ("newest", "latest", "recent", "oldest", "earliest")
_BY_TIME = (*_TIMELY, "chronological")


def _hinted_column(rank: Rank, sketch: Sketch, ctx: Context) -> Column | None:
    """The column that the superlative's adjective compares: `oldest` by birth date."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    table = ctx.scope.view.table(head.table if head is not None and head.table else ctx.scope.home)
    for hint in rank.hints:
        for column in (*dates_of(table), *table.columns):
            words = words_for(hint, column, ctx)
            comparable = column.is_number or column.is_date
            if is_personal(column) and "birth" not in rank.hints:
                continue  # the newest customer is not the youngest
            if comparable and (hint in words or stem(hint) in words):
                return moment_of(column, table)
        if hint == "date":
            shown = [c for c in (*dates_of(table), *year_columns(table)) if c.id in ctx.used]
            found = shown or dates_of(table)
            if found:
                return moment_of(found[0], table)
    return None
