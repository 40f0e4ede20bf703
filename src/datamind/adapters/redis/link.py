"""The one client of Redis: no call waits long, and what is away is left alone for a while."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from circuitbreaker import CircuitBreaker

from datamind.errors import BadInput, Unavailable
from datamind.settings.redis import RedisSettings

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool, Redis

log = logging.getLogger(__name__)
T = TypeVar("T")
FAILURES = 5  # in a row, then it is left alone
LATE = 2.0  # times the time limit
CONNECTIONS = 16
SEAL_BYTES = 32


def no_client() -> BadInput:
    """What is said where Redis is wanted without its extra."""
    return BadInput(
        "REDIS_URL is set, and the client of Redis is not installed.",
        hint="pip install 'datamind[scale]'",
    )


class RedisLink:
    """Calls Redis, each time within the time limit; Unavailable at once while it is left alone.

    `secret` is what servers of one installation share: what they put down is sealed with it, for
    whoever can write into Redis must not be believed to be one of them.
    """

    def __init__(self, settings: RedisSettings, secret: bytes) -> None:
        try:
            from redis.asyncio import ConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import ConnectionError as Lost
            from redis.exceptions import RedisError
            from redis.exceptions import TimeoutError as Late
        except ImportError:
            raise no_client() from None
        assert settings.url is not None
        self.settings = settings
        self._secret = secret
        # A connection that the server closed while it was idle is made anew, once.
        self.pool: ConnectionPool = ConnectionPool.from_url(
            settings.url, max_connections=CONNECTIONS, socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            retry=Retry(NoBackoff(), 1, supported_errors=(Lost,)),
        )  # fmt: skip
        self._client: Redis = Redis(connection_pool=self.pool)
        self.faults: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError)
        self._late: tuple[type[Exception], ...] = (Late, TimeoutError)
        self._breaker = CircuitBreaker(FAILURES, settings.rest_s, name="redis")
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._looking = False

    @property
    def is_away(self) -> bool:
        """Whether it is left alone."""
        return bool(self._breaker.opened)

    def name(self, *words: str) -> str:
        """The key of these words."""
        return ":".join((self.settings.namespace, *words))

    async def do(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """What comes of the work; Unavailable where Redis does not do it in time."""
        async with self._connection():
            started = time.monotonic()
            try:
                async with asyncio.timeout(self.settings.timeout_s):
                    made = await work(self._client)
            except self.faults as fault:
                self._failed(fault, time.monotonic() - started)
                raise _away() from None
        if self._breaker.state != "closed":
            log.warning("Redis is back")
        self._breaker.reset()
        return made

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[None]:
        """One of those that there may be. Once Redis rested, one alone looks whether it is back."""
        looks = False
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                await self._free.acquire()
        except TimeoutError:
            raise _away() from None  # many of us wait, which is no fault of its
        try:
            state = self._breaker.state
            if state == "open" or (state == "half_open" and self._looking):
                raise _away()
            looks = self._looking = state == "half_open"
            yield
        finally:
            self._free.release()
            if looks:
                self._looking = False

    def _failed(self, fault: Exception, elapsed_s: float) -> None:
        if isinstance(fault, self._late) and elapsed_s > LATE * self.settings.timeout_s:
            return  # it was us who were late: the event loop was busy with other things
        before = self._breaker.opened
        self._breaker.__exit__(type(fault), fault, None)  # counts it
        if self._breaker.opened and not before:
            log.warning("Redis is away: %s", type(fault).__name__)

    async def look(self) -> Mapping[str, Any]:
        """How Redis is: `latency_ms`, `memory_used` and `memory_most` in bytes (0: no limit);
        Unavailable where it does not answer."""
        started = time.perf_counter()
        found = await self.do(lambda redis: redis.info("memory"))
        return {
            "latency_ms": round(1000 * (time.perf_counter() - started), 2),
            "memory_used": int(found["used_memory"]),
            "memory_most": int(found.get("maxmemory", 0)),
        }

    def sealed(self, name: str, value: bytes) -> bytes:
        """The value as it is put down under this name."""
        return self._seal(name, value) + value

    def opened(self, name: str, kept: bytes) -> bytes | None:
        """The value; None where none of us put it there, or not under this name."""
        value = kept[SEAL_BYTES:]
        good = hmac.compare_digest(kept[:SEAL_BYTES], self._seal(name, value))
        return value if good else None

    def _seal(self, name: str, value: bytes) -> bytes:
        said = name.encode() + b"\0" + value
        return hmac.digest(self._secret, said, "sha256")

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()
        await self.pool.disconnect()


def _away() -> Unavailable:
    return Unavailable("Redis does not answer.")
