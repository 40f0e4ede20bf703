"""dbt's semantic models: entities as keys and references, dimensions and measures by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datamind.semantics.catalog import Catalog

Json = dict[str, Any]
_KEYS = ("primary", "unique", "natural")


def semantic_models(manifest: Json, ids: dict[str, str]) -> Iterator[tuple[Json, str]]:
    """The semantic models whose table the catalog knows, with that table."""
    for model in (manifest.get("semantic_models") or {}).values():
        nodes = [u for u in (model.get("depends_on") or {}).get("nodes", []) if u in ids]
        if nodes:
            yield model, ids[nodes[0]]


def expression(element: Json) -> str:
    """What an entity, a dimension or a measure is made of: its name where it says nothing else."""
    return str(element.get("expr") or element["name"])


def primary_entity(model: Json) -> str:
    """The entity that a row of the model is."""
    for entity in model.get("entities") or []:
        if entity.get("type") == "primary":
            return str(entity["name"])
    return str(model.get("primary_entity") or "")


def entity_keys(
    manifest: Json, ids: dict[str, str], catalog: Catalog
) -> dict[str, tuple[str, ...]]:
    """Primary entities as keys of their tables."""
    return {
        table: (expression(entity),)
        for model, table in semantic_models(manifest, ids)
        for entity in model.get("entities") or []
        if entity.get("type") == "primary" and _has(catalog, table, expression(entity))
    }


def entity_references(
    manifest: Json, ids: dict[str, str], catalog: Catalog
) -> Iterator[tuple[str, str, str, str]]:
    """Table, column, table and column of each foreign entity that is a key of another model."""
    homes = {
        str(entity["name"]): (table, expression(entity))
        for kind in reversed(_KEYS)
        for model, table in semantic_models(manifest, ids)
        for entity in model.get("entities") or []
        if entity.get("type") == kind and _has(catalog, table, expression(entity))
    }
    for model, table in semantic_models(manifest, ids):
        for entity in model.get("entities") or []:
            home, column = homes.get(str(entity["name"])), expression(entity)
            if entity.get("type") != "foreign" or home is None or home[0] == table:
                continue
            if _has(catalog, table, column):
                yield table, column, *home


def default_dates(manifest: Json, ids: dict[str, str]) -> dict[str, str]:
    """The date by which the measures of each table go (`agg_time_dimension`)."""
    found: dict[str, str] = {}
    for model, table in semantic_models(manifest, ids):
        wanted = (model.get("defaults") or {}).get("agg_time_dimension")
        for dimension in model.get("dimensions") or []:
            if dimension.get("name") == wanted:
                found[table] = expression(dimension)
    return found


def _has(catalog: Catalog, table: str, column: str) -> bool:
    return any(c.name == column for c in catalog.table(table).columns)
