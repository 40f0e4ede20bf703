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

    def spend(self, limit: str, kind: str, who: str, *, times: int = 1) -> None:
        """One more of `kind` by `who`, where `limit` reads `60/minute`, and `times` as many may
        be."""
        item = self._item(limit, times)
        if not self._limiter.hit(item, kind, who):
            raise self._too_many(item, kind, who)

    def check(self, limit: str, kind: str, who: str, *, times: int = 1) -> None:
        """The same without counting: whether there could be one more."""
        item = self._item(limit, times)
        if not self._limiter.test(item, kind, who):
            raise self._too_many(item, kind, who)

    def _item(self, limit: str, times: int) -> RateLimitItem:
        count, _, period = limit.partition("/")
        text = f"{int(count) * times}/{period}"
        return self._items.setdefault(text, parse(text))

    def _too_many(self, item: RateLimitItem, kind: str, who: str) -> TooManyRequests:
        reset = self._limiter.get_window_stats(item, kind, who).reset_time
        return TooManyRequests(retry_after_s=round(reset - time.time()))
