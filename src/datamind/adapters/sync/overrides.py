"""What a person chose for the copies: in a YAML file, or in the meta of dbt's models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from datamind.adapters.sync.tables import Aggregate, Choices
from datamind.errors import BadInput

LISTS = ("order_by", "low_cardinality")
TEXTS = ("partition_by", "watermark")
HINT = "Known are order_by, partition_by, low_cardinality, watermark, reconcile_minutes and skip."


def choices_of(said: Mapping[str, Any], table: str) -> Choices:
    """One table's choices, as they are written."""
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name in LISTS and isinstance(value, list) and all(isinstance(v, str) for v in value):
            found[name] = tuple(value)
        elif (
            (name in TEXTS and isinstance(value, str))
            or (name == "reconcile_minutes" and isinstance(value, int) and value >= 0)
            or (name == "skip" and isinstance(value, bool))
        ):
            found[name] = value
        else:
            raise BadInput(f"{name} of {table} can't be read.", hint=HINT)
    return Choices(**found)


def read_choices(path: Path) -> tuple[dict[str, Choices], tuple[Aggregate, ...]]:
    """A file with `tables: {schema.table: {order_by: [...]}}` and `materialized: {name: sql}`."""
    try:
        said = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise BadInput(f"{path} can't be read as YAML.") from None
    tables, made = said.get("tables", {}), said.get("materialized", {})
    if not isinstance(tables, dict) or not isinstance(made, dict):
        raise BadInput(f"{path} has to hold `tables:` and `materialized:` with names below.")
    return (
        {str(name): choices_of(of or {}, str(name)) for name, of in tables.items()},
        tuple(Aggregate(str(name), str(sql)) for name, sql in made.items()),
    )


def dbt_choices(project: Path) -> dict[str, Choices]:
    """What the models of a dbt project that was built say of themselves."""
    manifest = project / "target" / "manifest.json"
    if not manifest.is_file():
        manifest = project / "manifest.json"
    try:
        nodes = json.loads(manifest.read_text("utf-8"))["nodes"].values()
    except (OSError, ValueError, KeyError):
        return {}
    found: dict[str, Choices] = {}
    for node in nodes:
        meta = {**node.get("meta", {}), **(node.get("config") or {}).get("meta", {})}
        said = (meta.get("datamind") or {}).get("clickhouse")
        if isinstance(said, dict):
            name = f"{node.get('schema')}.{node.get('alias') or node.get('name')}"
            found[name] = choices_of(said, name)
    return found
