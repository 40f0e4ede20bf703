"""A cache in Redis, which several servers share; one that is away holds nothing."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from datamind.adapters.redis.link import RedisLink
from datamind.errors import Unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

LARGEST = 4 << 20  # bytes of a value: what a network moves within the time limit
LET_GO = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisCache:
    """Keeps values of `LARGEST` bytes at most; what makes room is Redis' own `maxmemory-policy`."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._claims: dict[str, str] = {}  # the word that each of our claims is held with

    async def get(self, key: str) -> bytes | None:
        """What is kept under the key."""
        name = self._link.name("result", key)
        try:
            kept = await self._link.do(lambda redis: redis.get(name))
        except Unavailable:
            return None
        return None if kept is None else self._link.opened(name, bytes(kept))  # type: ignore[arg-type]

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep it, where it is not too large."""
        if len(value) > LARGEST:
            return
        name = self._link.name("result", key)
        kept = self._link.sealed(name, value)
        with suppress(Unavailable):
            await self._link.do(lambda redis: redis.set(name, kept, px=_ms(ttl_s)))

    async def claim(self, key: str, *, ttl_s: float) -> bool:
        """Whether no other server reads this; also where that can't be known."""
        name, word = self._link.name("claim", key), secrets.token_hex(8)

        async def claimed(redis: Redis) -> bool:
            return bool(await redis.set(name, word, nx=True, px=_ms(ttl_s)))

        try:
            won = await self._link.do(claimed)
        except Unavailable:
            return True
        if won:
            self._claims[key] = word
        return won

    async def let_go(self, key: str) -> None:
        """Our claim, if we have one, is over."""
        word = self._claims.pop(key, None)
        if word is None:
            return
        name = self._link.name("claim", key)

        async def done(redis: Redis) -> None:
            await redis.eval(LET_GO, 1, name, word)

        with suppress(Unavailable):
            await self._link.do(done)


def _ms(seconds: float) -> int:
    return max(1, round(1000 * seconds))
