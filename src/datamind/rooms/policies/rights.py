"""Rights: the rules there are and what rules can see of a caller, remembered for a while.

A change that this process makes holds at once; one that another makes, within
POLICY_CACHE_SECONDS.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.database import Database
from datamind.governance.rules import Asker, Grant, Restriction, Rights, Rules
from datamind.rooms.caller import Caller
from datamind.rooms.policies.models import DataPolicy, PolicyBinding
from datamind.rooms.policies.stored import record_of
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
        # Each with the moment until which it holds.
        self._rules: tuple[Rules, float] | None = None
        self._askers: OrderedDict[str, tuple[Asker, float]] = OrderedDict()

    async def of(self, caller: Caller) -> Rights:
        """The caller's rights; their role is the one that their token says."""
        now = self._clock()
        user, role = caller.identity.user, caller.identity.role
        rules, asker = self._rules, self._askers.get(user)
        if rules is None or rules[1] <= now:
            rules = None
        if asker is None or asker[1] <= now or role not in asker[0].roles:
            asker = None
        if rules is None or asker is None:
            until = now + self._lasts_s
            async with self._database.unit() as session:
                rules = rules or (await rules_of(session), until)
                asker = asker or (await asker_of(session, user, role), until)
            self._rules, self._askers[user] = rules, asker
            while len(self._askers) > MOST_ASKERS:
                self._askers.popitem(last=False)
        return Rights(asker[0], rules[0])

    def forget(self) -> None:
        """Something was changed here."""
        self._rules = None
        self._askers.clear()


async def rules_of(session: AsyncSession) -> Rules:
    """All rules that are switched on."""
    records = [rule for _, rule in await named_rules_of(session)]
    return Rules(
        tuple(r for r in records if isinstance(r, Grant)),
        tuple(r for r in records if isinstance(r, Restriction)),
    )


async def named_rules_of(session: AsyncSession) -> list[tuple[str, Grant | Restriction]]:
    """The same, each with the name of its policy."""
    bindings: dict[str, list[PolicyBinding]] = {}
    for binding in await session.scalars(select(PolicyBinding)):
        bindings.setdefault(binding.policy_id, []).append(binding)
    found = await session.scalars(
        select(DataPolicy).where(DataPolicy.enabled).order_by(DataPolicy.id)
    )
    return [(policy.name, record_of(policy, bindings.get(policy.id, ()))) for policy in found]


async def asker_of(session: AsyncSession, user_id: str, role: str) -> Asker:
    """What rules can see of a user; of whoever is not signed in, the role alone."""
    user = await users.by_id(session, user_id) if user_id else None
    if user is None:
        return Asker("", frozenset((role,)))
    groups = await users.groups_of(session, user.id)
    attributes = {k: tuple(v) if isinstance(v, list) else v for k, v in user.attributes.items()}
    return Asker(user.email, frozenset((role,)), frozenset(groups), attributes)
