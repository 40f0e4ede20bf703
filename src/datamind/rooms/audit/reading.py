"""Reading the audit log, for admins: search, export, verification; each noted in the log itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from datamind.errors import BadInput
from datamind.records import AuditFilter
from datamind.rooms.audit.schemas import AuditOut, AuditPage, VerdictOut
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts


async def find(
    parts: Parts, caller: Caller, wanted: AuditFilter, *, limit: int, cursor: str | None
) -> AuditPage:
    """A page of live records, newest first."""
    need(caller, "admin")
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        raise BadInput("The cursor is none of ours.", hint="Take `next_cursor` as it is.")
    before = int(cursor) if cursor else None
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        parts.threads, lambda: parts.audit.find(wanted, before=before, limit=limit + 1)
    )
    total = await loop.run_in_executor(parts.threads, parts.audit.count, wanted)
    shown = found[:limit]
    items = [AuditOut.model_validate({**record, "seq": seq}) for seq, record in shown]
    following = str(shown[-1][0]) if len(found) > limit else None
    sealed = await loop.run_in_executor(parts.threads, parts.audit.last_sealed)
    return AuditPage(items=items, total=total, next_cursor=following, sealed=sealed)


async def export(parts: Parts, caller: Caller, wanted: AuditFilter) -> Iterator[str]:
    """All records that fit, oldest first, sealed ones too, as lines of JSON."""
    need(caller, "admin")
    await note(parts, caller, "audit_export", Outcome.success)
    found = parts.audit.lines(wanted)
    return (json.dumps({"seq": s, **r}, ensure_ascii=False) + "\n" for s, r in found)


async def verify(parts: Parts, caller: Caller) -> VerdictOut:
    """Whether the chain holds."""
    need(caller, "admin")
    loop = asyncio.get_running_loop()
    told = await loop.run_in_executor(parts.threads, parts.audit.verify)
    outcome = Outcome.failed if told.faults else Outcome.success
    await note(parts, caller, "audit_verify", outcome, records=told.records)
    return VerdictOut(
        holds=not told.faults, records=told.records, anchored=told.anchored, sealed=told.sealed,
        deleted=told.deleted, faults=list(told.faults),
    )  # fmt: skip
