"""Routes a plan: to ClickHouse where it is analytical and all that it reads is there, fresh and
alike; else to PostgreSQL. The choice says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datamind.records import Governed, Target
from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog
from datamind.semantics.walk import below


@dataclass(frozen=True, slots=True)
class Second:
    """The other warehouse: its target, the catalog in its own types, and the columns (by id) whose
    values there are not what they are in the first, so that a plan may give another answer."""

    target: Target
    catalog: Catalog
    unlike: frozenset[str]
    least_rows: int


@dataclass(frozen=True, slots=True)
class Copies:
    """What is there at this moment: `fresh` tables, by id, with how they are; `stale` ones with
    why. `down` is why nothing can go there, if so."""

    fresh: Mapping[str, str]
    stale: Mapping[str, str]
    down: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a plan goes to the second warehouse, and why."""

    second: bool
    reason: str


def route(plan: P.Query | None, governed: Governed, second: Second, copies: Copies) -> Choice:
    """Where a plan runs; `governed` is its form for the first warehouse."""
    if plan is None:
        return Choice(False, "SQL runs where it was written for")
    if copies.down:
        return Choice(False, copies.down)
    if not _adds_up(plan):
        return Choice(False, "it lists rows and adds nothing up")
    tables = [second.catalog.by_id.get(name) for name in governed.relations]
    rows = sum(table.rows or 0 for table in tables if table is not None)
    if rows < second.least_rows:
        return Choice(False, f"it reads about {rows:,} rows, which is few")
    for name in governed.relations:
        if name not in copies.fresh:
            return Choice(False, copies.stale.get(name, f"{name} is not copied"))
    read = set(governed.columns)
    if governed.policies:  # what they look at is told nowhere
        read |= {c.id for table in tables if table is not None for c in table.columns}
    unlike = sorted(second.unlike & read)
    if unlike:
        return Choice(False, f"{unlike[0]} is not kept there as it is")
    how = "; ".join(dict.fromkeys(copies.fresh[name] for name in governed.relations))
    return Choice(True, f"it adds up about {rows:,} rows, and all tables are there: {how}")


def _adds_up(plan: P.Query) -> bool:
    return any(isinstance(node, P.Group | P.Aggregate | P.WindowCall) for node in below(plan))
