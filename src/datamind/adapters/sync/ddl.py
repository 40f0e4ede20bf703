"""Statements that make a copy in ClickHouse: its table, the one that is filled first, its view."""

from __future__ import annotations

import re

from datamind.adapters.sync.shortcuts import body_of, name_of
from datamind.adapters.sync.source import quoted
from datamind.adapters.sync.tables import Aggregate, Column, Shortcut, TablePlan

HOME = "datamind_sync"
VERSION, DELETED = "_version", "_deleted"


def base_name(plan: TablePlan, generation: int) -> str:
    """The name of the table that holds the rows of a generation."""
    plain = re.sub(r"\W", "_", plan.id)
    return f"{plain}__{plan.source.oid}_{generation}"


def at(base: str) -> str:
    """The full name of a table of ours."""
    return f"{quoted(HOME)}.{quoted(base)}"


def create_base(plan: TablePlan, base: str) -> str:
    """Rows of one identity replace each other, the newest version wins; what has no identity is
    only ever loaded whole."""
    lines = [f"{c.stored} {c.type}" for c in plan.columns]
    lines += [f"{VERSION} UInt64", f"{DELETED} UInt8 DEFAULT 0"]
    # Days mostly grow with the key: whole stretches of the table are then passed by.
    lines += [f"INDEX i{c.number} {c.stored} TYPE minmax" for c in plan.columns if _is_time(c)]
    order = ", ".join(c.stored for c in plan.identified)
    engine = f"ReplacingMergeTree({VERSION})" if plan.identity else "MergeTree"
    return (
        f"CREATE TABLE IF NOT EXISTS {at(base)} ({', '.join(lines)}) ENGINE = {engine}"
        f"{_partition(plan)} ORDER BY ({order})"
    )


def add_shortcut(plan: TablePlan, one: Shortcut) -> list[str]:
    """The changes that have it in a table, in the parts that are there too. Where rows of one
    identity are merged, a projection is made anew of those that are left."""
    name = name_of(plan, one)
    kind = "PROJECTION" if one.measures else "INDEX"
    rebuilt = "MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild'"
    return [
        *([rebuilt] if plan.identity and one.measures else []),
        f"ADD {kind} IF NOT EXISTS {name} {body_of(plan, one)}",
        f"MATERIALIZE {kind} {name}",
    ]


def altered(base: str, change: str) -> str:
    """A change of a table of ours."""
    return f"ALTER TABLE {at(base)} {change}"


def create_stage(base: str) -> str:
    """A table as the base is, for rows that are on their way into it."""
    stage = at(stage_of(base))
    return f"CREATE OR REPLACE TABLE {stage} AS {at(base)} ENGINE = MergeTree ORDER BY tuple()"


def stage_of(base: str) -> str:
    """The name of that table."""
    return f"{base}__stage"


def live(base: str, plan: TablePlan) -> str:
    """The rows that are there now, each once."""
    final = f"FINAL WHERE {DELETED} = 0" if plan.identity else ""
    return f"{at(base)} {final}".strip()


def create_view(plan: TablePlan, base: str, *, plain: bool = False) -> str:
    """What people and plans read: named as in PostgreSQL, each row once. `plain` where each is
    stored once: only then does ClickHouse take projections."""
    shown = ", ".join(f"{c.stored} AS {quoted(c.name)}" for c in plan.columns)
    name = f"{quoted(plan.source.schema)}.{quoted(plan.source.name)}"
    rows = at(base) if plain else live(base, plan)
    return f"CREATE OR REPLACE VIEW {name} AS SELECT {shown} FROM {rows}"


def create_aggregate(made: Aggregate) -> list[str]:
    """A materialised view's rows, made anew, and the view that shows them."""
    stored, shown = at(f"aggregate_{made.name}"), quoted("aggregates")
    return [
        f"CREATE OR REPLACE TABLE {stored} ENGINE = MergeTree ORDER BY tuple() AS {made.sql}",
        f"CREATE DATABASE IF NOT EXISTS {shown}",
        f"CREATE OR REPLACE VIEW {shown}.{quoted(made.name)} AS SELECT * FROM {stored}",
    ]


def _is_time(column: Column) -> bool:
    return "Date" in column.type and not column.type.startswith("Array")


def _partition(plan: TablePlan) -> str:
    if plan.partition_by is None:
        return ""
    said = plan.partition_by
    for column in plan.identified:
        said = re.sub(rf"(?<!\w){re.escape(column.name)}(?!\w)", column.stored, said)
    return f" PARTITION BY {said}"
