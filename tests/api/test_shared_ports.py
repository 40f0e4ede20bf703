"""What servers share does the same in the process as in Redis: tickets, limits, signals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from limits.aio.storage import MemoryStorage

from datamind.adapters.redis.link import RedisLink
from datamind.adapters.redis.signals import RedisSignals
from datamind.adapters.redis.tickets import RedisTickets
from datamind.adapters.tickets import MOST, MemoryTickets
from datamind.errors import Overloaded, TooManyRequests, Unavailable
from datamind.ports import Tickets
from datamind.rooms.limits import Limits
from datamind.settings import RedisSettings

LONG_S = 600.0


class Away(MemoryStorage):
    """Counters that don't answer."""

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        raise Unavailable("Redis does not answer.")


def test_limits_are_counted_here_while_shared_counters_are_away() -> None:
    async def spend() -> None:
        limits = Limits(Away())
        for _ in range(3):
            await limits.spend("3/minute", "ask", "ana")
        await limits.spend("3/minute", "ask", "ben")
        with pytest.raises(TooManyRequests) as told:
            await limits.spend("3/minute", "ask", "ana")
        assert 1 <= told.value.retry_after_s <= 60

    asyncio.run(spend())


async def held(tickets: Tickets) -> None:
    await tickets.put("t-1", "ana", b"one", ttl_s=LONG_S, most=2)
    await tickets.put("t-2", "ana", b"two", ttl_s=LONG_S, most=2)
    with pytest.raises(TooManyRequests):
        await tickets.put("t-3", "ana", b"three", ttl_s=LONG_S, most=2)
    await tickets.put("t-4", "ben", b"four", ttl_s=LONG_S, most=2)
    assert await tickets.take("t-3") is None
    assert await tickets.take("t-2") == b"two"
    assert await tickets.take("t-2") is None
    assert await tickets.take("t-1") == b"one"


def test_tickets_are_taken_once_and_each_owner_has_so_many() -> None:
    asyncio.run(held(MemoryTickets()))


def test_tickets_end_with_their_time_and_are_bounded_in_all() -> None:
    async def wait() -> None:
        at = [0.0]
        tickets = MemoryTickets(clock=lambda: at[0])
        await tickets.put("old", "ana", b"x", ttl_s=60, most=1)
        at[0] = 61
        assert await tickets.take("old") is None
        for number in range(MOST):
            await tickets.put(str(number), f"u-{number}", b"x", ttl_s=60, most=1)
        with pytest.raises(Overloaded):
            await tickets.put("more", "ana", b"x", ttl_s=60, most=1)
        at[0] = 122
        await tickets.put("more", "ana", b"x", ttl_s=60, most=1)

    asyncio.run(wait())


@asynccontextmanager
async def linked(url: str, secret: bytes = b"ours") -> AsyncIterator[RedisLink]:
    link = RedisLink(RedisSettings(url=url, timeout_s=20), secret)
    try:
        yield link
    finally:
        await link.close()


@pytest.mark.slow
def test_tickets_in_redis_are_as_those_in_the_process(redis_url: str) -> None:
    async def wait() -> None:
        async with linked(redis_url) as one, linked(redis_url) as other:
            await held(RedisTickets(one))
            here, there = RedisTickets(one), RedisTickets(other)
            await here.put("t-5", "eve", b"five", ttl_s=LONG_S, most=1)
            assert await there.take("t-5") == b"five"
            assert await here.take("t-5") is None
            # Redis was started anew, empty: whoever put it down has it still.
            await here.put("t-6", "joe", b"six", ttl_s=LONG_S, most=1)
            await one.do(lambda redis: redis.flushall())
            assert await there.take("t-6") is None
            assert await here.take("t-6") == b"six"

    asyncio.run(wait())


@pytest.mark.slow
def test_signals_reach_the_others_and_strangers_are_not_believed(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datamind.adapters.redis.signals.ANSWER_S", 60)

    async def tell() -> None:
        async with linked(redis_url) as a, linked(redis_url) as b, linked(redis_url, b"x") as c:
            ready = asyncio.Event()
            one, other, stranger = (RedisSignals(link) for link in (a, b, c))
            heard: list[str] = []
            done = asyncio.Event()

            async def hear(said: object) -> bool:
                heard.append(str(said))
                done.set()
                return True

            async def look() -> None:
                ready.set()

            other.hear("news", hear)
            other.on_gap(look)
            for signals in (one, other):
                signals.start()
            await asyncio.wait_for(ready.wait(), 20)
            stranger.tell("news", of="a stranger")
            await stranger.end()
            one.tell("news", of="one of us")
            await asyncio.wait_for(done.wait(), 20)
            assert heard == ["{'of': 'one of us'}"]
            assert await one.ask("news", of="a question") is True
            assert await one.ask("nothing") is False
            await one.end()
            await other.end()

    asyncio.run(tell())
