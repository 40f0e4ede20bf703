"""Nodes: a unit of the question, or what several were combined into."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from datamind.language.candidates import Candidate
from datamind.language.sketch import Mention
from datamind.language.tables.keywords import AGGREGATE
from datamind.language.units import Unit
from datamind.semantics.catalog import NUMERIC, Column


@dataclass(slots=True)
class Node:
    """A unit, or what units were combined into."""

    code: str
    first: int
    last: int
    payload: Any


@dataclass(frozen=True, slots=True)
class Listed:
    """Columns that the evidence gives one name, as `full name` for a first and a last name."""

    columns: tuple[Column, ...]

    def mention(self, first: int, last: int) -> Mention:
        """A mention of the first column, the others along with it."""
        made = [
            Mention(
                first, last, (Candidate("column", c.id, c.table, 1.0, "evidence", type=c.type),)
            )
            for c in self.columns
        ]
        made[0].also = tuple(made[1:])
        return made[0]


Action = Callable[[list[Node]], list[Node] | None]


def to_nodes(units: Sequence[Unit]) -> list[Node]:
    """Units as nodes; links become mentions."""
    out: list[Node] = []
    for at, unit in enumerate(units):
        payload: Any = unit.payload
        code = unit.code
        if isinstance(payload, Listed):
            payload = payload.mention(unit.first, unit.last)
        elif code in "cvmz":
            payload = Mention(unit.first, unit.last, tuple(unit.payload))  # type: ignore[arg-type]
            after = units[at + 1 : at + 2]
            counted = bool(out) and out[-1].code == AGGREGATE and _is_number(payload)
            counted = counted and not (after and after[0].code == "c")
            if code == "c" and _is_value(payload) and not counted:
                code = "v"
        elif code in "PMLG/":
            payload = copy.deepcopy(payload)  # combinators change it; other covers have it too
        out.append(Node(code, unit.first, unit.last, payload))
    return out


def _is_number(mention: Mention) -> bool:
    """Whether some column of numbers goes by the word: the total of the `passengers` boarded."""
    return any(c.kind == "column" and c.type in NUMERIC and c.score >= 0.5
               for c in mention.candidates)  # fmt: skip


def _is_value(mention: Mention) -> bool:
    """Whether its best reading is a value of a column, and no name fits about as well."""
    best = mention.candidates[0]
    named = any(c.kind in ("column", "table") and c.score >= 0.8 for c in mention.candidates)
    if best.source == "role":
        return False
    return best.kind in ("value", "text", "weekday") and not (named and best.score < 0.99)


def may_be_number(mention: Mention) -> bool:
    return any(c.kind in ("column", "metric") and c.score >= 0.42 for c in mention.candidates)


def span(nodes: Sequence[Node], code: str, payload: Any) -> Node:
    return Node(code, nodes[0].first, nodes[-1].last, payload)


def of_code(nodes: Sequence[Node], codes: str) -> list[Node]:
    return [n for n in nodes if n.code in codes]
