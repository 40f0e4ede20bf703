"""Combining flags: columns that say yes or no, as conditions and as groups."""

from __future__ import annotations

from datamind.language.nodes import Node, span
from datamind.language.sketch import Cond
from datamind.semantics.catalog import NUMERIC


def split_flag(nodes: list[Node]) -> list[Node]:
    """how many have an exam `and how many do not`: grouped by whether they do."""
    return with_and_without([n for n in nodes if n.code == "c"])


def with_and_without(nodes: list[Node]) -> list[Node]:
    """orders `with and without` a voucher, `with a voucher vs without one`."""
    what = next(n.payload for n in nodes if n.code == "c")
    what.role, what.whether = "relation", True
    return [span(nodes, "G", [what])]


# What says of a row that it is so, or since when: `covered` stations, `registered` customers.
_SAYS_SO = frozenset({"boolean", "date", "timestamp"})


def flagged(nodes: list[Node]) -> list[Node] | None:
    """`covered` stations, `billable` hours: a flag before what it is of is a condition."""
    what, of = nodes[0].payload, nodes[1].payload
    if nodes[1].code == "P" and of.kind not in ("value", "given"):
        return None
    things = (
        {c.table for c in of.candidates[:3] if c.kind == "table"} if nodes[1].code == "c" else ()
    )
    said = [c for c in what.candidates if c.kind != "table" or c.table not in things]
    least = said[0].score - 0.05 if said else 1.0  # that it is of the thing itself says nothing
    flags = [c for c in what.candidates
             if c.score >= least and c.kind == "column" and c.type in _SAYS_SO]  # fmt: skip
    if nodes[0].last != nodes[1].first or not (flags or nodes[1].code == "c"):
        return None
    if nodes[1].code == "c":
        measured = {c.table for c in of.candidates[:1] if c.type in NUMERIC}  # `billable hours`
        flags = [c for c in flags if c.table in measured or c.table in things]
        states = [c for c in what.candidates if c.kind == "value" and c.table in things]
        if not flags and states:  # `active` projects, where other things have a flag for it
            what.role, what.candidates, what.context = "value", tuple(states), of
            cond = Cond("value", mention=what, first=nodes[0].first)
            return [Node("P", nodes[0].first, nodes[0].last, cond), nodes[1]]
        if not flags:
            return None
        what.candidates = tuple(flags)
    elif flags[0] is not what.candidates[0] or flags[0].type != "boolean":
        return None
    what.role = "relation"
    cond = Cond("related", what, first=nodes[0].first)
    return [Node("P", nodes[0].first, nodes[0].last, cond), nodes[1]]
