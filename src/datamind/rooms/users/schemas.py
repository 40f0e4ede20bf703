"""Wire shapes of users."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from datamind.rooms.auth.passwords import LONGEST
from datamind.rooms.bodies import Body
from datamind.rooms.paging import Page
from datamind.rooms.text import Text, address_of, plain

MOST_LETTERS = 400

Role = Literal["viewer", "analyst", "admin"]


def _address(text: str) -> str:
    """An e-mail address in small letters: something, an @, a domain."""
    text = address_of(text)
    name, at, domain = text.partition("@")
    whole = name and at and domain and "@" not in domain
    if not whole or not text.isprintable() or any(c.isspace() for c in text):
        raise ValueError("this is not an e-mail address")
    return text


def _clean(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("a name is needed")
    if not text.isprintable():
        raise ValueError("a name is one line of text")
    return text


Email = Annotated[str, Field(max_length=254), AfterValidator(_address)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_clean)]


class UserIn(Body):
    """A new user; without a password one is made and told once in the answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "maria@example.com", "name": "Maria", "role": "analyst"}
        }
    )

    email: Email
    name: Name
    role: Role = "viewer"
    password: str | None = Field(default=None, max_length=LONGEST)


class UserPatch(Body):
    """What to change of a user; what is left out stays. `reset_password` makes a new one."""

    name: Name | None = None
    email: Email | None = None
    active: bool | None = None
    reset_password: bool = False


class RoleIn(Body):
    """The role to give."""

    role: Role


class UserOut(BaseModel):
    """A user. `password` is told once, where one was made."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    email: str
    name: str
    role: Role
    active: bool
    created_at: dt.datetime
    last_login_at: dt.datetime | None
    password: str | None = None


class UserDetail(UserOut):
    """One user, with the groups that they are in and what predicates may ask of them."""

    groups: list[str]
    attributes: dict[str, Any]


class UsersOut(Page):
    """A page of users."""

    items: list[UserOut]


class GroupIn(Body):
    """A group; policies know it by its name."""

    name: Name
    description: Text = Field(default="", max_length=2_000)


class GroupOut(BaseModel):
    """A group, and how many are in it."""

    id: str
    name: str
    description: str
    members: int
    created_at: dt.datetime


class GroupsOut(Page):
    """A page of groups."""

    items: list[GroupOut]


class MembershipsIn(Body):
    """The groups that a user is to be in, by name."""

    groups: list[Name] = Field(max_length=200)


def _attribute(value: Any) -> Any:
    """A value that can become a literal; as JSON has it, so that none is taken for another."""
    if isinstance(value, list):
        return [_single(one) for one in value]
    return _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is finite: neither infinite nor NaN")
    if isinstance(value, str):
        if len(value) > MOST_LETTERS:
            raise ValueError(f"a text has {MOST_LETTERS} letters at most")
        return plain(value)
    if not isinstance(value, bool | int | float):
        raise ValueError("a value is a text, a number, true or false, or a list of these")
    return value


SINGLE: dict[str, Any] = {
    "anyOf": [
        {"type": "boolean"}, {"type": "number"}, {"type": "string", "maxLength": MOST_LETTERS}
    ]
}  # fmt: skip
VALUES = {"anyOf": [*SINGLE["anyOf"], {"type": "array", "items": SINGLE}]}
Value = Annotated[Any, PlainValidator(_attribute), WithJsonSchema(VALUES)]
AttributeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


class AttributesIn(Body):
    """What row predicates may ask for as `{user.name}`: a value each, or a list for `IN`."""

    attributes: dict[AttributeName, Value] = Field(max_length=50)
