"""The jobs that make backups and increments, asked for by an admin or by the clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from datamind.backup.making import Made, create, increment
from datamind.errors import DataMindError
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.jobs.running import JobContext, in_thread

log = logging.getLogger(__name__)


async def make(context: JobContext) -> Mapping[str, Any]:
    """Make one, and note how it went."""
    ground, caller = context.ground, context.caller
    context.progress(0.1, "copying")
    try:
        made = await in_thread(context, lambda stop: create(ground.settings, stop=stop))
    except (DataMindError, asyncio.CancelledError) as fault:
        code = fault.code if isinstance(fault, DataMindError) else "cancelled"
        await note(ground, caller, "backup_create", Outcome.failed, code=code)
        raise
    told = _told(made)
    await note(ground, caller, "backup_create", Outcome.success, **told)
    return told


async def make_increment(context: JobContext) -> Mapping[str, Any]:
    """Make an increment, if something changed. It is logged and not audited: a record of it would
    be a change, and there were one every half an hour for ever."""
    context.progress(0.1, "copying")
    settings = context.ground.settings
    made = await in_thread(context, lambda stop: increment(settings, stop=stop))
    told = {"unchanged": True} if made is None else _told(made)
    log.info("an increment was asked for: %s", told)
    return told


def _told(made: Made) -> dict[str, Any]:
    manifest = made.manifest
    return {
        "name": made.file.name, "bytes": made.bytes, "encrypted": made.encrypted,
        "secrets": manifest.secrets, "rows": sum(manifest.tables.values()),
        "audit_records": manifest.audit_records,
    }  # fmt: skip
