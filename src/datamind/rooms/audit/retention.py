"""Retention of the audit log: old records are sealed, sealed ones deleted when their time is up.

What the server does each day an operator can do from the command line; both are noted in the log.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial

from datamind import clock
from datamind.records import Identity
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Ground

# Sealing writes the file of the live records anew: not for one day's worth.
GATHERED = dt.timedelta(days=7)


async def seal(parts: Ground, caller: Caller, days: int) -> int:
    """Seal the records that are older; how many."""
    need(caller, "admin")
    count = await asyncio.to_thread(parts.audit.seal, parts.now() - dt.timedelta(days=days))
    await note(parts, caller, "audit_seal", Outcome.success, records=count, days=days)
    return count


async def prune(parts: Ground, caller: Caller, days: int) -> int:
    """Delete the sealed segments that hold nothing younger; how many records."""
    need(caller, "admin")
    now = parts.now()
    count = await asyncio.to_thread(parts.audit.prune, now - dt.timedelta(days=days), now)
    await note(parts, caller, "audit_prune", Outcome.success, records=count, days=days)
    return count


async def once(parts: Ground) -> None:
    """What one day asks for: a week's worth of what is old enough is sealed, and what is past its
    time deleted."""
    server, now = parts.settings.server, parts.now()
    lasts = server.audit_retention_days
    caller = Caller(Identity("system", "admin"), "local", clock.new_id("corr"))
    live = server.audit_seal_days if lasts is None else min(server.audit_seal_days, lasts)
    oldest = await asyncio.to_thread(parts.audit.oldest)
    if oldest is not None and oldest < now - dt.timedelta(days=live) - GATHERED:
        await seal(parts, caller, live)
    if lasts is not None and await asyncio.to_thread(
        partial(parts.audit.due, now - dt.timedelta(days=lasts))
    ):
        await prune(parts, caller, lasts)
