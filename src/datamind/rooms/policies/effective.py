"""Effective: who sees a table or a column, and by which policies."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.governance.bound import BoundRules
from datamind.governance.rules import Rights
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Governing
from datamind.rooms.policies.rights import asker_of
from datamind.rooms.policies.schemas import About, EffectiveOut, GrantPolicyIn, Seer, Wanted
from datamind.rooms.policies.stored import by_relation, read_book, rules_in
from datamind.rooms.users import service as users
from datamind.semantics.catalog import Table, View


async def effective(
    session: AsyncSession, parts: Governing, caller: Caller, item: str, *, limit: int,
    cursor: str | None,
) -> EffectiveOut:  # fmt: skip
    """The policies that say something of it, and what each active user sees of it, a page at a
    time; UnknownTable or UnknownColumn where there is no such thing."""
    need(caller, "admin")
    everything = View(parts.bindings.catalog)
    is_table = item in everything.by_id
    column = None if is_table or "." not in item else everything.column(item)
    table = everything.table(column.table if column is not None else item)
    policies = {k: p for k, p in (await read_book(session)).policies.items() if p.enabled}
    about = [
        About(id=key, name=policy.name, kind=policy.kind, to=policy.to)
        for key, policy in by_relation(policies)
        if policy.on in (table.id, "*") and (column is None or _concerns(policy, column.name))
    ]
    rules = rules_in(policies.values())
    page = await users.find(session, caller, words=None, role=None, limit=limit, cursor=cursor)
    seers: list[Seer] = []
    for user in page.items:
        if not user.active:
            continue
        await asyncio.sleep(0)  # others are answered meanwhile
        bound = parts.bindings.of(Rights(await asker_of(session, user.id, user.role), rules))
        seers.append(
            Seer(
                user=user.email, sees=bound.view.sees(item),
                masked=item in bound.view.masked_columns,
                **extent_of(bound, table, column.name if column is not None else None),
            )
        )  # fmt: skip
    await note(parts, caller, "policy_preview", Outcome.success, item=item)
    return EffectiveOut(
        item=item, policies=about, users=seers, total=page.total, next_cursor=page.next_cursor
    )


def extent_of(bound: BoundRules, table: Table, column: str | None = None) -> dict[str, Any]:
    """On which rows a table, or a column of it, is seen; and if on none, why."""
    item = table.id if column is None else f"{table.id}.{column}"
    if not bound.view.sees(item):
        return {"rows": "none", "all_rows": False, "why": None, "missing": []}
    sight = bound.sight(table)
    extent = sight.rows if column is None else sight.columns[column]
    return {
        "rows": extent, "all_rows": extent == "all", "why": sight.why(extent),
        "missing": sorted(sight.missing),
    }  # fmt: skip


def _concerns(policy: Wanted, column: str) -> bool:
    """Whether it says something of the column, or of the rows that it is in."""
    if isinstance(policy, GrantPolicyIn):
        if isinstance(policy.columns, list):
            return column in policy.columns
        return policy.columns == "*" or column not in policy.columns.but
    return policy.rows is not None or column in policy.mask or column in policy.hide
