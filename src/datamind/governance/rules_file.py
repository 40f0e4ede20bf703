"""The policy file: users, grants and restrictions in YAML, as the guard corpus describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from datamind.errors import BadInput
from datamind.governance.rules import Asker, Grant, Mask, Restriction, Rules, To, known

SHAPE = "A policy file holds `users`, `grants` and `restrictions`; see docs/policies.md."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToIn(_Part):
    """Whom a rule concerns."""

    roles: list[str] = []
    groups: list[str] = []
    users: list[str] = []

    def record(self) -> To:
        """As the guard takes it."""
        return To(frozenset(self.roles), frozenset(self.groups), frozenset(self.users))


class But(_Part):
    """All columns but these."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    but: list[str] = Field(alias="except")


class _Rule(_Part):
    on: str
    to: ToIn
    rows: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _on(cls, given: Any) -> Any:
        """YAML 1.1 reads a bare `on:` as the truth value, and a bare TRUE as one."""
        if not isinstance(given, dict):
            return given
        read = {"on" if key is True else key: value for key, value in given.items()}
        if isinstance(read.get("rows"), bool):
            read["rows"] = str(read["rows"]).upper()
        return read


class GrantIn(_Rule):
    """A grant."""

    columns: Literal["*"] | list[str] | But = "*"

    def record(self) -> Grant:
        """As the guard takes it."""
        named = frozenset(self.columns) if isinstance(self.columns, list) else None
        but = frozenset(self.columns.but) if isinstance(self.columns, But) else frozenset()
        return Grant(self.on, self.to.record(), self.rows, named, but)


class RestrictionIn(_Rule):
    """A restriction; a bare `null` as a mask is the mask of that name."""

    mask: dict[str, Annotated[Mask, BeforeValidator(lambda m: "null" if m is None else m)]] = {}
    hide: list[str] = []

    def record(self) -> Restriction:
        """As the guard takes it."""
        return Restriction(self.on, self.to.record(), self.rows, self.mask, frozenset(self.hide))


class UserIn(_Part):
    """Somebody that rules may concern."""

    roles: list[str] = []
    groups: list[str] = []
    attributes: dict[str, Any] = {}


class PolicyFile(_Part):
    """All of it."""

    users: dict[str, UserIn] = {}
    grants: list[GrantIn] = []
    restrictions: list[RestrictionIn] = []

    def rules(self) -> Rules:
        """Its grants and restrictions, as the guard takes them."""
        return Rules(
            tuple(g.record() for g in self.grants), tuple(r.record() for r in self.restrictions)
        )

    def asker(self, name: str) -> Asker:
        """The user of this name; BadInput if the file has none."""
        user = self.users.get(name)
        if user is None:
            raise BadInput(f"The policy file knows no user {name}.", hint=SHAPE)
        roles, groups = frozenset(user.roles), frozenset(user.groups)
        return Asker(name, roles, groups, known(user.attributes))


def read_policy(text: str, name: str) -> PolicyFile:
    """The policy in YAML text; BadInput says what does not fit, and where in the file `name`."""
    try:
        return PolicyFile.model_validate(read_yaml(text, name))
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{name}, {place}: {first['msg']}.", hint=SHAPE) from None


def read_yaml(text: str, name: str) -> Mapping[Any, Any]:
    """The mapping in YAML text."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise BadInput(f"{name} is not YAML{where}.", hint="Check the indents there.") from None
    if not isinstance(document, dict):
        raise BadInput(f"{name} holds no mapping.", hint=SHAPE)
    return document
