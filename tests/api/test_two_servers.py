"""Two servers over one store: what one changes holds there at once, on the other soon."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from ..servers import eventually
from .conftest import PASSWORD
from .test_process import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CACHE_S = 2
COUNT = {"sql": "SELECT count(*) AS n FROM orders"}
SECRET = "0123456789abcdefghijklmnopqrstuv"  # pragma: allowlist secret


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], scope="module"
)
def two(
    request: pytest.FixtureRequest, shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    """Both, each with a home of its own where the store allows it, and an admin and an analyst."""
    homes = [tmp_path_factory.mktemp("home")] * 2
    env = {"POLICY_CACHE_SECONDS": str(CACHE_S), "JWT_SECRET": SECRET}
    if request.param == "postgres":
        url = make_url(request.getfixturevalue("own_postgres_url")).set(
            drivername="postgresql+psycopg"
        )
        env["DATABASE_URL"] = url.render_as_string(hide_password=False)
        homes = [tmp_path_factory.mktemp("home") for _ in range(2)]
    one, other = (Server(home, shop, **env) for home in homes)
    one.people(ana="analyst", eve="admin")
    try:
        for server in (one, other):
            server.start()
        yield one, other
    finally:
        for server in (one, other):
            if server.process is not None and server.process.poll() is None:
                server.end(signal.SIGKILL)


def signed_in(server: Server, name: str) -> dict[str, str]:
    body = {"email": f"{name}@example.com", "password": PASSWORD}
    answer = httpx.post(f"{server.url}/api/v1/auth/login", json=body, timeout=20)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def orders(server: Server, headers: dict[str, str]) -> Any:
    url = f"{server.url}/api/v1/sql/execute"
    told = httpx.post(url, json=COUNT, headers=headers, timeout=20).json()
    return told["results"][0]["n"] if "results" in told else told["code"]


def soon(server: Server, headers: dict[str, str], wanted: Any) -> float:
    """The seconds until the server answers so."""
    started = time.monotonic()
    while orders(server, headers) != wanted:
        assert time.monotonic() - started < 10, orders(server, headers)
        time.sleep(0.05)
    return time.monotonic() - started


def test_a_change_on_one_holds_there_at_once_and_on_the_other_in_time(
    two: tuple[Server, Server], tmp_path: Path
) -> None:
    # One after the other: to start two servers takes longer than all of it.
    one_tells_the_other(*two)
    the_command_line_tells_both(*two, tmp_path)
    changes_at_once_are_kept_one_after_the_other(*two)


def one_tells_the_other(one: Server, other: Server) -> None:
    ana = signed_in(one, "ana")  # and good at the other, by the same secret
    eve = signed_in(one, "eve")
    assert (orders(one, ana), orders(other, ana)) == (3000, 3000)
    policies = f"{one.url}/api/v1/policies"
    paid = {"name": "Paid", "on": "orders", "to": {"roles": ["analyst"]}, "rows": "status = 'paid'"}
    made = httpx.post(f"{policies}/rows", json=paid, headers=eve, timeout=20)
    assert made.status_code == 201, made.text
    assert orders(one, ana) == 1000
    assert soon(other, ana, 1000) < CACHE_S + 1
    for side, count in (("rows", 1), ("columns", 0)):  # as this store's own JSON has it
        assert httpx.get(f"{policies}/{side}", headers=eve, timeout=20).json()["total"] == count
    # Taken away at the other; what it says of the version is true of both.
    path = f"{other.url}/api/v1/policies/rows/{made.json()['id']}"
    read = httpx.get(path, headers=eve, timeout=20)
    tag = {"If-Match": read.headers["etag"]}
    assert httpx.delete(path, headers={**eve, **tag}, timeout=20).status_code == 204
    assert orders(other, ana) == 3000
    assert soon(one, ana, 3000) < CACHE_S + 1


def the_command_line_tells_both(one: Server, other: Server, tmp_path: Path) -> None:
    ana = signed_in(one, "ana")
    before = one.datamind("policies", "export").stdout
    kept, shut = tmp_path / "kept.yaml", tmp_path / "shut.yaml"
    kept.write_text(before)
    shut.write_text("grants: [{name: Admins, on: '*', to: {roles: [admin]}}]")
    data = ("--replace", "--warehouse", f"duckdb:///{one.shop}")
    for file, wanted in ((shut, "unknown_table"), (kept, 3000)):
        ran = one.datamind("policies", "import", str(file), *data)
        assert ran.returncode == 0, ran.stderr
        for server in (one, other):
            assert soon(server, ana, wanted) < CACHE_S + 1
    assert other.datamind("policies", "export").stdout == before


def changes_at_once_are_kept_one_after_the_other(*two: Server) -> None:
    eve = signed_in(two[0], "eve")
    body = {"name": "x", "on": "orders", "to": {"roles": ["viewer"]}, "rows": "id > 0"}

    async def at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(headers=eve, timeout=30) as client:
            return await asyncio.gather(
                *(
                    client.post(f"{two[n % 2].url}/api/v1/policies/rows", json=body)
                    for n in range(12)
                )
            )

    answers = asyncio.run(at_once())
    # Who finds others before them again and again is told so.
    assert {a.status_code for a in answers} <= {201, 412}
    made = [a.json()["id"] for a in answers if a.status_code == 201]
    assert len(made) >= 6
    listed = httpx.get(f"{two[0].url}/api/v1/policies/rows?limit=200", headers=eve).json()
    assert {item["id"] for item in listed["items"]} == set(made)
    for key in made:
        url = f"{two[1].url}/api/v1/policies/{key}"
        assert httpx.delete(url, headers=eve, timeout=20).status_code == 204


def test_a_setting_changed_at_one_server_holds_at_the_other_within_seconds(
    two: tuple[Server, Server],
) -> None:
    one, other = two
    eve = {server: signed_in(server, "eve") for server in two}

    def patch(value: int | None) -> None:
        body = {"settings": {"DATAMIND_EXPORT_ROWS": value}}
        url = f"{one.url}/api/v1/system/config"
        answer = httpx.patch(url, json=body, headers=eve[one], timeout=20)
        assert answer.status_code == 200, answer.text

    def holds(server: Server) -> Any:
        found = httpx.get(f"{server.url}/api/v1/system/config", headers=eve[server], timeout=20)
        return next(s["holds"] for s in found.json()["settings"]
                    if s["name"] == "DATAMIND_EXPORT_ROWS")  # fmt: skip

    patch(17)
    assert holds(one) == 17
    assert eventually(lambda: holds(other) == 17, 15)
    patch(None)
    assert eventually(lambda: holds(other) == 100_000, 15)
