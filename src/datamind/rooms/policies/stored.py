"""Policies as they are stored: documents and bindings, read back into rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from datamind.governance.rules import Grant, Restriction
from datamind.rooms.policies.models import DataPolicy, PolicyBinding
from datamind.rooms.policies.schemas import GrantPolicyIn, PolicyIn, RestrictionPolicyIn

SUBJECTS = ("roles", "groups", "users")
_wire: TypeAdapter[GrantPolicyIn | RestrictionPolicyIn] = TypeAdapter(PolicyIn)


def said_of(wanted: GrantPolicyIn | RestrictionPolicyIn) -> dict[str, Any]:
    """All that a policy says, as JSON."""
    return wanted.model_dump(mode="json", by_alias=True)


def document_of(said: dict[str, Any]) -> dict[str, Any]:
    """What is stored of it in one piece: not whom it concerns, nor what has its own column."""
    return {k: v for k, v in said.items() if k not in ("kind", "name", "on", "to", "enabled")}


def subjects_of(said: dict[str, Any]) -> set[tuple[str, str]]:
    """Whom it concerns; addresses of users in small letters."""
    return {
        (kind, subject.lower() if kind == "users" else subject)
        for kind in SUBJECTS
        for subject in said["to"][kind]
    }


def read_back(
    policy: DataPolicy, bindings: Iterable[PolicyBinding]
) -> GrantPolicyIn | RestrictionPolicyIn:
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


def record_of(policy: DataPolicy, bindings: Iterable[PolicyBinding]) -> Grant | Restriction:
    """The policy as the guard takes it."""
    record = read_back(policy, bindings).record()
    return replace(record, policy=f"{policy.id}@{policy.version}")
