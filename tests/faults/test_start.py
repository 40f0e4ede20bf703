"""A server that starts while its warehouse is down: what is known of it can be read, nothing is
run, and all is back by itself."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from datamind.adapters.catalog_store import LIVE_SECONDS

from ..servers import Postgres, eventually
from .installation import RECOVER_S, Configured, filled, mode_of

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(300)]
QUESTION = {"question": "How many orders are there by status?"}
START_S = 30.0


@pytest.fixture
def warehouse() -> Iterator[Postgres]:
    made = Postgres()
    made.start()
    filled(made)
    yield made
    made.remove()


@pytest.fixture
def server(warehouse: Postgres, tmp_path: Path) -> Iterator[Configured]:
    """One that is not started yet; somebody can sign in to it."""
    made = Configured(tmp_path, tmp_path, WAREHOUSE_URL=warehouse.url())
    made.people(ana="admin")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


def call(server: Configured, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    body = QUESTION if method == "POST" else None
    url = f"{server.url}/api/v1{path}"
    return httpx.request(method, url, json=body, headers=headers, timeout=60)


def tables(server: Configured, headers: dict[str, str]) -> set[str]:
    found = call(server, "GET", "/catalog/tables", headers)
    assert found.status_code == 200, found.text
    return {table["name"] for table in found.json()["items"]}


def alerts(server: Configured, headers: dict[str, str]) -> set[str]:
    """What is open of the warehouse's role."""
    found = call(server, "GET", "/system/alerts", headers).json()["items"]
    return {a["subject"] for a in found if a["kind"] == "role_may_write" and not a["ended_at"]}


@pytest.mark.parametrize("hurt", [Postgres.kill, Postgres.hang], ids=["killed", "hung"])
def test_with_a_kept_catalog_it_reads_at_once_and_runs_as_soon_as_the_warehouse_is_back(
    server: Configured, warehouse: Postgres, hurt: Callable[[Postgres], None]
) -> None:
    server.start()
    before = server.login()
    assert call(server, "POST", "/sql/ask", before).status_code == 200
    wide = alerts(server, before)
    assert wide, "the role is a superuser"
    assert server.end() == 0
    for kept in (server.home / "catalogs").iterdir():
        old = time.time() - 10 * LIVE_SECONDS
        os.utime(kept, (old, old))  # older than what is trusted while the warehouse answers
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE refunds (id integer PRIMARY KEY)")
    hurt(warehouse)

    server.begin()
    assert eventually(lambda: mode_of(server.url) == "READ_ONLY", START_S), mode_of(server.url)
    assert tables(server, before) == tables(server, server.login()) == {"orders", "stores"}
    made = call(server, "POST", "/sql/generate", before)
    assert made.status_code == 200 and "orders" in made.json()["sql"], made.text
    refused = call(server, "POST", "/sql/ask", before)
    assert refused.status_code == 503, refused.text
    assert refused.json()["detail"] == "Query execution unavailable: the warehouse is down."
    assert httpx.get(f"{server.url}/health/ready").status_code == 503
    assert alerts(server, before) == wide, "what can't be looked at is not well by that"

    mended = time.monotonic()
    warehouse.wake()
    if hurt is Postgres.kill:
        warehouse.start()
    assert eventually(lambda: mode_of(server.url) == "FULL_OPERATIONAL", RECOVER_S)
    answer = call(server, "POST", "/sql/ask", before)
    assert answer.json()["results"] == [{"status": "paid", "number_of_orders": 3000}]
    assert time.monotonic() - mended < RECOVER_S
    assert tables(server, before) == {"orders", "stores", "refunds"}, "not what was kept"
    assert server.end() == 0
    told = [json.loads(line)["message"] for line in server.said.splitlines()]
    assert any(line.startswith("catalog and warehouse … not there: ") for line in told), told
    assert "DataMind is ready. Mode: READ_ONLY (the warehouse is down), Health: 60" in told


def test_without_one_it_answers_health_alone_and_says_what_it_waits_for(
    server: Configured, warehouse: Postgres
) -> None:
    warehouse.kill()
    server.begin()
    assert eventually(lambda: mode_of(server.url) == "EMERGENCY", START_S)
    assert httpx.get(f"{server.url}/health/live").status_code == 200
    for path in ("/health/ready", "/api/v1/catalog/tables"):
        answer = httpx.get(f"{server.url}{path}")
        assert answer.status_code == 503
        told = answer.json()["detail"]
        assert told == "DataMind can't start yet: it waits for the catalog and warehouse."
        assert str(warehouse.port) not in answer.text, "where it is, is for operators"

    warehouse.start()
    assert eventually(lambda: mode_of(server.url) == "FULL_OPERATIONAL", RECOVER_S)
    assert tables(server, server.login()) == {"orders", "stores"}
    assert server.end() == 0
    assert "there is no kept catalog" in server.said
    assert f"127.0.0.1:{warehouse.port}" in server.said
