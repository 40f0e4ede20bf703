"""The caller: who makes a request, from where, and what their role allows."""

from __future__ import annotations

from dataclasses import dataclass

from datamind.errors import AccessDenied
from datamind.records import Identity

ROLES = ("viewer", "analyst", "admin")  # each may do what those before it may


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what the audit says of the call."""

    identity: Identity
    ip: str
    correlation_id: str
    email: str = ""
    session: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether they answer for the others."""
        return self.identity.role == "admin"


def need(caller: Caller, role: str) -> None:
    """AccessDenied where the caller's role is less than this one."""
    if ROLES.index(caller.identity.role) < ROLES.index(role):
        raise AccessDenied(
            f"This takes the role {role}; yours is {caller.identity.role}.",
            hint="Ask an admin for the role, or ask somebody who has it.",
        )
