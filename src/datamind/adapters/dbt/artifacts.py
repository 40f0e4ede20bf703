"""dbt's artifacts: descriptions, tests, semantic models and metrics as an overlay of a catalog."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from datamind.adapters.dbt.metrics import metrics_of
from datamind.errors import BadInput
from datamind.semantics.catalog import Additivity, Catalog, QualityIssue, Relationship
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
    nodes: dict[str, Json] = manifest.get("nodes", {})
    ids = _table_ids(nodes, catalog)
    tests = [n for n in nodes.values() if n.get("resource_type") == "test"]
    keys = _primary_keys(tests, ids)
    tables = {
        table_id: _note(nodes[unique_id], keys.get(unique_id, ()))
        for unique_id, table_id in ids.items()
    }
    staging = {t for u, t in ids.items() if _is_staging(nodes[u])}
    return Overlay(
        tables=tables,
        relationships=tuple(_relationships(tests, nodes, ids, catalog)),
        metrics=metrics_of(manifest, ids),
        quality=tuple(_quality(tests, results, ids)),
        only=frozenset(ids.values()) - staging,
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


def _kind(test: Json) -> str:
    return str((test.get("test_metadata") or {}).get("name") or "")


def _argument(test: Json, name: str) -> Any:
    kwargs = (test.get("test_metadata") or {}).get("kwargs") or {}
    return kwargs.get(name, (kwargs.get("arguments") or {}).get(name))


def _primary_keys(tests: list[Json], ids: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Columns that are tested both unique and not null."""
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for test in tests:
        column = test.get("column_name") or _argument(test, "column_name")
        owner = str(test.get("attached_node") or "")
        if owner in ids and column and _kind(test) in ("unique", "not_null"):
            seen[owner][str(column)].add(_kind(test))
    return {
        owner: (next(c for c, kinds in columns.items() if len(kinds) == 2),)
        for owner, columns in seen.items()
        if any(len(kinds) == 2 for kinds in columns.values())
    }


def _relationships(
    tests: list[Json], nodes: dict[str, Json], ids: dict[str, str], catalog: Catalog
) -> list[Relationship]:
    """Relationship tests as references."""
    out: dict[str, Relationship] = {}
    for test in tests:
        owner = str(test.get("attached_node") or "")
        if _kind(test) != "relationships" or owner not in ids:
            continue
        column = str(test.get("column_name") or _argument(test, "column_name") or "")
        field = str(_argument(test, "field") or "")
        others = [
            u for u in (test.get("depends_on") or {}).get("nodes", []) if u in ids and u != owner
        ]
        if not (column and field and others):
            continue
        table, target = ids[owner], ids[others[0]]
        if not _has(catalog, table, column) or not _has(catalog, target, field):
            continue
        relation = Relationship(
            id=f"{table}.{column}->{target}.{field}",
            table=table,
            columns=(column,),
            to_table=target,
            to_columns=(field,),
            origin="dbt",
            one_to_one=(column,) == catalog.table(table).primary_key,
        )
        out[relation.id] = relation
    return list(out.values())


def _has(catalog: Catalog, table: str, column: str) -> bool:
    return any(c.name == column for c in catalog.table(table).columns)


def _quality(tests: list[Json], results: Json, ids: dict[str, str]) -> list[QualityIssue]:
    """Tests that failed or warned in the last run."""
    by_id = {str(t.get("unique_id")): t for t in tests}
    since = str((results.get("metadata") or {}).get("generated_at") or "")[:16].replace("T", " ")
    out = []
    for result in results.get("results", []):
        test = by_id.get(str(result.get("unique_id")))
        if test is None or result.get("status") not in ("fail", "warn", "error"):
            continue
        touched = [u for u in (test.get("depends_on") or {}).get("nodes", []) if u in ids]
        owner = str(test.get("attached_node") or "")
        for unique_id in [owner] if owner in ids else touched[:1]:
            name, rows = str(test.get("name")), result.get("failures")
            message = f"{name} {result.get('status')}"
            out.append(QualityIssue(ids[unique_id], name, message, since, rows))
    return out
