"""Across: figures that are cut by what has nothing to do with them, over what both belong to.

Sales refer to a customer, and so do visits: sales by the visits' device count each sale for every
visit of its customer. (Kimball calls it a chasm trap.)
"""

from __future__ import annotations

from collections.abc import Iterator

from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.walk import below

# With so many rows on average for one that both belong to it is no longer as good as one.
MANY = 1.5


def is_across(query: P.Query, view: View) -> bool:
    """Whether a figure is grouped by a column of rows that are only kin to its own."""
    source = query.source
    group = next((s for s in query.steps if isinstance(s, P.Group)), None)
    if not isinstance(source, P.Source) or group is None:
        return False
    cuts = {c.alias for k in group.keys for c in below(k.expr) if isinstance(c, P.Column)}
    return any(
        _turns(list(_way(home, cut, source)), view)
        for home in _homes(group, source, view) for cut in cuts if home != cut
    )  # fmt: skip


def _homes(group: P.Group, source: P.Source, view: View) -> Iterator[str]:
    """The aliases whose rows the measures are taken over."""
    tables = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}
    for node in below(*group.measures, queries=False):
        if isinstance(node, P.Metric):
            metric = view.metrics_by_name.get(node.name)
            yield from (a for a, t in tables.items() if metric and t == metric.table)
        elif isinstance(node, P.Aggregate):
            own = {c.alias for c in below(node.arg) if isinstance(c, P.Column)} if node.arg else ()
            yield from own or (node.of or source.alias,)


def _way(start: str, end: str, source: P.Source) -> Iterator[tuple[str, bool]]:
    """The steps from one alias to another: the relationship, and whether it leads to many."""
    above = {j.alias: j for j in source.joins}

    def up(alias: str) -> list[P.Join]:
        return [] if alias not in above else [above[alias], *up(above[alias].parent)]

    mine, theirs = up(start), up(end)
    shared = [j for j in mine if j in theirs]
    for join in mine[: len(mine) - len(shared)]:
        yield join.relationship, not join.reverse
    for join in reversed(theirs[: len(theirs) - len(shared)]):
        yield join.relationship, join.reverse


def _turns(way: list[tuple[str, bool]], view: View) -> bool:
    """Whether the way leads to one thing and ends at many others of it; where it goes on from them
    to what each refers to, they only link the two."""
    steps = [(view.catalog.relationships_by_id[name], to_many) for name, to_many in way]
    steps = [step for step in steps if not step[0].one_to_one]
    if len(steps) < 2 or not steps[-1][1] or all(to_many for _, to_many in steps):
        return False
    relation = steps[-1][0]
    table = view.by_id[relation.table]
    told = max((table.column(name).distinct or 0 for name in relation.columns), default=0)
    of = told or view.by_id[relation.to_table].rows
    return bool(table.rows and of and table.rows > MANY * of)
