"""Notes what was done in the audit log: who, from where, how it ended; no row of the data."""

from __future__ import annotations

import re
from enum import StrEnum

from datamind.personal import masked_in
from datamind.ports import AuditLog
from datamind.records import AuditEvent
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Ground, Parts

# Tried where a word begins only: from every letter of a long one it would take quadratic time.
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)*)")

ADDRESSES = frozenset({"ip", "network"})  # what a record about them is about


class Outcome(StrEnum):
    """How what was done ended; an intent is noted before it starts."""

    intent = "intent"
    success = "success"
    failed = "failed"
    blocked = "blocked"


async def note(
    parts: Ground, caller: Caller, event: str, outcome: Outcome, *, component: str = "api",
    **details: object,
) -> None:  # fmt: skip
    """Return once it is durable; Unavailable if it can't be, and then nothing may be done."""
    log: AuditLog = parts.audit
    told = details if caller.key is None else {"api_key": caller.key, **details}
    await log.append(
        AuditEvent(
            timestamp=parts.now(),
            event_type=event,
            component=component,
            status=outcome.value,
            user_id=caller.identity.user or None,
            user_email=mask_email(caller.email) or None,
            session_id=caller.session,
            ip_address=caller.ip,
            correlation_id=caller.correlation_id,
            details=tuple(
                (name, value if name in ADDRESSES else masked_in(value))
                for name, value in told.items()
            ),
        )
    )
    if isinstance(parts, Parts) and outcome is Outcome.success:
        parts.metrics.used(event)


def mask_email(text: str) -> str:
    """The text with each address cut to its first letter and its domain, where who it is of is
    what the audit is to say."""
    return EMAIL.sub(r"\1***@\2", text)
