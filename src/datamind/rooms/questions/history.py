"""The history: what was asked and how it went, each caller's own; no row of the data."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import NotFound, PlanInvalid
from datamind.pipeline.wire import as_json
from datamind.records import Answer, Turn
from datamind.rooms.caller import Caller, need, whose
from datamind.rooms.paging import moment, page_of
from datamind.rooms.parts import Parts
from datamind.rooms.questions.models import QueryRow
from datamind.rooms.questions.schemas import QueriesOut, QueryOut
from datamind.semantics import codec
from datamind.semantics import plan as P
from datamind.semantics.usage import Asked

GONE = "There is no such query."
EDITED = "Edited SQL of: "
MOST_TURNS = 6


async def asked_since(session: AsyncSession, moment: dt.datetime) -> int:
    """How many questions and statements there were since; for the metrics."""
    found = select(func.count()).where(QueryRow.created_at >= moment)
    return await session.scalar(found) or 0


async def load_since(session: AsyncSession, moment: dt.datetime) -> tuple[int, float]:
    """How many people asked since, and within how many seconds 95 of 100 answers came."""
    since = QueryRow.created_at >= moment
    counted = await session.execute(
        select(func.count(), func.count(QueryRow.user_id.distinct())).where(since)
    )
    asked, people = counted.one()
    slowest = select(QueryRow.elapsed_ms).where(since).order_by(QueryRow.elapsed_ms.desc())
    p95_ms = await session.scalar(slowest.offset(asked // 20).limit(1))
    return people, (p95_ms or 0.0) / 1000


async def asked_plans(
    session: AsyncSession, caller: Caller, since: dt.datetime, most: int = 10_000
) -> list[Asked]:
    """The plans that were answered since, the newest `most` of them, each with its governed form
    and how often it was asked; for admins."""
    need(caller, "admin")
    wanted = (
        select(QueryRow.plan, QueryRow.governed_sql)
        .where(
            QueryRow.created_at >= since,
            QueryRow.status == "answered",
            QueryRow.kind.in_(("ask", "generate")),
            QueryRow.governed_sql.is_not(None),
        )
        .order_by(QueryRow.created_at.desc())
        .limit(most)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for document, governed in await session.execute(wanted):
        if document is not None:
            counts[json.dumps(document, sort_keys=True), str(governed)] += 1
    known = [(plan_of(json.loads(text)), sql, n) for (text, sql), n in counts.items()]
    return [Asked(plan, sql, times) for plan, sql, times in known if plan is not None]


async def keep(
    parts: Parts, caller: Caller, kind: str, answer: Answer, conversation_id: str | None,
    project_id: str | None,
) -> None:  # fmt: skip
    """Remember an answer, in a unit of work of its own."""
    said = clean(as_json(replace(answer, rows=())))
    cancelled = answer.error_code == "query_cancelled"
    async with parts.database.in_turn() as session:
        session.add(
            QueryRow(
                id=answer.query_id,
                user_id=caller.identity.user or None,
                created_at=answer.generated_at,
                kind=kind,
                question=clean(answer.question),
                status="cancelled" if cancelled else answer.status,
                conversation_id=conversation_id,
                project_id=project_id,
                sql=clean(answer.sql),
                governed_sql=answer.governed_sql,
                plan=said["plan"],
                explanation=answer.explanation,
                interpretation=said["interpretation"],
                confidence=answer.confidence,
                trust=answer.trust,
                origin=answer.origin,
                warnings=said["warnings"],
                columns=said["columns"],
                rows_returned=len(answer.rows),
                error_code=answer.error_code,
                message=None if answer.status == "answered" else answer.summary,
                stages=said["stages"],
                elapsed_ms=answer.elapsed_ms,
                warehouse=answer.warehouse,
                data_version=answer.data_version,
                correlation_id=answer.correlation_id,
            )
        )


async def turns(parts: Parts, caller: Caller, conversation_id: str | None) -> tuple[Turn, ...]:
    """What the caller was answered in the conversation lately, oldest first."""
    if conversation_id is None or not caller.identity.user:
        return ()
    wanted = (
        select(QueryRow)
        .where(
            QueryRow.user_id == caller.identity.user,
            QueryRow.conversation_id == conversation_id,
            QueryRow.status == "answered",
            QueryRow.kind.in_(("ask", "generate")),
        )
        .order_by(QueryRow.created_at.desc(), QueryRow.id.desc())
        .limit(MOST_TURNS)
    )
    async with parts.database.unit() as session:
        rows = [(row.question, row.plan) for row in await session.scalars(wanted)]
    known = [(question, plan_of(document)) for question, document in reversed(rows)]
    return tuple(Turn(question, plan, "") for question, plan in known if plan is not None)


def clean(value: Any) -> Any:
    """The value with what a database can't hold, NUL and halves of letters, as escapes."""
    if isinstance(value, str):
        return value.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: clean(held) for name, held in value.items()}
    return [clean(held) for held in value] if isinstance(value, list) else value


async def find(
    session: AsyncSession, caller: Caller, *, words: str | None, status: str | None,
    user_id: str | None, conversation_id: str | None, flagged: bool | None,
    since: dt.datetime | None, until: dt.datetime | None, limit: int, cursor: str | None,
) -> QueriesOut:  # fmt: skip
    """A page of the caller's history; admins see everybody's."""
    need(caller, "viewer")
    found = select(QueryRow)
    if (of := whose(caller, user_id)) is not None:
        found = found.where(QueryRow.user_id == of)
    if words:
        written = (QueryRow.kind == "execute") & QueryRow.sql.icontains(words, autoescape=True)
        found = found.where(QueryRow.question.icontains(words, autoescape=True) | written)
    for column, wanted in (
        (QueryRow.status, status),
        (QueryRow.conversation_id, conversation_id),
        (QueryRow.flagged, flagged),
    ):
        if wanted is not None:
            found = found.where(column == wanted)
    if since is not None:
        found = found.where(QueryRow.created_at >= moment(since))
    if until is not None:
        found = found.where(QueryRow.created_at < moment(until))
    rows, total, following = await page_of(
        session, found, QueryRow.created_at, QueryRow.id, limit=limit, cursor=cursor
    )
    items = [QueryOut.model_validate(row) for row in rows]
    return QueriesOut(items=items, total=total, next_cursor=following)


async def flag(session: AsyncSession, caller: Caller, query_id: str) -> None:
    """Mark one of the caller's queries as flagged."""
    (await own(session, caller, query_id)).flagged = True


async def must_exist(parts: Parts, caller: Caller, query_id: str) -> None:
    """NotFound unless it is one of the caller's queries."""
    async with parts.database.unit() as session:
        await own(session, caller, query_id)


async def origin_of(
    parts: Parts, caller: Caller, query_id: str, sql: str
) -> tuple[str, P.Query | None]:
    """The question that this SQL answers, by one of the caller's queries, and its plan where it can
    still be read. Of SQL that is not that query's any more, the question is told to be another's.
    """
    async with parts.database.unit() as session:
        row = await own(session, caller, query_id)
        question, document, answered = row.question, row.plan, row.sql
    if sql == answered or not question:
        return question, plan_of(document)
    return f"{EDITED}{question.removeprefix(EDITED)}", None


def plan_of(document: dict[str, Any] | None) -> P.Query | None:
    """The plan, where there is one that can still be read."""
    try:
        return codec.load(document) if document is not None else None
    except PlanInvalid:
        return None


async def own(session: AsyncSession, caller: Caller, query_id: str) -> QueryRow:
    """One of the caller's queries, of an admin's anybody's; else NotFound."""
    row = await session.get(QueryRow, query_id)
    if row is None or not (caller.is_admin or row.user_id == caller.identity.user):
        raise NotFound(GONE, hint="`GET queries` lists yours.")
    return row
