"""What periods, and words that two things have, are said of.

`Customers who bought last year but not this year`: no row is in both, so that the second condition
would say nothing of the rows of the first. It is of what the rows are about, which has rows in the
one period and none in the other.
"""

from __future__ import annotations

from dataclasses import replace

from datamind.language import names
from datamind.language.calendar import Period
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.scope import dates_of
from datamind.language.sketch import TIMES, Cond, Measure, Mention, Sketch


def apart(sketch: Sketch, ctx: Context) -> Sketch:
    """The sketch, with periods that share no day asked of the rows that happened in them.

    Unbuildable where there is nothing that has such rows.
    """
    periods = [c for c in sketch.conds if c.kind == "period" and c.subject is None]
    without = [c for c in periods if c.negated]
    within = [c for c in periods if not c.negated]
    if within and not without and _lapsed(within[0], sketch, ctx):
        raise Unbuildable("no row is in both periods")
    if not (within and without) or not share_no_day(within[0].period, without[0].period):
        return sketch
    thing = thing_of(sketch)
    head = ctx.chosen.get(thing) if thing is not None else None
    deed = deed_of(sketch, ctx)
    if head is None or head.kind != "table" or deed is None or len(periods) > 2:
        raise Unbuildable("no row is in both periods")
    had = Cond("related", deed, within=within, first=within[0].first)
    inside = [replace(without[0], negated=False)]
    had_not = Cond("related", deed, negated=True, within=inside, first=without[0].first)
    others = [c for c in sketch.conds if c not in periods]
    related = [m for m in sketch.related if m is not deed]
    return replace(sketch, conds=[*others, had, had_not], related=related)


def deed_of(sketch: Sketch, ctx: Context) -> Mention | None:
    """What is said to have happened, of which the thing listed or counted has rows."""
    thing = thing_of(sketch)
    head = ctx.chosen.get(thing) if thing is not None else None
    tables = {m: ctx.chosen[m] for m in sketch.related if m in ctx.chosen}
    return next((m for m, c in tables.items() if _happened(m, c, ctx) and c != head), None)


def _happened(mention: Mention, meant: Candidate, ctx: Context) -> bool:
    """Whether rows are meant, or a figure of rows, which then stand for it."""
    if meant.kind == "metric":
        table = ctx.scope.view.metrics_by_name[meant.id].table
        if table is None:
            return False
        ctx.chosen[mention] = replace(meant, kind="table", id=table, table=table)
        return True
    return meant.kind == "table"


def _lapsed(had: Cond, sketch: Sketch, ctx: Context) -> bool:
    """Whether a figure's rows of one period are to have none in another: each row is in one."""
    head = ctx.chosen.get(sketch.head) if sketch.head is not None else None
    if head is None or head.kind != "metric":
        return False
    denied = [c for c in sketch.conds if c.kind == "related" and c.negated]
    inner = [c.period for d in denied for c in d.within if c.kind == "period"]
    return any(share_no_day(had.period, p) for p in inner)


def _count_deeds(cond: Cond, ctx: Context) -> None:
    """`who paid more than once`: the fees that were paid are counted, not their days."""
    meant = ctx.chosen.get(cond.subject) if cond.subject is not None else None
    if cond.match != TIMES or meant is None or meant.kind != "column":
        return
    if cond.subject is not None and ctx.scope.view.column(meant.id).is_date:
        ctx.chosen[cond.subject] = replace(meant, kind="table", id=meant.table)


def counted_within(sketch: Sketch, ctx: Context) -> Sketch:
    """`customers with at least 3 returns in 2025`: the returns counted are of that year."""
    for cond in sketch.conds:
        _count_deeds(cond, ctx)
    periods = [c for c in sketch.conds if c.kind == "period" and c.subject is None]
    counts = [c for c in sketch.conds if c.kind == "related" and c.numbers]
    thing = thing_of(sketch)
    shown = all(o.target is thing for o in sketch.outputs if isinstance(o, Measure))
    if len(periods) != 1 or len(counts) != 1 or sketch.groups or thing is None or not shown:
        return sketch
    counted = ctx.chosen.get(counts[0].subject) if counts[0].subject is not None else None
    if (
        counted is None or counted.kind != "table" or counted == ctx.chosen.get(thing)
        or periods[0].first < counts[0].first or periods[0].negated
        or not dates_of(ctx.scope.view.table(counted.table))
    ):  # fmt: skip
        return sketch
    moved = replace(counts[0], within=[*counts[0].within, periods[0]])
    conds = [moved if c is counts[0] else c for c in sketch.conds if c is not periods[0]]
    return replace(sketch, conds=conds)


_THEIRS = frozenset("their its they it those these".split())


def _of_the_same(sketch: Sketch, ctx: Context) -> Sketch:
    """`how many open invoices are there, and what is their total`: the total of the open ones."""
    figures = sorted((o for o in sketch.outputs if isinstance(o, Measure)), key=lambda o: o.first)
    if len(figures) < 2 or figures[0].kind != "count" or any(o.where for o in figures[1:]):
        return sketch
    first = figures[0]
    between = ctx.words[first.first : figures[1].first + 1]
    if not _THEIRS & {w.lower() for w in between}:
        return sketch
    if any(_table_of(o, ctx) not in (None, _table_of(first, ctx)) for o in figures[1:]):
        raise Unbuildable("a figure of theirs, not of others")
    if not first.where:
        return sketch
    whole = replace(first, where=[])
    outputs = [whole if o is first else o for o in sketch.outputs]
    return replace(sketch, outputs=outputs, conds=[*sketch.conds, *first.where])


def _table_of(figure: Measure, ctx: Context) -> str | None:
    """The table whose rows are counted or added up."""
    found = ctx.chosen.get(figure.target) if figure.target is not None else None
    if found is None or found.kind != "metric":
        return found.table if found is not None else None
    return ctx.scope.view.metrics_by_name[found.id].table


def of_the_rows(sketch: Sketch, ctx: Context) -> Sketch:
    """`orders without a promotion in 2025`: orders of that year; what rows refer to, as products
    and promotions, has no part in when they happened."""
    graph, home = ctx.scope.graph, ctx.scope.home
    conds: list[Cond] = []
    for cond in sketch.conds:
        of = ctx.chosen.get(cond.subject) if cond.subject is not None else None
        said = [c for c in cond.within if c.kind == "period" and c.subject is None]
        referred = of is not None and of.kind == "table" and of.table in graph.owned(home) - {home}
        if cond.kind == "related" and cond.negated and said and referred:
            conds += [replace(cond, within=[c for c in cond.within if c not in said]), *said]
        else:
            conds.append(cond)
    return _of_the_same(replace(sketch, conds=conds), ctx)


def check_words(sketch: Sketch, ctx: Context) -> None:
    """`orders` are not the dates or states of orders, where there are orders; keys have no best."""
    counted = [o.target for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"]
    shown = [o for o in sketch.outputs if isinstance(o, Mention)] if sketch.groups else []
    for mention in (*counted, *sketch.groups, *shown):
        if mention is not None and mention in ctx.chosen and _of_another(mention, ctx):
            raise Unbuildable("what happened, not its date or state")
    said = {"id", "number", "key", "no"} & set(ctx.lemmas)
    for by in (ctx.chosen.get(r.by) for r in sketch.ranks if isinstance(r.by, Mention)):
        if (
            by is not None
            and not said
            and by.kind == "column"
            and by.id in ctx.scope.graph.references
        ):
            raise Unbuildable("a key has no more and less")
        if by is not None and by.kind == "table" and sketch.outputs and all(
            isinstance(o, Mention) and o in ctx.chosen and _adds_up(ctx.chosen[o], ctx)
            for o in sketch.outputs
        ):  # fmt: skip
            raise Unbuildable("figures are not ranked by a thing")


_NAMING = frozenset({"id", "name", "code", "title", "key", "no", "number", "label"})


def _of_another(mention: Mention, ctx: Context) -> bool:
    """Whether it is taken for what a column says of it, while a table is called just so."""
    candidate = ctx.chosen[mention]
    if candidate.kind != "column" or _NAMING & set(names.words_of(candidate.id.rpartition(".")[2])):
        return False
    return candidate.score < _IN_PART and any(
        c.kind == "table" and c.score >= _IN_FULL for c in mention.candidates
    )


_IN_PART, _IN_FULL = 0.8, 0.99


def _adds_up(candidate: Candidate, ctx: Context) -> bool:
    return candidate.kind == "column" and ctx.scope.view.column(candidate.id).additivity == "sum"


def thing_of(sketch: Sketch) -> Mention | None:
    """What is listed or counted."""
    counted = [o.target for o in sketch.outputs if isinstance(o, Measure) and o.kind == "count"]
    return sketch.head or next(iter(counted), None)


def share_no_day(one: Period | None, other: Period | None) -> bool:
    if one is None or other is None:
        return False
    return _before(one, other) or _before(other, one)


def _before(one: Period, other: Period) -> bool:
    return one.high is not None and other.low is not None and one.high <= other.low
