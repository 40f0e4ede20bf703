"""Wire shapes of policies: the rules of the policy file, with a name and a history."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from datamind.governance.rules_file import GrantIn, RestrictionIn
from datamind.rooms.paging import Page
from datamind.rooms.text import Text

Name = Annotated[Text, Field(min_length=1, max_length=200)]


class GrantPolicyIn(GrantIn):
    """A grant: lets `to` read the rows and columns of `on` (a table's id, or `*` for each)."""

    kind: Literal["grant"]
    name: Name
    enabled: bool = True


class RestrictionPolicyIn(RestrictionIn):
    """A restriction: takes rows and columns from all grants, and masks."""

    kind: Literal["restriction"]
    name: Name
    enabled: bool = True


PolicyIn = Annotated[GrantPolicyIn | RestrictionPolicyIn, Field(discriminator="kind")]


class PolicyOut(BaseModel):
    """A policy as it is now; `version` counts its changes and is its ETag."""

    id: str
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    policy: PolicyIn


class PoliciesOut(Page):
    """A page of policies."""

    items: list[PolicyOut]


class VersionOut(BaseModel):
    """What a policy said from `changed_at` on; `said` is null where it was taken away."""

    version: int
    changed_at: dt.datetime
    changed_by: str
    said: dict[str, Any] | None


class VersionsOut(BaseModel):
    """All versions of a policy, newest first."""

    items: list[VersionOut]


class Found(BaseModel):
    """A column that looks like personal data; `dealt_with` where a restriction masks or hides it
    from somebody."""

    table: str
    column: str
    kind: str
    dealt_with: bool


class ProposalsOut(BaseModel):
    """What was found, and policies that would mask it: to be sent to `policies`, changed or not."""

    found: list[Found]
    proposals: list[RestrictionPolicyIn]


class PreviewIn(BaseModel):
    """As whom to look (an address), and at which statement; without one, at all tables."""

    user: str = Field(max_length=254)
    sql: str | None = Field(default=None, max_length=64 * 1024)


class SeenTable(BaseModel):
    """What the user sees of a table, and the policies that make it so."""

    table: str
    columns: list[str]
    masked: list[str]
    all_rows: bool
    policies: list[str]


class PreviewOut(BaseModel):
    """What a user sees: the tables; and of a statement, the text that would run, or why not."""

    user: str
    roles: list[str]
    groups: list[str]
    tables: list[SeenTable]
    governed_sql: str | None = None
    code: str | None = None
    message: str | None = None
