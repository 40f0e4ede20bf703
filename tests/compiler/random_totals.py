"""Random totals of a table that is joined to others that it refers to."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from random_plans import Planner, World, worlds

from datamind.semantics import plan as P
from datamind.semantics.catalog import Table


class Totals(Planner):
    """Each measure is the first table's own, which is joined to at least one that it refers to."""

    least = 1

    def __init__(self, draw: DrawFn, world: World) -> None:
        assume(world.view.relationships)
        super().__init__(draw, world)

    def roots(self) -> Sequence[Table]:
        return [t for t in self.view.tables if self._edges(t.id)]

    def _edges(self, table: str) -> list[tuple[str, bool, str]]:
        return [edge for edge in super()._edges(table) if not edge[1]]

    def measure(self, aliases: dict[str, str]) -> P.Expr:
        """What is put together of parts."""
        root = next(iter(aliases))
        own = {root: aliases[root]}
        where = self.test(own) if self.chance(3) else None
        if self.chance(3):
            return P.Aggregate("count", None, root, where=where)
        return P.Aggregate(self.pick(["sum", "count", "min", "max"]), self.number(own), where=where)


@st.composite
def totals(draw: DrawFn) -> tuple[World, P.Query, bool]:
    """A world, a plan over it, and whether its rows have an order."""
    world = draw(worlds())
    return (world, *Totals(draw, world).grouped())
