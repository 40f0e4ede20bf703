"""Canonical plans: two readings that join the same tables by the same keys are one, whichever
table they start from and whatever they call its rows and their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
    for at, node in enumerate(n for n in below(plan) if isinstance(n, (P.Source, P.Named))):
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
    """What the node says, each inner-joined source as the set of its tables and of its joins."""
    kind: type = type(node)
    if kind is tuple:
        return tuple([_blank(n, names) for n in node])
    if kind not in NODES:
        return node
    if kind is P.Source and not any(j.left or j.also for j in node.joins):
        return _joined(node, names)
    made: list[Any] = [kind.__name__]
    for field in field_names(kind):
        value = getattr(node, field)
        if type(value) is not str:
            value = _blank(value, names)
        elif field in _OF_ROWS:
            value = names.get(("alias", value), value)
        elif field == "name" and kind in (P.Named, P.Field):
            value = names.get(("name", value), value)
        made.append(value)
    return tuple(made)


def _joined(source: P.Source, names: Mapping[tuple[str, str], str]) -> Any:
    def name(alias: str) -> str:
        return names.get(("alias", alias), alias)

    tables = [(source.table, source.alias), *((j.table, j.alias) for j in source.joins)]
    joins = [(j.relationship, *sorted((name(j.alias), name(j.parent)))) for j in source.joins]
    return sorted((table, name(alias)) for table, alias in tables), sorted(joins)
