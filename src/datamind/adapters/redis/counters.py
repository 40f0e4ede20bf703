"""Counters of limits in Redis, so that a limit is one however many servers there are."""

from __future__ import annotations

from limits.aio.storage import RedisStorage

from datamind.adapters.redis.link import RedisLink


class RedisCounters(RedisStorage):
    """The sliding windows of `limits`, asked through our link: Unavailable while Redis is away."""

    def __init__(self, link: RedisLink) -> None:
        url = f"async+{link.settings.url}".replace("async+unix:", "async+redis+unix:")
        super().__init__(
            url, implementation="redispy", key_prefix=link.name("limit"),
            connection_pool=link.pool,  # type: ignore[arg-type]  # handed on to redis-py
        )  # fmt: skip
        self._link = link

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count one more, where there may be."""
        spend = super().acquire_sliding_window_entry
        return await self._link.do(lambda _: spend(key, limit, expiry, amount))

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """What was counted in the window before and in this one, and for how long each holds."""
        look = super().get_sliding_window
        return await self._link.do(lambda _: look(key, expiry))
