"""Where what people do is kept: the metadata store and the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.store import AuditStore
from datamind.api.secrets import Secrets
from datamind.backup.restoring import in_use
from datamind.breakers import Breaker
from datamind.database import Database
from datamind.migrations import upgrade
from datamind.settings import Settings


@dataclass(frozen=True)
class Store:
    """Both, open."""

    database: Database
    audit: AuditStore


@asynccontextmanager
async def open_store(
    settings: Settings, secrets: Secrets, breaker: Breaker | None = None
) -> AsyncIterator[Store]:
    """The metadata store, at the newest revision, and the audit log; closed with the block."""
    with in_use(settings):
        async with _opened(settings, secrets, breaker) as store:
            yield store


@asynccontextmanager
async def _opened(
    settings: Settings, secrets: Secrets, breaker: Breaker | None
) -> AsyncIterator[Store]:
    await asyncio.get_running_loop().run_in_executor(None, upgrade, settings.database_url)
    database = Database(settings.database_url, settings.server.pool, breaker)
    places = AuditPlaces.of(settings.home, settings.server.audit_anchors)
    try:
        with closing(AuditStore(places, secrets.audit)) as audit:
            yield Store(database, audit)
    finally:
        await database.close()
