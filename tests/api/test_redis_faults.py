"""Redis that is killed, hangs, or was never there: requests go on, in time, and it is found again.

The processes are real: the server is killed with SIGKILL and started anew at its port, made to hang
by CLIENT PAUSE, or is a socket that takes connections and never answers.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from datamind.adapters.redis.link import FAILURES, RedisLink
from datamind.settings import RedisSettings, Settings

from ..conftest import redis_server
from .conftest import Api, running, settings_of
from .test_shared import SECRET, Two, heard, two_servers, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
IN_TIME_S = 0.1


def settings_at(home: Path, redis: str) -> Settings:
    made = settings_of(home, jwt_secret=SECRET)
    return replace(made, redis=RedisSettings(url=redis, timeout_s=IN_TIME_S, rest_s=0.3))


async def execute(api: Api, headers: dict[str, str], number: int) -> Any:
    """A statement that nobody sent before."""
    body = {"sql": f"SELECT count(*) + {number} AS n FROM orders"}
    return await api.client.post("/api/v1/sql/execute", json=body, headers=headers)


async def is_back(api: Api) -> bool:
    try:
        await api.parts.redis.look()  # type: ignore[union-attr]
    except Exception:
        return False
    return True


def test_redis_is_killed_in_the_middle_of_asks_and_started_anew(
    loop: asyncio.Runner, shop: Path, tmp_path: Path
) -> None:
    async def go_on() -> None:
        with ExitStack() as first:
            url = first.enter_context(redis_server(tmp_path))
            async with running(settings_at(tmp_path / "home", url), shop) as api:
                headers = await api.headers()
                opened = await api.call("POST", "/sql/ask?stream=true", {"question": "orders"})
                asks = [asyncio.create_task(execute(api, headers, n)) for n in range(30)]
                await until(lambda: _some(asks, 5))
                first.close()  # SIGKILL
                answers = await asyncio.gather(*asks)
                assert {a.status_code for a in answers} == {200}
                assert [a.json()["results"][0]["n"] for a in answers] == list(range(3000, 3030))
                # What waits in Redis waits here too.
                made = opened.json()
                path = f"/api/v1/sql/stream/{made['stream_id']}"
                ticket = {"X-Stream-Ticket": made["ticket"]}
                assert "event: answer" in (await api.client.get(path, headers=ticket)).text
                assert (await api.client.get(path, headers=ticket)).status_code == 404
                opened = await api.call("POST", "/sql/ask?stream=true", {"question": "orders"})
                assert opened.status_code == 202
                with redis_server(tmp_path, port=int(url.rpartition(":")[2].partition("/")[0])):
                    await until(lambda: is_back(api))
                    await until(lambda: heard(api))
                    for cached in (False, True):
                        told = (await execute(api, headers, 999)).json()
                        assert told["cached"] is cached

    loop.run(go_on())


async def _some(asks: list[asyncio.Task[Any]], count: int) -> bool:
    return sum(task.done() for task in asks) >= count


def test_a_server_starts_and_answers_beside_a_black_hole(
    loop: asyncio.Runner, shop: Path, tmp_path: Path
) -> None:
    async def go_on() -> None:
        with socket.socket() as hole:
            hole.bind(("127.0.0.1", 0))
            hole.listen(128)
            url = f"redis://127.0.0.1:{hole.getsockname()[1]}/0"
            async with running(settings_at(tmp_path, url), shop) as api:
                headers = await api.headers()
                answers = await asyncio.gather(*(execute(api, headers, n) for n in range(30)))
                assert {a.status_code for a in answers} == {200}
                link: Any = api.parts.redis
                assert link.is_away or link._breaker.state == "half_open"

    loop.run(go_on())


def test_what_hangs_costs_nothing_after_the_first_failures(
    loop: asyncio.Runner, tmp_path: Path
) -> None:
    async def ask() -> None:
        with redis_server(tmp_path) as url:
            link = RedisLink(RedisSettings(url=url, timeout_s=IN_TIME_S, rest_s=60), b"x")
            assert (await link.look())["memory_used"] > 0
            with Redis.from_url(url) as admin:
                admin.client_pause(600_000)
            spent = []
            for _ in range(FAILURES + 200):
                started = time.perf_counter()
                with pytest.raises(Exception, match="does not answer"):
                    await link.look()
                spent.append(time.perf_counter() - started)
            assert min(spent[:FAILURES]) >= IN_TIME_S / 2
            # 200 calls together take less than a single time limit: none of them waited.
            assert sum(spent[FAILURES:]) < IN_TIME_S
            await link.close()

    loop.run(ask())


def test_one_alone_looks_whether_it_is_back(loop: asyncio.Runner) -> None:
    async def look() -> None:
        with socket.socket() as hole:
            hole.bind(("127.0.0.1", 0))
            hole.listen(128)
            url = f"redis://127.0.0.1:{hole.getsockname()[1]}/0"
            link = RedisLink(RedisSettings(url=url, timeout_s=0.05, rest_s=0.01), b"x")
            tried = 0

            async def work(redis: Redis) -> None:
                nonlocal tried
                tried += 1
                await asyncio.sleep(10)

            await asyncio.gather(*(_fails(link, work) for _ in range(FAILURES)))
            await asyncio.sleep(0.02)
            tried = 0
            await asyncio.gather(*(_fails(link, work) for _ in range(50)))
            assert tried == 1
            await link.close()

    loop.run(look())


async def _fails(link: RedisLink, work: Any) -> None:
    with pytest.raises(Exception, match="does not answer"):
        await link.do(work)


def test_equal_statements_at_two_servers_run_once_and_each_is_audited(
    loop: asyncio.Runner, shop: Path, tmp_path: Path
) -> None:
    sql = {"sql": "SELECT count(*) AS n FROM visits WHERE weight > 2"}

    async def ask(both: Two) -> None:
        headers = await both[0].headers()
        answers = await asyncio.gather(
            *(
                both[n % 2].client.post("/api/v1/sql/execute", json=sql, headers=headers)
                for n in range(20)
            )
        )
        told = [a.json() for a in answers]
        assert sum(not one["cached"] for one in told) == 1
        assert len({str(one["results"]) for one in told}) == 1
        audited = [r for r in both[0].audited() if r["event_type"] == "query_execution"]
        intended = [r["details"]["query"] for r in audited if r["status"] == "intent"]
        assert set(intended) >= {one["query_id"] for one in told}

    async def start() -> None:
        with redis_server(tmp_path) as url:
            async with two_servers(tmp_path / "home", shop, url) as both:
                await ask(both)

    loop.run(start())
