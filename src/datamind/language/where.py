"""Where something is: the columns that tell, shown and heeded where a question asks."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import names
from datamind.language.tables.places import PLACE_PARTS
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table
from datamind.semantics.walk import below

MOST = 4


def asks_where(words: Sequence[str]) -> bool:
    """`where are our stores?`, said first or behind what was asked before."""
    return next((w.lower() for w in words if w != "."), "") == "where"


def places_of(table: Table) -> list[Column]:
    """The columns that say where a row's thing is."""
    return [c for c in table.columns if PLACE_PARTS & set(names.words_of(c.name))][:MOST]


def tells_place(plan: P.Query) -> bool:
    """Whether what is shown is a place, or has one."""
    shown = [n for s in plan.steps if not isinstance(s, P.Filter) for n in below(s)]
    return any(isinstance(n, P.Column) and PLACE_PARTS & set(names.words_of(n.name)) for n in shown)
