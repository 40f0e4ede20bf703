"""Rules: grants and restrictions, as people write them, and which of them concern an asker."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

from datamind.records import Scalar
from datamind.semantics.catalog import Column, Values

Mask = Literal["email", "phone", "ssn", "card", "name", "hash", "null", "last4", "generalise"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who a statement is governed for, as rules see them."""

    user: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, Scalar | tuple[Scalar, ...] | None] = field(default_factory=dict)


def known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as JSON or YAML has them, in the form in which askers have them."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in attributes.items()}


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


EVERYTHING = "*"
# What the catalog calls passwords, tokens and their hashes.
SECRET = "secret"  # noqa: S105 (the word, not one of them)


@dataclass(frozen=True, slots=True)
class Grant:
    """Lets read a relation (`*`: each): the rows where `rows` (SQL over it) holds, all if None.

    `columns` are the ones that it carries, all if None; those in `but` it does not. `policy` is the
    id and version of what says so, for the audit.
    """

    on: str
    to: To
    rows: str | None = None
    columns: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    policy: str = ""

    def carries(self, column: Column) -> bool:
        """Whether the grant lets read the column; secrets have to be named."""
        if self.columns is None:
            return column.pii != SECRET and column.name not in self.but
        return column.name in self.columns and column.name not in self.but


@dataclass(frozen=True, slots=True)
class Restriction:
    """Takes from all grants: rows where `rows` does not hold, columns, what masked ones show."""

    on: str
    to: To
    rows: str | None = None
    mask: Mapping[str, Mask] = field(default_factory=dict)
    hide: frozenset[str] = frozenset()
    policy: str = ""


def _said(rule: Grant | Restriction) -> str:
    """The same text for the same rule, in any process."""
    parts = []
    for field_ in fields(rule):
        value = getattr(rule, field_.name)
        if isinstance(value, To):
            value = sorted(value.roles), sorted(value.groups), sorted(value.users)
        elif isinstance(value, frozenset):
            value = sorted(value)
        elif isinstance(value, Mapping):
            value = sorted(value.items())
        parts.append(repr(value))
    return f"{type(rule).__name__}: {', '.join(parts)}"


@dataclass(frozen=True)
class Rights:
    """Who asks, and the rules that there are: what the guard is told of an asker.

    `own` are the values that they may read in tables of which they see some rows, and `told` names
    those values (empty: none were read).
    """

    asker: Asker
    rules: Rules
    own: Values = field(default_factory=dict)
    told: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for askers of whom all that rules can see is equal, under equal rules."""
        who = self.asker
        return (
            self.rules.fingerprint, self.told, who.user, who.roles, who.groups,
            tuple(sorted((name, repr(value)) for name, value in who.attributes.items())),
        )  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """All rules of an installation. No grant, no relation (README of the guard corpus)."""

    grants: tuple[Grant, ...] = ()
    restrictions: tuple[Restriction, ...] = ()

    def of(self, relation: str, asker: Asker) -> tuple[list[Grant], list[Restriction]]:
        """The rules on a relation that concern the asker."""
        found = [self._on[on] for on in (EVERYTHING, relation) if on in self._on]
        return (
            [g for grants, _ in found for g in grants if g.to.holds(asker)],
            [r for _, restrictions in found for r in restrictions if r.to.holds(asker)],
        )

    @cached_property
    def fingerprint(self) -> str:
        """Names what the rules say."""
        said = sorted(map(_said, self.grants)), sorted(map(_said, self.restrictions))
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    @cached_property
    def _on(self) -> Mapping[str, tuple[list[Grant], list[Restriction]]]:
        found: dict[str, tuple[list[Grant], list[Restriction]]] = {}
        for grant in self.grants:
            found.setdefault(grant.on, ([], []))[0].append(grant)
        for restriction in self.restrictions:
            found.setdefault(restriction.on, ([], []))[1].append(restriction)
        return found
