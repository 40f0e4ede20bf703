"""Wire shapes of policies: the rules of the policy file, with a name and a history."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datamind.governance.assertions import AssertionIn
from datamind.governance.bound import Extent
from datamind.governance.rules_file import Columns, GrantIn, Masks, RestrictionIn, ScopeIn, ToIn
from datamind.rooms.bodies import Body
from datamind.rooms.paging import Page
from datamind.rooms.text import Text

Name = Annotated[Text, Field(min_length=1, max_length=200)]


class _Named(BaseModel):
    name: Name
    enabled: bool = True


class _Tested(_Named):
    # A change that leaves them out leaves them as they are.
    assertions: list[AssertionIn] = Field(default=[], max_length=50)


class GrantPolicyIn(_Tested, GrantIn):
    """A grant: lets `to` read the rows and columns of `on` (a table's id, or `*` for each)."""

    kind: Literal["grant"]


class RestrictionPolicyIn(_Tested, RestrictionIn):
    """A restriction: takes rows and columns from all grants, and masks."""

    kind: Literal["restriction"]


Wanted = GrantPolicyIn | RestrictionPolicyIn
PolicyIn = Annotated[Wanted, Field(discriminator="kind")]


class PolicyPatch(BaseModel):
    """What to change of a policy: what is left out stays. With `kind`, `name`, `on` and `to` it is
    the whole policy instead, and only assertions that are left out stay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"enabled": False}})

    kind: Literal["grant", "restriction"] | None = None
    name: Name | None = None
    enabled: bool | None = None
    on: str | None = Field(default=None, max_length=400)
    to: ToIn | None = None
    rows: str | None = None
    columns: Columns | None = None
    mask: Masks | None = None
    hide: list[str] | None = None
    assertions: list[AssertionIn] | None = Field(default=None, max_length=50)


class RowPolicyIn(_Named, ScopeIn):
    """The rows of a policy: `rows` (SQL over `on`) says which ones a grant lets read, or which
    ones a restriction leaves."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Analysts see their own region", "on": "orders",
                "to": {"roles": ["analyst"]}, "rows": "region = {user.region}",
            }
        }
    )  # fmt: skip

    kind: Literal["grant", "restriction"] = "restriction"
    rows: str = Field(min_length=1)


class ColumnPolicyIn(_Named, ScopeIn):
    """The columns of a restriction: masked ones show what their mask leaves, hidden ones are as if
    they were not there."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Personal data of customers", "on": "customers",
                "to": {"roles": ["analyst", "viewer"]}, "mask": {"email": "email"},
                "hide": ["card_no"],
            }
        }
    )  # fmt: skip

    mask: Masks = {}
    hide: list[str] = []

    @model_validator(mode="after")
    def _says_something(self) -> ColumnPolicyIn:
        if not self.mask and not self.hide:
            raise ValueError("say which columns to mask or to hide")
        return self


class _Out(BaseModel):
    id: str
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    warnings: list[str] = []


class PolicyOut(_Out):
    """A policy as it is now; `version` counts its changes and is its ETag. `warnings` say what
    whoever saved it should know."""

    policy: PolicyIn


class RowPolicyOut(_Out):
    """The rows of a policy as it is now."""

    policy: RowPolicyIn


class ColumnPolicyOut(_Out):
    """The columns of a policy as it is now."""

    policy: ColumnPolicyIn


class PoliciesOut(Page):
    """A page of policies."""

    items: list[PolicyOut]


class RowPoliciesOut(Page):
    """A page of policies that say something of rows."""

    items: list[RowPolicyOut]


class ColumnPoliciesOut(Page):
    """A page of policies that mask or hide columns."""

    items: list[ColumnPolicyOut]


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
    """A column that looks like personal data; `dealt_with` where nobody sees it unmasked.
    `seen_by_roles` see it so by their role alone, `seen_by_users` are as many as do."""

    table: str
    column: str
    kind: str
    dealt_with: bool
    seen_by_roles: list[str]
    seen_by_users: int


class ProposalsOut(BaseModel):
    """What was found, and policies that would mask it: to be sent to `policies`, changed or not."""

    found: list[Found]
    proposals: list[RestrictionPolicyIn]


class PreviewIn(Body):
    """As whom to look (an address or an id), and at which statement; without one, at all tables."""

    user: str = Field(max_length=254)
    sql: str | None = Field(default=None, max_length=64 * 1024)


class Because(BaseModel):
    """A policy that concerns a user, with its predicate as it is written."""

    id: str
    name: str
    kind: Literal["grant", "restriction"]
    rows: str | None


class _Sight(BaseModel):
    """On which rows it is seen: `why` says why on none, `missing` are the attributes that
    predicates ask for and the user has not."""

    rows: Extent
    all_rows: bool
    why: str | None
    missing: list[str]


class SeenTable(_Sight):
    """What the user sees of a table, and the policies that make it so; `partly` are columns that
    are shown on fewer rows than are seen."""

    table: str
    columns: list[str]
    masked: list[str]
    partly: list[str]
    policies: list[Because]


class PreviewOut(BaseModel):
    """What a user sees: the tables; and of a statement, the text that would run, or why not."""

    user: str
    roles: list[str]
    groups: list[str]
    attributes: dict[str, Any]
    tables: list[SeenTable]
    governed_sql: str | None = None
    code: str | None = None
    message: str | None = None


class TestIn(Body):
    """What to test: the assertions of all policies; with `policy_id` those of one; with `proposed`
    those of all as if that were kept, as a new policy or in the place of `policy_id`."""

    policy_id: str | None = Field(default=None, max_length=40)
    proposed: PolicyIn | None = None


class Verdict(BaseModel):
    """Whether one thing that is asserted holds for its asker. `number` counts the assertions of
    the policy; `seen` has names and counts, never a value of the data. `broken` where it would no
    longer hold, or never did, after the change that is looked at."""

    policy_id: str
    policy: str
    number: int
    asker: str
    expected: str
    seen: str
    outcome: Literal["holds", "fails", "not_run"]
    broken: bool = False


class TestOut(BaseModel):
    """How each assertion ended; `holds` where none failed or could not be run."""

    holds: bool
    results: list[Verdict]


class Imported(BaseModel):
    """A policy that an import adds, changes or removes, and what it says before and after; one that
    a dry run would add has no id yet."""

    id: str | None
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ImportOut(BaseModel):
    """What an import did, or with `dry_run` would do. `broken` are assertions that do not hold
    after it; `revision` is the ETag of all policies, as they are now."""

    dry_run: bool
    mode: Literal["merge", "replace"]
    revision: int
    added: list[Imported]
    changed: list[Imported]
    removed: list[Imported]
    unchanged: int
    broken: list[Verdict]
    warnings: list[str]


class About(BaseModel):
    """A policy that says something of a table or column."""

    id: str
    name: str
    kind: Literal["grant", "restriction"]
    to: ToIn


class Seer(_Sight):
    """What one user sees of it."""

    user: str
    sees: bool
    masked: bool


class EffectiveOut(Page):
    """Who sees a table or column: the policies on it that are switched on, and active users."""

    item: str
    policies: list[About]
    users: list[Seer]
