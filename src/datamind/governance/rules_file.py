"""The policy file: users, grants and restrictions in YAML, as the guard corpus describes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from datamind.errors import BadInput
from datamind.governance.assertions import AssertionIn
from datamind.governance.rules import Asker, Grant, Mask, Restriction, Rules, To, known
from datamind.governance.yaml_text import read_yaml

SHAPE = "A policy file holds `users`, `grants` and `restrictions`; see docs/policies.md."
Subject = Annotated[str, Field(max_length=254)]
ID = r"^pol-[A-Za-z0-9-]{1,36}$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToIn(_Part):
    """Whom a rule concerns."""

    roles: list[Subject] = []
    groups: list[Subject] = []
    users: list[Subject] = []

    def record(self) -> To:
        """As the guard takes it."""
        return To(frozenset(self.roles), frozenset(self.groups), frozenset(self.users))


class But(_Part):
    """All columns but these."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    but: list[str] = Field(alias="except")


Columns = Literal["*"] | list[str] | But


class ScopeIn(_Part):
    """What a rule is about, and whom it concerns."""

    on: str = Field(max_length=400)
    to: ToIn

    @model_validator(mode="before")
    @classmethod
    def _on(cls, given: Any) -> Any:
        """YAML 1.1 reads a bare `on:` as the truth value, and a bare TRUE as one."""
        if not isinstance(given, dict):
            return given
        if True in given and "on" in given:
            raise ValueError("`on` stands here twice")
        read = {"on" if key is True else key: value for key, value in given.items()}
        if isinstance(read.get("rows"), bool):
            read["rows"] = str(read["rows"]).upper()
        return read

    @model_validator(mode="after")
    def _is_text(self) -> Self:
        """No store keeps NUL or halves of letters."""
        for text in _texts(self.model_dump()):
            if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
                raise ValueError("this holds bytes that are no text")
        return self


class _Rule(ScopeIn):
    rows: str | None = None


class GrantIn(_Rule):
    """A grant."""

    columns: Columns = "*"

    def record(self) -> Grant:
        """As the guard takes it."""
        named = frozenset(self.columns) if isinstance(self.columns, list) else None
        but = frozenset(self.columns.but) if isinstance(self.columns, But) else frozenset()
        return Grant(self.on, self.to.record(), self.rows, named, but)


# A bare `null` as a mask is the mask of that name.
Masks = dict[str, Annotated[Mask, BeforeValidator(lambda m: "null" if m is None else m)]]


class RestrictionIn(_Rule):
    """A restriction."""

    mask: Masks = {}
    hide: list[str] = []

    def record(self) -> Restriction:
        """As the guard takes it."""
        return Restriction(self.on, self.to.record(), self.rows, self.mask, frozenset(self.hide))


class _Listed(_Part):
    """What a file says of a rule beside the rule: what it is known by, and what must hold."""

    id: str | None = Field(default=None, pattern=ID)
    name: str = Field(default="", max_length=200)
    enabled: bool = True
    assertions: list[AssertionIn] = Field(default=[], max_length=50)


class ListedGrant(_Listed, GrantIn):
    """A grant of a file."""


class ListedRestriction(_Listed, RestrictionIn):
    """A restriction of a file."""


class UserIn(_Part):
    """Somebody that rules may concern."""

    roles: list[str] = []
    groups: list[str] = []
    attributes: dict[str, Any] = {}


class PolicyFile(_Part):
    """All of it."""

    users: dict[str, UserIn] = {}
    grants: list[ListedGrant] = []
    restrictions: list[ListedRestriction] = []

    def rules(self) -> Rules:
        """Its grants and restrictions that are switched on, as the guard takes them."""
        return Rules(
            tuple(g.record() for g in self.grants if g.enabled),
            tuple(r.record() for r in self.restrictions if r.enabled),
        )

    def asker(self, name: str) -> Asker:
        """The user of this name; BadInput if the file has none."""
        user = self.users.get(name)
        if user is None:
            raise BadInput(f"The policy file knows no user {name}.", hint=SHAPE)
        roles, groups = frozenset(user.roles), frozenset(user.groups)
        return Asker(name, roles, groups, known(user.attributes))


def read_policy(text: str, name: str) -> PolicyFile:
    """The policy in YAML text; BadInput says what does not fit, all of it, and where in `name`."""
    try:
        return PolicyFile.model_validate(read_yaml(text, name, shape=SHAPE))
    except ValidationError as fault:
        found = [
            {"loc": [str(p) for p in e["loc"]], "msg": e["msg"].removeprefix("Value error, ")}
            for e in fault.errors()
        ]
        first = found[0]
        said = f"{name}, {'.'.join(first['loc'])}: {first['msg']}."
        raise BadInput(said, hint=SHAPE, errors=found) from None


def _texts(value: object) -> Iterator[str]:
    """All texts in a value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
