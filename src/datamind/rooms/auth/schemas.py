"""Wire shapes of signing in."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from datamind.rooms.addresses import address, network
from datamind.rooms.auth.passwords import LONGEST
from datamind.rooms.bodies import Body
from datamind.rooms.caller import SCOPES
from datamind.rooms.paging import Page
from datamind.rooms.text import Text


class LoginIn(Body):
    """Who wants to sign in."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "ana@demo.example", "password": "…"}}
    )

    email: Text = Field(max_length=254)
    password: str = Field(max_length=LONGEST)


class RefreshIn(Body):
    """A refresh token, as it was handed out."""

    refresh_token: Text = Field(max_length=200)


class PasswordIn(Body):
    """A change of one's own password."""

    old_password: str = Field(max_length=LONGEST)
    new_password: str = Field(max_length=LONGEST)


class TokensOut(BaseModel):
    """An access token for `expires_in` seconds, and the token to get the next one with."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 (its kind)
    expires_in: int


class MeOut(BaseModel):
    """Who is signed in."""

    id: str
    email: str
    name: str
    role: str


class SessionOut(BaseModel):
    """A sign-in that is alive; `current` is the one that asks."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    ip_address: str
    user_agent: str
    current: bool = False


class SessionsOut(Page):
    """A page of sessions."""

    items: list[SessionOut]


def _ip(text: str) -> str:
    found = address(text.strip())
    if found is None:
        raise ValueError("this is no IP address; write it as 203.0.113.7 or 2001:db8::7")
    return str(found)


Ip = Annotated[Text, Field(max_length=45), AfterValidator(_ip)]
Ended = Literal["success", "wrong_password", "unknown_address", "deactivated", "locked"]


class AttemptOut(BaseModel):
    """A try to sign in: `address` as it was typed, in small letters; `user_id` where there is one.
    Of those that a lock-out turns away, one a minute is remembered."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    at: dt.datetime
    address: str
    ip_address: str
    outcome: Ended
    user_id: str | None


class AttemptsOut(Page):
    """A page of tries to sign in."""

    items: list[AttemptOut]


class UnlockIn(Body):
    """What to unlock: an account by its address, an IP address with its network, or both."""

    model_config = ConfigDict(json_schema_extra={"example": {"address": "ana@demo.example"}})

    address: Text | None = Field(default=None, max_length=254)
    ip: Ip | None = None


class UnlockedOut(BaseModel):
    """How many counts of wrong passwords were forgotten."""

    counts: int


def _network(text: str) -> str:
    try:
        return str(network(text))
    except ValueError:
        raise ValueError("this is no network; write it as 10.0.0.0/8 or 2001:db8::/32") from None


Action = Literal["allow", "deny"]
Cidr = Annotated[Text, Field(max_length=50), AfterValidator(_network)]
Note = Annotated[Text, Field(max_length=500)]


class RestrictionIn(Body):
    """A network to let in or keep out. `deny` wins; once anything is allowed, all else is not."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"action": "deny", "network": "203.0.113.0/24", "note": "Port scans"}
        }
    )

    action: Action
    network: Cidr
    note: Note = ""
    enabled: bool = True


class RestrictionPatch(Body):
    """What to change of a restriction; what is left out stays."""

    action: Action | None = None
    network: Cidr | None = None
    note: Note | None = None
    enabled: bool | None = None


class RestrictionOut(BaseModel):
    """An IP restriction; `created_by` is the admin's id."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    action: Action
    network: str
    note: str
    enabled: bool
    created_at: dt.datetime
    created_by: str


class RestrictionsOut(Page):
    """A page of IP restrictions."""

    items: list[RestrictionOut]


Scope = Literal["read", "ask", "audit", "admin"]
assert set(SCOPES) == set(Scope.__args__)  # type: ignore[attr-defined]


class KeyIn(Body):
    """A key for a program, its scopes, and in how many days it ends."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "Nightly report", "scopes": ["ask"], "expires_in_days": 30}
        }
    )

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    expires_in_days: int | None = Field(default=None, ge=1, le=100_000)


class KeyOut(BaseModel):
    """An API key; `key` is its secret, told once."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    name: str
    scopes: list[Scope]
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None
    last_used_ip: str | None
    key: str | None = None


class KeysOut(Page):
    """A page of API keys."""

    items: list[KeyOut]
