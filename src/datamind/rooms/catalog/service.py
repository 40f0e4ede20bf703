"""The catalog as its asker sees it: what is hidden looks like what does not exist."""

from __future__ import annotations

import asyncio

from datamind.rooms.caller import Caller, need
from datamind.rooms.catalog.schemas import (
    CatalogColumn,
    HitOut,
    HitsOut,
    MetricLine,
    MetricsOut,
    ReferenceOut,
    TableLine,
    TableOut,
    TablesOut,
)
from datamind.rooms.parts import Parts
from datamind.rooms.policies.values import rights_of
from datamind.semantics import quality
from datamind.semantics.catalog import Metric, Table, View
from datamind.semantics.search import search

EXAMPLES = 5


async def find(parts: Parts, caller: Caller, words: str, limit: int) -> HitsOut:
    """What the words find."""
    need(caller, "viewer")
    view = await _view(parts, caller)
    loop = asyncio.get_running_loop()
    hits = await loop.run_in_executor(parts.threads, search, view, words, limit)
    items = [HitOut(kind=h.kind, id=h.id, text=h.text, score=h.score) for h in hits]
    return HitsOut(items=items, total=len(items))


async def tables(parts: Parts, caller: Caller) -> TablesOut:
    """All tables, by name."""
    need(caller, "viewer")
    view = await _view(parts, caller)
    items = [_line(t) for t in sorted(view.tables, key=lambda t: t.id)]
    return TablesOut(items=items, total=len(items))


async def metrics(parts: Parts, caller: Caller) -> MetricsOut:
    """All defined metrics, by name."""
    need(caller, "viewer")
    view = await _view(parts, caller)
    items = [_metric(m) for m in sorted(view.metrics, key=lambda m: m.name)]
    return MetricsOut(items=items, total=len(items))


async def table(parts: Parts, caller: Caller, name: str) -> TableOut:
    """One table, whole; UnknownTable for what is hidden as for what is not there."""
    need(caller, "viewer")
    view = await _view(parts, caller)
    found = view.table(name)
    return TableOut(
        **_line(found).model_dump(),
        synonyms=list(found.synonyms),
        primary_key=list(found.primary_key),
        fields=_columns(found, view),
        references=[
            ReferenceOut(
                columns=list(r.columns), to_table=r.to_table, to_columns=list(r.to_columns),
                origin=r.origin,
            )
            for r in view.relationships
            if r.table == found.id
        ],
        metrics=[_metric(m) for m in view.metrics if m.table == found.id],
        quality=quality.warnings(view.quality, (found.id,), view.by_id, parts.now()),
    )  # fmt: skip


async def _view(parts: Parts, caller: Caller) -> View:
    return parts.bindings.of(await rights_of(parts, caller)).view


def _line(table: Table) -> TableLine:
    return TableLine(
        name=table.id, description=table.description, rows=table.rows,
        columns=len(table.columns), entity=table.entity, is_view=table.is_view,
    )  # fmt: skip


def _columns(table: Table, view: View) -> list[CatalogColumn]:
    return [
        CatalogColumn(
            name=c.name, type=c.type, description=c.description, nullable=c.nullable, unit=c.unit,
            synonyms=list(c.synonyms), distinct=c.distinct, is_key=c.name in table.primary_key,
            examples=[value for value, _ in view.values(c.id)[:EXAMPLES]],
        )
        for c in table.columns
    ]  # fmt: skip


def _metric(metric: Metric) -> MetricLine:
    return MetricLine(
        name=metric.name, label=metric.label, description=metric.description, unit=metric.unit
    )
