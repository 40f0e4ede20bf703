"""Across: figures that are cut by what has nothing to do with them, over what both belong to.

Sales refer to a customer, and so do visits: sales by the visits' device count each sale for every
visit of its customer. (Kimball calls it a chasm trap.)
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from datamind.semantics import plan as P
from datamind.semantics.catalog import Relationship, View
from datamind.semantics.walk import below

# With so many rows on average for one that both belong to it is no longer as good as one.
MANY = 1.5


def is_across(query: P.Query, view: View, named: Collection[str]) -> bool:
    """Whether a figure is grouped, or narrowed, by a column of rows that are only kin to its own.

    `named` are the tables that are spoken of: `of customers with a mobile visit` may narrow sales.
    """
    source = query.source
    group = next((s for s in query.steps if isinstance(s, P.Group)), None)
    if not isinstance(source, P.Source) or group is None:
        return False
    before = query.steps[: query.steps.index(group)]
    cuts, narrowed = _aliases(*(k.expr for k in group.keys)), _aliases(*before)
    for home, where in _homes(group, source, view):
        for alias in (cuts | narrowed | _aliases(where)) - {home}:
            shared = _shared(list(_way(home, alias, source)), view)
            if shared is not None and (alias in cuts or shared not in named):
                return True
    return False


def _aliases(*nodes: object) -> set[str]:
    """The aliases whose columns are used, by nested queries apart."""
    return {c.alias for c in below(*filter(None, nodes), queries=False) if isinstance(c, P.Column)}


def _homes(group: P.Group, source: P.Source, view: View) -> Iterator[tuple[str, object]]:
    """The aliases whose rows the measures are taken over, and which of them."""
    tables = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}
    for node in below(*group.measures, queries=False):
        if isinstance(node, P.Metric):
            metric = view.metrics_by_name.get(node.name)
            own = {a for a, t in tables.items() if metric and t == metric.table}
            yield from ((alias, node.where) for alias in own)
        elif isinstance(node, P.Aggregate):
            own = _aliases(node.arg) or {node.of or source.alias}
            yield from ((alias, node.where) for alias in own)


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


def _shared(way: list[tuple[str, bool]], view: View) -> str | None:
    """The table of the one thing that the way leads to, if it ends at many others of it; where it
    goes on from them to what each refers to, they only link the two."""
    steps = [(view.catalog.relationships_by_id[name], to_many) for name, to_many in way]
    steps = [step for step in steps if not step[0].one_to_one]
    at = next((n for n, (_, to_many) in enumerate(steps) if to_many), len(steps))
    if at == 0 or at == len(steps) or not all(to_many for _, to_many in steps[at:]):
        return None
    each = math.prod(_many(relation, view) for relation, _ in steps[at:])
    return steps[at][0].to_table if each > MANY else None


def _many(relation: Relationship, view: View) -> float:
    """How many rows refer to one that any refers to, on average; one where that is not known."""
    table = view.by_id[relation.table]
    told = max((table.column(name).distinct or 0 for name in relation.columns), default=0)
    of = told or view.by_id[relation.to_table].rows
    return table.rows / of if table.rows and of else 1.0
