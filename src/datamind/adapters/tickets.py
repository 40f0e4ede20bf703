"""What waits in this process for whoever comes with its ticket."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from datamind.errors import Overloaded, TooManyRequests

MOST = 2_000


@dataclass(frozen=True, slots=True)
class _Put:
    owner: str
    value: bytes
    until: float


class MemoryTickets:
    """Holds values until they are taken or too old; for one thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, _Put] = {}

    async def put(self, ticket: str, owner: str, value: bytes, *, ttl_s: float, most: int) -> None:
        """Hold the value; TooManyRequests where its owner has as many as they may."""
        now = self._clock()
        self._held = {key: held for key, held in self._held.items() if held.until > now}
        if sum(held.owner == owner for held in self._held.values()) >= most:
            raise TooManyRequests(retry_after_s=round(ttl_s))
        if len(self._held) >= MOST:
            raise Overloaded("Too many questions wait to be listened to.", retry_after_s=5)
        self._held[ticket] = _Put(owner, value, now + ttl_s)

    async def take(self, ticket: str) -> bytes | None:
        """The value, once."""
        held = self._held.pop(ticket, None)
        return held.value if held is not None and held.until > self._clock() else None
