"""The whole of a share: `what share of riders took an electric bike` is of all riders, those too
who took none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from datamind.language.context import Context, Unbuildable
from datamind.language.linking import SURE
from datamind.language.measures import home_of
from datamind.language.sketch import Measure, Mention, Sketch
from datamind.semantics import plan as P
from datamind.semantics.walk import below


def of_all(query: P.Query, sketch: Sketch, ctx: Context) -> P.Query:
    """The query with every row of what a share counts, whether or not it has what is tested."""
    for share in _shares(sketch):
        if share.left is not None and _only_refers(share.left.target, ctx):
            raise Unbuildable("all of them, not those that something refers to")
    if not isinstance(query.source, P.Source) or not any(_of_home(m, ctx) for m in _shares(sketch)):
        return query
    source = query.source
    kept = {
        c.alias for s in query.steps for c in below(_fixed(s), queries=False)
        if isinstance(c, P.Column)
    }  # fmt: skip
    told = {ctx.chosen[m].table for m in sketch.related if m in ctx.chosen}
    kept |= {j.alias for j in source.joins if j.table in told}
    for join in reversed(source.joins):
        if join.alias in kept:
            kept.add(join.parent)
    loose: set[str] = set()
    for join in source.joins:
        if join.alias not in kept and (join.reverse or join.parent in loose):
            loose.add(join.alias)
    joins = tuple(replace(j, left=True) if j.alias in loose else j for j in source.joins)
    return replace(query, source=replace(source, joins=joins))


def _shares(sketch: Sketch) -> Iterator[Measure]:
    figures = [*sketch.outputs, *(r.by for r in sketch.ranks)]
    for figure in figures:
        share = isinstance(figure, Measure) and figure.kind in ("share", "percent")
        if share and isinstance(figure, Measure) and figure.right is None:
            yield figure


def _only_refers(target: Mention | None, ctx: Context) -> bool:
    """Whether a thing was taken for a column that refers to it: `riders` for those of the trips."""
    found = ctx.chosen.get(target) if target is not None else None
    reference = ctx.scope.graph.references.get(found.id) if found is not None else None
    return reference is not None and target is not None and any(
        c.kind == "table" and c.table == reference.to_table and c.score >= SURE
        for c in target.candidates
    )  # fmt: skip


def _of_home(share: Measure, ctx: Context) -> bool:
    if share.left is None or share.left.kind not in ("count", "either"):
        return False
    tables = {m.name: m.table or "" for m in ctx.scope.view.metrics}
    return home_of(share.left, ctx.chosen, tables) == ctx.scope.home


def _fixed(step: P.Step) -> object:
    """What of a step narrows the rows or tells them apart."""
    if isinstance(step, P.Filter):
        return step
    return P.Group(step.keys, ()) if isinstance(step, P.Group) else P.Project(())
