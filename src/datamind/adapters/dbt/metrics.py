"""dbt's metrics: measures of semantic models and metrics over them as records of the catalog."""

from __future__ import annotations

import re
from typing import Any, Literal

from datamind.semantics.catalog import Metric

Json = dict[str, Any]
_DIMENSION = re.compile(
    r"\{\{\s*(?:Dimension|TimeDimension|Entity)"
    r"\(\s*['\"](?:\w+__)*(\w+)['\"][^)]*\)\s*\}\}"
)
_AGGREGATIONS = {
    "sum": "sum",
    "count": "count",
    "count_distinct": "count_distinct",
    "average": "avg",
    "min": "min",
    "max": "max",
    "median": "median",
    "sum_boolean": "sum_boolean",
}


def metrics_of(manifest: Json, ids: dict[str, str]) -> tuple[Metric, ...]:
    """The metrics whose tables the catalog knows; what only MetricFlow compiles is kind `other`."""
    measures = _measures(manifest, ids)
    found: dict[str, Metric] = {}
    waiting = [m for m in (manifest.get("metrics") or {}).values() if isinstance(m, dict)]
    for _ in range(4):  # metrics of metrics come after theirs
        left = []
        for metric in waiting:
            made = _metric(metric, measures, found)
            if made is None:
                left.append(metric)
            else:
                found[made.name] = made
        waiting = left
    return tuple(found.values())


def _measures(manifest: Json, ids: dict[str, str]) -> dict[str, Json]:
    """Measures by name, each with the table that it is of and its time column."""
    out: dict[str, Json] = {}
    for model in (manifest.get("semantic_models") or {}).values():
        nodes = [u for u in (model.get("depends_on") or {}).get("nodes", []) if u in ids]
        if not nodes:
            continue
        columns = {
            str(d["name"]): str(d.get("expr") or d["name"])
            for d in (*(model.get("dimensions") or []), *(model.get("entities") or []))
        }
        default = (model.get("defaults") or {}).get("agg_time_dimension")
        for measure in model.get("measures") or []:
            time = measure.get("agg_time_dimension") or default
            out[str(measure["name"])] = {
                **measure,
                "table": ids[nodes[0]],
                "columns": columns,
                "time": columns.get(str(time), time),
            }
    return out


def _meta(node: Json) -> Json:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _said(metric: Json) -> Json:
    meta = _meta(metric)
    synonyms = meta.get("synonyms") or []
    return {
        "name": str(metric["name"]),
        "label": str(metric.get("label") or ""),
        "description": str(metric.get("description") or ""),
        "synonyms": tuple(str(s) for s in synonyms)
        if isinstance(synonyms, list)
        else (str(synonyms),),
        "unit": str(meta["unit"]) if meta.get("unit") else None,
    }


def _filters(holder: Json, columns: dict[str, str]) -> tuple[str, ...]:
    """Filters as SQL over the table's columns, dimensions named by their expressions."""
    found = holder.get("filter") or {}
    texts = [f.get("where_sql_template", "") for f in found.get("where_filters", [])]
    return tuple(
        _DIMENSION.sub(lambda m: columns.get(m[1], m[1]), str(t)).strip() for t in texts if t
    )


def _metric(metric: Json, measures: dict[str, Json], known: dict[str, Metric]) -> Metric | None:
    params = metric.get("type_params") or {}
    kind = str(metric.get("type"))
    if kind == "simple":
        return _simple(metric, params.get("measure") or {}, measures)
    inputs = _inputs(params, kind)
    if any(name not in known for _, name in inputs):
        return None
    relations = tuple(sorted({r for _, name in inputs for r in known[name].relations}))
    first = known[inputs[0][1]] if inputs else None
    own = bool(metric.get("filter"))
    shifted = any(i.get("offset_window") or i.get("offset_to_grain") or i.get("filter")
                  for i in _input_objects(params))  # fmt: skip
    compiled: Literal["ratio", "derived", "other"] = "other"
    if kind in ("ratio", "derived") and not own and not shifted:
        compiled = "ratio" if kind == "ratio" else "derived"
    if kind not in ("ratio", "derived"):
        relations = tuple({str(m["table"]) for m in _own_measures(params, measures)}) or relations
    return Metric(
        kind=compiled,
        table=first.table if first else (relations[0] if relations else None),
        expression=str(params.get("expr") or "") if kind == "derived" else "",
        numerator=inputs[0][1] if kind == "ratio" else None,
        denominator=inputs[1][1] if kind == "ratio" else None,
        inputs=tuple(inputs) if kind == "derived" else (),
        time_column=first.time_column if first else None,
        relations=relations,
        **_said(metric),
    )


def _own_measures(params: Json, measures: dict[str, Json]) -> list[Json]:
    named = (params.get("measure") or {}).get("name")
    return [measures[named]] if named in measures else []


def _input_objects(params: Json) -> list[Json]:
    held = [params.get("numerator"), params.get("denominator"), *(params.get("metrics") or [])]
    return [i for i in held if isinstance(i, dict)]


def _inputs(params: Json, kind: str) -> list[tuple[str, str]]:
    """(alias, metric) of the metrics that this one is made of."""
    if kind == "ratio":
        sides = (params.get("numerator") or {}, params.get("denominator") or {})
        return [(str(s.get("name")), str(s.get("name"))) for s in sides]
    if kind == "derived":
        return [
            (str(m.get("alias") or m["name"]), str(m["name"])) for m in params.get("metrics") or []
        ]
    return []


def _simple(metric: Json, named: Json, measures: dict[str, Json]) -> Metric | None:
    measure = measures.get(str(named.get("name")))
    if measure is None:
        return None
    aggregation = _AGGREGATIONS.get(str(measure.get("agg")))
    columns: dict[str, str] = measure["columns"]
    filters = (*_filters(metric, columns), *_filters(named, columns))
    table = str(measure["table"])
    return Metric(
        kind="simple" if aggregation else "other",
        table=table,
        aggregation=aggregation,
        expression=str(measure.get("expr") or measure["name"]),
        filters=filters,
        time_column=str(measure["time"]) if measure.get("time") else None,
        relations=(table,),
        **_said(metric),
    )
