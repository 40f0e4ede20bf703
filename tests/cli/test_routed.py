"""`datamind ask` over PostgreSQL with ClickHouse beside it: routed as the server would, and
answered whatever becomes of ClickHouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from datamind.adapters.sync.running import run_sync
from datamind.adapters.sync.wanted import Wanted

from ..servers import ClickHouse
from .conftest import Run, batch_of, lines_of

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
SHOP = """
CREATE TABLE parcels (id int PRIMARY KEY, status text NOT NULL, weight numeric(8, 2) NOT NULL);
INSERT INTO parcels SELECT i, (ARRAY['sent', 'lost', 'open'])[1 + i % 3], (i % 97) * 1.5
    FROM generate_series(1, 3000) i;
ANALYZE
"""
BY_STATUS = "How many parcels are there by status?"
WHY = "it adds up about 3,000 rows, and all tables are there: no write since their copy is known"


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    made = ClickHouse(tmp_path / "clickhouse")
    made.start()
    yield made
    made.kill()


@pytest.fixture
def pair(
    own_postgres_url: str, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    """Both are configured, and what is in PostgreSQL is copied; its address."""
    with psycopg.connect(own_postgres_url, autocommit=True) as postgres:
        postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        postgres.execute(SHOP)
        postgres.execute("SELECT pg_stat_force_next_flush()")
    assert run_sync(Wanted(own_postgres_url, clickhouse.url(), settle_s=0)).ok
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WAREHOUSE_URL", own_postgres_url)
    monkeypatch.setenv("CLICKHOUSE_URL", clickhouse.url())
    monkeypatch.setenv("CLICKHOUSE_MIN_ROWS", "1000")
    return own_postgres_url


def test_a_question_goes_where_the_server_would_send_it(
    run: Run, pair: str, clickhouse: ClickHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = run("ask", BY_STATUS, "--json").json
    assert (there["status"], there["routed"]) == ("answered", WHY), there
    assert there["warehouse"].endswith(f"127.0.0.1:{clickhouse.port}")
    here = run("ask", BY_STATUS, "--json", "--warehouse", pair.replace("?", "?connect_timeout=9&"))
    assert here.json["routed"] == "", "another warehouse than the one that was copied"
    assert here.json["results"] == there["results"]
    assert here.json["sql"] == there["sql"]
    assert WHY in run("ask", BY_STATUS).out.replace("\n", " ")
    listed = run("ask", "List all parcels that are lost", "--json").json
    assert listed["routed"] == "it lists rows and adds nothing up"

    added = run("users", "add", "ana@example.com", "--role", "analyst")
    assert added.code == 0, added.err
    hers = run("ask", BY_STATUS, "--json", "--as", "ana@example.com").json
    assert (hers["routed"], hers["results"]) == (WHY, there["results"])

    monkeypatch.setenv("CLICKHOUSE_ROUTING", "0")
    assert run("ask", BY_STATUS, "--json").json["routed"] == ""
    monkeypatch.delenv("CLICKHOUSE_ROUTING")

    clickhouse.kill()
    started = time.monotonic()
    spared = run("ask", BY_STATUS, "--json").json
    assert spared["routed"] == "ClickHouse does not answer"
    assert spared["results"] == there["results"]
    assert time.monotonic() - started < 10
    out = tmp_path / "answers.jsonl"
    assert run("ask", "--batch", batch_of(tmp_path / "q", [BY_STATUS] * 2), "--out", out).code == 0
    assert [line["status"] for line in lines_of(out)] == ["answered"] * 2


def test_what_fails_there_is_run_where_everything_can_be_asked(
    run: Run, pair: str, clickhouse: ClickHouse
) -> None:
    before = run("ask", BY_STATUS, "--json").json
    say = clickhouse.url().replace("clickhouse", "http", 1)
    # The copy is known and fresh, and can't be read.
    httpx.post(say, content="RENAME TABLE public.parcels TO public.gone").raise_for_status()
    answer = run("ask", BY_STATUS, "--json").json
    assert answer["results"] == before["results"]
    assert "did not answer this" in answer["routed"]
    assert answer["warehouse"] != before["warehouse"]
