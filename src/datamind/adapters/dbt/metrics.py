"""dbt's metrics: measures of semantic models and metrics over them as records of the catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from datamind.adapters.dbt.semantic_models import expression, primary_entity, semantic_models
from datamind.semantics.catalog import Metric

Json = dict[str, Any]
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
# `{{ Dimension('order__status') }}`, `{{ TimeDimension('order__placed', 'month') }}`
_REFERENCE = re.compile(
    r"""\{\{\s*(?P<kind>Dimension|TimeDimension|Entity)\(
        \s*['"](?:(?P<entity>\w+?)__)?(?P<name>\w+)['"]
        \s*(?:,\s*['"](?P<grain>[a-z]+)['"]\s*)?\)\s*\}\}""",
    re.VERBOSE,
)
_NAME = re.compile(r"\w+")


class _Unsupported(Exception):
    """A part that only MetricFlow compiles."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """A measure, its table, and what filters may name: the model's own dimensions and entities."""

    node: Json
    table: str
    time: str | None
    entity: str
    names: dict[str, str]

    @property
    def is_ours(self) -> bool:
        """Whether our compiler has all that this measure asks for."""
        extras = ("non_additive_dimension", "agg_params")
        own = not any(_set(self.node.get(extra)) for extra in extras)
        return own and self.node.get("agg") in _AGGREGATIONS


def metrics_of(manifest: Json, ids: dict[str, str]) -> tuple[Metric, ...]:
    """The metrics whose tables the catalog knows; what only MetricFlow compiles is kind `other`.

    These are: cumulative and conversion metrics, offsets, percentiles, semi-additive measures,
    nulls to be filled, filters over other models, and whatever is made of such a metric.
    """
    measures = _measures(manifest, ids)
    found: dict[str, Metric] = {}
    waiting = [m for m in (manifest.get("metrics") or {}).values() if isinstance(m, dict)]
    while waiting:  # metrics of metrics come after theirs
        made = [m for m in (_metric(metric, measures, found) for metric in waiting) if m]
        if not made:
            break
        found |= {metric.name: metric for metric in made}
        waiting = [m for m in waiting if str(m["name"]) not in found]
    return tuple(found.values())


def _measures(manifest: Json, ids: dict[str, str]) -> dict[str, _Measure]:
    out: dict[str, _Measure] = {}
    for model, table in semantic_models(manifest, ids):
        named = (*(model.get("dimensions") or []), *(model.get("entities") or []))
        names = {str(d["name"]): expression(d) for d in named}
        default = (model.get("defaults") or {}).get("agg_time_dimension")
        for measure in model.get("measures") or []:
            time = measure.get("agg_time_dimension") or default
            out[str(measure["name"])] = _Measure(
                node=measure,
                table=table,
                time=names.get(str(time), str(time)) if time else None,
                entity=primary_entity(model),
                names=names,
            )
    return out


def _set(value: object) -> bool:
    """Whether a part of the artifact says anything: dbt writes out what is left at its default."""
    if isinstance(value, dict):
        return any(_set(v) for v in value.values())
    return value is not None and value is not False and value != []


def _said(metric: Json) -> Json:
    meta = {**(metric.get("meta") or {}), **((metric.get("config") or {}).get("meta") or {})}
    synonyms = meta.get("synonyms") or []
    return {
        "name": str(metric["name"]),
        "label": str(metric.get("label") or ""),
        "description": str(metric.get("description") or ""),
        "synonyms": tuple(map(str, synonyms if isinstance(synonyms, list) else [synonyms])),
        "unit": str(meta["unit"]) if meta.get("unit") else None,
    }


def _metric(metric: Json, measures: dict[str, _Measure], known: dict[str, Metric]) -> Metric | None:
    """The record, or None while a metric or measure that it is made of is not known."""
    params = metric.get("type_params") or {}
    kind = str(metric.get("type"))
    if kind == "simple":
        return _simple(metric, params.get("measure") or {}, measures)
    if kind not in ("ratio", "derived"):
        return _foreign(metric, params, measures)
    inputs = _inputs(params, kind)
    names = [str(i["name"]) for i in inputs]
    if not names or any(name not in known for name in names):
        return None
    parts = [known[name] for name in names]
    ours = not metric.get("filter") and all(p.kind != "other" for p in parts)
    ours = ours and not any(_set(i.get(k)) for i in inputs for k in _SHIFTS)
    shared = {
        "table": parts[0].table,
        "time_column": parts[0].time_column,
        "relations": tuple(sorted({r for p in parts for r in p.relations})),
        **_said(metric),
    }
    if not ours:
        return Metric(kind="other", **shared)
    if kind == "ratio":
        return Metric(kind="ratio", numerator=names[0], denominator=names[1], **shared)
    aliases = tuple((str(i.get("alias") or i["name"]), str(i["name"])) for i in inputs)
    return Metric(
        kind="derived", expression=str(params.get("expr") or ""), inputs=aliases, **shared
    )


_SHIFTS = ("offset_window", "offset_to_grain", "filter")


def _inputs(params: Json, kind: str) -> list[Json]:
    """The metrics that this one is made of; a ratio's upper one first."""
    if kind == "ratio":
        return [params.get("numerator") or {}, params.get("denominator") or {}]
    return list(params.get("metrics") or [])


def _foreign(metric: Json, params: Json, measures: dict[str, _Measure]) -> Metric | None:
    """A metric of a type that is MetricFlow's alone, with the tables that it reads."""
    names = [str(i["name"]) for i in params.get("input_measures") or []]
    if not names or any(name not in measures for name in names):
        return None
    read = [measures[name] for name in names]
    return Metric(
        kind="other",
        table=read[0].table,
        time_column=read[0].time,
        relations=tuple(sorted({m.table for m in read})),
        **_said(metric),
    )


def _simple(metric: Json, named: Json, measures: dict[str, _Measure]) -> Metric | None:
    measure = measures.get(str(named.get("name")))
    if measure is None:
        return None
    shared = {
        "table": measure.table,
        "time_column": measure.time,
        "relations": (measure.table,),
        **_said(metric),
    }
    try:
        filters = (*_filters(metric, measure), *_filters(named, measure))
    except _Unsupported:
        return Metric(kind="other", **shared)
    if not measure.is_ours or named.get("fill_nulls_with") is not None:
        return Metric(kind="other", **shared)
    return Metric(
        kind="simple",
        aggregation=_AGGREGATIONS[str(measure.node["agg"])],
        expression=expression(measure.node),
        filters=filters,
        **shared,
    )


def _filters(holder: Json, measure: _Measure) -> tuple[str, ...]:
    """Filters as SQL over the measure's table."""
    found = (holder.get("filter") or {}).get("where_filters", [])
    return tuple(_filter(str(f.get("where_sql_template") or ""), measure) for f in found)


def _filter(template: str, measure: _Measure) -> str:
    """A filter's text, each reference replaced by what the dimension or entity is made of."""

    def column(reference: re.Match[str]) -> str:
        entity, name = reference["entity"], reference["name"]
        if entity not in (None, measure.entity) or name not in measure.names:
            raise _Unsupported
        text = measure.names[name]
        text = text if _NAME.fullmatch(text) else f"({text})"
        return f"date_trunc('{reference['grain']}', {text})" if reference["grain"] else text

    text = _REFERENCE.sub(column, template).strip()
    if "{{" in text or "{%" in text:
        raise _Unsupported
    return text
