"""Routes of feedback."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query

from datamind.rooms.feedback import service
from datamind.rooms.feedback.schemas import FeedbackPage, FlagIn, FlagOut
from datamind.rooms.http import Asker, Cursor, Limit, Reader, TheParts, Unit
from datamind.rooms.problems import USUAL, problems

router = APIRouter(prefix="/feedback", tags=["feedback"], responses=problems(*USUAL))
Key = Annotated[str | None, Header(max_length=100)]


@router.post("/flag", status_code=201, responses=problems(404, 409))
async def flag(
    body: FlagIn, caller: Asker, parts: TheParts, session: Unit, idempotency_key: Key = None
) -> FlagOut:
    """Say what is wrong with an answer. With an `Idempotency-Key` it is safe to send again."""
    return await service.flag(session, parts, caller, body, idempotency_key)


@router.get("")
async def find(
    caller: Reader, session: Unit, query_id: Annotated[str | None, Query(max_length=64)] = None,
    status: Annotated[str | None, Query(max_length=40)] = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> FeedbackPage:  # fmt: skip
    """One's own feedback, newest first; admins see everybody's."""
    return await service.find(
        session, caller, query_id=query_id, status=status, limit=limit, cursor=cursor
    )
