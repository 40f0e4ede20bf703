"""IP restrictions: which networks are let in, said by admins, held in memory for every request.

A change that this process makes holds at once; one that another makes, once its signal comes, and
within POLICY_CACHE_SECONDS where none does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.database import Database, one_at_a_time
from datamind.errors import AccessDenied, Conflict, DataMindError, NotFound
from datamind.ports import Signals
from datamind.rooms.addresses import Network, address, network
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth.models import IpRestriction
from datamind.rooms.auth.schemas import (
    RestrictionIn,
    RestrictionOut,
    RestrictionPatch,
    RestrictionsOut,
)
from datamind.rooms.caller import Caller, need
from datamind.rooms.paging import page_of
from datamind.rooms.parts import Ground, Parts

log = logging.getLogger(__name__)
MOST = 500  # each request is held against all of them


@dataclass(frozen=True, slots=True)
class Rule:
    """A network that is let in, or is not."""

    allow: bool
    network: Network


def admits(ip: str, rules: Sequence[Rule]) -> bool:
    """Whether the address is let in: not where a rule denies it; where any rule allows, only if
    one allows it. What is no address is let in by no rules alone."""
    if not rules:
        return True
    found = address(ip)
    if found is None or any(found in rule.network for rule in rules if not rule.allow):
        return False
    allowed = [rule.network for rule in rules if rule.allow]
    return not allowed or any(found in network for network in allowed)


class ShutOut(AccessDenied):
    """The address is not let in, whatever is asked for."""


class IpRules:
    """The rules that are switched on, as this process knows them."""

    def __init__(self, database: Database, *, lasts_s: float) -> None:
        self._database = database
        self._every_s = lasts_s / 2  # so that a slow look is in time too
        self._loading = asyncio.Lock()  # who read first must not have the last word
        self._rules: tuple[Rule, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._signals: Signals | None = None

    async def start(self) -> None:
        """Read them, then again and again; nobody is let in before."""
        await self.load()
        self._task = asyncio.create_task(self._keep_loading())

    async def end(self) -> None:
        """Read them no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def load(self) -> None:
        """Read them now."""
        async with self._loading, self._database.unit() as session:
            self._rules = rules_in(await _all(session))

    async def changed(self) -> None:
        """Something was changed here: read them now, and tell the other servers."""
        await self.load()
        if self._signals is not None:
            self._signals.tell("ip_rules")

    def told_by(self, signals: Signals) -> None:
        """Tell the other servers, and be told by them."""

        async def heard(said: Mapping[str, str]) -> None:
            await self.load()

        signals.hear("ip_rules", heard)
        self._signals = signals

    def check(self, ip: str) -> None:
        """ShutOut for an address that is not let in."""
        if not admits(ip, self._rules):
            raise ShutOut(
                "Requests from your address are not let in.",
                hint="Ask an admin; whoever has the machine can run `datamind ip-restrictions`.",
            )

    async def _keep_loading(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.load()
            except DataMindError:  # those that were read last go on
                log.warning("the IP restrictions can't be read")


def rules_in(rows: Sequence[IpRestriction]) -> tuple[Rule, ...]:
    """The rules that are switched on."""
    return tuple(Rule(r.action == "allow", network(r.network)) for r in rows if r.enabled)


async def find(
    session: AsyncSession, caller: Caller, *, limit: int, cursor: str | None
) -> RestrictionsOut:
    """A page of restrictions, newest first."""
    need(caller, "admin")
    rows, total, following = await page_of(
        session, select(IpRestriction), IpRestriction.created_at, IpRestriction.id, limit=limit,
        cursor=cursor,
    )  # fmt: skip
    items = [RestrictionOut.model_validate(row) for row in rows]
    return RestrictionsOut(items=items, total=total, next_cursor=following)


async def create(
    parts: Parts, caller: Caller, wanted: RestrictionIn, *, force: bool
) -> RestrictionOut:
    """A new restriction; Conflict where it would shut its maker out, unless they insist."""
    need(caller, "admin")
    async with parts.database.in_turn() as session:
        await one_at_a_time(session, "ip_restrictions")
        if (await session.scalar(select(func.count()).select_from(IpRestriction)) or 0) >= MOST:
            raise Conflict(f"There are {MOST} restrictions already.", hint="Take some away first.")
        made = IpRestriction(
            id=clock.new_id("ipr"), created_at=parts.now(), created_by=caller.identity.user,
            **wanted.model_dump(),
        )  # fmt: skip
        session.add(made)
        await session.flush()
        await _said(session, parts, caller, "create", made, force=force)
    await parts.ip_rules.changed()
    return RestrictionOut.model_validate(made)


async def change(
    parts: Parts, caller: Caller, restriction_id: str, wanted: RestrictionPatch, *, force: bool
) -> RestrictionOut:
    """The restriction, changed; Conflict as above."""
    need(caller, "admin")
    async with parts.database.in_turn() as session:
        await one_at_a_time(session, "ip_restrictions")
        found = await _existing(session, restriction_id)
        for name, value in wanted.model_dump(exclude_none=True).items():
            setattr(found, name, value)
        await session.flush()
        await _said(session, parts, caller, "change", found, force=force)
    await parts.ip_rules.changed()
    return RestrictionOut.model_validate(found)


async def remove(parts: Parts, caller: Caller, restriction_id: str, *, force: bool) -> None:
    """No such restriction any more; Conflict as above."""
    need(caller, "admin")
    async with parts.database.in_turn() as session:
        await one_at_a_time(session, "ip_restrictions")
        found = await _existing(session, restriction_id)
        await session.delete(found)
        await session.flush()
        await _said(session, parts, caller, "delete", found, force=force)
    await parts.ip_rules.changed()


async def switch_off(session: AsyncSession, parts: Ground, caller: Caller) -> int:
    """All of them off, for the operator whom they shut out; they stay listed. How many."""
    need(caller, "admin")
    off = await session.scalars(
        update(IpRestriction)
        .where(IpRestriction.enabled)
        .values(enabled=False)
        .returning(IpRestriction.id)
    )
    ids = sorted(off.all())
    await note(parts, caller, "ip_restrictions_off", Outcome.success, restrictions=ids)
    return len(ids)


async def _said(
    session: AsyncSession, parts: Parts, caller: Caller, what: str, row: IpRestriction, *,
    force: bool,
) -> None:  # fmt: skip
    """Look whether the caller still gets in, then note it."""
    if not (force or admits(caller.ip, rules_in(await _all(session)))):
        raise Conflict(
            "This would shut you out, where you call from now.",
            hint="Allow your own network first, or insist with `force=true`.",
        )
    await note(
        parts, caller, f"ip_restriction_{what}", Outcome.success, restriction=row.id,
        action=row.action, network=row.network, enabled=row.enabled, forced=force,
    )  # fmt: skip


async def _all(session: AsyncSession) -> Sequence[IpRestriction]:
    return (await session.scalars(select(IpRestriction))).all()


async def _existing(session: AsyncSession, restriction_id: str) -> IpRestriction:
    found = await session.get(IpRestriction, restriction_id)
    if found is None:
        raise NotFound("There is no such restriction.")
    return found
