"""Canonical plans: two readings that join the same tables by the same keys are one, whichever
table they start from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from datamind.semantics import plan as P
from datamind.semantics.walk import NODES, field_names


def canonical(plan: P.Query) -> str:
    """A text that is the same for plans whose rows are surely the same."""
    return repr(_blank(plan))


def _blank(node: Any) -> Any:
    """The node with each inner-joined source as the set of its tables and of its joins."""
    if isinstance(node, tuple):
        return tuple(map(_blank, node))
    if isinstance(node, P.Source) and not any(j.left or j.also for j in node.joins):
        tables = sorted([(node.table, node.alias), *((j.table, j.alias) for j in node.joins)])
        joins = sorted((j.relationship, *sorted((j.alias, j.parent))) for j in node.joins)
        return replace(node, table=repr(tables), alias=repr(joins), joins=())
    kind: type = type(node)
    if kind in NODES or isinstance(node, P.Query):
        return replace(node, **{f: _blank(getattr(node, f)) for f in field_names(kind)})
    return node
