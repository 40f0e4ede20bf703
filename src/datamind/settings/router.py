"""Settings of the second warehouse: ClickHouse beside PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datamind.settings.reading import number, path, whole, yes


@dataclass(frozen=True, slots=True)
class RouterSettings:
    """Where ClickHouse is, and which plans go there.

    `routing` off sends all to PostgreSQL, whatever is synced. A plan goes to ClickHouse from
    `least_rows` rows on, over tables that were not written since their sync, or were synced at most
    `lag_s` seconds ago. A sync waits `settle_s` seconds for PostgreSQL to have
    counted what was written. `choices` is a file of choices for it. Migration is advised from
    `advise_gb`, a P95 of `advise_p95_s` or `advise_users` daily users on.
    """

    clickhouse_url: str | None = field(default=None, repr=False)
    routing: bool = True
    least_rows: int = 100_000
    lag_s: int = 300
    settle_s: int = 11
    choices: Path | None = None
    advise_gb: int = 500
    advise_p95_s: float = 3.0
    advise_users: int = 50_000


def router(env: Mapping[str, str]) -> RouterSettings:
    """CLICKHOUSE_URL and those that docs/server.md lists beside it."""
    usual = RouterSettings()
    return RouterSettings(
        clickhouse_url=env.get("CLICKHOUSE_URL") or None,
        routing=yes(env, "CLICKHOUSE_ROUTING", usual.routing),
        least_rows=whole(env, "CLICKHOUSE_MIN_ROWS", usual.least_rows, least=0),
        lag_s=whole(env, "CLICKHOUSE_MAX_LAG_SECONDS", usual.lag_s, least=0),
        settle_s=whole(env, "CLICKHOUSE_SETTLE_SECONDS", usual.settle_s, least=0),
        choices=path(env, "CLICKHOUSE_CHOICES_FILE"),
        advise_gb=whole(env, "ADVISE_CLICKHOUSE_GB", usual.advise_gb),
        advise_p95_s=number(env, "ADVISE_CLICKHOUSE_P95_S", usual.advise_p95_s),
        advise_users=whole(env, "ADVISE_CLICKHOUSE_USERS", usual.advise_users),
    )
