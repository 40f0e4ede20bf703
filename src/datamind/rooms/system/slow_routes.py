"""Route of the slow statements, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from datamind.rooms.http import Admin, TheParts
from datamind.rooms.problems import USUAL, problems
from datamind.rooms.system import slow
from datamind.rooms.system.schemas import SlowQueriesOut

router = APIRouter(prefix="/system/slow-queries", tags=["system"], responses=problems(*USUAL))


@router.get("")
async def slow_queries(
    caller: Admin, parts: TheParts, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> SlowQueriesOut:
    """Statements that took most of the warehouse's time on this node, with their plans."""
    return await slow.top(parts, caller, limit=limit)
