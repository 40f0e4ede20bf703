"""The models of the build in use: what was built of each and when, its tests and neighbours."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from datamind.adapters.dbt import results
from datamind.adapters.dbt.quality import needs
from datamind.dbt_records import DbtModel, DbtTest

Json = dict[str, Any]
KINDS = ("model", "seed", "snapshot")


def models_of(artifacts: Path) -> tuple[DbtModel, ...]:
    """All models, seeds and snapshots, by name."""
    nodes: dict[str, Json] = results.read_json(artifacts / "manifest.json").get("nodes") or {}
    known = results.known_of(artifacts)
    tests: dict[str, list[DbtTest]] = defaultdict(list)
    children: dict[str, list[str]] = defaultdict(list)
    for unique_id, node in nodes.items():
        if node.get("resource_type") == "test":
            about = node.get("attached_node")
            for parent in [str(about)] if about else needs(node):
                tests[parent].append(_test(node, known.get(unique_id) or {}))
        elif node.get("resource_type") in KINDS:
            for parent in needs(node):
                children[parent].append(str(node.get("name")))
    found = (
        _model(u, n, known.get(u) or {}, nodes, tests[u], children[u])
        for u, n in nodes.items() if n.get("resource_type") in KINDS
    )  # fmt: skip
    return tuple(sorted(found, key=lambda m: m.name))


def _test(node: Json, found: Json) -> DbtTest:
    return DbtTest(
        name=str(node.get("name")), status=str(found.get("status") or "not run"),
        rows=found.get("failures"), at=str(found.get("at") or ""),
        since=str(found.get("since") or ""),
    )  # fmt: skip


def _model(
    unique_id: str, node: Json, found: Json, nodes: dict[str, Json], tests: list[DbtTest],
    children: list[str],
) -> DbtModel:  # fmt: skip
    config = node.get("config") or {}
    meta = {**(node.get("meta") or {}), **(config.get("meta") or {})}
    parents = (str(nodes[u].get("name")) if u in nodes else u for u in needs(node))
    return DbtModel(
        id=unique_id, name=str(node.get("name")), kind=str(node.get("resource_type")),
        materialized=str(config.get("materialized") or ""),
        relation=f"{node.get('schema')}.{node.get('alias') or node.get('name')}",
        description=str(node.get("description") or ""),
        owner=str(meta.get("owner") or node.get("group") or ""),
        tags=tuple(map(str, node.get("tags") or ())),
        status=str(found.get("status") or "not built"), built_at=str(found.get("at") or ""),
        elapsed_s=found.get("elapsed_s"), rows=found.get("rows"),
        tests=tuple(sorted(tests, key=lambda t: t.name)), parents=tuple(parents),
        children=tuple(sorted(children)),
    )  # fmt: skip
