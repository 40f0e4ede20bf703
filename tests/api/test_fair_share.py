"""One who asks for hundreds at once does not starve the others, and is told when to come again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from .conftest import running, settings_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MANY, EACH, PLACES = 200, 120, 2


def test_two_hundred_at_once_by_one_leave_the_others_their_turn(
    loop: asyncio.Runner, shop: Path, tmp_path: Path
) -> None:
    async def ask() -> None:
        settings = settings_of(tmp_path, queue=500, queue_each=EACH, queue_s=120)
        async with running(settings, shop) as api:
            greedy, other = await api.headers("analyst"), await api.headers("admin")
            done = 0

            async def execute(number: int) -> int:
                nonlocal done
                body = {"sql": f"SELECT count(*) + {number} AS n FROM visits WHERE weight > 2"}
                url = "/api/v1/sql/execute"
                answer = await api.client.post(url, json=body, headers=greedy)
                done += answer.status_code == 200
                if answer.status_code != 200:
                    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1
                return answer.status_code

            asks = [asyncio.create_task(execute(n)) for n in range(MANY)]
            while sum(task.done() for task in asks) < MANY - EACH:
                await asyncio.sleep(0.01)
            before = done
            body = {"sql": "SELECT count(*) AS n FROM orders"}
            told = await api.client.post("/api/v1/sql/execute", json=body, headers=other)
            assert told.json()["results"] == [{"n": 3000}]
            # They wait for the engine, then the warehouse: for what is at work there, no more.
            assert done - before <= 4 * (PLACES + 1)
            codes = await asyncio.gather(*asks)
            assert (codes.count(200), codes.count(429)) == (EACH, MANY - EACH)

    loop.run(ask())
