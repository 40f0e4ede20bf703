"""Fitting: what a policy says, held against the data and the people that there are.

What is kept already is not held against them again: data and people change, and whoever switches
such a policy off must not be kept from it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import BadInput, DataMindError
from datamind.governance import assertions, predicates
from datamind.governance.masks import fits
from datamind.governance.names import Relations, relations
from datamind.governance.rules import EVERYTHING
from datamind.records import Dialect
from datamind.rooms.caller import ROLES
from datamind.rooms.parts import Governing
from datamind.rooms.policies.schemas import RestrictionPolicyIn, Wanted
from datamind.rooms.policies.stored import said_of
from datamind.rooms.users import service as users
from datamind.semantics.catalog import Catalog, Table, View

NAMED = "Make it first, or name one that there is."
Stranger = tuple[tuple[str, ...], str]


@dataclass(frozen=True)
class People:
    """Whom policies may name, and the attributes that anybody has."""

    groups: frozenset[str]
    users: frozenset[str]
    attributes: frozenset[str]


async def people_of(session: AsyncSession) -> People:
    """Those that there are."""
    found = await users.attributes_by_email(session)
    known = frozenset(name for attributes in found.values() for name in attributes)
    return People(frozenset(await users.names_of_groups(session)), frozenset(found), known)


async def must_fit(
    session: AsyncSession, parts: Governing, wanted: Wanted, before: Wanted | None = None
) -> list[str]:
    """The fault of one policy, if it has any; else what its author should know."""
    people = await people_of(session)
    (fault,) = await check(parts, [(wanted, before)], people)
    if fault is not None:
        raise fault
    return warnings_of([wanted], parts.warehouse.dialect, people)


async def check(
    parts: Governing, wanted: Sequence[tuple[Wanted, Wanted | None]], people: People
) -> list[DataMindError | None]:
    """What is wrong with each, beside what it said before: BadInput, UnknownTable or UnknownColumn
    for what the guard could make nothing of, or what would concern nobody."""
    loop = asyncio.get_running_loop()
    catalog, dialect = parts.bindings.catalog, parts.warehouse.dialect
    every = relations(View(catalog), dialect)

    def fault(policy: Wanted, before: Wanted | None) -> DataMindError | None:
        if before is not None and _content(before) == _content(policy):
            return None
        try:
            _check(policy, catalog, every, people)
        except DataMindError as found:
            return found
        return None

    # A predicate on `*` is read once for each table: not on the event loop.
    return await loop.run_in_executor(parts.threads, lambda: [fault(*one) for one in wanted])


def warnings_of(policies: Sequence[Wanted], dialect: Dialect, people: People) -> list[str]:
    """Attributes that predicates ask for and nobody has."""
    found = []
    for policy in policies:
        asked = predicates.attributes_of(policy.rows, dialect) if policy.rows is not None else ()
        for name in sorted({*asked} - people.attributes):
            has = ", ".join(sorted(people.attributes)) or "none at all"
            found.append(
                f"{policy.name}: no user has the attribute {name}, so its predicate holds for"
                f" nobody. Users have {has}."
            )
    return found


def _content(policy: Wanted) -> str:
    said = said_of(policy)
    return json.dumps({k: v for k, v in said.items() if k not in ("name", "enabled")})


def _check(wanted: Wanted, catalog: Catalog, every: Relations, people: People) -> None:
    everything = View(catalog)
    tables = catalog.tables if wanted.on == EVERYTHING else (everything.table(wanted.on),)
    if wanted.on != EVERYTHING:
        for column in _columns(wanted):
            tables[0].column(column)
    if isinstance(wanted, RestrictionPolicyIn):
        _check_masks(wanted, tables)
    if wanted.rows is not None:
        for table in tables:
            predicates.check(wanted.rows, table, every)
    _check_effect(wanted)
    strangers = list(_strangers(wanted, people))
    if strangers:
        raise BadInput(
            strangers[0][1], hint=NAMED,
            errors=[{"loc": list(place), "msg": said} for place, said in strangers],
        )  # fmt: skip
    for assertion in wanted.assertions:
        assertions.check(assertion, catalog, every.names.dialect)


def _check_masks(wanted: RestrictionPolicyIn, tables: Sequence[Table]) -> None:
    for column in (c for table in tables for c in table.columns if c.name in wanted.mask):
        mask = wanted.mask[column.name]
        if not fits(mask, column):
            raise BadInput(
                f"The mask {mask} does not fit {column.id}, which is of type {column.type}.",
                hint="`hash` and `null` fit any column, `generalise` dates and numbers.",
            )


def _check_effect(wanted: Wanted) -> None:
    """BadInput for what concerns nobody, or does nothing to anybody."""
    if not (wanted.to.roles or wanted.to.groups or wanted.to.users):
        raise BadInput("The policy concerns nobody.", hint="`to` names roles, groups or users.")
    if isinstance(wanted, RestrictionPolicyIn):
        if wanted.rows is None and not wanted.mask and not wanted.hide:
            raise BadInput(
                "The restriction takes nothing away.", hint="Say `rows`, `mask` or `hide`."
            )
    elif wanted.columns == []:
        raise BadInput("The grant carries no column.", hint="Name columns, or leave them out.")


def _strangers(wanted: Wanted, people: People) -> Iterator[Stranger]:
    """Whom it names though they are not there, each with its place."""
    roles = ", ".join(ROLES)
    for role in wanted.to.roles:
        if role not in ROLES:
            yield ("to", "roles"), f"There is no role {role}: roles are {roles}."
    yield from _absent(("to", "groups"), "group", wanted.to.groups, people.groups)
    emails = [email.lower() for email in wanted.to.users]
    yield from _absent(("to", "users"), "user", emails, people.users)
    for number, assertion in enumerate(wanted.assertions):
        place, asker = ("assertions", str(number), "as"), assertion.asker
        yield from _absent((*place, "groups"), "group", asker.groups, people.groups)
        if asker.user is not None and asker.user not in people.users:
            yield (*place, "user"), f"There is no user {asker.user}."


def _absent(
    place: tuple[str, ...], word: str, named: Sequence[str], there: frozenset[str]
) -> Iterator[Stranger]:
    for name in named:
        if name not in there:
            yield place, f"There is no {word} {name}."


def _columns(wanted: Wanted) -> Sequence[str]:
    """The columns that a policy names."""
    if isinstance(wanted, RestrictionPolicyIn):
        return [*wanted.mask, *wanted.hide]
    if isinstance(wanted.columns, list):
        return wanted.columns
    return wanted.columns.but if not isinstance(wanted.columns, str) else []
