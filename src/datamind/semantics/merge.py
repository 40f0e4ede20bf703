"""Merging: what dbt and people say of a database, laid over what was read off it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from datamind.semantics.catalog import (
    Additivity,
    Catalog,
    Column,
    Metric,
    QualityIssue,
    Relationship,
    Table,
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
    columns: Mapping[str, ColumnNote] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Notes by table id, references, metrics and data-quality issues."""

    tables: Mapping[str, TableNote] = field(default_factory=dict)
    relationships: tuple[Relationship, ...] = ()
    metrics: tuple[Metric, ...] = ()
    quality: tuple[QualityIssue, ...] = ()
    only: frozenset[str] = frozenset()


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
    said = {(r.table, r.columns) for r in overlay.relationships}
    relationships = tuple(
        r
        for r in (
            *overlay.relationships,
            *(r for r in catalog.relationships if (r.table, r.columns) not in said),
        )
        if r.table in ids and r.to_table in ids
    )
    secret = {c.id for t in tables for c in t.columns if c.pii}
    values = {
        column: found
        for column, found in catalog.values.items()
        if column.rpartition(".")[0] in ids and column not in secret
    }
    metrics = tuple(m for m in overlay.metrics if set(m.relations) <= ids)
    text = repr((tables, relationships, metrics))
    return replace(
        catalog,
        version=hashlib.sha256(text.encode()).hexdigest()[:16],
        tables=tables,
        relationships=relationships,
        metrics=metrics,
        quality=overlay.quality,
        values=values,
        complete=frozenset(catalog.complete & values.keys()),
    )


def _table(table: Table, note: TableNote) -> Table:
    columns = tuple(_column(c, note.columns.get(c.name, ColumnNote())) for c in table.columns)
    known = {c.name for c in columns}
    key = note.primary_key if note.primary_key and set(note.primary_key) <= known else ()
    return replace(
        table,
        columns=columns,
        description=note.description or table.description,
        synonyms=(*table.synonyms, *note.synonyms),
        entity=note.entity or table.entity,
        primary_key=key or table.primary_key,
        key_origin="dbt" if key else table.key_origin,
    )


def _column(column: Column, note: ColumnNote) -> Column:
    return replace(
        column,
        description=note.description or column.description,
        synonyms=(*column.synonyms, *note.synonyms),
        unit=note.unit or column.unit,
        pii=note.pii or column.pii,
        additivity=note.additivity or column.additivity,
    )
