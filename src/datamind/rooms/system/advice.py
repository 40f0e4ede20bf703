"""Advice as alerts have it: what has outgrown PostgreSQL alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from datamind.breakers import unavailable
from datamind.pipeline.moving_on import advised
from datamind.rooms.parts import Parts
from datamind.rooms.questions import history
from datamind.rooms.system.alerts import Condition

LOOKED_AT = dt.timedelta(hours=24)


async def conditions(parts: Parts) -> Sequence[Condition]:
    """The advice that holds now, as alerts have it; only PostgreSQL is outgrown so. Unavailable
    where its size is not known."""
    router = parts.settings.router
    if parts.warehouse.dialect != "postgres" or router.clickhouse_url is not None:
        return ()
    if not parts.looked_at:
        raise unavailable("the warehouse")
    async with parts.database.unit() as session:
        users, p95_s = await history.load_since(session, parts.now() - LOOKED_AT)
    found = advised(router, stored_bytes=parts.stored_bytes, p95_s=p95_s, users=users)
    return [Condition("advice", subject, message, "info") for subject, message in found]
