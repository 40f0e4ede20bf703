"""Merging: what dbt and people say of a database, laid over what was read off it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from datamind.semantics.catalog import (
    Additivity,
    Catalog,
    Column,
    Metric,
    QualityIssue,
    Relationship,
    Table,
    version_of,
)


@dataclass(frozen=True, slots=True)
class ColumnNote:
    """What an overlay says of a column; None and empty say nothing."""

    description: str = ""
    synonyms: tuple[str, ...] = ()
    unit: str | None = None
    pii: str | None = None
    additivity: Additivity | None = None


@dataclass(frozen=True, slots=True)
class TableNote:
    """What an overlay says of a table."""

    description: str = ""
    synonyms: tuple[str, ...] = ()
    entity: str | None = None
    hidden: bool = False
    primary_key: tuple[str, ...] = ()
    display: tuple[str, ...] = ()
    default_date: str | None = None
    columns: Mapping[str, ColumnNote] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Notes by table id, references, metrics, data-quality issues, and values by column id.

    `values` are all that a column may hold, whether it holds them now or not.
    """

    tables: Mapping[str, TableNote] = field(default_factory=dict)
    relationships: tuple[Relationship, ...] = ()
    metrics: tuple[Metric, ...] = ()
    quality: tuple[QualityIssue, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    dbt_ran: str = ""


def merge(catalog: Catalog, overlay: Overlay) -> Catalog:
    """The catalog with the overlay over it; the overlay wins.

    Where the overlay names the tables that are meant for people (`only`), others are left out.
    """
    kept = [t for t in catalog.tables if not overlay.only or t.id in overlay.only]
    tables = tuple(
        _table(t, overlay.tables.get(t.id, TableNote()))
        for t in kept
        if not overlay.tables.get(t.id, TableNote()).hidden
    )
    ids = {t.id for t in tables}
    columns = {c.id for t in tables for c in t.columns}
    said = {(r.table, r.columns) for r in overlay.relationships}
    relationships = tuple(
        r
        for r in (
            *overlay.relationships,
            *(r for r in catalog.relationships if (r.table, r.columns) not in said),
        )
        if _holds(r, columns)
    )
    secret = {c.id for t in tables for c in t.columns if c.pii}
    values = {
        column: found for column, found in catalog.values.items() if column in columns - secret
    }
    listed = {
        column: _listed(values.get(column, ()), accepted)
        for column, accepted in overlay.values.items()
        if column in columns - secret
    }
    values |= listed
    later = {m.name for m in overlay.metrics}
    metrics = (*(m for m in catalog.metrics if m.name not in later), *overlay.metrics)
    named = {*ids, *columns, *(m.name for m in metrics)}
    merged = replace(
        catalog,
        tables=tuple(
            _keyed(t, relationships, overlay.tables.get(t.id, TableNote())) for t in tables
        ),
        relationships=relationships,
        metrics=tuple(m for m in metrics if set(m.relations) <= ids),
        glossary=tuple(t for t in catalog.glossary if t.item in named),
        quality=(*catalog.quality, *overlay.quality),
        dbt_ran=overlay.dbt_ran or catalog.dbt_ran,
        values=values,
        complete=frozenset((catalog.complete & values.keys()) | listed.keys()),
    )
    return replace(merged, version=version_of(merged))


def _holds(relationship: Relationship, columns: set[str]) -> bool:
    """Whether both sides of the reference are there, column by column."""
    here = {f"{relationship.table}.{c}" for c in relationship.columns}
    there = {f"{relationship.to_table}.{c}" for c in relationship.to_columns}
    return here | there <= columns


def _keyed(table: Table, relationships: Sequence[Relationship], note: TableNote) -> Table:
    """The table whose keys, now known, do not add up; what the overlay says of them stands."""
    keys = {c for r in relationships if r.table == table.id for c in r.columns}
    keys |= set(table.primary_key)
    keys -= {name for name, said in note.columns.items() if said.additivity}
    columns = tuple(replace(c, additivity="none") if c.name in keys else c for c in table.columns)
    return replace(table, columns=columns)


def _listed(
    found: tuple[tuple[str, int], ...], accepted: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    """The values found with those that may come, which occur no times yet."""
    known = {value for value, _ in found}
    return (*found, *((value, 0) for value in accepted if value not in known))


def _table(table: Table, note: TableNote) -> Table:
    columns = tuple(_column(c, note.columns.get(c.name, ColumnNote())) for c in table.columns)
    known = {c.name for c in columns}
    key = note.primary_key if set(note.primary_key) <= known else ()
    display = note.display if set(note.display) <= known else ()
    date = note.default_date if note.default_date in known else None
    return replace(
        table,
        columns=columns,
        description=note.description or table.description,
        synonyms=(*table.synonyms, *note.synonyms),
        entity=note.entity or table.entity,
        primary_key=key or table.primary_key,
        key_origin="dbt" if key else table.key_origin,
        display=display or table.display,
        default_date=date or table.default_date,
    )


def _column(column: Column, note: ColumnNote) -> Column:
    return replace(
        column,
        description=note.description or column.description,
        synonyms=(*column.synonyms, *note.synonyms),
        unit=note.unit or column.unit,
        pii=note.pii or column.pii,
        additivity=note.additivity or column.additivity,
        additivity_said=column.additivity_said or note.additivity is not None,
    )
