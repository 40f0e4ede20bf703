"""What a person chose for the copies: in a YAML file, or in the meta of dbt's models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from datamind.adapters.sync.tables import Aggregate, Choices, Shortcut
from datamind.errors import BadInput

LISTS = ("order_by", "low_cardinality", "filtered_by")
TEXTS = ("partition_by", "watermark")
SWITCHES = ("skip", "history")
HINT = (
    "Known are order_by, partition_by, low_cardinality, watermark, reconcile_minutes, skip,"
    " materialized (a name with group_by and measures, or false), filtered_by and history."
)


def choices_of(said: Mapping[str, Any], table: str) -> Choices:
    """One table's choices, as they are written."""
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name in LISTS and isinstance(value, list) and all(isinstance(v, str) for v in value):
            found[name] = tuple(value)
        elif (
            (name in TEXTS and isinstance(value, str))
            or (name == "reconcile_minutes" and isinstance(value, int) and value >= 0)
            or (name in SWITCHES and isinstance(value, bool))
        ):
            found[name] = value
        elif name == "materialized" and isinstance(value, dict):
            found[name] = [_materialized(str(n), of, table) for n, of in value.items()]
        else:
            raise BadInput(f"{name} of {table} can't be read.", hint=HINT)
    made, sorted_by = found.pop("materialized", None), found.pop("filtered_by", None)
    if made is not None or sorted_by is not None:
        found["refused"] = tuple(m for m in made or () if isinstance(m, str))
        found["shortcuts"] = (
            *(m for m in made or () if isinstance(m, Shortcut)),
            *(Shortcut(f"index_{name}", (name,)) for name in sorted_by or ()),
        )
    return Choices(**found)


def _materialized(name: str, of: object, table: str) -> Shortcut | str:
    """One entry: what is kept added up, or the name of what is refused."""
    if of is False:
        return name
    if isinstance(of, dict) and of.keys() == {"group_by", "measures"}:
        keys, measures = of["group_by"], of["measures"]
        said = [*keys, *measures] if isinstance(keys, list) and isinstance(measures, list) else [0]
        if keys and measures and all(isinstance(v, str) for v in said):
            return Shortcut(name, tuple(keys), tuple(measures))
    raise BadInput(
        f"{name}, which is materialized of {table}, can't be read.",
        hint="Write {group_by: [channel], measures: [sum(revenue)]}, or false to refuse it.",
    )


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


def merged(below: Mapping[str, Choices], above: Mapping[str, Choices]) -> dict[str, Choices]:
    """The choices of both: what `above` says of a table comes first, one thing at a time."""
    names = [*below, *(name for name in above if name not in below)]
    return {n: above.get(n, Choices()).over(below.get(n, Choices())) for n in names}


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
