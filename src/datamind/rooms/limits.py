"""Limits: how often one caller may do a thing, counted in a sliding window."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from datamind.errors import TooManyRequests


class Limits:
    """Counts in this process; `spend` raises TooManyRequests once a limit is used up."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items: dict[str, RateLimitItem] = {}

    def spend(self, limit: str, kind: str, who: str) -> None:
        """One more of `kind` by `who`, where `limit` reads `60/minute`."""
        item = self._items.setdefault(limit, parse(limit))
        if not self._limiter.hit(item, kind, who):
            reset = self._limiter.get_window_stats(item, kind, who).reset_time
            raise TooManyRequests(retry_after_s=round(reset - time.time()))
