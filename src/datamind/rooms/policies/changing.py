"""Changes of policies: put to the assertions, and kept all together or not at all.

What is decided, is decided on one reading of all policies; where another change was kept
meanwhile, it is decided again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import CursorResult, delete, event, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import AssertionBroken, BadInput, NotFound, Outdated
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Governing
from datamind.rooms.policies import testing
from datamind.rooms.policies.models import (
    DataPolicy,
    PolicyBinding,
    PolicyState,
    PolicyVersion,
)
from datamind.rooms.policies.schemas import Verdict, Wanted
from datamind.rooms.policies.stored import (
    Book,
    document_of,
    read_book,
    said_of,
    settled,
    subjects_of,
)

TURNS = 10


@dataclass(frozen=True, slots=True)
class Step:
    """What a policy is to say from now on; None where it is to go."""

    policy_id: str
    wanted: Wanted | None


@dataclass(frozen=True)
class Kept:
    """What was done, and the assertions that it broke."""

    steps: Sequence[Step]
    broken: Sequence[Verdict]
    revision: int


Decide = Callable[[Book], Sequence[Step]]


def in_place(book: Book, policy_id: str, version: int | None) -> Wanted:
    """The policy that is to be changed; Outdated where `version` is not the present one."""
    row = book.rows.get(policy_id)
    if row is None:
        raise NotFound("There is no such policy.")
    if version is not None and version != row.version:
        raise Outdated("The policy was changed in the meantime.")
    return book.policies[policy_id]


async def keep(
    session: AsyncSession, parts: Governing, caller: Caller, decide: Decide, *, force: bool = False
) -> Kept:
    """Do what is decided; AssertionBroken where an assertion would not hold, unless forced."""
    for _ in range(TURNS):
        book = await read_book(session)
        decided = [_settled(step) for step in decide(book)]
        steps = [s for s in decided if book.policies.get(s.policy_id) != s.wanted]
        if not steps:
            return Kept([], [], book.revision)
        after = following(book.policies, steps)
        _not_too_many(book.policies, after)
        broken = await testing.broken(session, parts, caller, book.policies, after)
        if broken and not force:
            raise refusal(broken)
        # A unit of its own: what was read and tried so far has held nobody up.
        async with parts.database.in_turn() as unit:
            if await is_our_turn(unit, book.revision):
                await say(unit, parts, caller, steps, broken)
                return Kept(steps, broken, book.revision + 1)
    raise Outdated("Policies are changed by others all the time.", hint="Try again.")


def following(before: Mapping[str, Wanted], steps: Sequence[Step]) -> dict[str, Wanted]:
    """All policies after these steps."""
    after = {**before, **{s.policy_id: s.wanted for s in steps}}
    return {key: wanted for key, wanted in after.items() if wanted is not None}


def refusal(broken: Sequence[Verdict]) -> AssertionBroken:
    """Says which assertions would not hold, what was expected and what was seen."""
    count = "An assertion" if len(broken) == 1 else f"{len(broken):,} assertions"
    errors = [
        {
            "loc": [v.policy_id, "assertions", str(v.number)],
            "msg": f"{v.policy}: {v.asker}: expected {v.expected}; {v.seen}", **v.model_dump(),
        }
        for v in broken
    ]  # fmt: skip
    return AssertionBroken(f"{count} would not hold after this change.", errors=errors)


def _settled(step: Step) -> Step:
    return Step(step.policy_id, settled(step.wanted)) if step.wanted is not None else step


def _not_too_many(before: Mapping[str, Wanted], after: Mapping[str, Wanted]) -> None:
    """Each change puts all of them to the guard: there are only so many statements to run."""
    count = testing.statements(after)
    if count > testing.MOST_STATEMENTS and count > testing.statements(before):
        raise BadInput(
            f"All assertions together have {testing.MOST_STATEMENTS} statements at most.",
            hint="Assertions about tables and columns (`sees`, `masked`) need none.",
        )


async def is_our_turn(session: AsyncSession, revision: int, *, moves: bool = True) -> bool:
    """Whether nothing was changed since that revision; until we commit, nobody else can. What is
    done after it is seen by others if it `moves` the revision."""
    moved = await session.execute(
        update(PolicyState)
        .where(PolicyState.revision == revision)
        .values(revision=revision + moves)
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[object], moved).rowcount == 1


async def say(
    session: AsyncSession, parts: Governing, caller: Caller, steps: Sequence[Step],
    broken: Sequence[Verdict],
) -> None:  # fmt: skip
    """The next version of each policy; at once in force here, once they are kept."""
    now, ids = parts.now(), [step.policy_id for step in steps]
    newest, rows = await _newest(session, ids), await _rows(session, ids)
    for some in _batches(ids):
        await session.execute(delete(PolicyBinding).where(PolicyBinding.policy_id.in_(some)))
    versions: list[PolicyVersion] = []
    for step in steps:
        said = said_of(step.wanted) if step.wanted is not None else None
        row = rows.get(step.policy_id) or DataPolicy(id=step.policy_id, created_at=now)
        row.version, row.updated_at = newest.get(row.id, 0) + 1, now
        versions.append(
            PolicyVersion(
                policy_id=row.id, version=row.version, said=said, changed_at=now,
                changed_by=caller.identity.user,
            )
        )  # fmt: skip
        if said is None:
            await session.delete(row)
            continue
        row.kind, row.name, row.relation = said["kind"], said["name"], said["on"]
        row.enabled, row.document = said["enabled"], document_of(said)
        session.add(row)
        session.add_all(
            PolicyBinding(policy_id=row.id, kind=kind, subject=subject)
            for kind, subject in subjects_of(said)
        )
    session.add_all(versions)
    await session.flush()
    event.listen(session.sync_session, "after_commit", lambda _: parts.rights.forget(), once=True)
    forced = [verdict.model_dump() for verdict in broken]
    await asyncio.gather(
        *(
            note(
                parts, caller, "policy_change", Outcome.success, policy=v.policy_id,
                version=v.version, said=v.said, broken=forced,
            )
            for v in versions
        )
    )  # fmt: skip


async def _rows(session: AsyncSession, ids: Sequence[str]) -> dict[str, DataPolicy]:
    """Those of them that there are."""
    found: dict[str, DataPolicy] = {}
    for some in _batches(ids):
        rows = await session.scalars(select(DataPolicy).where(DataPolicy.id.in_(some)))
        found |= {row.id: row for row in rows}
    return found


async def _newest(session: AsyncSession, ids: Sequence[str]) -> dict[str, int]:
    """The newest version of each that ever was."""
    found: dict[str, int] = {}
    for some in _batches(ids):
        rows = await session.execute(
            select(PolicyVersion.policy_id, func.max(PolicyVersion.version))
            .where(PolicyVersion.policy_id.in_(some))
            .group_by(PolicyVersion.policy_id)
        )
        found.update((policy_id, version) for policy_id, version in rows)
    return found


def _batches(ids: Sequence[str], size: int = 500) -> Sequence[Sequence[str]]:
    """So many as one statement takes."""
    return [ids[at : at + size] for at in range(0, len(ids), size)]
