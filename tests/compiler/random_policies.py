"""Random rules over a random world, and, worked out by hand, what they leave of its rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from random_plans import TYPES, World, worlds
from random_totals import Totals

from datamind.governance.rules import Asker, Grant, Mask, Restriction, Rules, To
from datamind.semantics import plan as P
from datamind.semantics.catalog import Table

Row = dict[str, Any]
ME = To(users=frozenset({"me"}))
ASKER = Asker("me", attributes={"word": "ab", "level": 1})
KEY = "k"  # of hashes
PLANS = 4  # over one world
SUITS: dict[str, list[Mask]] = {
    "n": ["null", "generalise"],
    "x": ["null", "generalise"],
    "d": ["null", "generalise"],
    "ts": ["null", "generalise"],
    "b": ["null"],
    "s": ["null", "hash", "name", "last4"],
}


@dataclass(frozen=True)
class Condition:
    """A predicate as a policy has it, and on which rows it is true."""

    sql: str
    holds: Callable[[Row], bool]


CONDITIONS = [
    Condition("n > 0", lambda r: r["n"] is not None and r["n"] > 0),
    Condition("n >= {user.level} OR b", lambda r: (r["n"] or 0) >= 1 or r["b"] is True),
    Condition("s IN ('a', {user.word})", lambda r: r["s"] in ("a", "ab")),
    Condition("NOT b", lambda r: r["b"] is False),
    Condition("x IS NULL OR x < 2", lambda r: r["x"] is None or r["x"] < 2),
    Condition("k = 0", lambda r: r["k"] == 0),
    Condition("d >= DATE '2024-01-31'",
              lambda r: r["d"] is not None and r["d"] >= dt.date(2024, 1, 31)),
    Condition("FALSE", lambda r: False),
]  # fmt: skip


@dataclass(frozen=True)
class Governed:
    """A world, the rules over it, and its rows as the asker of the rules sees them."""

    world: World
    rules: Rules
    seen: dict[str, list[Row]]


@st.composite
def governed_totals(draw: DrawFn) -> tuple[Governed, list[tuple[P.Query, bool]]]:
    """Totals over a world under rules."""
    world = draw(worlds())
    assume(world.view.relationships)
    drawn = [_Access(draw, world, table) for table in world.view.tables]
    rules = Rules(
        tuple(g for access in drawn for g in access.grants()),
        tuple(r for access in drawn for r in access.restrictions()),
    )
    seen = {access.table.id: access.left() for access in drawn}
    plans = [Totals(draw, world).grouped() for _ in range(PLANS)]
    return Governed(world, rules, seen), plans


class _Access:
    """What one may read of a table: either all columns of some rows, or of more rows fewer."""

    def __init__(self, draw: DrawFn, world: World, table: Table) -> None:
        self.draw, self.world, self.table = draw, world, table
        names = [c.name for c in table.columns]
        free = [n for n in names if n not in ("id", "k")]  # by which rows are told apart
        few = frozenset(names) - draw(st.sets(st.sampled_from(free), max_size=3))
        self.granted: list[tuple[Condition | None, frozenset[str]]] = draw(
            st.sampled_from(
                [
                    [(None, frozenset(names))],
                    [(self.condition(), frozenset(names))],
                    [(self.condition(), frozenset(names)), (self.condition(), few)],
                    [(None, few), (self.condition(), frozenset(names))],
                ]
            )
        )
        self.limit = self.condition() if self.chance(4) else None
        self.hidden = frozenset({draw(st.sampled_from(free))} if self.chance(8) else ())
        masked = draw(st.sets(st.sampled_from(list(TYPES)), max_size=3))
        self.masks: Mapping[str, Mask] = {
            c: draw(st.sampled_from(SUITS[c])) for c in sorted(masked)
        }

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == 1)

    def condition(self) -> Condition:
        """One on the table alone, or one that asks what it refers to, or what that refers to."""
        refers = [r for r in self.world.view.relationships if r.table == self.table.id]
        if not refers or self.chance(2):
            return self.draw(st.sampled_from(CONDITIONS))
        one = self.draw(st.sampled_from(refers))
        column, to, rows = one.columns[0], one.to_table, self.world.data[one.to_table]
        further = [r for r in self.world.view.relationships if r.table == to]
        if further and self.chance(2):
            two = self.draw(st.sampled_from(further))
            at, last = two.columns[0], two.to_table
            ends = {r["id"] for r in self.world.data[last] if r["b"] is not False}
            ids = {r["id"] for r in rows if r[at] in ends}
            asked = f"SELECT p.id FROM {to} AS p JOIN {last} AS q ON p.{at} = q.id"
            where = "q.b IS NULL OR q.b"
        else:
            ids = {r["id"] for r in rows if r["n"] is not None and r["n"] < 2}
            asked, where = f"SELECT id FROM {to}", "n < 2"
        return Condition(f"{column} IN ({asked} WHERE {where})", lambda r: r[column] in ids)

    def grants(self) -> list[Grant]:
        return [Grant(self.table.id, ME, c.sql if c else None, of) for c, of in self.granted]

    def restrictions(self) -> list[Restriction]:
        limit = self.limit.sql if self.limit else None
        return [Restriction(self.table.id, ME, limit, self.masks, self.hidden)]

    def left(self) -> list[Row]:
        """The table's rows as they are seen."""
        found = []
        for row in self.world.data[self.table.id]:
            carried = [of for c, of in self.granted if c is None or c.holds(row)]
            if carried and (self.limit is None or self.limit.holds(row)):
                shown = frozenset().union(*carried)
                found.append({c: self._cell(c, v if c in shown else None) for c, v in row.items()})
        return found

    def _cell(self, column: str, value: Any) -> Any:
        mask = self.masks.get(column)
        if value is None or mask is None:
            return value
        match mask, value:
            case "hash", str():
                return hashlib.sha256((KEY + value).encode()).hexdigest()
            case "last4", str():
                return "***"  # none is so long that four letters of it are shown
            case "name", str():
                second = value[1:2]
                return f"{value[0]}***" if second.lower() != second.upper() else "***"
            case "generalise", dt.date():
                return dt.date(value.year, 1, 1)
            case "generalise", _:
                return math.floor(value / 100) * 100
        return None
