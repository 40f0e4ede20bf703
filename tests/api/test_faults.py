"""Faults of real databases: what people see, how soon it is known, how it comes back by itself."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg
import pytest

from datamind.errors import Unavailable
from datamind.rooms.system.service import SOON_S

from ..servers import Postgres, eventually
from .conftest import Api, Run, running, settings_of
from .test_process import Server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
DETECTED_S, RECOVERED_S = 10.0, 30.0
HEALTH_S, SLOWEST_S = 0.05, 1.0  # all the tests beside it hold up one or another
QUESTION = {"question": "how many orders are there"}


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    server = Postgres()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
        db.execute("INSERT INTO things VALUES (1, 'x')")
    yield server
    server.remove()


@asynccontextmanager
async def kept_in(server: Postgres, home: Path, shop: Path) -> AsyncIterator[Api]:
    """The API whose metadata store is a fresh database of that server."""
    name = f"t{home.name.replace('-', '_')}"[:60].lower()
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    url = server.url(name)
    async with running(settings_of(home, database_url=url), shop) as api:
        yield api


class Person:
    """An analyst who signed in before the fault."""

    def __init__(self, api: Api, headers: dict[str, str]) -> None:
        self.api, self.headers = api, headers
        self.took: list[float] = []  # seconds, of each look at /health

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return await self.api.call(method, path, body, role=None, headers=self.headers)

    async def health(self) -> dict[str, Any]:
        started = time.perf_counter()
        answer = await self.api.client.get("/health", headers=self.headers)
        self.took.append(time.perf_counter() - started)
        return answer.json()  # type: ignore[no-any-return]

    async def mode(self) -> str:
        return str((await self.health())["operational_mode"])


async def within(seconds: float, holds: Callable[[], Awaitable[Any]]) -> float:
    """How long it took until it held."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if await holds():
            return time.monotonic() - started
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


async def person(api: Api) -> Person:
    made = Person(api, await api.headers())
    assert (await made.call("POST", "/sql/ask", QUESTION)).status_code == 200  # rights are known
    return made


async def flagged(ana: Person) -> str | None:
    """The id of a flag that was taken."""
    asked = await ana.call("POST", "/sql/ask", QUESTION)
    if asked.status_code != 200:
        return None
    body = {"query_id": asked.json()["query_id"], "rating": 1}
    flag = await ana.call("POST", "/feedback/flag", body)
    return flag.json()["feedback_id"] if flag.status_code == 201 else None


Fault = Callable[[Postgres], None]
FAULTS: dict[str, tuple[Fault, Fault]] = {
    "killed": (Postgres.kill, Postgres.start),
    "hung": (Postgres.hang, Postgres.wake),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_without_the_metadata_store_what_is_in_memory_works_and_nothing_taken_is_lost(
    run: Run, database: Postgres, shop: Path, tmp_path: Path, fault: str
) -> None:
    fail, mend = FAULTS[fault]

    async def lived() -> None:
        async with kept_in(database, tmp_path, shop) as api:
            ana = await person(api)
            taken = {await flagged(ana) for _ in range(3)}
            assert None not in taken
            threads = threading.active_count()
            try:
                fail(database)
                hanging = asyncio.create_task(flagged(ana))

                async def is_known() -> bool:
                    return await ana.mode() == "READ_ONLY"

                await within(DETECTED_S, is_known)
                # Who asked in the very moment is answered by then, too.
                taken.add(await asyncio.wait_for(hanging, DETECTED_S))
                await works_from_memory(ana)
                for _ in range(30):
                    await ana.health()
                    await asyncio.sleep(0.05)
                assert median(ana.took) < HEALTH_S and max(ana.took) < SLOWEST_S
                assert threading.active_count() <= threads + 3  # looks do not pile up
            finally:
                mend(database)

            async def is_back() -> bool:
                return await ana.mode() == "FULL_OPERATIONAL"

            await within(RECOVERED_S, is_back)
            taken.add(await flagged(ana))
            found = (await ana.call("GET", "/feedback?limit=200")).json()["items"]
            assert {f["id"] for f in found} >= taken - {None}
            events = [r["event_type"] for r in api.audited()]
            assert events.count("mode_change") >= 2
            alerts = (await api.call("GET", "/system/alerts?state=ended", role="admin")).json()
            assert {"part_down", "mode_change"} <= {a["kind"] for a in alerts["items"]}
            assert api.parts.audit.verify().faults == ()

    run(lived())


async def works_from_memory(ana: Person) -> None:
    """READ_ONLY, as the table says it."""
    generated = await ana.call("POST", "/sql/generate", QUESTION)
    assert (generated.status_code, generated.json()["status"]) == (200, "answered")
    assert (await ana.call("GET", "/catalog/tables")).status_code == 200
    for method, path, body in (
        ("POST", "/sql/ask", QUESTION), ("POST", "/sql/execute", {"sql": "SELECT 1"}),
        ("POST", "/feedback/flag", {"query_id": "qry-1", "rating": 1}),
    ):  # fmt: skip
        answer = await ana.call(method, path, body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json()["detail"].endswith("the metadata store is down.")
    history = await ana.call("GET", "/queries")
    assert (history.status_code, history.json()["code"]) == (503, "unavailable")


def test_a_warehouse_that_hangs_stops_nobody_from_signing_in(
    run: Run, database: Postgres, tmp_path: Path
) -> None:
    body = {"sql": "SELECT count(*) AS n FROM things"}

    async def lived() -> None:
        async with running(settings_of(tmp_path, cache_mb=0), database.url()) as api:
            ana = Person(api, await api.headers())
            assert (await ana.call("POST", "/sql/execute", body)).status_code == 200
            try:
                database.hang()

                async def is_known() -> bool:
                    return await ana.mode() == "READ_ONLY"

                await within(DETECTED_S, is_known)
                answer = await asyncio.wait_for(ana.call("POST", "/sql/execute", body), 1)
                assert answer.status_code == 503
                told = "Query execution unavailable: the warehouse is down."
                assert answer.json()["detail"] == told
                assert await api.headers()  # signs in
                assert (await ana.call("GET", "/queries")).status_code == 200
                assert median(ana.took) < HEALTH_S and max(ana.took) < SLOWEST_S
            finally:
                database.wake()

            async def is_back() -> bool:
                return (await ana.call("POST", "/sql/execute", body)).status_code == 200

            await within(RECOVERED_S, is_back)

    run(lived())


def test_a_store_whose_file_is_taken_away_takes_nothing_until_it_is_back(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    file = tmp_path / "datamind.db"

    async def lived() -> None:
        async with running(settings_of(tmp_path), shop) as api:
            ana = await person(api)
            first = await flagged(ana)
            aside = [
                p.rename(p.with_name(f"aside-{p.name}")) for p in tmp_path.glob(f"{file.name}*")
            ]
            assert await flagged(ana) is None  # at once: what is written into it would be lost

            async def is_known() -> bool:
                return await ana.mode() == "READ_ONLY"

            await within(DETECTED_S, is_known)
            assert not file.exists()  # no look makes an empty one
            await works_from_memory(ana)
            for path in aside:
                path.rename(path.with_name(path.name.removeprefix("aside-")))

            async def is_back() -> bool:
                return await ana.mode() == "FULL_OPERATIONAL"

            await within(RECOVERED_S, is_back)
            second = await flagged(ana)
            found = (await ana.call("GET", "/feedback")).json()["items"]
            assert {f["id"] for f in found} == {first, second}

    run(lived())


def test_without_both_there_is_health_and_nothing_else(
    run: Run, database: Postgres, tmp_path: Path
) -> None:
    async def lived() -> None:
        with psycopg.connect(database.url(), autocommit=True) as db:
            db.execute("CREATE DATABASE for_both")
        settings = settings_of(tmp_path, database_url=database.url("for_both"))
        async with running(settings, database.url()) as api:
            ana = Person(api, await api.headers())
            try:
                database.kill()

                async def is_known() -> bool:
                    return await ana.mode() == "EMERGENCY"

                await within(DETECTED_S, is_known)
                calls = "GET /catalog/tables, GET /queries, POST /auth/login, POST /sql/generate"
                for method, path in (call.split() for call in calls.split(", ")):
                    answer = await ana.call(method, path)
                    assert answer.status_code == 503, path
                    assert "the metadata store and the warehouse are down" in answer.text
                assert (await api.client.get("/metrics")).status_code == 200
            finally:
                database.start()

            async def is_back() -> bool:
                return await ana.mode() == "FULL_OPERATIONAL"

            await within(RECOVERED_S, is_back)

    run(lived())


def test_a_server_that_starts_without_its_store_waits_for_it_and_says_so(
    database: Postgres, shop: Path, tmp_path: Path
) -> None:
    with psycopg.connect(database.url(), autocommit=True) as db:
        db.execute("CREATE DATABASE for_start")
    url = database.url("for_start")
    server = Server(tmp_path, shop, DATABASE_URL=url)
    server.people(ana="analyst")
    database.kill()
    try:
        server.begin()
        assert eventually(lambda: _health(server) == ("EMERGENCY", 0), 30)
        assert httpx.get(f"{server.url}/health/live").status_code == 200
        for path in ("/health/ready", "/api/v1/catalog/tables"):
            answer = httpx.get(f"{server.url}{path}")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert "DataMind can't start yet" in answer.json()["detail"]
    finally:
        database.start()
    assert eventually(lambda: _health(server) == ("FULL_OPERATIONAL", 100), RECOVERED_S)
    assert server.login()["Authorization"]
    assert server.end() == 0
    told = [json.loads(line)["message"] for line in server.said.splitlines()]
    assert any(line.startswith("metadata store and audit log … not there: ") for line in told)
    assert any(re.fullmatch(r"metadata store and audit log … ready \(\d+ ms\)", x) for x in told)
    assert "DataMind is ready. Mode: FULL_OPERATIONAL, Health: 100" in told


def _health(server: Server) -> tuple[str, int] | None:
    with suppress(httpx.TransportError):
        found = httpx.get(f"{server.url}/health").json()
        return found["operational_mode"], found["health_score"]
    return None


def test_a_part_that_fails_at_once_is_looked_at_no_more_often_than_it_has_to_be(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lived() -> None:
        async with running(settings_of(tmp_path), shop) as api:
            looks: list[float] = []

            async def refused(*_: object) -> None:
                looks.append(time.monotonic())
                raise Unavailable("The metadata store is down.")

            monkeypatch.setattr(api.parts.database, "ping", refused)
            async with asyncio.timeout(60):
                while len(looks) < 6:
                    await asyncio.sleep(0.1)
            assert looks[5] - looks[0] > 2 * SOON_S

    run(lived())
