"""dbt's artifacts: descriptions, tests, semantic models and metrics as an overlay of a catalog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datamind.adapters.dbt.metrics import metrics_of
from datamind.adapters.dbt.quality import Quality
from datamind.adapters.dbt.results import known_of, learn
from datamind.adapters.dbt.semantic_models import default_dates, entity_keys, entity_references
from datamind.adapters.dbt.tests import Tests
from datamind.errors import BadInput
from datamind.semantics.catalog import Catalog
from datamind.semantics.merge import Overlay, TableNote
from datamind.semantics.notes import column_note, table_note

Json = dict[str, Any]


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


def manifest_of(project: Path) -> Json:
    """What the project is made of; BadInput where it was not built."""
    return _artifact(target_folder(project), "manifest.json", needed=True)


def overlay_of(project: Path, catalog: Catalog) -> Overlay:
    """What the project's artifacts say of the tables that the catalog knows."""
    manifest = manifest_of(project)
    folder = target_folder(project)
    results = _artifact(folder, "run_results.json")
    sources = _artifact(folder, "sources.json").get("results") or []
    try:
        now = str((results.get("metadata") or {}).get("generated_at") or "")
        known = learn(known_of(folder), list(results.get("results") or []), now)
        return _overlay(manifest, known, tuple(sources), catalog)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadInput(
            "manifest.json or run_results.json is not as dbt 1.8 to 1.11 writes it.",
            hint="Run `dbt build` again, with a version of dbt that is supported.",
        ) from None


def _overlay(
    manifest: Json, known: dict[str, Json], sources: tuple[Json, ...], catalog: Catalog
) -> Overlay:
    nodes: dict[str, Json] = manifest.get("nodes", {})
    ids = table_ids(nodes, catalog)
    tests = Tests(nodes, known, ids, catalog)
    entities = entity_keys(manifest, ids, catalog)
    keys = {t: k for t, k in entities.items() if not tests.refutes(t, k)} | tests.keys
    dates = default_dates(manifest, ids)
    shown = frozenset(t for u, t in ids.items() if not _is_staging(nodes[u]))
    tested = tests.relationships()
    said = {(r.table, r.columns) for r in tested}
    implied = [tests.reference(*r) for r in entity_references(manifest, ids, catalog)]
    return Overlay(
        tables={
            table_id: _note(nodes[unique_id], keys.get(table_id, ()), dates.get(table_id))
            for unique_id, table_id in ids.items()
        },
        relationships=(*tested, *(r for r in implied if (r.table, r.columns) not in said)),
        metrics=metrics_of(manifest, ids),
        quality=Quality(nodes, known, sources, ids, shown).issues(),
        values=tests.values(),
        only=shown,
        dbt_ran=max((str(k.get("at") or "") for k in known.values()), default=""),
    )


def _meta(node: Json) -> Json:
    """`meta`, wherever this version of dbt puts it."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def table_ids(nodes: dict[str, Json], catalog: Catalog) -> dict[str, str]:
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


def _note(node: Json, key: tuple[str, ...], date: str | None) -> TableNote:
    columns = (c for c in (node.get("columns") or {}).values() if "name" in c)
    return table_note(
        _meta(node), str(node.get("description") or ""), key=key, date=date,
        columns={
            str(c["name"]): column_note(_meta(c), str(c.get("description") or "")) for c in columns
        },
    )  # fmt: skip
