"""Policies: made, changed and taken away by admins; every version is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import NotFound, Outdated
from datamind.governance import predicates
from datamind.governance.names import relations
from datamind.governance.rules import EVERYTHING
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Parts
from datamind.rooms.policies.models import DataPolicy, PolicyBinding, PolicyVersion
from datamind.rooms.policies.schemas import (
    GrantPolicyIn,
    PoliciesOut,
    PolicyOut,
    RestrictionPolicyIn,
    VersionOut,
    VersionsOut,
)
from datamind.rooms.policies.stored import document_of, read_back, said_of, subjects_of
from datamind.semantics.catalog import View

Wanted = GrantPolicyIn | RestrictionPolicyIn


async def find(
    session: AsyncSession, caller: Caller, *, kind: str | None, relation: str | None, limit: int,
    cursor: str | None,
) -> PoliciesOut:  # fmt: skip
    """A page of policies, newest first."""
    need(caller, "admin")
    found = select(DataPolicy)
    if kind is not None:
        found = found.where(DataPolicy.kind == kind)
    if relation is not None:
        found = found.where(DataPolicy.relation == relation)
    rows, total, following = await page_of(
        session, found, DataPolicy.created_at, DataPolicy.id, limit=limit, cursor=cursor
    )
    bindings = await _bindings(session, [row.id for row in rows])
    items = [_out(row, bindings.get(row.id, [])) for row in rows]
    return PoliciesOut(items=items, total=total, next_cursor=following)


async def get(session: AsyncSession, caller: Caller, policy_id: str) -> PolicyOut:
    """One policy."""
    need(caller, "admin")
    return await _told(session, await _existing(session, policy_id))


async def create(session: AsyncSession, parts: Parts, caller: Caller, wanted: Wanted) -> PolicyOut:
    """A new policy; BadInput where it names what isn't there, or its predicate can't be used."""
    need(caller, "admin")
    _check(parts, wanted)
    now = parts.now()
    policy = DataPolicy(
        id=clock.new_id("pol"), kind=wanted.kind, name=wanted.name, relation=wanted.on,
        document={}, enabled=wanted.enabled, version=0, created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(policy)
    await _say(session, parts, caller, policy, said_of(wanted))
    return await _told(session, policy)


async def change(
    session: AsyncSession, parts: Parts, caller: Caller, policy_id: str, wanted: Wanted,
    version: int | None,
) -> PolicyOut:  # fmt: skip
    """The policy, saying this from now on; Outdated where `version` is not the present one."""
    need(caller, "admin")
    policy = await _existing(session, policy_id, version)
    _check(parts, wanted)
    await _say(session, parts, caller, policy, said_of(wanted))
    return await _told(session, policy)


async def take_away(
    session: AsyncSession, parts: Parts, caller: Caller, policy_id: str, version: int | None
) -> None:
    """Delete a policy; its versions stay."""
    need(caller, "admin")
    policy = await _existing(session, policy_id, version)
    await _say(session, parts, caller, policy, None)
    await session.delete(policy)


async def versions(session: AsyncSession, caller: Caller, policy_id: str) -> VersionsOut:
    """What a policy has said, newest first; also of one that was taken away."""
    need(caller, "admin")
    found = await session.scalars(
        select(PolicyVersion)
        .where(PolicyVersion.policy_id == policy_id)
        .order_by(PolicyVersion.version.desc())
    )
    items = [
        VersionOut(version=v.version, changed_at=v.changed_at, changed_by=v.changed_by, said=v.said)
        for v in found
    ]
    if not items:
        raise NotFound("There is no such policy.")
    return VersionsOut(items=items)


def _check(parts: Parts, wanted: Wanted) -> None:
    """BadInput, UnknownTable or UnknownColumn for what the guard could make nothing of."""
    catalog = parts.bindings.catalog
    everything = View(catalog)
    tables = catalog.tables if wanted.on == EVERYTHING else (everything.table(wanted.on),)
    if wanted.on != EVERYTHING:
        for column in _columns(wanted):
            tables[0].column(column)
    if wanted.rows is not None:
        for table in tables:
            predicates.check(wanted.rows, table, relations(everything, parts.warehouse.dialect))


def _columns(wanted: Wanted) -> Sequence[str]:
    """The columns that a policy names."""
    if isinstance(wanted, RestrictionPolicyIn):
        return [*wanted.mask, *wanted.hide]
    if isinstance(wanted.columns, list):
        return wanted.columns
    return wanted.columns.but if not isinstance(wanted.columns, str) else []


async def _say(
    session: AsyncSession, parts: Parts, caller: Caller, policy: DataPolicy,
    said: dict[str, Any] | None,
) -> None:  # fmt: skip
    """The next version of a policy; at once in force here, once it is kept."""
    newest = await session.scalar(
        select(func.max(PolicyVersion.version)).where(PolicyVersion.policy_id == policy.id)
    )
    policy.version = (newest or 0) + 1
    policy.updated_at = parts.now()
    session.add(
        PolicyVersion(
            policy_id=policy.id,
            version=policy.version,
            said=said,
            changed_at=policy.updated_at,
            changed_by=caller.identity.user,
        )
    )
    await session.execute(delete(PolicyBinding).where(PolicyBinding.policy_id == policy.id))
    if said is not None:
        policy.kind, policy.name, policy.relation = said["kind"], said["name"], said["on"]
        policy.enabled, policy.document = said["enabled"], document_of(said)
        session.add_all(
            PolicyBinding(policy_id=policy.id, kind=kind, subject=subject)
            for kind, subject in sorted(subjects_of(said))
        )
    try:
        await session.flush()
    except IntegrityError:  # two said the next version at once
        raise Outdated("The policy was changed in the meantime.") from None
    event.listen(session.sync_session, "after_commit", lambda _: parts.rights.forget(), once=True)
    await note(
        parts, caller, "policy_change", Outcome.success, policy=policy.id, version=policy.version,
        said=said,
    )  # fmt: skip


async def _existing(
    session: AsyncSession, policy_id: str, version: int | None = None
) -> DataPolicy:
    policy = await session.get(DataPolicy, policy_id)
    if policy is None:
        raise NotFound("There is no such policy.")
    if version is not None and version != policy.version:
        raise Outdated("The policy was changed in the meantime.")
    return policy


async def _bindings(
    session: AsyncSession, policies: Sequence[str]
) -> dict[str, list[PolicyBinding]]:
    found: dict[str, list[PolicyBinding]] = {}
    for binding in await session.scalars(
        select(PolicyBinding).where(PolicyBinding.policy_id.in_(policies))
    ):
        found.setdefault(binding.policy_id, []).append(binding)
    return found


async def _told(session: AsyncSession, policy: DataPolicy) -> PolicyOut:
    return _out(policy, (await _bindings(session, [policy.id])).get(policy.id, []))


def _out(policy: DataPolicy, bindings: Sequence[PolicyBinding]) -> PolicyOut:
    return PolicyOut(
        id=policy.id, version=policy.version, created_at=policy.created_at,
        updated_at=policy.updated_at, policy=read_back(policy, bindings),
    )  # fmt: skip
