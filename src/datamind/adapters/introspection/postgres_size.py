"""How much a PostgreSQL database holds."""

from __future__ import annotations

from datamind.adapters.introspection.postgres import reading


def stored_bytes(url: str) -> int:
    """Bytes on disk of the whole database, indexes included."""
    with reading(url) as probe:
        return int(str(probe.rows("SELECT pg_database_size(current_database())")[0][0]))
