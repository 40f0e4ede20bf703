"""Nodes: a unit of the question, or what several were combined into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from datamind.language.lexer import Unit
from datamind.language.sketch import Mention


@dataclass(slots=True)
class Node:
    """A unit, or what units were combined into."""

    code: str
    first: int
    last: int
    payload: Any


Action = Callable[[list[Node]], list[Node] | None]


def to_nodes(units: Sequence[Unit]) -> list[Node]:
    """Units as nodes; links become mentions."""
    out = []
    for unit in units:
        payload: Any = unit.payload
        code = unit.code
        if code in "cvmz":
            payload = Mention(unit.first, unit.last, tuple(unit.payload))  # type: ignore[arg-type]
            if code == "c" and _is_value(payload):
                code = "v"
        out.append(Node(code, unit.first, unit.last, payload))
    return out


def _is_value(mention: Mention) -> bool:
    """Whether its best reading is a value of a column."""
    return mention.candidates[0].kind in ("value", "text", "weekday")


def may_be_number(mention: Mention) -> bool:
    return any(c.kind in ("column", "metric") and c.score >= 0.55 for c in mention.candidates)


def span(nodes: Sequence[Node], code: str, payload: Any) -> Node:
    return Node(code, nodes[0].first, nodes[-1].last, payload)


def of_code(nodes: Sequence[Node], codes: str) -> list[Node]:
    return [n for n in nodes if n.code in codes]
