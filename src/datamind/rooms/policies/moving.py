"""Moving: changes of people and groups, kept together with what policies say of them.

Policies know groups by name and users by address. Who gets another name keeps what concerned them;
who is named is not taken away by the way; and what a change of people would break of the
assertions is told before it is kept, as for a change of policies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import InUse, Outdated
from datamind.governance.rules import Asker
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Governing
from datamind.rooms.policies import testing
from datamind.rooms.policies.changing import TURNS, Step, is_our_turn, refusal, say
from datamind.rooms.policies.schemas import Verdict, Wanted
from datamind.rooms.policies.stored import Book, read_book, said_of, settled_from

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]
Then = Callable[[Asker], Asker | None]  # who an asker is after the change; None for nobody
Kind = Literal["groups", "users"]
WORDS: dict[Kind, str] = {"groups": "group", "users": "user"}
MOST_NAMED = 10


async def renamed(
    session: AsyncSession, parts: Governing, caller: Caller, work: Work[T], kind: Kind, old: str,
    new: str, *, force: bool = False,
) -> T:  # fmt: skip
    """Do the work that gives a group or user another name, and let policies say that name: nobody
    sees anything else than before. InUse where policies wait for somebody of the new name."""

    def decide(book: Book) -> list[Step]:
        if old == new:
            return []
        waiting = _naming(book.policies, kind, new)
        if waiting and not force:
            raise _in_use(waiting, kind, new, "They would concern whoever gets this name.")
        return [
            Step(key, _saying(policy, kind, old, new))
            for key, policy in _naming(book.policies, kind, old).items()
        ]

    return await _kept(session, parts, caller, work, decide)


async def removed(
    session: AsyncSession, parts: Governing, caller: Caller, work: Work[T], kind: Kind, name: str,
    then: Then, *, force: bool = False,
) -> T:  # fmt: skip
    """Do the work that takes a group or user away; InUse where a policy names it, unless forced."""

    def decide(book: Book) -> list[Step]:
        naming = _naming(book.policies, kind, name)
        if naming and not force:
            raise _in_use(naming, kind, name, "They would no longer concern it.")
        return []

    return await _kept(session, parts, caller, work, decide, then, force=force, closes=True)


async def moved(
    session: AsyncSession, parts: Governing, caller: Caller, work: Work[T], then: Then, *,
    force: bool = False,
) -> T:  # fmt: skip
    """Do the work after which somebody has other groups, attributes or another role."""
    return await _kept(session, parts, caller, work, lambda _: [], then, force=force)


def forget_once_kept(session: AsyncSession, parts: Governing) -> None:
    """What was remembered of people holds no more."""
    event.listen(session.sync_session, "after_commit", lambda _: parts.rights.forget(), once=True)


def of_user(email: str, change: Then) -> Then:
    """The change, of one user alone."""
    return lambda asker: change(asker) if asker.user == email else asker


async def _kept(
    session: AsyncSession, parts: Governing, caller: Caller, work: Work[T],
    decide: Callable[[Book], Sequence[Step]], then: Then | None = None, *, force: bool = False,
    closes: bool = False,
) -> T:  # fmt: skip
    """All in one unit of work; AssertionBroken where an assertion would not hold any more."""
    for _ in range(TURNS):
        book = await read_book(session)
        steps = decide(book)
        broken: list[Verdict] = []
        tested = then is not None and testing.of_users(book.policies)
        if then is not None and tested:
            broken = await testing.disturbed(session, parts, caller, book.policies, then)
        if broken and not force:
            raise refusal(broken)
        async with parts.database.in_turn() as unit:
            # What bears on no policy leaves their number as it is: many may do so at once.
            if await is_our_turn(unit, book.revision, moves=bool(steps or tested or closes)):
                if steps:
                    await say(unit, parts, caller, steps, ())
                done = await work(unit)
                if broken:
                    await note(
                        parts, caller, "policy_forced", Outcome.success,
                        broken=[verdict.model_dump() for verdict in broken],
                    )  # fmt: skip
                return done
    raise Outdated("Policies are changed by others all the time.", hint="Try again.")


def _naming(policies: Mapping[str, Wanted], kind: Kind, name: str) -> dict[str, Wanted]:
    """The policies that name it, in whom they concern or in their assertions."""
    return {key: policy for key, policy in policies.items() if name in _named(policy, kind)}


def _named(policy: Wanted, kind: Kind) -> set[str]:
    askers = [assertion.asker for assertion in policy.assertions]
    if kind == "groups":
        return {*policy.to.groups, *(name for asker in askers for name in asker.groups)}
    return {*policy.to.users, *(asker.user for asker in askers if asker.user is not None)}


def _saying(policy: Wanted, kind: Kind, old: str, new: str) -> Wanted:
    """The policy with one name in place of the other."""

    def put(names: Sequence[str]) -> list[str]:
        return [new if name == old else name for name in names]

    said: dict[str, Any] = said_of(policy)
    said["to"] = {**said["to"], kind: put(said["to"][kind])}
    for assertion in said["assertions"]:
        asker = assertion["as"]
        if kind == "groups" and "groups" in asker:
            asker["groups"] = put(asker["groups"])
        if kind == "users" and asker.get("user") == old:
            asker["user"] = new
    return settled_from(said)


def _in_use(naming: Mapping[str, Wanted], kind: Kind, name: str, then: str) -> InUse:
    called = [policy.name for policy in naming.values()]
    named = ", ".join(called[:MOST_NAMED]) + (" and others" if called[MOST_NAMED:] else "")
    count = "A policy names" if len(called) == 1 else f"{len(called):,} policies name"
    return InUse(
        f"{count} the {WORDS[kind]} {name}: {named}.",
        hint=f"{then} Change these policies first, or force it: {named}.",
        errors=[{"loc": [key], "msg": policy.name} for key, policy in naming.items()],
    )
