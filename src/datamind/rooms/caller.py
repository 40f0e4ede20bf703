"""The caller: who makes a request, from where, and what their role allows."""

from __future__ import annotations

from dataclasses import dataclass

from datamind.errors import AccessDenied
from datamind.records import Identity

ROLES = ("viewer", "analyst", "admin")  # each may do what those before it may
# What an API key may be used for, and the most that its caller may do there, whatever their role.
SCOPES = {"read": "viewer", "ask": "analyst", "audit": "admin", "admin": "admin"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what the audit says of the call.

    `key` is the API key that they called with, `scope` the one that the route takes.
    """

    identity: Identity
    ip: str
    correlation_id: str
    email: str = ""
    session: str | None = None
    key: str | None = None
    scope: str | None = None

    @property
    def acts_as(self) -> str:
        """What they may do: as their role, but with an API key no more than its scope takes.

        What they may see of the data goes by the role alone.
        """
        own = self.identity.role
        if self.key is None:
            return own
        return min(own, SCOPES.get(self.scope or "", ROLES[0]), key=ROLES.index)

    @property
    def counted(self) -> str:
        """Whom limits count and turns are kept for: the user, else the address."""
        return self.identity.user or self.ip

    @property
    def is_admin(self) -> bool:
        """Whether they answer for the others."""
        return self.acts_as == "admin"


def need(caller: Caller, role: str) -> None:
    """AccessDenied where the caller's role is less than this one."""
    if ROLES.index(caller.acts_as) < ROLES.index(role):
        raise AccessDenied(
            f"This takes the role {role}; yours is {caller.acts_as}.",
            hint="Ask an admin for the role, or ask somebody who has it.",
        )


def whose(caller: Caller, wanted: str | None) -> str | None:
    """Whose things to list, everybody's if None: the caller's own, for admins whose they want.
    AccessDenied where others ask for somebody else's."""
    if caller.is_admin:
        return wanted
    if wanted not in (None, caller.identity.user):
        raise AccessDenied(
            "Only admins see what is somebody else's.",
            hint="Leave `user_id` out for your own, or ask an admin.",
        )
    return caller.identity.user
