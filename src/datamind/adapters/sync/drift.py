"""What changed in a table's shape since it was copied, and what that takes.

A change is made in place where it can't touch a value; else the table is copied anew beside the old
one, which is read until the new one is proven equal.
"""

from __future__ import annotations

from dataclasses import dataclass

from datamind.adapters.sync.ddl import at
from datamind.adapters.sync.tables import State, TablePlan
from datamind.adapters.sync.types import widened


@dataclass(frozen=True, slots=True)
class Drift:
    """`told` says what changed; `added` are statements that no reader notices, `before` and `after`
    those around the change of the view; each may run twice. `anew` says why the table has to be
    copied again, if it has."""

    told: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    anew: str | None = None


def drift_of(plan: TablePlan, state: State) -> Drift:
    """What changed between the copy and the table as it is now."""
    if plan.identity != state.identity:
        names = {n: name for n, name, *_ in state.columns}
        numbers = {name: n for n, name in names.items()}
        was = [numbers.get(name) for name in state.identity]
        if was != [c.number for c in plan.identified]:
            return Drift(anew="its key is another one")
    if plan.partition_by != state.partition_by:
        return Drift(anew="its partitions are others")
    old = {n: (name, native, type) for n, name, native, type in state.columns}
    new = {c.number: c for c in plan.columns}
    if plan.source.oid != state.oid and {n: o[:2] for n, o in old.items()} != {
        n: (c.name, c.native) for n, c in new.items()
    }:
        return Drift(anew="it was made anew with other columns")
    told: list[str] = []
    added: list[str] = []
    before: list[str] = []
    after: list[str] = []
    table, identity = at(state.base), {c.number for c in plan.identified}
    for number, column in new.items():
        if number not in old:
            told.append(f"{column.name} was added")
            added.append(
                f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column.stored} {column.type}"
            )
            continue
        name, native, type = old[number]
        if name != column.name:
            told.append(f"{name} is called {column.name}")
        if type != column.type:
            told.append(f"{column.name} became {column.native} from {native}")
            if not widened(type, column.type) or number in identity:
                return Drift(tuple(told), anew=f"the type of {column.name} is another one")
            before.append(f"ALTER TABLE {table} MODIFY COLUMN {column.stored} {column.type}")
    for number in old.keys() - new.keys():
        told.append(f"{old[number][0]} is no more")
        if "Date" in old[number][2] and not old[number][2].startswith("Array"):
            after.append(f"ALTER TABLE {table} DROP INDEX IF EXISTS i{number}")
        after.append(f"ALTER TABLE {table} DROP COLUMN IF EXISTS c{number}")
    return Drift(tuple(told), tuple(added), tuple(before), tuple(after))
