"""The join graph of a view: distances between tables, and cheapest join trees."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from datamind.language import names
from datamind.language.kinds import is_calendar, tellers
from datamind.language.tables.synonyms import ROLE_VERBS
from datamind.language.tokens import stem
from datamind.semantics.catalog import Relationship, Table, View

UNREACHABLE = 99.0
_LATER = 0.02  # enough to decide between ways that cost the same
CLOSE = 1.5  # ways that differ by less are rivals
_EARLIER = 0.0001  # of two ways that cost the same, the one from what was joined first
_SHARED = 0.3  # rows of two facts that have no more than a product in common are not related
_LEAST = 0.01  # no way becomes shorter by going in a circle


@dataclass(frozen=True, slots=True)
class Edge:
    """A step from one table to another: along a relationship, or against it (`reverse`)."""

    relationship: Relationship
    start: str
    end: str
    reverse: bool
    cost: float

    @property
    def to_many(self) -> bool:
        """Whether one row may meet several on the other side."""
        return self.reverse and not self.relationship.one_to_one


class Graph:
    """Tables and relationships of a view, with remembered shortest ways."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.edges: dict[str, list[Edge]] = {table.id: [] for table in view.tables}
        self._owned: dict[str, frozenset[str]] = {}
        for relationship in view.relationships:
            cost = self._cost(relationship)
            a, b = relationship.table, relationship.to_table
            self.edges[a].append(Edge(relationship, a, b, False, cost))
            if a != b:
                self.edges[b].append(Edge(relationship, b, a, True, cost + 0.15))
        self._prefer_earlier()
        self._reach: dict[str, dict[str, float]] = {}
        self._forced: dict[tuple[str, str, str], bool] = {}
        pairs = Counter((r.table, r.to_table) for r in view.relationships)
        self._rivals: dict[str, list[Relationship]] = {}
        for relationship in view.relationships:
            ends = (relationship.table, relationship.to_table)
            if pairs[ends] > 1 or ends[0] == ends[1]:
                self._rivals.setdefault(ends[1], []).append(relationship)

    def _prefer_earlier(self) -> None:
        """Of two tables that refer to one, the one that the other refers to, too, is the nearer:
        the products of an order are those sold, not those that came back."""
        for edges in self.edges.values():
            many = {e.end for e in edges if e.reverse}
            for at, edge in enumerate(edges):
                earlier = (many & self.owned(edge.end)) - {edge.end}
                if edge.reverse and earlier:
                    edges[at] = replace(edge, cost=edge.cost + _LATER * len(earlier))

    @cached_property
    def references(self) -> dict[str, Relationship]:
        """The relationship of each column that refers to another table by itself."""
        return {
            f"{r.table}.{r.columns[0]}": r for r in self.view.relationships if len(r.columns) == 1
        }

    def rivals(self, table: str) -> list[Relationship]:
        """References to the table that need their role said: several from one table, or its own."""
        return self._rivals.get(table, [])

    def is_related(self, one: str, other: str) -> bool:
        """Whether rows of the one refer to rows of the other, or some rows refer to both."""
        return (
            other in self.owned(one) or one in self.owned(other)
            or self.event({one, other}) is not None
        )  # fmt: skip

    def event(self, tables: Collection[str]) -> str | None:
        """The table whose rows meet at most one row of each of these: what happened, not who took
        part. One of them, else the nearest that refers to all."""
        for table in sorted(tables):
            if set(tables) <= self.owned(table):
                return table
        found = [t for t in self.edges if set(tables) <= self.owned(t)]
        return min(found, key=lambda t: (sum(self.distance(t, o) for o in tables), t), default=None)

    def common(self, tables: Collection[str]) -> str | None:
        """The one of these that the rows of all others refer to."""
        return next((t for t in sorted(tables) if all(t in self.owned(o) for o in tables)), None)

    def owned(self, table: str) -> frozenset[str]:
        """The table itself and all that its rows refer to, directly or not."""
        if table not in self._owned:
            seen, todo = {table}, [table]
            while todo:
                for edge in self.edges.get(todo.pop(), ()):
                    if not edge.to_many and edge.end not in seen:
                        seen.add(edge.end)
                        todo.append(edge.end)
            self._owned[table] = frozenset(seen)
        return self._owned[table]

    @cached_property
    def bridges(self) -> frozenset[str]:
        """Tables that only link others: nearly all of their columns are references."""
        return frozenset(t.id for t in self.view.tables if self._is_bridge(t))

    @cached_property
    def calendars(self) -> frozenset[str]:
        """Date dimensions."""
        return frozenset(t.id for t in self.view.tables if is_calendar(t))

    @cached_property
    def tellers(self) -> dict[str, list[str]]:
        """For each table of codes, those that tell by them who plays a role in what."""
        return tellers(self.view)

    def _is_bridge(self, table: Table) -> bool:
        references = {c for r in self.view.relationships if r.table == table.id for c in r.columns}
        targets = {r.to_table for r in self.view.relationships if r.table == table.id}
        others = [c for c in table.columns if c.name not in references | set(table.primary_key)]
        return len(targets) >= 2 and not others

    def _cost(self, relationship: Relationship) -> float:
        cost = 1.0 + 1.2 * (1.0 - relationship.confidence)
        if relationship.table in self.bridges:
            cost -= 0.35
        return cost

    def distances(self, start: str) -> dict[str, float]:
        """Cost of the cheapest way from a table to each that can be reached."""
        if start not in self._reach:
            self._reach[start] = self._dijkstra({start}, frozenset())[0]
        return self._reach[start]

    def distance(self, a: str, b: str) -> float:
        """Cost of the cheapest way between two tables; UNREACHABLE if there is none."""
        return 0.0 if a == b else self.distances(a).get(b, UNREACHABLE)

    def forced(self, start: str, through: str, end: str) -> bool:
        """Whether no other way from one table to the next but one costs about as little."""
        key = (start, through, end)
        if key not in self._forced:
            here = self._dijkstra({start}, (), goal=end)[0].get(end, UNREACHABLE)
            other = self._dijkstra({start}, (), goal=end, without=through)[0]
            self._forced[key] = other.get(end, UNREACHABLE) > here + CLOSE
        return self._forced[key]

    def _dijkstra(
        self, starts: Collection[str], free: Collection[str], words: Collection[str] = (),
        goal: str | None = None, without: str = "",
    ) -> tuple[dict[str, float], dict[str, Edge]]:  # fmt: skip
        cost = {table: _EARLIER * place for place, table in enumerate(starts)}
        came: dict[str, Edge] = {}
        shared = {t for t in starts if any(t in self.owned(o) for o in starts if o != t)}
        stems = frozenset(stem(w) for w in words)
        queue = [(here, table) for table, here in cost.items()]
        heapq.heapify(queue)
        while queue:
            here, table = heapq.heappop(queue)
            if here > cost[table]:
                continue
            if table == goal:
                break
            for edge in self.edges.get(table, ()):
                if edge.end == without:
                    continue
                if edge.reverse and table in self.calendars and set(starts) != {table}:
                    continue  # two facts of one day have nothing else in common
                step = edge.cost * (0.3 if edge.end in free else 1.0) + _role_cost(edge, stems)
                step = max(step, _LEAST)
                if edge.reverse and table in shared and edge.end not in self.bridges:
                    step += _SHARED
                if here + step < cost.get(edge.end, UNREACHABLE):
                    cost[edge.end] = here + step
                    came[edge.end] = edge
                    heapq.heappush(queue, (here + step, edge.end))
        return cost, came

    def path(
        self, tree: Collection[str], goal: str, mentioned: Collection[str], words: Collection[str]
    ) -> tuple[list[Edge], float] | None:
        """The cheapest way from any table of the tree to the goal.

        Tables that the question mentions cost little on the way; so do relationships whose role
        it names.
        """
        cost, came = self._dijkstra(tree, mentioned, words, goal)
        if goal not in cost:
            return None
        edges: list[Edge] = []
        at = goal
        while at not in tree:
            edges.append(came[at])
            at = came[at].start
        return edges[::-1], cost[goal]


def _role_cost(edge: Edge, stems: frozenset[str]) -> float:
    """A relationship with a role costs more unless the question says the role's words."""
    if not edge.relationship.role:
        return 0.0
    role = _role(edge.relationship)
    return -0.2 - 0.04 * min(len(role & stems) - 1, 2) if role & stems else 0.4


@lru_cache(maxsize=4096)
def _role(relationship: Relationship) -> frozenset[str]:
    """The stems of what a role says beyond the table that it refers to, or of all of it."""
    role = names.words_of(relationship.role)
    verbs = (w for r in role for w in ROLE_VERBS.get(r, "").split())
    said = {stem(w) for w in (*role, *verbs)} - {"by", "id"}
    target = names.stems_of(relationship.to_table)
    return frozenset(said - target or said)
