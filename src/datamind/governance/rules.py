"""Rules: grants and restrictions, as people write them, and which of them concern an asker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from datamind.records import Identity, Scalar

Mask = Literal["email", "phone", "ssn", "card", "name", "hash", "null", "last4", "generalise"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who a statement is governed for, as rules see them."""

    user: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, Scalar | tuple[Scalar, ...] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, identity: Identity) -> Asker:
        """The asker of this identity."""
        return cls(
            identity.user, frozenset((identity.role,)), frozenset(identity.groups),
            dict(identity.attributes),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class To:
    """Whom a rule concerns: anyone who is in one of the three."""

    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def holds(self, asker: Asker) -> bool:
        """Whether the asker is among them."""
        return bool(
            asker.user in self.users or self.roles & asker.roles or self.groups & asker.groups
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """Lets read a relation: the rows where `rows` (SQL over it) holds, all of them if None.

    `columns` are the ones that it carries, all if None; those in `but` it does not.
    """

    on: str
    to: To
    rows: str | None = None
    columns: frozenset[str] | None = None
    but: frozenset[str] = frozenset()

    def carries(self, column: str) -> bool:
        """Whether the grant lets read the column."""
        return (self.columns is None or column in self.columns) and column not in self.but


@dataclass(frozen=True, slots=True)
class Restriction:
    """Takes from all grants: rows where `rows` does not hold, columns, what masked ones show."""

    on: str
    to: To
    rows: str | None = None
    mask: Mapping[str, Mask] = field(default_factory=dict)
    hide: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """All rules of an installation. No grant, no relation (README of the guard corpus)."""

    grants: tuple[Grant, ...] = ()
    restrictions: tuple[Restriction, ...] = ()

    def of(self, relation: str, asker: Asker) -> tuple[list[Grant], list[Restriction]]:
        """The rules on a relation that concern the asker."""
        grants, restrictions = self._on.get(relation, ((), ()))
        return (
            [g for g in grants if g.to.holds(asker)],
            [r for r in restrictions if r.to.holds(asker)],
        )

    @cached_property
    def _on(self) -> Mapping[str, tuple[list[Grant], list[Restriction]]]:
        found: dict[str, tuple[list[Grant], list[Restriction]]] = {}
        for grant in self.grants:
            found.setdefault(grant.on, ([], []))[0].append(grant)
        for restriction in self.restrictions:
            found.setdefault(restriction.on, ([], []))[1].append(restriction)
        return found
