"""Preview: what a user sees, and which policies make it so."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import DataMindError, NotFound
from datamind.governance.bound import BoundRules
from datamind.governance.rules import Rights
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.policies.effective import extent_of
from datamind.rooms.policies.rights import asker_of
from datamind.rooms.policies.schemas import Because, PreviewIn, PreviewOut, SeenTable
from datamind.rooms.policies.stored import Book, by_relation, read_book
from datamind.rooms.users import service as users
from datamind.semantics.catalog import Table


async def preview(
    session: AsyncSession, parts: Parts, caller: Caller, wanted: PreviewIn
) -> PreviewOut:
    """The view of a user; of a statement, the text that would run for them, or why none would."""
    need(caller, "admin")
    called = wanted.user.strip()
    user = await users.by_email(session, called.lower()) or await users.by_id(session, called)
    if user is None or user.deleted_at is not None:
        raise NotFound("There is no such user.")
    book = await read_book(session)
    rights = Rights(await asker_of(session, user.id, user.role), book.rules)
    asker, bound = rights.asker, parts.bindings.of(rights)
    told = PreviewOut(
        user=user.email, roles=sorted(asker.roles), groups=sorted(asker.groups),
        attributes=dict(asker.attributes),
        tables=[
            _seen(bound, table, book) for table in sorted(bound.view.tables, key=lambda t: t.id)
        ],
    )  # fmt: skip
    await note(
        parts, caller, "policy_preview", Outcome.success, of=user.id, sql=wanted.sql
    )  # fmt: skip
    if wanted.sql is None:
        return told
    try:
        prepared, _ = await parts.engine.prepare_sql(
            wanted.sql, rights, row_limit=parts.settings.row_limit
        )
    except DataMindError as fault:
        if fault.status >= 500:
            raise
        return told.model_copy(update={"code": fault.code, "message": fault.message})
    return told.model_copy(update={"governed_sql": prepared.governed.sql})


def _seen(bound: BoundRules, table: Table, book: Book) -> SeenTable:
    veiled, sight = bound.view.masked_columns, bound.sight(bound.catalog.by_id[table.id])
    return SeenTable(
        table=table.id,
        columns=[c.name for c in table.columns],
        masked=[c.name for c in table.columns if c.id in veiled],
        partly=[c.name for c in table.columns if sight.columns[c.name] != sight.rows],
        **extent_of(bound, bound.catalog.by_id[table.id]),
        policies=[
            Because(id=key, name=policy.name, kind=policy.kind, rows=policy.rows)
            for key, policy in by_relation(book.policies)
            if policy.enabled and policy.on in (table.id, "*")
            and policy.to.record().holds(bound.asker)
        ],
    )  # fmt: skip
