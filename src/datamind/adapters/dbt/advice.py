"""Advice for a dbt project: the YAML that takes a step of readiness, and the file it goes into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datamind.adapters.dbt.artifacts import manifest_of, table_ids
from datamind.semantics.catalog import Catalog, Table
from datamind.semantics.readiness import Step

Json = dict[str, Any]
WHAT, CALLED, UNIT = "<what it is>", "<what people call it>", "<usd, kg, minutes>"


@dataclass(frozen=True, slots=True)
class Place:
    """A table's model and the file that describes it, or is to."""

    model: str
    file: str


def places(project: Path, catalog: Catalog) -> Mapping[str, Place]:
    """Where the project describes each table and metric, by id."""
    manifest = manifest_of(project)
    nodes: dict[str, Json] = manifest.get("nodes", {})
    found = {}
    for unique_id, table in table_ids(nodes, catalog).items():
        node = nodes[unique_id]
        file = str(node.get("patch_path") or "").partition("://")[2]
        beside = Path(str(node.get("original_file_path") or "models/x")).parent / "models.yml"
        found[table] = Place(str(node.get("name")), file or beside.as_posix())
    for metric in (manifest.get("metrics") or {}).values():
        name = str(metric.get("name"))
        found.setdefault(name, Place(name, str(metric.get("original_file_path") or "")))
    return found


def yaml_of(step: Step, table: Table, known: Mapping[str, Place]) -> str:
    """What to paste into the file; merge it with what stands there already."""
    place = known.get(table.id)
    model = place.model if place else table.name
    if step.check == "metrics":
        own = step.item == table.id
        said = metric_of(table, model, step.wanted) if own else _named_metric(step.item)
    elif step.item == table.id:
        said = {"models": [{"name": model, **_of_table(step, known)}]}
    else:
        column = {"name": step.item.removeprefix(f"{table.id}."), **_said(step, table, known)}
        said = {"models": [{"name": model, "columns": [column]}]}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=100).rstrip()


def _meta(**said: object) -> Json:
    return {"config": {"meta": said}}


def _of_table(step: Step, known: Mapping[str, Place]) -> Json:
    column = step.wanted[0] if step.wanted else "<column>"
    if step.check == "keys":
        return {"columns": [{"name": column, "data_tests": ["unique", "not_null"]}]}
    wanted: Mapping[str, Json] = {
        "layers": _meta(hidden=True),
        "display": _meta(display=[column]),
        "dates": _meta(default_date=column),
        "synonyms": _meta(synonyms=[CALLED]),
    }
    return wanted.get(step.check, {"description": WHAT})


def _said(step: Step, table: Table, known: Mapping[str, Place]) -> Json:
    """What is to be said of a column."""
    return _OF_COLUMN.get(step.check, _description)(step, table, known)


def _description(step: Step, table: Table, known: Mapping[str, Place]) -> Json:
    return {"description": WHAT}


def _codes(step: Step, table: Table, known: Mapping[str, Place]) -> Json:
    return {"description": legend_of(step, table)}


def _reference(step: Step, table: Table, known: Mapping[str, Place]) -> Json:
    to, field = step.wanted[:2] if len(step.wanted) > 1 else ("<model>", "<column>")
    model = known[to].model if to in known else to
    test = {"arguments": {"to": f"ref('{model}')", "field": field}}
    return {"data_tests": [{"relationships": test}]}


_OF_COLUMN: Mapping[str, Callable[[Step, Table, Mapping[str, Place]], Json]] = {
    "synonyms": lambda step, table, known: _meta(synonyms=[CALLED]),
    "units": lambda step, table, known: _meta(unit=UNIT),
    "additivity": lambda step, table, known: _meta(additive="<sum, avg or none>"),
    "codes": _codes,
    "references": _reference,
}


def legend_of(step: Step, table: Table) -> str:
    """A description that says what each code stands for, to be filled in."""
    name = step.item.removeprefix(f"{table.id}.")
    about = table.column(name).description.rstrip(" .") or WHAT
    return f"{about}: {', '.join(f'{code} = <meaning>' for code in step.wanted)}"


def metric_of(table: Table, model: str, wanted: tuple[str, ...]) -> Json:
    """A semantic model of the table with one measure, and a metric of it."""
    key = table.primary_key[0] if table.primary_key else table.columns[0].name
    date = table.default_date or next(c.name for c in table.columns if c.is_date)
    measured = {"agg": "sum", "expr": wanted[0]} if wanted else {"agg": "count", "expr": key}
    name = wanted[0] if wanted else f"number_of_{table.name}"
    return {
        "semantic_models": [
            {
                "name": table.name,
                "model": f"ref('{model}')",
                "defaults": {"agg_time_dimension": date},
                "entities": [{"name": table.entity or key, "type": "primary", "expr": key}],
                "dimensions": [
                    {"name": date, "type": "time", "type_params": {"time_granularity": "day"}}
                ],
                "measures": [{"name": f"{name}_measured", **measured}],
            }
        ],
        "metrics": [
            {
                "name": name,
                "label": CALLED,
                "description": WHAT,
                "type": "simple",
                "type_params": {"measure": f"{name}_measured"},
            }
        ],
    }


def _named_metric(name: str) -> Json:
    return {"metrics": [{"name": name, "label": CALLED, "description": WHAT}]}
