"""Windows: what a sketch makes of the rows around a row, as steps of the plan being drafted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from datamind.language import measures, names
from datamind.language.against import ends
from datamind.language.before_range import reach_back
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.draft import Draft, free_name, keys
from datamind.language.figures_said import never
from datamind.language.sketch import Measure, Mention, Over, Rank, Sketch
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

# ---- which groups are not groups ---------------------------------------------------------------


def partitions(sketch: Sketch, ctx: Context) -> list[Mention]:
    """The groups within each of which rows are ranked: `top 3 products in each category`."""
    ranked = any(r.count for r in sketch.ranks)
    if not sketch.groups or not (ranked or _is(sketch, "rank")):
        return []
    shown = [o for o in sketch.outputs if isinstance(o, Mention) and o in ctx.chosen]
    if not shown:
        return []
    said = {(ctx.chosen[m].kind, ctx.chosen[m].id) for m in sketch.groups if m in ctx.chosen}
    if all((ctx.chosen[m].kind, ctx.chosen[m].id) in said for m in shown):
        return []
    each = any(m.each for m in sketch.groups)
    if all(_is_figure(ctx.chosen[m], ctx, each) for m in shown):
        return []  # `revenue by city top 10`: the cities are ranked, each has one figure
    return sketch.groups


def _is_figure(shown: Candidate, ctx: Context, each: bool) -> bool:
    """Whether it adds up to one number for each group; `top 2 fares in each` are single ones."""
    if shown.kind == "column" and not each:
        return ctx.scope.view.column(shown.id).additivity == "sum"
    return shown.kind == "metric"


def of_rows(sketch: Sketch, ctx: Context) -> bool:
    """Whether what is ranked within groups is a column of the rows themselves."""
    if not partitions(sketch, ctx) and not _is(sketch, "rank"):
        return False
    if any(isinstance(o, Measure) for o in sketch.outputs):
        return False
    return all(_of_row(r, sketch, ctx) for r in sketch.ranks)


_SOLD = {"sale": ("quantity", "qty", "units", "unit"), "popularity": ()}
TRADED = frozenset(_SOLD)


def sold(sketch: Sketch, ctx: Context) -> Sketch:
    """`best selling`, `most popular`, `most profitable`: by what was sold, happened or earned,
    where no column of the thing itself says it."""
    head = next((o for o in sketch.outputs if isinstance(o, Mention)), None)
    about = ctx.chosen.get(head) if head is not None else None
    named = _of_the_sold(sketch, about, ctx)
    if named is not None:
        return named
    bare = [r for r in sketch.ranks if r.by is None and r.hints]
    if not bare or about is None or about.kind not in ("table", "column") or not about.table:
        return sketch
    rank = bare[0]
    for column in ctx.scope.view.table(about.table).columns:
        if column.is_number and rank.hints[0] in words_for(rank.hints[0], column, ctx):
            return sketch
    measure = _earned(rank, ctx)
    if measure is None and rank.hints[0] not in _SOLD:
        return sketch
    measure = measure or _sold_by(about.table, rank, ctx)
    ranks = [replace(r, by=measure) if r is rank else r for r in sketch.ranks]
    return replace(sketch, ranks=ranks)


def _of_the_sold(sketch: Sketch, about: Candidate | None, ctx: Context) -> Sketch | None:
    """`the city of the best selling store`: of the one store of which the most was sold."""
    rank = next((r for r in sketch.ranks if TRADED & set(r.hints)), None)
    thing = rank.by if rank is not None and isinstance(rank.by, Mention) else None
    found = ctx.chosen.get(thing) if thing is not None else None
    if rank is None or thing is None or found is None or found.kind != "table":
        return None
    if about is None or (about.kind == "column" and about.table != found.id) or sketch.groups:
        raise Unbuildable("of something else than what sells")
    thing.role = "entity"
    ranks = [replace(r, by=_sold_by(found.id, r, ctx)) if r is rank else r for r in sketch.ranks]
    return replace(sketch, ranks=ranks, outputs=[thing, *sketch.outputs])


def _earned(rank: Rank, ctx: Context) -> Measure | None:
    """The metric that goes by the word which the superlative hints at: `profit`, `margin`."""
    for hint in rank.hints if set(rank.hints) <= _EARNED else ():
        named = [m for m in ctx.scope.view.metrics if hint in names.words_of(m.name)]
        for metric in sorted(named, key=lambda m: (m.kind != "simple", len(m.name))):
            mention = Mention(rank.first, rank.first + 1, (), role="measure")
            ctx.chosen[mention] = Candidate("metric", metric.name, "", 0.8, "grammar")
            return Measure("either", target=mention, first=rank.first)
    return None


def words_for(hint: str, column: Column, ctx: Context) -> Collection[str]:
    """Where a superlative's hint is looked for: what was sold is said by a name, not by the words
    that describe what shops have."""
    said = ctx.index.column_words.get(column.id, frozenset())
    return names.words_of(column.name) if hint in _SOLD else said


_EARNED = frozenset({"profit", "margin"})


def _sold_by(table: str, rank: Rank, ctx: Context) -> Measure:
    """The quantity of the rows that refer to the table, or their number."""
    graph, view = ctx.scope.graph, ctx.scope.view
    meant = {c.table for c in ctx.chosen.values() if c.table}
    events = [e.end for e in graph.edges.get(table, ()) if e.to_many]
    events.sort(key=lambda t: -len(meant & graph.owned(t)))
    mention = Mention(rank.first, rank.first + 1, (), role="measure")
    first = [t for t in events if all(t in graph.owned(o) for o in events)]
    several = len(first or events) > 1
    wanted = set(_SOLD["sale"]) if several else set(_SOLD[rank.hints[0]])
    for event in events:
        for column in view.table(event).columns:
            if column.is_number and wanted & set(names.words_of(column.name)):
                ctx.chosen[mention] = Candidate("column", column.id, event, 0.8, "grammar")
                return Measure("aggregate", "sum", mention, first=rank.first)
    if several:
        raise Unbuildable("nothing says what sells")
    counted = (*first, *events, table)[0]
    ctx.chosen[mention] = Candidate("table", counted, counted, 0.8, "grammar")
    return Measure("count", target=mention, first=rank.first)


def without_rows(sketch: Sketch, ctx: Context) -> Sketch:
    """`average fee per visit`, where the fee is the visit's own: an average of all, not of each."""
    averaged = {
        ctx.chosen[o.target].table for o in sketch.outputs
        if isinstance(o, Measure) and o.function in ("avg", "median") and o.target in ctx.chosen
    }  # fmt: skip
    averaged |= _averages(sketch, ctx)
    other = any(m in ctx.chosen and ctx.chosen[m].kind != "table" for m in sketch.groups)
    if len(averaged) != 1 or (len(sketch.outputs) != 1 and not other) or sketch.ranks:
        return sketch
    kept = [
        m for m in sketch.groups
        if not (m.each and (c := ctx.chosen.get(m)) and c.kind == "table" and c.table in averaged)
    ]  # fmt: skip
    return replace(sketch, groups=kept)


def _averages(sketch: Sketch, ctx: Context) -> set[str]:
    """The tables that the metrics shown are a ratio or an average over the rows of."""
    found: set[str] = set()
    for output in sketch.outputs:
        target = output.target if isinstance(output, Measure) else output
        candidate = ctx.chosen.get(target) if target is not None else None
        if candidate is None or candidate.kind != "metric":
            continue
        metric = ctx.scope.view.metrics_by_name[candidate.id]
        bottom = ctx.scope.view.metrics_by_name.get(metric.denominator or "")
        if bottom is not None and bottom.aggregation == "count" and bottom.table:
            found.add(bottom.table)
        elif str(metric.aggregation) in ("average", "avg") and metric.table:
            found.add(metric.table)
    return found


def _of_row(rank: Rank, sketch: Sketch, ctx: Context) -> bool:
    if isinstance(rank.by, Measure) or rank.function:
        return False
    if rank.by is None:
        return bool(rank.hints)
    candidate = ctx.chosen.get(rank.by)
    head = next((o for o in sketch.outputs if isinstance(o, Mention)), None)
    about = ctx.chosen.get(head) if head is not None else None
    if candidate is None or about is None:
        return False
    return candidate.kind == "column" and candidate.table == about.table


def _one_of_each(sketch: Sketch) -> bool:
    """`the highest salary in each department`, but whose salary is not understood."""
    if sketch.outputs or not sketch.groups or not all(m.each for m in sketch.groups):
        return False
    return any(r.extreme and isinstance(r.by, Mention) for r in sketch.ranks)


def _is(sketch: Sketch, kind: str) -> bool:
    return sketch.over is not None and sketch.over.kind == kind


# ---- steps for grouped rows --------------------------------------------------------------------


def over_groups(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """The windows over the draft's groups, and the first within each partition."""
    parts = partitions(sketch, ctx)
    if parts:
        _rank_within(sketch, draft, _fields(parts, ctx, draft))
    elif _is(sketch, "rank"):
        _rank_within(sketch, draft, ())
    elif _one_of_each(sketch):
        raise Unbuildable("one of each, but of what")
    if sketch.over is not None and sketch.over.kind in _MAKERS:
        each = [m for m in sketch.groups if m.each]
        if len(each) < len(sketch.groups):  # `share by status for each region`: of the region's
            draft.whole = _fields(each, ctx, draft)
        _MAKERS[sketch.over.kind](sketch.over, ctx, draft)


def _fields(mentions: list[Mention], ctx: Context, draft: Draft) -> tuple[P.Expr, ...]:
    """The keys that the groups were made by."""
    wanted = [k.expr for m in mentions for k in keys(m, ctx)]
    return tuple(P.Field(k.name) for k in (*draft.keys, *draft.hidden) if k.expr in wanted)


def over_rows(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """The same for a list of rows: the partition's own columns are shown along."""
    if sketch.over is not None and sketch.over.kind in _MAKERS:
        raise Unbuildable("a window over rows that nothing adds up")
    parts: list[P.Expr] = []
    for mention in partitions(sketch, ctx):
        made = keys(mention, ctx)
        parts.append(made[0].expr)
        for key in reversed(made if not sketch.listed else []):
            if key.expr not in [o.expr for o in draft.outputs]:
                draft.outputs.insert(0, P.Named(free_name(draft, key.name), key.expr))
    if parts or _is(sketch, "rank"):
        draft.distinct = False
        _rank_within(sketch, draft, tuple(parts))


def _rank_within(sketch: Sketch, draft: Draft, parts: tuple[P.Expr, ...]) -> None:
    if not draft.order:
        raise Unbuildable("first by nothing")
    order = tuple(draft.order)
    if _is(sketch, "rank"):
        call = P.WindowCall("rank", None, parts, order)
        _add(draft, [P.Named(free_name(draft, "rank"), call)])
    elif draft.limit is not None:
        draft.top = P.TopPerGroup(parts, order, draft.limit.count)
    draft.limit = None
    draft.order = [*(P.Sort(p) for p in parts), *order]


def _add(draft: Draft, columns: list[P.Named]) -> None:
    draft.windows.extend(columns)
    draft.outputs.extend(P.Named(c.name, P.Field(c.name)) for c in columns)


def _measured(draft: Draft) -> str:
    """The measure that the window is over: the first that is shown."""
    names = {a.name for a in draft.aggregates}
    found = next((o.name for o in draft.outputs if o.name in names), None)
    if found is None:
        raise Unbuildable("a window over nothing")
    return found


_GRAINS = ("hour", "day", "week", "month", "quarter", "year")
# How many rows back a period lies, where the rows are finer ones.
_BACK = {("month", "year"): 12, ("quarter", "year"): 4, ("month", "quarter"): 3, ("day", "week"): 7}


def _timed(draft: Draft) -> tuple[P.Named, tuple[P.Expr, ...]]:
    """The key that rows follow one another by, and the others, within which they do."""
    times = [k for k in draft.keys if isinstance(k.expr, P.DateTrunc) or k.name in _GRAINS]
    times = times or [k for k in draft.keys if "year" in k.name]
    if len(times) != 1:
        raise Unbuildable("no period to go by")
    others = tuple(P.Field(k.name) for k in (*draft.keys, *draft.hidden) if k is not times[0])
    if not draft.order:
        draft.order = [*(P.Sort(o) for o in others), P.Sort(P.Field(times[0].name))]
    return times[0], others


def _change(over: Over, ctx: Context, draft: Draft) -> None:
    time, others = _timed(draft)
    value = P.Field(_measured(draft))
    grain = time.expr.grain if isinstance(time.expr, P.DateTrunc) else "year"
    back = 1
    if over.grain and over.grain != grain:
        back = _BACK.get((grain, over.grain), 0)
        if not back:
            raise Unbuildable("periods that do not fit each other")
        draft.fill = True
    before = P.WindowCall("lag", value, others, (P.Sort(P.Field(time.name)),), back)
    if len(draft.where) > 1 and never(P.And(tuple(draft.where))):
        raise Unbuildable("no day is in both periods")
    reached = reach_back(draft.where, time, over.grain or grain, 1)
    if reached is not None and not over.inside:
        draft.where, draft.kept = reached
    ctx.notes.append(f"each {grain} is set against the {over.grain or grain} before it in the data")
    made = relative(value, before, over)
    name = free_name(draft, "growth" if over.rate else "change")
    _add(draft, [P.Named(name, made)])
    if over.top:
        draft.order = [P.Sort(P.Field(name), over.top == "desc")]
        draft.limit = P.Limit(max(over.rows, 1))


def relative(now: P.Expr, before: P.Expr, over: Over) -> P.Expr:
    """The difference, or its part of what was before."""
    made = P.Arithmetic("-", now, before)
    if not over.rate:
        return made
    if over.scale != 1:
        made = P.Arithmetic("*", P.Value(over.scale), made)
    return P.Arithmetic("/", made, before)


def _running(_over: Over, _ctx: Context, draft: Draft) -> None:
    time, others = _timed(draft)
    name = _measured(draft)
    call = P.WindowCall("sum", P.Field(name), others, (P.Sort(P.Field(time.name)),))
    _add(draft, [P.Named(free_name(draft, f"running_{name}"), call)])


def _moving(over: Over, ctx: Context, draft: Draft) -> None:
    time, others = _timed(draft)
    name = _measured(draft)
    if over.rows < 2:
        raise Unbuildable("an average over nothing said")
    order = (P.Sort(P.Field(time.name)),)
    call = P.WindowCall("avg", P.Field(name), others, order, frame=over.rows - 1)
    ctx.notes.append(f"averaged over {over.rows} rows up to and including each {time.name}")
    _add(draft, [P.Named(free_name(draft, f"moving_avg_{name}"), call)])


def _share(over: Over, _ctx: Context, draft: Draft) -> None:
    value = P.Field(_measured(draft))
    part = P.Arithmetic("/", value, P.WindowCall("sum", value, draft.whole))
    scaled = P.Arithmetic("*", P.Value(100), part) if over.rate else part
    _add(draft, [P.Named(free_name(draft, "percent" if over.rate else "share"), scaled)])


_MAKERS: dict[str, Callable[[Over, Context, Draft], None]] = {
    "change": _change, "running": _running, "moving": _moving, "share": _share,
}  # fmt: skip

# ---- a change between two periods --------------------------------------------------------------


def between_periods(sketch: Sketch, ctx: Context) -> tuple[Sketch, P.Expr] | None:
    """`the change in sales from 2023 to 2024`: one number, the last period against the first."""
    over = sketch.over
    meant = [ctx.chosen.get(o) for o in sketch.outputs if isinstance(o, Mention)]
    rows = len(meant) == len(sketch.outputs) and all(c and c.kind == "table" for c in meant)
    if _is(sketch, "compare") and not sketch.groups and (rows or len(sketch.outputs) < 2):
        raise Unbuildable("nothing to compare with")
    if over is None or over.kind != "change" or over.grain or sketch.groups:
        return None
    cond = next((c for c in sketch.conds if c.kind == "period" and ends(c.period)), None)
    if cond is None or len(sketch.outputs) != 1:
        return None
    output = sketch.outputs[0]
    measure = output if isinstance(output, Measure) else Measure("either", target=output)
    first, last = ends(cond.period) or (None, None)
    before, now = (
        measures.expression(replace(measure, where=[*measure.where, replace(cond, period=p)]), ctx)
        for p in (first, last)
    )
    conds = [c for c in sketch.conds if c is not cond]
    return replace(sketch, conds=conds), relative(now, before, over)


# ---- averages of groups ------------------------------------------------------------------------


def nested_keys(sketch: Sketch, ctx: Context, draft: Draft) -> None:
    """The keys of the inner groups of `average number of orders per customer`."""
    nested = [m for m in _all_measures(sketch) if m.per]
    if not nested:
        return
    functions = {m.inner for m in nested}
    if len(functions) > 1 or len(nested) < len(_all_measures(sketch)):
        raise Unbuildable("measures of different groups")
    draft.inner = functions.pop() or ""
    for mention in nested[0].per:
        for key in keys(mention, ctx):
            known = [k.expr for k in (*draft.keys, *draft.per)]
            if key.expr not in known:
                draft.per.append(P.Named(free_name(draft, key.name), key.expr))


def _all_measures(sketch: Sketch) -> list[Measure]:
    found = [o for o in sketch.outputs if isinstance(o, Measure)]
    found += [r.by for r in (*sketch.ranks, *sketch.order) if isinstance(r.by, Measure)]
    return found + [c.measure for c in sketch.conds if c.measure is not None]
