"""dbt's artifacts: descriptions, tests, semantic models and metrics as an overlay of a catalog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datamind.adapters.dbt.metrics import metrics_of
from datamind.adapters.dbt.semantic_models import entity_keys, entity_references
from datamind.adapters.dbt.tests import Tests
from datamind.errors import BadInput
from datamind.semantics.catalog import Additivity, Catalog
from datamind.semantics.merge import ColumnNote, Overlay, TableNote

Json = dict[str, Any]
_ADDITIVE: dict[str, Additivity] = {"sum": "sum", "avg": "avg", "average": "avg", "none": "none"}


def target_folder(project: Path) -> Path:
    """Where the artifacts lie: the folder itself, or its `target`."""
    return project if (project / "manifest.json").is_file() else project / "target"


def _artifact(folder: Path, name: str, *, needed: bool = False) -> Json:
    path = folder / name
    if not path.is_file():
        if needed:
            raise BadInput(
                f"{name} is not there: this dbt project was not built.",
                hint="Run `dbt build` (or `dbt parse`) in the project first.",
            )
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        raise BadInput(f"{name} is damaged.", hint="Run `dbt build` again.") from None
    if not isinstance(found, dict):
        raise BadInput(f"{name} is not a dbt artifact.", hint="Run `dbt build` again.")
    return found


def overlay_of(project: Path, catalog: Catalog) -> Overlay:
    """What the project's artifacts say of the tables that the catalog knows."""
    folder = target_folder(project)
    manifest = _artifact(folder, "manifest.json", needed=True)
    results = _artifact(folder, "run_results.json")
    try:
        return _overlay(manifest, results, catalog)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInput(
            "manifest.json or run_results.json is not as dbt 1.8 to 1.11 writes it.",
            hint="Run `dbt build` again, with a version of dbt that is supported.",
        ) from None


def _overlay(manifest: Json, results: Json, catalog: Catalog) -> Overlay:
    nodes: dict[str, Json] = manifest.get("nodes", {})
    ids = _table_ids(nodes, catalog)
    tests = Tests(nodes, results, ids, catalog)
    entities = entity_keys(manifest, ids, catalog)
    keys = {t: k for t, k in entities.items() if not tests.refutes(t, k)} | tests.keys
    shown = frozenset(t for u, t in ids.items() if not _is_staging(nodes[u]))
    tested = tests.relationships()
    said = {(r.table, r.columns) for r in tested}
    implied = [tests.reference(*r) for r in entity_references(manifest, ids, catalog)]
    return Overlay(
        tables={
            table_id: _note(nodes[unique_id], keys.get(table_id, ()))
            for unique_id, table_id in ids.items()
        },
        relationships=(*tested, *(r for r in implied if (r.table, r.columns) not in said)),
        metrics=metrics_of(manifest, ids),
        quality=tests.quality(shown),
        values=tests.values(),
        only=shown,
    )


def _meta(node: Json) -> Json:
    """`meta`, wherever this version of dbt puts it."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def _table_ids(nodes: dict[str, Json], catalog: Catalog) -> dict[str, str]:
    """dbt's models, seeds and snapshots that exist in the database, by their table ids."""
    lower = {t.id.lower(): t.id for t in catalog.tables}
    out = {}
    for unique_id, node in nodes.items():
        if node.get("resource_type") not in ("model", "seed", "snapshot"):
            continue
        name = str(node.get("alias") or node.get("name")).lower()
        schema = str(node.get("schema") or "").lower()
        plain = schema in ("", catalog.default_schema.lower())
        found = lower.get(name if plain else f"{schema}.{name}")
        if found is not None:
            out[unique_id] = found
    return out


def _is_staging(node: Json) -> bool:
    """Raw and intermediate models are not for people, unless they say so."""
    meta = _meta(node)
    if "hidden" in meta:
        return bool(meta["hidden"])
    return str(node.get("name", "")).startswith(("stg_", "int_", "base_", "raw_"))


def _note(node: Json, key: tuple[str, ...]) -> TableNote:
    meta = _meta(node)
    return TableNote(
        description=str(node.get("description") or ""),
        synonyms=_texts(meta.get("synonyms")),
        entity=str(meta["entity"]) if meta.get("entity") else None,
        hidden=bool(meta.get("hidden")),
        primary_key=key,
        columns={
            str(c["name"]): _column_note(c)
            for c in (node.get("columns") or {}).values()
            if "name" in c
        },
    )


def _column_note(column: Json) -> ColumnNote:
    meta = _meta(column)
    return ColumnNote(
        description=str(column.get("description") or ""),
        synonyms=_texts(meta.get("synonyms")),
        unit=str(meta["unit"]) if meta.get("unit") else None,
        pii=str(meta["pii"]) if meta.get("pii") else None,
        additivity=_ADDITIVE.get(str(meta.get("additive", ""))),
    )
