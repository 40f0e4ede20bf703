"""Wire shapes of signing in."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from datamind.rooms.auth.passwords import LONGEST
from datamind.rooms.paging import Page
from datamind.rooms.text import Text


class LoginIn(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "ana@demo.example", "password": "…"}}
    )

    email: Text = Field(max_length=254)
    password: str = Field(max_length=LONGEST)


class RefreshIn(BaseModel):
    """A refresh token, as it was handed out."""

    refresh_token: Text = Field(max_length=200)


class PasswordIn(BaseModel):
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
    """A sign-in that is alive."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    ip_address: str
    user_agent: str


class SessionsOut(Page):
    """A page of sessions."""

    items: list[SessionOut]
