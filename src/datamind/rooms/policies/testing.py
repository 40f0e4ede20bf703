"""Testing: assertions put to the rules that there are, or that there would be.

What is told of an answer are names and counts; statements go through the guard as their asker's.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import DataMindError, NotFound, WarehouseError
from datamind.governance.assertions import OF_THE_VIEW, AskerIn, AssertionIn, Claim, look
from datamind.governance.rules import Asker, Rights, Rules
from datamind.pipeline.execute import execute
from datamind.pipeline.prepare import Prepared
from datamind.records import Scalar
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Governing
from datamind.rooms.policies.rights import asker_of
from datamind.rooms.policies.schemas import TestIn, TestOut, Verdict, Wanted
from datamind.rooms.policies.stored import read_book, rules_in, settled
from datamind.rooms.users import service as users

MOST_STATEMENTS = 200
STATEMENT_S = 5.0
ALL_S = 30.0
MAX_ESTIMATE = 1e9
PROPOSED = "(proposed)"  # no policy's id
Then = Callable[[Asker], Asker | None]
Seen = tuple[Literal["holds", "fails", "not_run"], str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A claim, and where it stands."""

    policy_id: str
    policy: str
    number: int
    assertion: AssertionIn
    claim: Claim

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same for the same claim of a policy, wherever it stands in it."""
        return self.policy_id, self.assertion.asker.model_dump_json(), str(self.claim)


async def test(session: AsyncSession, parts: Governing, caller: Caller, wanted: TestIn) -> TestOut:
    """How assertions end: as things are, or as they would be."""
    need(caller, "admin")
    now = (await read_book(session)).policies
    if wanted.policy_id is not None and wanted.policy_id not in now:
        raise NotFound("There is no such policy.")
    if wanted.proposed is not None:
        then = {**now, (wanted.policy_id or PROPOSED): settled(wanted.proposed)}
        return told(await compared(session, parts, caller, now, then))
    policies = {wanted.policy_id: now[wanted.policy_id]} if wanted.policy_id is not None else now
    placed = list(_placed({k: p for k, p in policies.items() if p.enabled or wanted.policy_id}))
    return told(await _Trial(session, parts, caller, rules_in(now.values())).of(placed))


def told(results: Sequence[Verdict]) -> TestOut:
    """All of them, and whether they hold."""
    return TestOut(holds=all(v.outcome == "holds" for v in results), results=list(results))


async def broken(
    session: AsyncSession, parts: Governing, caller: Caller, before: Mapping[str, Wanted],
    after: Mapping[str, Wanted],
) -> list[Verdict]:  # fmt: skip
    """The assertions that a change breaks."""
    return [v for v in await compared(session, parts, caller, before, after) if v.broken]


async def compared(
    session: AsyncSession, parts: Governing, caller: Caller, before: Mapping[str, Wanted],
    after: Mapping[str, Wanted],
) -> list[Verdict]:  # fmt: skip
    """How assertions end after a change; broken are those that held before it, and new ones.

    What a policy asserts that is taken away or switched off has to hold as well: else nothing
    would be said where that opens what it had shut.
    """
    placed = list(_placed(_in_question(before, after)))
    found = await _Trial(session, parts, caller, rules_in(after.values())).of(placed)
    old = {p.identity for p in _placed(before)}
    failed = [(p, v) for p, v in zip(placed, found, strict=True) if v.outcome != "holds"]
    again = [p for p, _ in failed if p.identity in old and before[p.policy_id].enabled]
    were = await _Trial(session, parts, caller, rules_in(before.values())).of(again)
    held_not = {p.identity for p, v in zip(again, were, strict=True) if v.outcome != "holds"}
    for p, verdict in failed:
        verdict.broken = p.identity not in held_not
    return found


def of_users(policies: Mapping[str, Wanted]) -> list[Placed]:
    """What is asserted of users by address: the rest is of nobody who could change."""
    enabled = {key: policy for key, policy in policies.items() if policy.enabled}
    return [p for p in _placed(enabled) if p.assertion.asker.user is not None]


async def disturbed(
    session: AsyncSession, parts: Governing, caller: Caller, policies: Mapping[str, Wanted],
    then: Then,
) -> list[Verdict]:  # fmt: skip
    """The assertions that held and will not, once users are what `then` says."""
    trial = _Trial(session, parts, caller, rules_in(policies.values()))
    placed = [p for p in of_users(policies) if await trial.is_another(p.assertion.asker, then)]
    after = _Trial(session, parts, caller, trial.rules, then=then)
    found = zip(placed, await after.of(placed), strict=True)
    failed = [(p, v) for p, v in found if v.outcome != "holds"]
    were = await trial.of([p for p, _ in failed])
    broken = [v for (_, v), was in zip(failed, were, strict=True) if was.outcome == "holds"]
    for verdict in broken:
        verdict.broken = True
    return broken


def statements(policies: Mapping[str, Wanted]) -> int:
    """How many statements the assertions of these put to the guard."""
    return sum(p.claim.kind not in OF_THE_VIEW for p in _placed(policies))


def _in_question(before: Mapping[str, Wanted], after: Mapping[str, Wanted]) -> dict[str, Wanted]:
    found = {key: policy for key, policy in after.items() if policy.enabled}
    for key, policy in before.items():
        if policy.enabled and key not in found:
            found[key] = after.get(key, policy)
    return found


def _placed(policies: Mapping[str, Wanted]) -> Iterator[Placed]:
    for key, policy in sorted(policies.items()):
        for number, assertion in enumerate(policy.assertions, 1):
            for claim in assertion.claims():
                yield Placed(key, policy.name, number, assertion, claim)


@dataclass
class _Trial:
    """Claims put to rules, one after the other, for so long at most."""

    session: AsyncSession
    parts: Governing
    caller: Caller
    rules: Rules
    stop: threading.Event = field(default_factory=threading.Event)
    then: Then | None = None
    askers: dict[str, Asker | None] = field(default_factory=dict)

    async def of(self, placed: Sequence[Placed]) -> list[Verdict]:
        """How each ends."""
        until = time.monotonic() + ALL_S
        found: list[Verdict] = []
        try:
            for one in placed:
                await asyncio.sleep(0)  # others are answered meanwhile
                outcome, seen = await self._seen(one, until)
                found.append(
                    Verdict(
                        policy_id=one.policy_id, policy=one.policy, number=one.number,
                        asker=str(one.assertion.asker), expected=str(one.claim), seen=seen,
                        outcome=outcome,
                    )
                )  # fmt: skip
        finally:
            self.stop.set()
        return found

    async def is_another(self, wanted: AskerIn, then: Then) -> bool:
        """Whether rules see somebody else in this asker then."""
        asker = await self._asker(wanted)
        return asker is not None and then(asker) != asker

    async def _seen(self, one: Placed, until: float) -> Seen:
        asker = await self._asker(one.assertion.asker)
        if asker is None:
            return "fails", "there is no such user"
        rights, claim = Rights(asker, self.rules), one.claim
        if claim.kind in OF_THE_VIEW:
            holds, seen = look(claim, self.parts.bindings.of(rights).view)
            return "holds" if holds else "fails", seen
        left = until - time.monotonic()
        if left <= 0:
            return "not_run", f"no time was left of {ALL_S:.0f} seconds"
        try:
            prepared, _ = await self.parts.engine.prepare_sql(claim.item, rights, row_limit=1)
            if claim.count is None:
                return ("holds", "allowed") if claim.kind == "allowed" else ("fails", "allowed")
            count = await self._counted(prepared, one, min(left, STATEMENT_S))
        except DataMindError as fault:
            if isinstance(fault, WarehouseError) or fault.status >= 500:
                return "not_run", f"could not be run ({fault.code})"
            return "holds" if claim.kind == "refused" else "fails", f"refused ({fault.code})"
        if type(count) is not int:
            return "fails", "no count"
        return "holds" if claim.count.holds(count) else "fails", f"counted {count:,}"

    async def _asker(self, wanted: AskerIn) -> Asker | None:
        """The asker as rules see them; None for a user who is not there."""
        if wanted.user is None:
            return wanted.made_up()
        if wanted.user not in self.askers:
            user = await users.by_email(self.session, wanted.user)
            asker = await asker_of(self.session, user.id, user.role) if user is not None else None
            if asker is not None and self.then is not None:
                asker = self.then(asker)
            self.askers[wanted.user] = asker
        return self.askers[wanted.user]

    async def _counted(self, prepared: Prepared, one: Placed, seconds: float) -> Scalar:
        """The one value that the statement gives; its intent is on the disk before it runs."""
        parts, governed = self.parts, prepared.governed
        await note(
            parts, self.caller, "policy_test", Outcome.intent, component="warehouse",
            policy=one.policy_id, asker=str(one.assertion.asker), sql=one.claim.item,
            governed_sql=governed.sql, relations=list(governed.relations),
        )  # fmt: skip
        run = partial(
            execute, governed, parts.warehouse, timeout_s=seconds, max_estimate=MAX_ESTIMATE,
            stop=self.stop,
        )  # fmt: skip
        async with parts.places.one(self.caller.counted):
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(parts.threads, run)
        return result.rows[0][0] if result.rows else None
