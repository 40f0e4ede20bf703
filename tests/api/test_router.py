"""Two warehouses: plans go to ClickHouse where all is there and fresh, and nobody's question fails
when it is not."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datamind.adapters.sync.running import run_sync
from datamind.adapters.sync.wanted import Wanted
from datamind.settings import RouterSettings
from tests.api.conftest import Api, running, settings_of
from tests.conftest import clickhouse_server
from tests.faults.link import Link, link_to

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

SHOP = """
CREATE TABLE stores (id int PRIMARY KEY, name text NOT NULL, country text NOT NULL);
CREATE TABLE orders (
    id int PRIMARY KEY, store_id int NOT NULL REFERENCES stores (id), status text NOT NULL,
    amount numeric(12, 2) NOT NULL, order_date date NOT NULL
);
INSERT INTO stores SELECT i, 'Store ' || i, (ARRAY['France', 'Spain', 'Italy'])[1 + i % 3]
    FROM generate_series(1, 12) i;
INSERT INTO orders SELECT i, 1 + i % 12, (ARRAY['paid', 'cancelled', 'open'])[1 + i % 3],
    (i % 97) * 10.5, date '2025-01-01' + i % 400 FROM generate_series(1, 3000) i;
ANALYZE
"""
BY_STATUS = "How many orders are there by status?"
BY_COUNTRY = "Total order amount by country"


@dataclass
class Both:
    """The API over PostgreSQL with ClickHouse beside it."""

    api: Api
    postgres: psycopg.Connection[tuple[Any, ...]]
    url: str
    clickhouse: str

    def sync(self) -> None:
        assert run_sync(Wanted(self.url, self.clickhouse, settle_s=0)).ok

    def execute(self, sql: str) -> None:
        self.postgres.execute(sql.encode())
        self.postgres.execute("SELECT pg_stat_force_next_flush()")

    async def asked(self, question: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first answer of which that holds; no answer on the way may be an error."""
        for _ in range(150):
            answer = await self.api.ask(question, cache=False)
            assert answer["status"] == "answered", answer
            if until(answer):
                return answer
            await asyncio.sleep(0.2)
        raise AssertionError(answer["warehouse"] + ": " + answer["routed"])


def routed(answer: dict[str, Any]) -> bool:
    return "127.0.0.1" in (answer["warehouse"] or "") and "all tables are there" in answer["routed"]


@asynccontextmanager
async def both(url: str, clickhouse: str, home: Path, **router: Any) -> AsyncIterator[Both]:
    with psycopg.connect(url, autocommit=True) as postgres:
        postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        postgres.execute(SHOP)
        postgres.execute("SELECT pg_stat_force_next_flush()")
        settings = replace(
            settings_of(home),
            router=RouterSettings(clickhouse, least_rows=1000, lag_s=0, **router),
        )
        async with running(settings, url) as api:
            yield Both(api, postgres, url, clickhouse)


def test_plans_are_routed_and_no_question_fails_whatever_becomes_of_clickhouse(
    own_postgres_url: str, tmp_path: Path
) -> None:
    async def story() -> None:
        folder = tmp_path / "clickhouse"
        folder.mkdir()
        with clickhouse_server(folder) as clickhouse:
            async with both(own_postgres_url, clickhouse, tmp_path / "home") as pair:
                before = await pair.api.ask(BY_STATUS, cache=False)
                assert not routed(before)
                pair.sync()
                there = await pair.asked(BY_STATUS, routed)
                assert there["results"] == before["results"]
                assert there["sql"] == before["sql"], "people see the SQL that they can edit"
                await chosen(pair)
                await stale(pair)
                port = int(clickhouse.rsplit(":", 1)[1])
                await killed(pair, folder, port)

    async def chosen(pair: Both) -> None:
        for question, why in (
            ("List all orders of store 3", "lists rows"),
            ("How many stores are there?", "which is few"),
        ):
            answer = await pair.api.ask(question, cache=False)
            assert why in answer["routed"], (question, answer["routed"])
        typed = await pair.api.call(
            "POST", "/sql/execute", {"sql": "SELECT count(*) AS n FROM orders"}
        )
        assert typed.json()["results"] == [{"n": 3000}]
        assert "127.0.0.1" not in typed.json()["warehouse"]

    async def stale(pair: Both) -> None:
        pair.execute("UPDATE orders SET status = 'paid' WHERE status = 'open'")
        answer = await pair.asked(BY_STATUS, lambda a: "was written since" in a["routed"])
        assert {r["status"] for r in answer["results"]} == {"paid", "cancelled"}
        pair.sync()
        again = await pair.asked(BY_STATUS, routed)
        assert again["results"] == answer["results"]

    async def killed(pair: Both, folder: Path, port: int) -> None:
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        started = time.monotonic()
        first = await pair.asked(BY_COUNTRY, lambda a: not routed(a))
        assert "did not answer" in first["routed"] or "does not answer" in first["routed"]
        assert time.monotonic() - started < 10
        with clickhouse_server(folder, port):
            back = await pair.asked(BY_COUNTRY, routed)
            assert back["results"] == first["results"]

    asyncio.run(story())


def test_policies_hold_in_both(own_postgres_url: str, clickhouse_url: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with both(own_postgres_url, clickhouse_url, tmp_path / "home") as pair:
            pair.sync()
            await restrict(pair, "country = 'France'")
            before = await pair.api.ask(BY_COUNTRY, cache=False)
            there = await pair.asked(BY_COUNTRY, routed)
            assert before["results"] == there["results"]
            assert len(there["results"]) == 1 and "France" in str(there["results"])
            await restrict(pair, "length(country) / 4 > 1")
            here = await pair.asked(BY_COUNTRY, lambda a: not routed(a))
            assert "a policy" in here["routed"]

    async def restrict(pair: Both, rows: str) -> None:
        body = {"kind": "restriction", "name": f"only {len(rows)}", "on": "stores", "rows": rows,
                "to": {"roles": ["analyst"]}}  # fmt: skip
        made = await pair.api.call("POST", "/policies", body, role="admin")
        assert made.status_code < 300, made.text

    asyncio.run(story())


def test_a_clickhouse_that_hangs_has_its_own_breaker_and_costs_no_question_a_time_out(
    own_postgres_url: str, clickhouse_url: str, tmp_path: Path
) -> None:
    async def story(link: Link) -> None:
        through = f"clickhouse://127.0.0.1:{link.port}"
        async with both(own_postgres_url, through, tmp_path / "home") as pair:
            pair.sync()
            there = await pair.asked(BY_STATUS, routed)
            assert (await health(pair))["status"] == "healthy"
            link.cut("black hole")
            caught = asyncio.create_task(pair.api.ask(BY_COUNTRY, cache=False))
            await until(pair, lambda told: told["status"] == "degraded")
            await spared(pair, there)
            assert (await caught)["status"] == "answered", "in the same request"
            await spared(pair, there)  # what it found out late ends no rest
            link.mend()
            back = await pair.asked(BY_COUNTRY, routed)
            assert back["results"] == (await caught)["results"]
            await until(pair, lambda told: told["status"] == "healthy")

    async def spared(pair: Both, there: dict[str, Any]) -> None:
        for _ in range(3):
            started = time.monotonic()
            answer = await pair.api.ask(BY_STATUS, cache=False)
            assert time.monotonic() - started < 4, "a time-out takes 15 s, a look 2"
            assert answer["results"] == there["results"]
            assert answer["routed"] == "ClickHouse does not answer"
        told = await health(pair)
        assert (told["operational_mode"], told["health_score"]) == ("FULL_OPERATIONAL", 100)
        parts = told["components"]
        assert parts["circuits"]["warehouse"] == "closed"
        assert parts["circuits"]["clickhouse"] != "closed"
        assert parts["warehouse"]["status"] == parts["warehouse"]["clickhouse"]["status"]
        assert (await pair.api.client.get("/health/ready")).status_code == 200

    async def until(pair: Both, holds: Callable[[dict[str, Any]], bool]) -> None:
        for _ in range(150):
            if holds(await health(pair)):
                return
            await asyncio.sleep(0.2)
        raise AssertionError(await health(pair))

    async def health(pair: Both) -> dict[str, Any]:
        headers = await pair.api.headers("admin")
        told: dict[str, Any] = (await pair.api.client.get("/health", headers=headers)).json()
        return told

    with link_to(int(clickhouse_url.rsplit(":", 1)[1])) as link:
        asyncio.run(story(link))
