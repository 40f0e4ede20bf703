"""Sharing: an owner lets others read a query, each by a run under their own rights.

Nothing of the owner's run goes with it. To who may not read what the query names, it is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from datamind.errors import (
    AccessDenied,
    BadInput,
    NotFound,
    PlanInvalid,
    SqlRejected,
    UnknownColumn,
    UnknownTable,
)
from datamind.governance.rules import Rights
from datamind.governance.telling import neutral, tells_nothing
from datamind.pipeline.engine import Reports
from datamind.pipeline.prepare import Prepared
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts
from datamind.rooms.questions.history import GONE, own, plan_of
from datamind.rooms.questions.models import QueryRow, QueryShare
from datamind.rooms.questions.schemas import (
    QueryDetail,
    SharedQueriesOut,
    SharedQuery,
    ShareIn,
    ShareOut,
)
from datamind.rooms.users import service as users
from datamind.semantics import plan as P
from datamind.semantics.catalog import View

MOST_SHARES = 5_000  # looked through for one reader, newest first
OUT_OF_REACH = (UnknownTable, UnknownColumn, AccessDenied, SqlRejected, PlanInvalid)


@dataclass(frozen=True, slots=True)
class Kept:
    """A query whose rows the caller may have by a run of their own; `told` says that they may see
    its SQL, `own` that it is theirs, or that they are an admin."""

    id: str
    question: str
    sql: str
    plan: P.Query | None
    own: bool
    told: bool

    async def prepared(
        self, parts: Parts, rights: Rights, *, row_limit: int
    ) -> tuple[Prepared, Reports]:
        """Its SQL governed afresh for these rights; where they don't reach, what is shared is not
        there. Columns are often called by the text of what they show: not where it is held back."""
        try:
            prepared, reports = await parts.engine.prepare_sql(
                self.sql, rights, row_limit=row_limit, plan=self.plan
            )
        except OUT_OF_REACH:
            if self.own:
                raise
            raise _gone() from None
        if not self.told:
            called = neutral(prepared.governed.lineage, self.sql, parts.warehouse.dialect)
            prepared = replace(prepared, called=called)
        return prepared, reports


async def share(
    session: AsyncSession, parts: Parts, caller: Caller, query_id: str, wanted: ShareIn
) -> ShareOut:
    """The query shared with these too; all whom it is shared with."""
    need(caller, "analyst")
    row = await own(session, caller, query_id)
    kept = _runnable(row, own=True, told=True)
    subjects = await _subjects(session, wanted)
    prepared, _ = await kept.prepared(parts, await parts.rights.of(caller), row_limit=1)
    for kind, subject in subjects:
        made = QueryShare(
            query_id=row.id, kind=kind, subject=subject, names=list(prepared.names),
            created_at=parts.now(), created_by=caller.identity.user,
        )  # fmt: skip
        await session.merge(made)
    await session.flush()
    await note(
        parts, caller, "query_share", Outcome.success, query=row.id,
        to=[f"{kind} {subject}".strip() for kind, subject in subjects],
    )  # fmt: skip
    return await shared_with(session, row.id)


async def unshare(
    session: AsyncSession, parts: Parts, caller: Caller, query_id: str, *, user: str | None,
    group: str | None,
) -> None:  # fmt: skip
    """The query shared no more with this user or group; without either, with nobody."""
    need(caller, "viewer")
    row = await own(session, caller, query_id)
    shares = await session.scalars(select(QueryShare).where(QueryShare.query_id == row.id))
    found = shares.all()
    called = await users.called(session, [share.subject for share in found])
    wanted = {(kind, name) for kind, name in (("user", user), ("group", group)) if name}
    for gone in found:
        if not wanted or (gone.kind, called.get(gone.subject)) in wanted:
            await session.delete(gone)
    await note(
        parts, caller, "query_unshare", Outcome.success, query=row.id, user=user, group=group
    )


async def shared_with(session: AsyncSession, query_id: str) -> ShareOut:
    """Whom the query is shared with."""
    found = await session.scalars(select(QueryShare).where(QueryShare.query_id == query_id))
    subjects = [(share.kind, share.subject) for share in found]
    called = await users.called(session, [subject for _, subject in subjects])
    return ShareOut(
        users=sorted(called[s] for kind, s in subjects if kind == "user" and s in called),
        groups=sorted(called[s] for kind, s in subjects if kind == "group" and s in called),
        everybody=("everybody", "") in subjects,
    )


async def get(
    session: AsyncSession, parts: Parts, caller: Caller, query_id: str
) -> QueryDetail | SharedQuery:
    """All that is kept of one's own query; of one that is shared, what its reader may see."""
    need(caller, "viewer")
    row = await session.get(QueryRow, query_id)
    if row is not None and _is_own(row, caller):
        shares = await shared_with(session, row.id)
        detail = QueryDetail.model_validate(row).model_copy(update={"shared_with": shares})
        return detail if caller.is_admin else detail.model_copy(update={"governed_sql": None})
    view = await _view(parts, caller)
    names = (await _names_of_shared(session, caller, query_id)).get(query_id)
    if row is None or names is None or not _sees(view, names):
        raise _gone()
    return (await _for_reader(session, parts, view, [(row, names)]))[0]


async def find(
    session: AsyncSession, parts: Parts, caller: Caller, *, limit: int, cursor: str | None
) -> SharedQueriesOut:
    """A page of what others share with the caller, and whose tables and columns they may read."""
    need(caller, "viewer")
    view = await _view(parts, caller)
    shared = await _names_of_shared(session, caller)
    names = {query: found for query, found in shared.items() if _sees(view, found)}
    rows, total, following = await page_of(
        session, select(QueryRow).where(QueryRow.id.in_(names)), QueryRow.created_at, QueryRow.id,
        limit=limit, cursor=cursor,
    )  # fmt: skip
    items = await _for_reader(session, parts, view, [(row, names[row.id]) for row in rows])
    return SharedQueriesOut(items=items, total=total, next_cursor=following)


async def readable(parts: Parts, caller: Caller, query_id: str) -> Kept:
    """A query that the caller may have the rows of: their own, or one that is shared with them."""
    need(caller, "viewer")
    view = await _view(parts, caller)
    async with parts.database.unit() as session:
        row = await session.get(QueryRow, query_id)
        if row is not None and _is_own(row, caller):
            return _runnable(row, own=True, told=True)
        names = (await _names_of_shared(session, caller, query_id)).get(query_id)
    if row is None or names is None or not _sees(view, names):
        raise _gone()
    return _runnable(row, own=False, told=_may_be_told(parts, view, row, names))


def _gone() -> NotFound:
    return NotFound(GONE, hint="`GET queries` lists yours, `GET queries/shared` others'.")


def _is_own(row: QueryRow, caller: Caller) -> bool:
    return caller.is_admin or row.user_id == caller.identity.user


def _runnable(row: QueryRow, *, own: bool, told: bool) -> Kept:
    if row.status != "answered" or row.sql is None:
        raise BadInput("There are no rows to this query.", hint="It was not answered: ask anew.")
    return Kept(row.id, row.question, row.sql, plan_of(row.plan), own, told)


async def _view(parts: Parts, caller: Caller) -> View:
    return parts.bindings.of(await parts.rights.of(caller)).view


async def _subjects(session: AsyncSession, wanted: ShareIn) -> list[tuple[str, str]]:
    """Kinds and ids; BadInput where one of them is not there."""
    emails = [email.strip().lower() for email in wanted.users]
    people = await users.ids_of_users(session, set(emails))
    groups = await users.ids_of_groups(session, set(wanted.groups))
    if unknown := [str(n) for n, e in enumerate(emails, 1) if e not in people]:
        raise BadInput(f"Of the users, these are not there: number {', '.join(unknown)}.")
    if missing := sorted(set(wanted.groups) - set(groups)):
        raise BadInput(f"There is no group {missing[0]}.")
    everybody = [("everybody", "")] if wanted.everybody else []
    found = [("user", i) for i in people.values()] + [("group", i) for i in groups.values()]
    if not (found or everybody):
        raise BadInput("Nobody is named to share with.", hint="Name users, groups or everybody.")
    return found + everybody


async def _names_of_shared(
    session: AsyncSession, caller: Caller, query_id: str | None = None
) -> dict[str, list[str]]:
    """What the queries name that others share with the caller, by query; or this one's."""
    mine = caller.identity.user
    groups = await users.group_ids_of(session, mine)
    with_them: ColumnElement[bool] = or_(
        and_(QueryShare.kind == "user", QueryShare.subject == mine),
        and_(QueryShare.kind == "group", QueryShare.subject.in_(groups)),
        QueryShare.kind == "everybody",
    )
    found = (
        select(QueryShare.query_id, QueryShare.names)
        .join(QueryRow, QueryRow.id == QueryShare.query_id)
        .where(with_them, or_(QueryRow.user_id.is_(None), QueryRow.user_id != mine))
        .order_by(QueryShare.created_at.desc())
        .limit(MOST_SHARES)
    )
    if query_id is not None:
        found = found.where(QueryShare.query_id == query_id)
    return {row.query_id: row.names for row in await session.execute(found)}


def _sees(view: View, names: list[str]) -> bool:
    return all(map(view.sees, names))


def _may_be_told(parts: Parts, view: View, row: QueryRow, names: list[str]) -> bool:
    """Whether the SQL tells the reader of nothing that they don't see."""
    unseen = view.masked_columns | view.filtered_tables
    return unseen.isdisjoint(names) or tells_nothing(
        row.sql or "", row.question, parts.warehouse.dialect
    )


async def _for_reader(
    session: AsyncSession, parts: Parts, view: View, found: list[tuple[QueryRow, list[str]]]
) -> list[SharedQuery]:
    called = await users.names_of(session, {row.user_id for row, _ in found if row.user_id})
    made = []
    for row, names in found:
        told = _may_be_told(parts, view, row, names)
        query = SharedQuery(
            id=row.id, question=row.question, shared_by=called.get(row.user_id or "", ""),
            created_at=row.created_at, sql=row.sql if told else None,
            explanation=row.explanation if told else "",
        )  # fmt: skip
        made.append(query)
    return made
