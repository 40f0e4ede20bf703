"""Canonical plans: two readings that join the same tables by the same keys are one, whichever
table they start from and whatever they call its rows and their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from datamind.semantics import plan as P
from datamind.semantics.walk import NODES, below, field_names

_OF_ROWS = frozenset({"alias", "parent", "of"})  # the fields that hold the alias of a table


def canonical(plan: P.Query) -> str:
    """A text that is the same for plans whose rows are surely the same."""
    return repr(_blank(plan, _renamed(plan)))


def _renamed(plan: P.Query) -> dict[tuple[str, str], str]:
    """Other names for what a plan itself names: for a table that its source holds once, its name
    and which source it is; for an output, which one."""
    found: dict[tuple[str, str], str] = {}
    again: set[tuple[str, str]] = set()
    for at, node in enumerate(n for n in below(plan) if isinstance(n, P.Source | P.Named)):
        if isinstance(node, P.Named):
            found.setdefault(("name", node.name), f"output {at}")
            continue
        tables = [(node.table, node.alias), *((j.table, j.alias) for j in node.joins)]
        held = Counter(table for table, _ in tables)
        for table, alias in tables:
            if held[table] > 1 or ("alias", alias) in found:
                again.add(("alias", alias))
            found["alias", alias] = f"{table} of {at}"
    return {key: name for key, name in found.items() if key not in again}


def _blank(node: Any, names: Mapping[tuple[str, str], str]) -> Any:
    """The node with each inner-joined source as the set of its tables and of its joins."""
    if isinstance(node, tuple):
        return tuple(_blank(n, names) for n in node)
    kind: type = type(node)
    if kind not in NODES and kind is not P.Query:
        return node
    made = {f: _blank(getattr(node, f), names) for f in field_names(kind)}
    for field in _OF_ROWS & made.keys():
        made[field] = names.get(("alias", made[field]), made[field])
    if isinstance(node, P.Named | P.Field):
        made["name"] = names.get(("name", node.name), node.name)
    node = replace(node, **made)
    if isinstance(node, P.Source) and not any(j.left or j.also for j in node.joins):
        rows = sorted([(node.table, node.alias), *((j.table, j.alias) for j in node.joins)])
        joins = sorted((j.relationship, *sorted((j.alias, j.parent))) for j in node.joins)
        return replace(node, table=repr(rows), alias=repr(joins), joins=())
    return node
