"""PostgreSQL and ClickHouse's engine side by side, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from datamind.adapters.sync import target
from datamind.adapters.sync.running import plan_sync, remove, run_sync
from datamind.adapters.sync.tables import SyncReport, TableReport
from datamind.adapters.sync.target import Target
from datamind.adapters.sync.wanted import SyncPlan, Wanted


@dataclass
class Pair:
    """The two databases."""

    postgres_url: str
    clickhouse_url: str
    postgres: psycopg.Connection[tuple[Any, ...]]
    clickhouse: Target

    def sync(self, **more: Any) -> SyncReport:
        """What was executed here is counted at once, so that there is nothing to wait for."""
        return run_sync(Wanted(self.postgres_url, self.clickhouse_url, settle_s=0, **more))

    def plan(self, **more: Any) -> SyncPlan:
        """What a sync would do."""
        return plan_sync(Wanted(self.postgres_url, self.clickhouse_url, **more))

    def one(self, **more: Any) -> TableReport:
        """The report of the only table."""
        (report,) = self.sync(**more).tables
        return report

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        found = self.postgres.execute(sql.encode())
        rows = found.fetchall() if found.description else []
        self.postgres.execute("SELECT pg_stat_force_next_flush()")
        return rows

    def rows(self, sql: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """What PostgreSQL and ClickHouse answer, in order."""
        theirs = sorted(self.execute(sql), key=repr)
        return theirs, sorted(self.clickhouse.rows(sql), key=repr)


@pytest.fixture
def pair(own_postgres_url: str, clickhouse_url: str) -> Iterator[Pair]:
    with (
        psycopg.connect(own_postgres_url, autocommit=True) as postgres,
        target.opened(clickhouse_url) as clickhouse,
    ):
        postgres.execute("DROP SCHEMA public CASCADE")
        postgres.execute("CREATE SCHEMA public")
        remove(clickhouse_url)
        yield Pair(own_postgres_url, clickhouse_url, postgres, clickhouse)
