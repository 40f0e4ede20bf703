"""Policies: made, changed and taken away by admins; every version is kept."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import BadInput, NotFound, Outdated
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Governing
from datamind.rooms.policies.changing import Step, in_place, keep
from datamind.rooms.policies.fitting import must_fit
from datamind.rooms.policies.models import DataPolicy, PolicyBinding, PolicyVersion
from datamind.rooms.policies.schemas import (
    PoliciesOut,
    PolicyOut,
    PolicyPatch,
    VersionOut,
    VersionsOut,
    Wanted,
)
from datamind.rooms.policies.stored import Book, read_back, said_of, settled_from

WHOLE = {"kind", "name", "on", "to"}


async def find(
    session: AsyncSession, caller: Caller, *, kind: str | None, relation: str | None, limit: int,
    cursor: str | None, where: ColumnElement[bool] | None = None,
) -> PoliciesOut:  # fmt: skip
    """A page of policies, newest first."""
    need(caller, "admin")
    found = select(DataPolicy)
    if where is not None:
        found = found.where(where)
    if kind is not None:
        found = found.where(DataPolicy.kind == kind)
    if relation is not None:
        found = found.where(DataPolicy.relation == relation)
    rows, total, following = await page_of(
        session, found, DataPolicy.created_at, DataPolicy.id, limit=limit, cursor=cursor
    )
    return PoliciesOut(items=await _told(session, rows), total=total, next_cursor=following)


async def get(session: AsyncSession, caller: Caller, policy_id: str) -> PolicyOut:
    """One policy."""
    need(caller, "admin")
    policy = await session.get(DataPolicy, policy_id, populate_existing=True)
    if policy is None:
        raise NotFound("There is no such policy.")
    return (await _told(session, [policy]))[0]


async def create(
    session: AsyncSession, parts: Governing, caller: Caller, wanted: Wanted, *, force: bool = False
) -> PolicyOut:
    """A new policy; BadInput where it names what isn't there, or its predicate can't be used."""
    need(caller, "admin")
    warnings = await must_fit(session, parts, wanted)
    policy_id = clock.new_id("pol")
    await keep(session, parts, caller, lambda _: [Step(policy_id, wanted)], force=force)
    return warned(await get(session, caller, policy_id), warnings)


async def change(
    session: AsyncSession, parts: Governing, caller: Caller, policy_id: str, patch: PolicyPatch,
    version: int | None, *, force: bool = False,
) -> PolicyOut:  # fmt: skip
    """The policy, saying this from now on; Outdated where `version` is not the present one."""
    need(caller, "admin")
    read = (await get(session, caller, policy_id)).policy
    wanted = patched(read, patch)
    warnings = await must_fit(session, parts, wanted, read)

    def decide(book: Book) -> list[Step]:
        if in_place(book, policy_id, version) != read:
            raise Outdated("The policy was changed in the meantime.")
        return [Step(policy_id, wanted)]

    await keep(session, parts, caller, decide, force=force)
    return warned(await get(session, caller, policy_id), warnings)


def patched(before: Wanted, patch: PolicyPatch) -> Wanted:
    """The whole policy where the patch says it, else what it said with what the patch says."""
    said = patch.model_dump(by_alias=True, exclude_unset=True)
    # A client that sends the whole may not know of assertions.
    kept = {"assertions"} if said.keys() >= WHOLE else set(said_of(before))
    usual = {name: value for name, value in said_of(before).items() if name in kept}
    try:
        return settled_from({**usual, **said})
    except ValidationError as fault:
        errors = [
            {"loc": ["body", *map(str, e["loc"])], "msg": e["msg"].removeprefix("Value error, ")}
            for e in fault.errors()
        ]
        said_first = f"The policy does not fit: {errors[0]['msg']}."
        raise BadInput(said_first, hint="See `errors`, and /docs.", errors=errors) from None


def warned(told: PolicyOut, warnings: Sequence[str]) -> PolicyOut:
    """What is told of a policy, with what its author should know."""
    return told.model_copy(update={"warnings": list(warnings)})


async def take_away(
    session: AsyncSession, parts: Governing, caller: Caller, policy_id: str, version: int | None,
    *, force: bool = False,
) -> None:  # fmt: skip
    """Delete a policy; its versions stay."""
    need(caller, "admin")

    def decide(book: Book) -> list[Step]:
        in_place(book, policy_id, version)
        return [Step(policy_id, None)]

    await keep(session, parts, caller, decide, force=force)


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


async def _told(session: AsyncSession, policies: Sequence[DataPolicy]) -> list[PolicyOut]:
    bindings: dict[str, list[PolicyBinding]] = {}
    ids = [policy.id for policy in policies]
    for binding in await session.scalars(
        select(PolicyBinding).where(PolicyBinding.policy_id.in_(ids))
    ):
        bindings.setdefault(binding.policy_id, []).append(binding)
    return [
        PolicyOut(
            id=policy.id, version=policy.version, created_at=policy.created_at,
            updated_at=policy.updated_at, policy=read_back(policy, bindings.get(policy.id, ())),
        )
        for policy in policies
    ]  # fmt: skip
