"""Feedback: askers flag answers, reviewers read what was flagged."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import Conflict
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.feedback.models import Feedback
from datamind.rooms.feedback.schemas import FeedbackOut, FeedbackPage, FlagIn, FlagOut
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts
from datamind.rooms.questions import history

FLAGGED = "flagged_for_review"
TAG = "flagged-for-review"
THANKS = "Feedback submitted successfully. An admin will review this query."


async def flag(
    session: AsyncSession, parts: Parts, caller: Caller, wanted: FlagIn, key: str | None
) -> FlagOut:
    """Keep the flag and mark the query; the same `key` again changes nothing."""
    need(caller, "analyst")
    kept = await _kept(session, caller, key)
    if kept is not None:
        _must_be_the_same(kept, wanted)
    else:
        await history.flag(session, caller, wanted.query_id)
        kept = await _add(session, parts, caller, wanted, key)
    return FlagOut(
        feedback_id=kept.id, status="flagged_for_review", message=THANKS,
        correlation_id=caller.correlation_id,
    )  # fmt: skip


async def find(
    session: AsyncSession, caller: Caller, *, query_id: str | None, status: str | None,
    limit: int, cursor: str | None,
) -> FeedbackPage:  # fmt: skip
    """A page of one's own feedback; admins see everybody's."""
    need(caller, "viewer")
    found = select(Feedback)
    if not caller.is_admin:
        found = found.where(Feedback.user_id == caller.identity.user)
    if query_id is not None:
        found = found.where(Feedback.query_id == query_id)
    if status is not None:
        found = found.where(Feedback.status == status)
    rows, total, following = await page_of(
        session, found, Feedback.created_at, Feedback.id, limit=limit, cursor=cursor
    )
    items = [FeedbackOut.model_validate(row) for row in rows]
    return FeedbackPage(items=items, total=total, next_cursor=following)


async def open_flags(session: AsyncSession) -> tuple[int, dt.datetime | None]:
    """How many flags nobody has reviewed, and since when the oldest waits; for the metrics."""
    found = select(func.count(), func.min(Feedback.created_at)).where(Feedback.status == FLAGGED)
    count, oldest = (await session.execute(found)).one()
    return count, oldest


async def _add(
    session: AsyncSession, parts: Parts, caller: Caller, wanted: FlagIn, key: str | None
) -> Feedback:
    """A new flag; where the same was sent at the same time, the one that came first."""
    made = Feedback(
        id=clock.new_id("fb"), query_id=wanted.query_id, user_id=caller.identity.user,
        created_at=parts.now(), comment=wanted.comment, rating=wanted.rating,
        corrected_sql=wanted.corrected_sql, status=FLAGGED, tag=TAG, idempotency_key=key,
    )  # fmt: skip
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:
        first = await _kept(session, caller, key)
        if first is None:
            raise
        _must_be_the_same(first, wanted)
        return first
    await note(
        parts, caller, "feedback_flag", Outcome.success, feedback=made.id, query=made.query_id,
        rating=made.rating,
    )  # fmt: skip
    return made


def _must_be_the_same(kept: Feedback, wanted: FlagIn) -> None:
    said = (kept.query_id, kept.comment, kept.rating, kept.corrected_sql)
    if said != (wanted.query_id, wanted.comment, wanted.rating, wanted.corrected_sql):
        raise Conflict(
            "This Idempotency-Key was sent with another flag.", hint="Take a new key for each."
        )


async def _kept(session: AsyncSession, caller: Caller, key: str | None) -> Feedback | None:
    if key is None:
        return None
    return await session.scalar(
        select(Feedback).where(
            Feedback.user_id == caller.identity.user, Feedback.idempotency_key == key
        )
    )
