"""Proposals: policies that would mask what looks like personal data; admins make them, or not."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.governance.rules import Mask
from datamind.governance.rules_file import ToIn
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.policies.schemas import Found, ProposalsOut, RestrictionPolicyIn
from datamind.rooms.policies.stored import read_book, rules_in

MASKS: dict[str, Mask] = {
    "email": "email", "phone": "phone", "ssn": "ssn", "card": "card", "iban": "last4",
    "ip": "hash", "birth": "generalise", "name": "name",
}  # fmt: skip
OTHERS = ["viewer", "analyst"]


async def scan(session: AsyncSession, parts: Parts, caller: Caller) -> ProposalsOut:
    """What the catalog takes for personal data, and a restriction for each table in which some of
    it is neither masked nor hidden from anybody. Nothing is granted, nothing is changed."""
    need(caller, "admin")
    policies = (await read_book(session)).policies.values()
    rules = rules_in(policies).restrictions
    found: list[Found] = []
    proposals: list[RestrictionPolicyIn] = []
    for table in sorted(parts.bindings.catalog.tables, key=lambda t: t.id):
        on = [r for r in rules if r.on in (table.id, "*")]
        dealt_with = {name for r in on for name in (*r.mask, *r.hide)}
        kinds = {c.name: c.pii for c in table.columns if c.pii in MASKS}
        found += [
            Found(table=table.id, column=name, kind=str(kind), dealt_with=name in dealt_with)
            for name, kind in kinds.items()
        ]
        masks = {n: MASKS[str(k)] for n, k in kinds.items() if n not in dealt_with}
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
