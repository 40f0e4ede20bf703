"""Rights: the rules there are and what rules can see of a caller, remembered for a while.

A change that this process makes holds at once; one that another makes, once its signal comes, and
within POLICY_CACHE_SECONDS where none does.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from datamind.database import Database
from datamind.errors import Unavailable
from datamind.governance.rules import Asker, Rights, Rules, known
from datamind.ports import Signals
from datamind.rooms.caller import Caller
from datamind.rooms.policies.stored import read_book
from datamind.rooms.users import service as users

MOST_ASKERS = 10_000


class RightsBook:
    """Looks rights up, and remembers them."""

    def __init__(
        self, database: Database, *, lasts_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._lasts_s = lasts_s
        self._clock = clock
        self._loading = asyncio.Lock()  # many who ask at once load once
        self._changes = 0
        self._tell: Callable[[], None] = _nobody
        # Each with the moment until which it holds.
        self._rules: tuple[Rules, float] | None = None
        self._askers: OrderedDict[str, tuple[Asker, float]] = OrderedDict()

    async def of(self, caller: Caller) -> Rights:
        """The caller's rights; their role is the one that their token says."""
        user, role = caller.identity.user, caller.identity.role
        found = self._kept(user, role)
        if found is None:
            async with self._loading:
                while (found := self._kept(user, role) or await self._load(user, role)) is None:
                    pass  # something was changed while they were read
        return found

    def _kept(self, user: str, role: str) -> Rights | None:
        now, asker = self._clock(), self._askers.get(user)
        if self._rules is None or self._rules[1] <= now:
            return None
        if asker is None or asker[1] <= now or role not in asker[0].roles:
            return None
        return Rights(asker[0], self._rules[0])

    async def _load(self, user: str, role: str) -> Rights | None:
        """Read and remember; None if something was changed meanwhile."""
        changes, until = self._changes, self._clock() + self._lasts_s
        try:
            async with self._database.unit() as session:
                rules, asker = await rules_of(session), await asker_of(session, user, role)
        except Unavailable:
            if (last := self._last(user, role)) is None:
                raise
            return last
        if changes != self._changes:
            return None
        self._rules, self._askers[user] = (rules, until), (asker, until)
        while len(self._askers) > MOST_ASKERS:
            self._askers.popitem(last=False)
        return Rights(asker, rules)

    def _last(self, user: str, role: str) -> Rights | None:
        """What was known last, for as long as the store is down: nobody can change it there
        either, and no access token is good for longer than a quarter of an hour."""
        asker = self._askers.get(user)
        if self._rules is None or asker is None or role not in asker[0].roles:
            return None
        return Rights(asker[0], self._rules[0])

    def forget(self) -> None:
        """Something was changed here; the other servers are told."""
        self.forget_here()
        self._tell()

    def told_by(self, signals: Signals) -> None:
        """Tell the other servers, and be told by them."""

        async def heard(said: Mapping[str, str]) -> None:
            self.forget_here()

        signals.hear("rights", heard)
        self._tell = partial(signals.tell, "rights")

    def forget_here(self) -> None:
        """Something was changed, or may have been."""
        self._changes += 1
        self._rules = None
        self._askers.clear()


def _nobody() -> None:
    """There are no other servers."""


async def rules_of(session: AsyncSession) -> Rules:
    """All rules that are switched on."""
    return (await read_book(session)).rules


async def askers(session: AsyncSession) -> list[Asker]:
    """What rules can see of everybody who may sign in."""
    return [
        Asker(user.email, frozenset((user.role,)), groups, known(user.attributes))
        for user, groups in await users.active_ones(session)
    ]


async def asker_of(session: AsyncSession, user_id: str, role: str) -> Asker:
    """What rules can see of a user; of whoever is not signed in, the role alone."""
    user = await users.by_id(session, user_id) if user_id else None
    if user is None:
        return Asker("", frozenset((role,)))
    groups = await users.groups_of(session, user.id)
    return Asker(user.email, frozenset((role,)), frozenset(groups), known(user.attributes))
