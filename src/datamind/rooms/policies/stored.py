"""Policies as they are stored: documents and bindings, read back into rules; all of them a book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.governance.rules import Grant, Restriction, Rules
from datamind.rooms.policies.models import DataPolicy, PolicyBinding, PolicyState
from datamind.rooms.policies.schemas import PolicyIn, Wanted

SUBJECTS = ("roles", "groups", "users")
_wire: TypeAdapter[Wanted] = TypeAdapter(PolicyIn)


@dataclass(frozen=True)
class Book:
    """All policies as they were read at once; `revision` counts the changes of any of them."""

    revision: int
    rows: Mapping[str, DataPolicy]
    policies: Mapping[str, Wanted]

    @property
    def rules(self) -> Rules:
        """Those that are switched on, as the guard takes them, each with its id and version."""
        return _rules(
            replace(policy.record(), policy=f"{key}@{self.rows[key].version}")
            for key, policy in self.policies.items()
            if policy.enabled
        )


def said_of(wanted: Wanted) -> dict[str, Any]:
    """All that a policy says, as JSON; whom it concerns in order, addresses in small letters."""
    said = wanted.model_dump(mode="json", by_alias=True, exclude={"assertions"})
    said["to"] = {
        kind: sorted({s.lower() if kind == "users" else s for s in said["to"][kind]})
        for kind in SUBJECTS
    }
    return {**said, "assertions": [assertion.said() for assertion in wanted.assertions]}


def settled(wanted: Wanted) -> Wanted:
    """The policy as it is read back once it is kept."""
    return _wire.validate_python(said_of(wanted))


def settled_from(said: dict[str, Any]) -> Wanted:
    """The policy that says this; ValidationError where none can."""
    return settled(_wire.validate_python(said))


def document_of(said: dict[str, Any]) -> dict[str, Any]:
    """What is stored of it in one piece: not whom it concerns, nor what has its own column."""
    return {k: v for k, v in said.items() if k not in ("kind", "name", "on", "to", "enabled")}


def subjects_of(said: dict[str, Any]) -> list[tuple[str, str]]:
    """Whom it concerns."""
    return [(kind, subject) for kind in SUBJECTS for subject in said["to"][kind]]


def read_back(policy: DataPolicy, bindings: Iterable[PolicyBinding]) -> Wanted:
    """The policy as it was sent."""
    to: dict[str, list[str]] = {kind: [] for kind in SUBJECTS}
    for binding in bindings:
        to[binding.kind].append(binding.subject)
    return _wire.validate_python(
        {
            **policy.document, "kind": policy.kind, "name": policy.name, "on": policy.relation,
            "enabled": policy.enabled, "to": {kind: sorted(found) for kind, found in to.items()},
        }
    )  # fmt: skip


async def read_book(session: AsyncSession) -> Book:
    """All policies there are, afresh."""
    # Its number first: what is changed while the rest is read makes a newer one.
    revision = await session.scalar(select(PolicyState.revision))
    bindings: dict[str, list[PolicyBinding]] = {}
    fresh = {"populate_existing": True}
    for binding in await session.scalars(select(PolicyBinding), execution_options=fresh):
        bindings.setdefault(binding.policy_id, []).append(binding)
    found = select(DataPolicy).order_by(DataPolicy.id)
    rows = {row.id: row for row in await session.scalars(found, execution_options=fresh)}
    read = {key: read_back(row, bindings.get(key, ())) for key, row in rows.items()}
    return Book(revision or 0, rows, read)


def rules_in(policies: Iterable[Wanted]) -> Rules:
    """The rules of those that are switched on, kept already or not."""
    return _rules(policy.record() for policy in policies if policy.enabled)


def _rules(given: Iterable[Grant | Restriction]) -> Rules:
    records = list(given)
    return Rules(
        tuple(r for r in records if isinstance(r, Grant)),
        tuple(r for r in records if isinstance(r, Restriction)),
    )


def by_relation(policies: Mapping[str, Wanted]) -> Sequence[tuple[str, Wanted]]:
    """In the order in which people read them: grants first, then by table and name."""
    return sorted(policies.items(), key=lambda p: (p[1].kind, p[1].on, p[1].name, p[0]))
