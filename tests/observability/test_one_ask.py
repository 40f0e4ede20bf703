"""One ask in a real server's log: each line is known as its own, and none holds data."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import httpx
import pytest

from tests.api.test_process import serving

pytestmark = pytest.mark.slow
ASK = "corr-of-the-ask-1"
SECRET = "Zanzibar"  # pragma: allowlist secret


def test_all_lines_of_an_ask_carry_its_id_and_no_value(tmp_path: Path) -> None:
    shop = tmp_path / "shop.duckdb"
    with duckdb.connect(str(shop)) as db:
        db.execute("CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR, country VARCHAR)")
        db.execute(f"INSERT INTO stores VALUES (1, 'A', '{SECRET}'), (2, 'B', '{SECRET}')")
    home = tmp_path / "home"
    env = {"DATAMIND_LOG_LEVEL": "debug", "DATAMIND_LOG_FILE": "1"}
    with serving(home, shop, **env) as server:
        headers = server.login()
        body = {"question": "stores by country"}
        answer = httpx.post(
            f"{server.url}/api/v1/sql/ask", json=body, timeout=20,
            headers={**headers, "X-Correlation-ID": ASK},
        ).json()  # fmt: skip
        server.end()
    assert SECRET in json.dumps(answer["results"])
    kept = (home / "logs" / "datamind.log").read_text("utf-8")
    said = [line for line in server.said.splitlines() if line.startswith("{")]
    assert sorted(said) == sorted(kept.splitlines())
    lines = [json.loads(line) for line in said]
    ours = [line for line in lines if line["correlation_id"] == ASK]
    components = {line["component"] for line in ours}
    assert {
        "datamind.api.engine_pool", "datamind.rooms.questions.asking", "datamind.api.middleware",
    } <= components  # fmt: skip
    assert {line["user_id"] for line in ours} == {answer_user(home)}
    # Of the engine and of asking there is no line that belongs to nobody.
    of_asks = ("datamind.pipeline", "datamind.rooms.questions", "datamind.language")
    tasks = [line for line in lines if line.get("details", {}).get("task")]
    assert len(tasks) >= 2
    assert all(line["correlation_id"] for line in (*tasks, *(
        line for line in lines if line["component"].startswith(of_asks)
    )))  # fmt: skip
    assert SECRET not in kept


def answer_user(home: Path) -> str:
    import sqlite3

    with sqlite3.connect(home / "datamind.db") as db:
        return str(db.execute("SELECT user_id FROM queries").fetchone()[0])
