"""When what is asked has outgrown PostgreSQL, and ClickHouse beside it would pay off."""

from __future__ import annotations

from datamind.settings import RouterSettings

GB = 1_000_000_000
HOW = "See docs/clickhouse-migration.md, and `datamind migrate-warehouse --plan`."


def advised(
    router: RouterSettings, *, stored_bytes: int = 0, p95_s: float = 0.0, users: int = 0
) -> tuple[tuple[str, str], ...]:
    """What is past which threshold, by a word for each; nothing where ClickHouse is set up."""
    if router.clickhouse_url is not None:
        return ()
    found = []
    if stored_bytes >= router.advise_gb * GB:
        what = f"The warehouse holds {stored_bytes / GB:,.0f} GB, {router.advise_gb:,} or more"
        found.append(("size", f"{what}: ClickHouse beside PostgreSQL is advised. {HOW}"))
    if p95_s > router.advise_p95_s:
        what = f"One question in twenty takes {p95_s:.1f} s, more than {router.advise_p95_s:g}"
        found.append(("p95", f"{what}: ClickHouse beside PostgreSQL is advised. {HOW}"))
    if users >= router.advise_users:
        what = f"{users:,} people asked within a day, {router.advise_users:,} or more"
        found.append(("users", f"{what}: ClickHouse beside PostgreSQL is advised. {HOW}"))
    return tuple(found)
