"""Checking: whether SQL may run for its caller, without running it."""

from __future__ import annotations

from datamind.errors import DataMindError
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.policies.values import rights_of
from datamind.rooms.problems import hint_of
from datamind.rooms.questions.schemas import ValidateOut


async def validate(parts: Parts, caller: Caller, sql: str) -> ValidateOut:
    """The guard's verdict: what the statement reads, or why it is refused."""
    need(caller, "analyst")
    await parts.limits.spend(parts.settings.server.ask_limit, "ask", caller.identity.user)
    try:
        rights = await rights_of(parts, caller)
        prepared, _ = await parts.engine.prepare_sql(
            sql, rights, row_limit=parts.settings.row_limit
        )
    except DataMindError as fault:
        if fault.status >= 500:
            raise
        parts.metrics.refused(fault.code)
        await note(parts, caller, "sql_validate", Outcome.blocked, sql=sql, code=fault.code)
        return ValidateOut(
            valid=False, code=fault.code, message=fault.message, hint=hint_of(fault),
            correlation_id=caller.correlation_id,
        )  # fmt: skip
    governed = prepared.governed
    columns = sorted({source for line in governed.lineage for source in line.sources})
    return ValidateOut(
        valid=True, relations=list(governed.relations), columns=columns,
        correlation_id=caller.correlation_id,
    )  # fmt: skip
