"""The job that makes a backup, asked for by an admin or by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from datamind.backup.making import create
from datamind.errors import DataMindError
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.jobs.running import JobContext


async def make(context: JobContext) -> Mapping[str, Any]:
    """Make one, and note how it went."""
    ground, caller = context.ground, context.caller
    context.progress(0.1, "copying")
    try:
        made = await asyncio.to_thread(create, ground.settings)
    except DataMindError as fault:
        await note(ground, caller, "backup_create", Outcome.failed, code=fault.code)
        raise
    manifest = made.manifest
    told: dict[str, Any] = {
        "name": made.file.name, "bytes": made.bytes, "encrypted": made.encrypted,
        "secrets": manifest.secrets, "rows": sum(manifest.tables.values()),
        "audit_records": manifest.audit_records,
    }  # fmt: skip
    await note(ground, caller, "backup_create", Outcome.success, **told)
    return told
