"""Two servers on one store and one real Redis are as one; without Redis each goes on alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datamind.settings import RedisSettings

from .conftest import RUNAWAY, Api, Run, running, settings_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SECRET = "0123456789abcdefghijklmnopqrstuv"  # pragma: allowlist secret
COUNT = {"sql": "SELECT count(*) AS n FROM orders"}
Two = tuple[Api, Api]


@asynccontextmanager
async def two_servers(home: Path, shop: Path, redis: str, **server: Any) -> AsyncIterator[Two]:
    """Both over one home, and so one store."""
    settings = replace(
        settings_of(home, jwt_secret=SECRET, policy_cache_s=600, **server),
        redis=RedisSettings(url=redis, timeout_s=20, rest_s=0.5),
    )
    async with running(settings, shop) as one, running(settings, shop, people=()) as other:
        await until(lambda: heard(one, other))
        yield one, other


async def heard(*servers: Api) -> bool:
    """Whether each hears what the others say."""
    link = servers[0].parts.redis
    assert link is not None
    channel = link.name("signals")  # type: ignore[attr-defined]
    found = await link.do(lambda redis: redis.pubsub_numsub(channel))  # type: ignore[attr-defined]
    return bool(found[0][1] >= len(servers))


async def until(holds: Callable[[], Awaitable[bool]], *, limit_s: float = 60) -> None:
    """Return once it holds."""
    end = time.monotonic() + limit_s
    while not await holds():
        assert time.monotonic() < end, "it never came to hold"
        await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def two(
    loop: asyncio.Runner, shop: Path, tmp_path_factory: pytest.TempPathFactory, redis_url: str
) -> Iterator[Two]:
    context = two_servers(tmp_path_factory.mktemp("home"), shop, redis_url)
    yield loop.run(context.__aenter__())
    loop.run(context.__aexit__(None, None, None))


def test_a_stream_that_one_opens_is_read_at_the_other_and_once(two: Two, run: Run) -> None:
    one, other = two

    async def read() -> None:
        question = {"question": "how many orders are there"}
        made = (await one.call("POST", "/sql/ask?stream=true", question)).json()
        path = f"/api/v1/sql/stream/{made['stream_id']}"
        wrong = await other.client.get(path, headers={"X-Stream-Ticket": "x" * 43})
        assert wrong.status_code == 404
        ticket = {"X-Stream-Ticket": made["ticket"]}
        told = await other.client.get(path, headers=ticket)
        assert "event: answer" in told.text and "3000" in told.text
        for server in two:
            assert (await server.client.get(path, headers=ticket)).status_code == 404

    run(read())


def test_rows_that_one_read_are_kept_for_the_other(two: Two, run: Run) -> None:
    sql = {"sql": "SELECT count(*) AS kept_for_both FROM orders"}
    assert run(two[0].call("POST", "/sql/execute", sql)).json()["cached"] is False
    again = run(two[1].call("POST", "/sql/execute", sql)).json()
    assert (again["cached"], again["results"]) == (True, [{"kept_for_both": 3000}])


def test_a_query_is_called_off_at_either_server_by_its_owner_alone(
    two: Two, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr("datamind.adapters.redis.signals.ANSWER_S", 60)

    async def call_off() -> None:
        asked = asyncio.create_task(one.call("POST", "/sql/execute", {"sql": RUNAWAY}))
        await until(lambda: _runs(one))
        (query,) = one.parts.running._runs
        path = f"/sql/{query}/cancel"
        assert (await other.call("POST", path, role="viewer")).status_code == 403
        assert not asked.done()
        assert (await other.call("POST", path)).json()["cancelled"] is True
        assert (await asked).json()["code"] == "query_cancelled"
        assert (await other.call("POST", path)).json()["cancelled"] is False
        assert (await other.call("POST", "/sql/qry-none/cancel")).status_code == 404

    run(call_off())


async def _runs(server: Api) -> bool:
    return len(server.parts.running) == 1


def test_who_is_signed_out_at_one_is_signed_out_at_the_other(
    two: Two, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two

    async def nothing(*_: object) -> None:
        """The store would tell it too, every five seconds."""

    monkeypatch.setattr("datamind.rooms.system.service.load_revocations", nothing)

    async def sign_out() -> None:
        headers = await one.headers("viewer")
        me = "/api/v1/auth/me"
        assert (await other.client.get(me, headers=headers)).status_code == 200
        await one.client.post("/api/v1/auth/logout", headers=headers)

        async def out() -> bool:
            return (await other.client.get(me, headers=headers)).status_code == 401

        await until(out)

    run(sign_out())


def test_a_policy_and_an_address_rule_made_at_one_hold_at_the_other(two: Two, run: Run) -> None:
    one, other = two

    async def change() -> None:
        assert (await other.call("POST", "/sql/execute", COUNT)).json()["results"] == [{"n": 3000}]
        body = {"name": "First", "on": "orders", "to": {"roles": ["analyst"]}, "rows": "id = 1"}
        made = await one.call("POST", "/policies/rows", body, role="admin")
        assert made.status_code == 201, made.text

        async def sees(count: int) -> bool:
            told = await other.call("POST", "/sql/execute", COUNT)
            return bool(told.json()["results"] == [{"n": count}])

        await until(lambda: sees(1))  # rules are kept for ten minutes here
        path = f"/policies/{made.json()['id']}"
        assert (await one.call("DELETE", path, role="admin")).status_code == 204
        await until(lambda: sees(3000))
        rule = {"action": "deny", "network": "203.0.113.0/24"}
        made = await one.call("POST", "/security/ip-restrictions", rule, role="admin")
        assert made.status_code == 201, made.text

        async def shut_out() -> bool:
            return len(other.parts.ip_rules._rules) == 1  # type: ignore[attr-defined]

        await until(shut_out)
        path = f"/security/ip-restrictions/{made.json()['id']}"
        assert (await one.call("DELETE", path, role="admin")).status_code == 204

    run(change())


def test_what_nobody_of_ours_wrote_is_not_believed(two: Two, run: Run) -> None:
    one, other = two
    sql = {"sql": "SELECT count(*) AS forged FROM orders"}
    link: Any = one.parts.redis

    async def forge() -> None:
        await one.call("POST", "/sql/execute", sql)
        keys = [key async for key in link._client.scan_iter(link.name("result", "*"))]
        for key in keys:
            kept = await link._client.get(key)
            await link._client.set(key, kept.replace(b"3000", b"9999"))
        told = (await other.call("POST", "/sql/execute", sql)).json()
        assert (told["cached"], told["results"]) == (False, [{"forged": 3000}])

    run(forge())


def test_a_limit_is_one_for_both(
    loop: asyncio.Runner, shop: Path, tmp_path: Path, redis_url: str
) -> None:
    async def spend() -> None:
        async with two_servers(tmp_path, shop, redis_url, ask_limit="4/minute") as both:
            tokens = await both[0].headers()
            codes = []
            for n in range(8):
                told = await both[n % 2].client.post(
                    "/api/v1/sql/execute", json=COUNT, headers=tokens
                )
                codes.append(told.status_code)
            assert codes == [200] * 4 + [429] * 4

    loop.run(spend())
