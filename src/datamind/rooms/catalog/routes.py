"""Routes of the catalog."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from datamind.rooms.catalog import service
from datamind.rooms.catalog.schemas import HitsOut, MetricsOut, TableOut, TablesOut
from datamind.rooms.http import Reader, TheParts
from datamind.rooms.problems import problems

router = APIRouter(prefix="/catalog", tags=["catalog"], responses=problems(401, 403, 422, 429))


@router.get("/search")
async def find(
    q: Annotated[str, Query(min_length=1, max_length=200)], caller: Reader, parts: TheParts,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> HitsOut:  # fmt: skip
    """Find tables, columns, metrics and values."""
    return await service.find(parts, caller, q, limit)


@router.get("/tables")
async def tables(caller: Reader, parts: TheParts) -> TablesOut:
    """The tables that there are to ask about."""
    return await service.tables(parts, caller)


@router.get("/tables/{name}", responses=problems(404))
async def table(name: str, caller: Reader, parts: TheParts) -> TableOut:
    """All that is known of a table."""
    return await service.table(parts, caller, name)


@router.get("/metrics")
async def metrics(caller: Reader, parts: TheParts) -> MetricsOut:
    """The defined metrics that there are to ask about."""
    return await service.metrics(parts, caller)
