"""Walks the plan algebra: the parts of a node, and all that hangs below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import get_args

from datamind.semantics import plan as P

NODES: frozenset[type] = frozenset((
    *get_args(P.Expr), *get_args(P.Predicate), *get_args(P.Step),
    P.When, P.Named, P.Sort, P.Source, P.Join, P.SetOp, P.Query,
))  # fmt: skip


@cache
def field_names(kind: type) -> tuple[str, ...]:
    """The fields of a node class, in order."""
    return tuple(field.name for field in fields(kind))


def parts(node: object) -> list[object]:
    """The nodes directly below this one."""
    kind: type = type(node)
    found: list[object] = []
    for name in field_names(kind):
        value = getattr(node, name)
        if type(value) in NODES:
            found.append(value)
        elif type(value) is tuple:
            found += [item for item in value if type(item) in NODES]
    return found


def below(*nodes: object, queries: bool = True) -> Iterator[object]:
    """These nodes and all below them; nested queries only if `queries`."""
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        yield node
        inner = parts(node)
        stack += [p for p in reversed(inner) if queries or type(p) is not P.Query]


def columns_of(*nodes: object) -> set[tuple[str, str]]:
    """Alias and name of every column below, those in nested queries included."""
    return {(n.alias, n.name) for n in below(*nodes) if type(n) is P.Column}


def aliases_of(*nodes: object) -> set[str]:
    """Every alias that is named below, by a column or as the near side of an Exists."""
    found: set[str] = set()
    for node in below(*nodes):
        if isinstance(node, P.Column | P.Exists):
            found.add(node.alias)
    return found
