"""Preview: what a user sees, and which policies make it so."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import DataMindError, NotFound
from datamind.governance.rules import Rights
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.policies.rights import asker_of
from datamind.rooms.policies.schemas import PreviewIn, PreviewOut, SeenTable
from datamind.rooms.policies.stored import read_book
from datamind.rooms.users import service as users


async def preview(
    session: AsyncSession, parts: Parts, caller: Caller, wanted: PreviewIn
) -> PreviewOut:
    """The view of a user; of a statement, the text that would run for them, or why none would."""
    need(caller, "admin")
    user = await users.by_email(session, wanted.user.strip().lower())
    if user is None:
        raise NotFound("There is no such user.")
    book = await read_book(session)
    policies = [p for p in book.policies.values() if p.enabled]
    rights = Rights(await asker_of(session, user.id, user.role), book.rules)
    view = parts.bindings.of(rights).view
    told = PreviewOut(
        user=user.email, roles=sorted(rights.asker.roles), groups=sorted(rights.asker.groups),
        tables=[
            SeenTable(
                table=table.id,
                columns=[c.name for c in table.columns],
                masked=[c.name for c in table.columns if c.id in view.masked_columns],
                all_rows=table.id not in view.filtered_tables,
                policies=[
                    p.name for p in policies
                    if p.on in (table.id, "*") and p.to.record().holds(rights.asker)
                ],
            )
            for table in sorted(view.tables, key=lambda t: t.id)
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
