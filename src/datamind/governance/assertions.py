"""Assertions: what an asker must see, and must not; tests of access, kept with a policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlglot import exp

from datamind.errors import BadInput, DataMindError, SqlRejected
from datamind.governance.guard import check as guard
from datamind.governance.limits import tokens_within_limits
from datamind.governance.rules import Asker, known
from datamind.governance.shape import parse
from datamind.records import Dialect, Draft
from datamind.semantics.catalog import Catalog, View

Kind = Literal["sees", "does_not_see", "masked", "allowed", "refused", "rows"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OF_THE_VIEW = ("sees", "does_not_see", "masked")  # answered without a statement
MOST_ITEMS = 50
Item = Annotated[str, Field(min_length=1, max_length=500)]
Sql = Annotated[str, Field(min_length=1, max_length=64 * 1024)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Real = Annotated[float, Field(allow_inf_nan=False)]
Value = bool | Whole | Real | Annotated[str, Field(max_length=400)]
Rows = Annotated[int, Field(ge=0, lt=2**63)]
REFUSED = "Write a statement that would be allowed to somebody who sees everything."
COUNT = "The statement of `rows` is one count: SELECT count(*) FROM orders."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class AskerIn(_Part):
    """Who asks: a user by address, or somebody made up of a role, groups and attributes."""

    user: Annotated[str, Field(max_length=254), AfterValidator(str.lower)] | None = None
    role: Literal["viewer", "analyst", "admin"] | None = None
    groups: list[Annotated[str, Field(max_length=254)]] = Field(default=[], max_length=50)
    attributes: dict[str, Value | list[Value]] = Field(default={}, max_length=50)

    @model_validator(mode="after")
    def _one_of_both(self) -> AskerIn:
        made_up = self.role is not None or self.groups or self.attributes
        if (self.user is None) == (not made_up):
            raise ValueError("an asker is a user, or somebody made up of role, groups, attributes")
        return self

    def made_up(self) -> Asker:
        """The asker that is none of the users."""
        roles = frozenset((self.role,)) if self.role else frozenset()
        return Asker("", roles, frozenset(self.groups), known(self.attributes))

    def __str__(self) -> str:
        if self.user is not None:
            return self.user
        groups = f" in {', '.join(self.groups)}" if self.groups else ""
        pairs = ", ".join(f"{name} {value}" for name, value in self.attributes.items())
        return f"{self.role or 'somebody'}{groups}{f' with {pairs}' if pairs else ''}"


class CountIn(_Part):
    """How many rows there are for the asker: what `sql`, one count, must come to."""

    sql: Sql
    equals: Rows | None = None
    at_least: Rows | None = None
    at_most: Rows | None = None

    @model_validator(mode="after")
    def _bounded(self) -> CountIn:
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("say what the count equals, or `at_least`, or `at_most`")
        return self

    def holds(self, count: int) -> bool:
        """Whether this many is what was said."""
        return (
            self.equals in (None, count)
            and (self.at_least is None or count >= self.at_least)
            and (self.at_most is None or count <= self.at_most)
        )

    def __str__(self) -> str:
        said = (("", self.equals), ("at least ", self.at_least), ("at most ", self.at_most))
        wanted = " and ".join(f"{word}{n:,}" for word, n in said if n is not None)
        return f"{wanted} for {self.sql}"


class AssertionIn(_Part):
    """What must hold for an asker. Tables and columns go by their ids in the catalog; statements
    in `allowed` and `refused` are put to the guard and not run, the count of `rows` is run."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "as": {"role": "analyst", "groups": ["west"], "attributes": {"region": "West"}},
                "sees": ["orders"],
                "does_not_see": ["customers.card_no"],
                "rows": [{"sql": "SELECT count(*) FROM orders", "at_least": 1}],
            }
        }
    )

    asker: AskerIn = Field(alias="as")
    sees: list[Item] = Field(default=[], max_length=MOST_ITEMS)
    does_not_see: list[Item] = Field(default=[], max_length=MOST_ITEMS)
    masked: list[Item] = Field(default=[], max_length=MOST_ITEMS)
    allowed: list[Sql] = Field(default=[], max_length=MOST_ITEMS)
    refused: list[Sql] = Field(default=[], max_length=MOST_ITEMS)
    rows: list[CountIn] = Field(default=[], max_length=MOST_ITEMS)

    @model_validator(mode="after")
    def _says_something(self) -> AssertionIn:
        if not any(getattr(self, kind) for kind in KINDS):
            raise ValueError(f"an assertion says one of {', '.join(KINDS)}")
        return self

    def claims(self) -> Iterator[Claim]:
        """Each thing that it says."""
        for kind in KINDS:
            for item in getattr(self, kind):
                count = item if isinstance(item, CountIn) else None
                yield Claim(kind, count.sql if count is not None else item, count)

    def said(self) -> dict[str, Any]:
        """As JSON, without what it does not say."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that is asserted of an item (a table, a column, a statement)."""

    kind: Kind
    item: str
    count: CountIn | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.count if self.count is not None else self.item}"


def look(claim: Claim, view: View) -> tuple[bool, str]:
    """Whether a claim about tables and columns holds in the asker's view, and what is seen."""
    sees = view.sees(claim.item)
    veiled = claim.item in view.masked_columns
    seen = "does not see it" if not sees else "sees it masked" if veiled else "sees it"
    holds = {"sees": sees, "does_not_see": not sees, "masked": sees and veiled}[claim.kind]
    return holds, seen


def check(assertion: AssertionIn, catalog: Catalog, dialect: Dialect) -> None:
    """BadInput, UnknownTable or UnknownColumn for what could never be told to hold or not."""
    everything = View(catalog)
    for claim in assertion.claims():
        if claim.kind in OF_THE_VIEW:
            if not everything.sees(claim.item):
                everything.column(claim.item) if "." in claim.item else everything.table(claim.item)
            if claim.kind == "masked" and claim.item in everything.by_id:
                raise BadInput(f"{claim.item} is a table: columns are masked.")
        elif claim.count is not None:
            _check_count(claim.item, dialect)
        elif claim.kind == "refused":
            _check_refused(claim.item, everything, dialect)


def _check_refused(sql: str, everything: View, dialect: Dialect) -> None:
    """BadInput where the statement is refused to anybody, so that no policy makes it so."""
    try:
        guard(Draft(sql, dialect, "", "generated", "person"), everything)
    except DataMindError as fault:
        raise BadInput(
            f"`refused` holds whatever policies say: {fault.message}", hint=REFUSED
        ) from None


def _check_count(sql: str, dialect: Dialect) -> None:
    """BadInput unless all that the statement can show is a count."""
    try:
        tokens_within_limits(sql, dialect)
        tree = parse(sql, dialect)
    except SqlRejected as fault:
        raise BadInput(fault.message, hint=COUNT) from None
    shown = [one.unalias() for one in tree.expressions] if isinstance(tree, exp.Select) else []
    if len(shown) != 1 or not isinstance(shown[0], exp.Count) or tree.args.get("group"):
        raise BadInput(COUNT)
