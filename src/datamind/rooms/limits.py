"""Limits: how often one caller may do a thing, counted in a sliding window."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from datamind.errors import TooManyRequests, Unavailable


class Limits:
    """Counts in this process, or in `shared` counters for all servers together.

    Where those don't answer (Unavailable) it goes on here: somebody who asks all of n servers in
    turn may then do a thing up to n times as often. `spend` raises TooManyRequests once a limit is
    used up.
    """

    def __init__(self, shared: Storage | None = None) -> None:
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = None if shared is None else SlidingWindowCounterRateLimiter(shared)
        self._items: dict[str, RateLimitItem] = {}

    async def spend(self, limit: str, kind: str, who: str, *, times: int = 1) -> None:
        """One more of `kind` by `who`, where `limit` reads `60/minute`, and `times` as many may
        be."""
        item = self._item(limit, times)
        for limiter in (self._shared, self._own):
            if limiter is None:
                continue
            try:
                if not await limiter.hit(item, kind, who):
                    stats = await limiter.get_window_stats(item, kind, who)
                    raise TooManyRequests(retry_after_s=round(stats.reset_time - time.time()))
                return
            except Unavailable:
                continue

    def _item(self, limit: str, times: int) -> RateLimitItem:
        count, _, period = limit.partition("/")
        text = f"{int(count) * times}/{period}"
        return self._items.setdefault(text, parse(text))
