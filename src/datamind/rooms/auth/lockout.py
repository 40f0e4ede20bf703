"""Lock-outs: wrong passwords are counted in the store, and shut the door before one is looked at.

A try takes its place in the counts first, in one transaction, and gives it back when it ended:
however many try at once, on however many nodes, no more passwords are looked at than the bound.
What is counted is what was typed, so that an account that exists is locked like one that does not.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.database import Moment
from datamind.errors import TooManyRequests
from datamind.rooms.addresses import counted_as
from datamind.rooms.auth.models import LoginAttempt, LoginCounter
from datamind.rooms.parts import Parts
from datamind.settings import LoginSettings

ANY = "*"
UNLOCK = "Admins unlock over `security/login-attempts/unlock`, or with `datamind users unlock`."
FULL_S = 1  # when to come back where as many try at once as may fail
TOLD_EVERY = dt.timedelta(minutes=1)
_State = tuple[int, int, dt.datetime | None]  # failures, tries under way, blocked until
Ended = Literal["right", "wrong", "untried"]


@dataclass(frozen=True, slots=True)
class Try:
    """Who says they are who, from where."""

    address: str
    ip: str

    @property
    def network(self) -> str:
        """What is counted as one with their IP address."""
        return counted_as(self.ip)


@dataclass(frozen=True, slots=True)
class Count:
    """What wrong passwords are counted by, and how many there may be.

    `own` is that of one account from one network: it alone makes people wait before it is full,
    and it alone is cleared by a right password and holds where the account is at home.
    """

    address: str
    network: str
    most: int
    own: bool = False


def counts_of(tried: Try, rules: LoginSettings) -> tuple[Count, ...]:
    """The counts of a try, always in this order, so that no two wait for each other in a ring."""
    return (
        Count(tried.address, tried.network, rules.failures, own=True),
        Count(ANY, tried.network, rules.failures_network),
        Count(tried.address, ANY, rules.failures_account),
    )


def wait_after(failures: int, count: Count, rules: LoginSettings) -> int:
    """Seconds to wait after so many failures: none at first, then twice as long each time, then
    the lock-out."""
    if failures >= count.most:
        return rules.lock_s
    free = count.most // 3
    if not count.own or failures <= free:
        return 0
    return int(min(rules.lock_s, 2 ** min(failures - free - 1, 30)))


class Locked(TooManyRequests):
    """A count is full: come back later. Whether the account exists can't be seen from it."""

    def __init__(self, count: Count, seconds: int) -> None:
        minutes = math.ceil(seconds / 60)
        wait = f"{seconds} s" if seconds < 60 else f"{minutes} min"
        super().__init__(
            f"Too many wrong passwords. Try again in {wait}, or ask an admin to unlock you.",
            retry_after_s=seconds, hint=UNLOCK,
        )  # fmt: skip
        self.count = count


async def take(parts: Parts, tried: Try) -> None:
    """Take the place of a try; Locked where there is none.

    No password is hashed for whoever is turned away: that would only cost us, and the answer
    depends on nothing but what was typed.
    """
    now, rules = parts.now(), parts.settings.server.login
    async with parts.database.in_turn() as session:  # Locked takes back what is entered here
        rows = await _entered(session, counts_of(tried, rules), now, rules)
        full = [(count, s) for count, state in rows if (s := _seconds(count, state, now))]
        if full and not full[0][0].own and await _is_at_home(session, tried):
            full = []
        for count, seconds in full:
            raise Locked(count, seconds)


async def give_back(session: AsyncSession, parts: Parts, tried: Try, ended: Ended) -> list[Count]:
    """Give the place of a try back, and count how it ended; the counts that are locked by it."""
    now, rules = parts.now(), parts.settings.server.login
    locked = []
    for count in counts_of(tried, rules):
        values: dict[str, Any] = {
            "trying": case((LoginCounter.trying > 0, LoginCounter.trying - 1), else_=0)
        }
        if ended == "wrong":
            values["failures"] = LoginCounter.failures + 1
        elif ended == "right" and count.own:
            values |= {"failures": 0, "blocked_until": None}
        changed = update(LoginCounter).where(*_is(count)).values(values)
        failures = await session.scalar(changed.returning(LoginCounter.failures))
        wait = wait_after(failures or 0, count, rules) if ended == "wrong" else 0
        if wait:
            await _block(session, count, now + dt.timedelta(seconds=wait))
        if failures == count.most and ended == "wrong":
            locked.append(count)
    return locked


async def is_news(session: AsyncSession, parts: Parts, count: Count) -> bool:
    """Whether somebody is turned away by this count for the first time in a minute: they are not
    noted one by one, or anybody could fill the store."""
    now = parts.now()
    told = LoginCounter.told_at.is_(None) | (LoginCounter.told_at <= now - TOLD_EVERY)
    changed = update(LoginCounter).where(*_is(count), told).values(told_at=now)
    return await session.scalar(changed.returning(LoginCounter.address)) is not None


async def _entered(
    session: AsyncSession, counts: Sequence[Count], now: dt.datetime, rules: LoginSettings
) -> list[tuple[Count, _State]]:
    """The counts with one more try under way; those whose window is over begin anew."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    over = LoginCounter.since <= now - dt.timedelta(seconds=rules.window_s)
    found = []
    for count in counts:
        entered = insert(LoginCounter).values(
            address=count.address, network=count.network, failures=0, trying=1, since=now
        )
        one_more = entered.on_conflict_do_update(
            index_elements=[LoginCounter.address, LoginCounter.network],
            set_={
                "failures": case((over, 0), else_=LoginCounter.failures),
                "trying": case((over, 1), else_=LoginCounter.trying + 1),
                "since": case((over, literal(now, Moment())), else_=LoginCounter.since),
            },
        )
        columns = (LoginCounter.failures, LoginCounter.trying, LoginCounter.blocked_until)
        failures, trying, until = (await session.execute(one_more.returning(*columns))).one()
        found.append((count, (failures, trying, until)))
    return found


def _seconds(count: Count, state: _State, now: dt.datetime) -> int:
    """How long to wait; 0 where there is a place."""
    failures, trying, until = state
    if until is not None and until > now:
        return math.ceil((until - now).total_seconds())
    return FULL_S if failures + trying > count.most else 0


async def _is_at_home(session: AsyncSession, tried: Try) -> bool:
    """Whether this account has signed in from this network: strangers elsewhere, who fill its
    count or that of the network, don't keep it out."""
    found = select(LoginAttempt.id).where(
        LoginAttempt.address == tried.address, LoginAttempt.network == tried.network,
        LoginAttempt.outcome == "success",
    )  # fmt: skip
    return await session.scalar(found.limit(1)) is not None


async def _block(session: AsyncSession, count: Count, until: dt.datetime) -> None:
    sooner = LoginCounter.blocked_until.is_(None) | (LoginCounter.blocked_until < until)
    await session.execute(
        update(LoginCounter).where(*_is(count), sooner).values(blocked_until=until)
    )


def _is(count: Count) -> tuple[ColumnElement[bool], ...]:
    return (LoginCounter.address == count.address, LoginCounter.network == count.network)
