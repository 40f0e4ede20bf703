"""What waits in Redis for whoever comes with its ticket, to whichever server that is."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from datamind.adapters.redis.link import RedisLink
from datamind.adapters.tickets import MemoryTickets
from datamind.errors import TooManyRequests, Unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

TAKEN = b""
# KEYS: the value's, its owner's. ARGV: the value, now and its end in ms, how many there may be.
PUT = """
redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, ARGV[2])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3] - ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], KEYS[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3] - ARGV[2])
return 1
"""


class RedisTickets:
    """Each is put down here and in Redis; what was taken is marked, not removed, so that what Redis
    lost when it was started anew is known from what somebody took.

    While Redis is away whoever put a value down has it still: it could then be taken once here and
    once, before, elsewhere.
    """

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._own = MemoryTickets()

    async def put(self, ticket: str, owner: str, value: bytes, *, ttl_s: float, most: int) -> None:
        """Hold the value; TooManyRequests where its owner has as many as they may."""
        await self._own.put(ticket, owner, value, ttl_s=ttl_s, most=most)
        now, name = round(1000 * time.time()), self._link.name("ticket", ticket)
        keys = (name, self._link.name("tickets-of", owner))
        said = (self._link.sealed(name, value), now, now + round(1000 * ttl_s), most)

        async def done(redis: Redis) -> bool:
            return bool(await redis.eval(PUT, 2, *keys, *said))

        with suppress(Unavailable):
            if not await self._link.do(done):
                await self._own.take(ticket)
                raise TooManyRequests(retry_after_s=round(ttl_s))

    async def take(self, ticket: str) -> bytes | None:
        """The value, once."""
        own = await self._own.take(ticket)
        name = self._link.name("ticket", ticket)

        async def taken(redis: Redis) -> bytes | None:
            found = await redis.set(name, TAKEN, xx=True, keepttl=True, get=True)
            return None if found is None else bytes(found)  # type: ignore[arg-type]

        try:
            found = await self._link.do(taken)
        except Unavailable:
            return own
        if found is None:
            return own
        return None if found == TAKEN else self._link.opened(name, found)
