"""Proposals: policies that would mask what looks like personal data; admins make them, or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.governance.bound import Bindings
from datamind.governance.masks import fits
from datamind.governance.rules import SECRET, Asker, Mask, Rights, Rules
from datamind.governance.rules_file import ToIn
from datamind.rooms.caller import ROLES, Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.policies.rights import askers, rules_of
from datamind.rooms.policies.schemas import Found, ProposalsOut, RestrictionPolicyIn
from datamind.semantics.catalog import Column
from datamind.semantics.pii import kind_called

MASKS: dict[str, Mask] = {
    "email": "email", "phone": "phone", "ssn": "ssn", "card": "card", "iban": "last4",
    "ip": "hash", "birth": "generalise", "name": "name",
}  # fmt: skip
OTHERS = ["viewer", "analyst"]


@dataclass
class _Seers:
    """Who sees a column unmasked."""

    roles: list[str] = field(default_factory=list)
    users: int = 0
    others: bool = False  # somebody who is no admin


async def scan(session: AsyncSession, parts: Parts, caller: Caller) -> ProposalsOut:
    """What the catalog takes for personal data, and a restriction for each table in which others
    than admins see some of it unmasked. Nothing is granted, nothing is changed."""
    need(caller, "admin")
    tables = sorted(parts.bindings.catalog.tables, key=lambda t: t.id)
    kinds = {
        c.id: _kind(c) for table in tables for c in table.columns if c.pii not in (None, SECRET)
    }
    seers = await _seers(session, parts.bindings, list(kinds))
    found: list[Found] = []
    proposals: list[RestrictionPolicyIn] = []
    for table in tables:
        personal = [column for column in table.columns if column.id in kinds]
        found += [
            Found(
                table=table.id, column=c.name, kind=kinds[c.id],
                dealt_with=not (seers[c.id].roles or seers[c.id].users),
                seen_by_roles=seers[c.id].roles, seen_by_users=seers[c.id].users,
            )
            for c in personal
        ]  # fmt: skip
        masks = {c.name: _mask(kinds[c.id], c) for c in personal if seers[c.id].others}
        if masks:
            proposals.append(
                RestrictionPolicyIn(
                    kind="restriction",
                    name=f"Personal data of {table.id}"[:200],
                    on=table.id,
                    to=ToIn(roles=OTHERS),
                    mask=masks,
                )
            )
    return ProposalsOut(found=found, proposals=proposals)


async def kept_from_others(
    session: AsyncSession, bindings: Bindings, caller: Caller
) -> frozenset[str]:
    """The columns of personal data that nobody but admins sees unmasked."""
    need(caller, "admin")
    columns = [c for table in bindings.catalog.tables for c in table.columns]
    personal = [c.id for c in columns if c.pii not in (None, SECRET)]
    seers = await _seers(session, bindings, personal)
    return frozenset(column for column in personal if not seers[column].others)


async def _seers(
    session: AsyncSession, bindings: Bindings, columns: Sequence[str]
) -> dict[str, _Seers]:
    """Who sees each column unmasked: of somebody of each role, and of all users."""
    rules = await rules_of(session)
    found = {column: _Seers() for column in columns}
    plain: dict[tuple[bool, ...], list[str]] = {}
    made_up = [Asker("", frozenset((role,))) for role in ROLES]
    for asker in (*made_up, *await askers(session)):
        # Whom the same rules concern sees the same columns.
        concerns = [rule.to for rule in rules.grants] + [rule.to for rule in rules.restrictions]
        alike = tuple(to.holds(asker) for to in concerns)
        if alike not in plain:
            await asyncio.sleep(0)  # others are answered meanwhile
            plain[alike] = _plain(bindings, asker, rules, columns)
        for column in plain[alike]:
            seers = found[column]
            if asker.user:
                seers.users += 1
            else:
                seers.roles += asker.roles
            seers.others |= "admin" not in asker.roles
    return found


def _plain(bindings: Bindings, asker: Asker, rules: Rules, columns: Sequence[str]) -> list[str]:
    view = bindings.of(Rights(asker, rules)).view
    return [c for c in columns if view.sees(c) and c not in view.masked_columns]


def mask_for(column: Column) -> Mask:
    """The mask that leaves the most use of what the column holds."""
    return _mask(_kind(column), column)


def _kind(column: Column) -> str:
    """The kind, in our own word where whoever marked the column used another."""
    said = str(column.pii)
    return said if said in MASKS else kind_called(said) or said


def _mask(kind: str, column: Column) -> Mask:
    """What leaves the most use of its kind, and nothing of a kind that we don't know."""
    mask = MASKS.get(kind, "null")
    return mask if fits(mask, column) else "null"
