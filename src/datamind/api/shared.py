"""What several servers share: kept results, counters of limits, tickets and signals.

In Redis where one is configured, else in this process, which then is the only one.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datamind.adapters.alone import Alone
from datamind.adapters.cache import MemoryCache
from datamind.adapters.tickets import MemoryTickets
from datamind.api.secrets import Secrets
from datamind.ports import Cache, Signals, Tickets
from datamind.rooms.limits import Limits
from datamind.settings import Settings

if TYPE_CHECKING:
    from datamind.adapters.redis.link import RedisLink

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """All of it, open; `redis` is None where there is none. No cache: nothing is kept."""

    cache: Cache | None
    limits: Limits
    tickets: Tickets
    signals: Signals
    redis: RedisLink | None = None


@asynccontextmanager
async def open_shared(settings: Settings, secrets: Secrets) -> AsyncIterator[Shared]:
    """What is configured; Redis need not be there yet, but may not refuse us."""
    kept = settings.server.cache_mb << 20
    if settings.redis.url is None:
        cache = MemoryCache(kept) if kept else None
        yield Shared(cache, Limits(), MemoryTickets(), Alone())
        return
    from datamind.adapters.redis.cache import RedisCache
    from datamind.adapters.redis.counters import RedisCounters
    from datamind.adapters.redis.link import RedisLink
    from datamind.adapters.redis.reaching import must_not_refuse
    from datamind.adapters.redis.signals import RedisSignals
    from datamind.adapters.redis.tickets import RedisTickets

    await asyncio.to_thread(must_not_refuse, settings.redis)
    for name in ("jwt_secret", "mask_key"):
        if getattr(settings.server, name) is None:
            log.warning("REDIS_URL is set without %s: other servers have another", name.upper())
    # All servers have the key of the access tokens; what they tell each other goes by one made
    # of it.
    link = RedisLink(settings.redis, hmac.digest(secrets.jwt.encode(), b"redis", "sha256"))
    signals = RedisSignals(link)
    try:
        yield Shared(
            RedisCache(link) if kept else None, Limits(RedisCounters(link)), RedisTickets(link),
            signals, link,
        )  # fmt: skip
    finally:
        await signals.end()
        await link.close()
