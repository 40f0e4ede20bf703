"""What is ranked by a column that several rows hold for each: added up, or a row's own."""

from __future__ import annotations

from datamind.language.candidates import Candidate
from datamind.language.context import Context
from datamind.language.sketch import Mention, Rank, Sketch


def adds_up(rank: Rank, sketch: Sketch, ctx: Context) -> bool:
    """`top 5 riders by distance`, `rank them by fare`: what several rows hold for each is added
    up."""
    if not isinstance(rank.by, Mention):
        return False
    if rank.extreme and ctx.words[rank.first].lower() not in _ADDED_UP:
        return False
    head = next((o for o in sketch.outputs if isinstance(o, Mention)), None)
    about = ctx.chosen.get(head) if head is not None else None
    by = ctx.chosen.get(rank.by)
    if about is None or by is None or by.kind != "column" or not _names_rows(about, ctx):
        return False
    owned = by.table == about.table or by.table in ctx.scope.graph.owned(about.table)
    if owned and not _kept_along(about, by, ctx):
        return False
    shown = [ctx.chosen.get(o) for o in sketch.outputs if isinstance(o, Mention)]
    if not rank.count and any(c is not None and c.table == by.table for c in shown):
        return False  # rows of those that are compared are listed
    return ctx.scope.view.column(by.id).additivity == "sum"


def is_one_of_many(by: Mention, sketch: Sketch, ctx: Context) -> bool:
    """`lowest margin products`, where each has many rows with a margin, and the word names a
    figure of all of them, too."""
    head = next((o for o in sketch.outputs if isinstance(o, Mention)), None)
    about = ctx.chosen.get(head) if head is not None else None
    meant = ctx.chosen.get(by)
    if about is None or meant is None or meant.kind != "column" or not _names_rows(about, ctx):
        return False
    owned = meant.table in ctx.scope.graph.owned(about.table)
    if owned and not _kept_along(about, meant, ctx):
        return False
    added = ctx.scope.view.column(meant.id).additivity == "sum"
    return added and any(c.kind == "metric" for c in by.candidates)


def usual_of_kind(rank: Rank, sketch: Sketch, ctx: Context) -> bool:
    """`which topic is the cheapest`: what many rows hold for each kind is so on average."""
    said = [w.lower() for w in ctx.words[max(0, rank.first - 2) : rank.first]]
    outputs = [o for o in sketch.outputs if isinstance(o, Mention)]
    if rank.by is not None or not rank.extreme or not rank.hints or rank.hints[0] in _ONCE:
        return False
    if len(outputs) != 1 or len(sketch.outputs) != 1:
        return False
    bare = set(said) <= _LEADS  # `the cheapest topic`
    if not bare and (not _ARE & {*said[-1:], *said[:1]} or said[-1] not in (*_ARE, "the")):
        return False
    about = ctx.chosen.get(outputs[0])
    if about is None or about.kind != "column" or about.id in ctx.scope.graph.references:
        return False
    column, table = ctx.scope.view.column(about.id), ctx.scope.view.table(about.table)
    kept = table.rows and column.distinct and 2 * column.distinct <= table.rows
    return bool(kept) and column.type == "text"


_ARE = frozenset({"is", "are", "was", "were"})
_LEADS = frozenset({"the", "our", "which", "what", "show", "list", "me"})
_ONCE = frozenset({"date", "birth"})

# What is the best or the most of is so by all of its rows; the highest may be one of them.
_ADDED_UP = frozenset("most fewest least best worst strongest weakest".split())


def _names_rows(candidate: Candidate, ctx: Context) -> bool:
    """Whether things are asked for, by their table or by a text of theirs (`brands`), or
    periods."""
    if candidate.kind == "column":
        refers = candidate.id in ctx.scope.graph.references
        return refers or ctx.scope.view.column(candidate.id).type == "text"
    return candidate.kind in ("table", "grain")


def _kept_along(about: Candidate, by: Candidate, ctx: Context) -> bool:
    """Whether rows of what is compared only tell of what is asked for, many of each: periods,
    what they refer to, a kind of theirs."""
    if about.kind != "column" or about.table != by.table:
        return about.kind == "grain"
    column, table = ctx.scope.view.column(about.id), ctx.scope.view.table(about.table)
    if about.id in ctx.scope.graph.references:
        return table.primary_key != (column.name,)
    return bool(table.rows and column.distinct and 2 * column.distinct <= table.rows)
