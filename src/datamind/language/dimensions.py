"""Dimensions: what the rows of a plan can sensibly be cut by, on their own table and beyond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from datamind.language import names
from datamind.language.graph import Edge, Graph
from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, Column, Table, View

MOST_MEMBERS = 50
FEW_MEMBERS = 20
FARTHEST = 2  # references to follow
# How far a row has come tells of its age, not of why there are more such rows.
_PROGRESS = frozenset({"status", "stage", "step"})
_CALENDAR = frozenset({"date", "calendar", "day", "time"})


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to cut by: what people call it, its expression, and the source that holds it."""

    name: str
    column: P.Column
    source: P.Source


def dimensions(
    source: P.Source, alias: str, graph: Graph, fixed: frozenset[str], most: int
) -> list[Dimension]:
    """Up to so many, those of the rows' own table and of each near one in turn.

    `alias` is that of the rows; `fixed` are columns that have one value only in the plan.
    """
    view = graph.view
    table = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}[alias]
    own = {c.name for c in view.table(table).columns}  # a far one of the same name says the same
    found: list[list[Dimension]] = []
    for at, edges in _near(table, graph):
        grown, here = _joined(source, alias, edges)
        columns = [
            c for c in _categories(view.table(at), view)
            if c.id not in fixed and not (edges and c.name in own)
        ]  # fmt: skip
        called = [_name(c, view.table(at), far=bool(edges)) for c in columns]
        found.append(
            [Dimension(n, P.Column(here, c.name), grown)
             for n, c in zip(called, columns, strict=True)]
        )  # fmt: skip
    turns = [d for turn in zip_longest(*found) for d in turn if d is not None]
    return list({d.name: d for d in reversed(turns)}.values())[::-1][:most]


def _near(table: str, graph: Graph) -> Iterator[tuple[str, tuple[Edge, ...]]]:
    """The table and those that its rows refer to, with the way there; calendars say only when."""
    ways: dict[str, tuple[Edge, ...]] = {table: ()}
    todo = [table]
    while todo:
        here = todo.pop(0)
        yield here, ways[here]
        if len(ways[here]) >= FARTHEST:
            continue
        for edge in sorted(graph.edges.get(here, ()), key=lambda e: e.cost):
            if edge.reverse or edge.end in ways or _is_calendar(edge, graph.view):
                continue
            ways[edge.end] = (*ways[here], edge)
            todo.append(edge.end)


def _is_calendar(edge: Edge, view: View) -> bool:
    columns = (view.table(edge.start).column(c) for c in edge.relationship.columns)
    named = set(names.words_of(view.table(edge.end).name, names.GENERIC_PREFIXES))
    return any(c.type in TEMPORAL for c in columns) or bool(_CALENDAR & named)


def _joined(source: P.Source, alias: str, edges: tuple[Edge, ...]) -> tuple[P.Source, str]:
    """The source with what the way needs; rows that refer to nothing stay."""
    joins = list(source.joins)
    for edge in edges:
        known = next((j.alias for j in joins if not j.reverse and j.parent == alias
                      and j.relationship == edge.relationship.id), None)  # fmt: skip
        if known is None:
            taken = {source.alias, *(j.alias for j in joins)}
            known = next(n for n in (f"d{i}" for i in range(1, 99)) if n not in taken)
            joins.append(P.Join(known, edge.end, alias, edge.relationship.id, left=True))
        alias = known
    return P.Source(source.table, source.alias, tuple(joins)), alias


def _categories(table: Table, view: View) -> list[Column]:
    """Columns of few values, the likeliest first: categories, names, then yes and no."""
    keys = {*table.primary_key} | {
        c for r in view.relationships if r.table == table.id for c in r.columns
    }
    found = [c for c in table.columns if c.name not in keys and _cuts(c, view)]
    return sorted(found, key=lambda c: (c.type == "boolean", _members(c, view) > FEW_MEMBERS))


def _cuts(column: Column, view: View) -> bool:
    """Whether its values name a few groups that the asker may see."""
    if column.type not in ("text", "boolean") or column.pii is not None or column.dated:
        return False
    if column.id in view.masked_columns or _PROGRESS & set(names.words_of(column.name)):
        return False
    return 2 <= _members(column, view) <= MOST_MEMBERS


def _members(column: Column, view: View) -> int:
    """How many values the asker knows of; of rows that are not all seen, their own."""
    if column.distinct is not None:
        return column.distinct
    return 2 if column.type == "boolean" else len(view.values(column.id))


def _name(column: Column, table: Table, *, far: bool) -> str:
    """`category`; of another table `product_category`, as it is called there."""
    words = names.split(column.name)
    entity = names.split(table.entity or table.name)[-1:]
    return column.name if not far or set(entity) & set(words) else "_".join((*entity, *words))
