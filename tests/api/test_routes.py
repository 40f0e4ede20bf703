"""Every route takes whom the table says, by role and by API key, and nobody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import yaml
from fastapi.routing import APIWebSocketRoute, iter_route_contexts
from starlette.routing import Mount

from .conftest import PASSWORD, Api, Run

TABLE: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("routes.yaml").read_text()
)
ROLES = ("nobody", "viewer", "analyst", "admin")
SCOPES = ("read", "ask", "audit", "admin")
DENIED = (401, 403)
Keys = dict[tuple[str, str], str]


def test_every_route_is_in_the_table(api: Api) -> None:
    found = set()
    for route in iter_route_contexts(api.app.routes):
        if isinstance(route.original_route, Mount):
            assert route.path == "/static-offline-docs"  # the API's reference, which tells nothing
        elif isinstance(route.original_route, APIWebSocketRoute):
            found.add(f"WS {route.path}")
        else:
            found |= {f"{m} {route.path}" for m in (route.methods or ()) if m != "HEAD"}
    assert found == set(TABLE)


def test_the_table_says_each_route_once() -> None:
    lines = Path(__file__).with_name("routes.yaml").read_text().splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == len(TABLE)
    for row in TABLE.values():
        assert row["role"] in ROLES and row["scope"] in ("none", *SCOPES)


@pytest.fixture(scope="module")
def keys(api: Api, loop: asyncio.Runner) -> Keys:
    """A key of each scope for each role; who is less by now made them while they were admins."""

    async def made() -> Keys:
        found = {}
        for role in ROLES[1:]:
            email = f"machine-{role}@example.com"
            new = {"email": email, "name": role, "role": "admin", "password": PASSWORD}
            user = (await api.call("POST", "/users", new, role="admin")).json()["id"]
            who = {"email": email, "password": PASSWORD}
            token = (await api.client.post("/api/v1/auth/login", json=who)).json()["access_token"]
            for scope in SCOPES:
                key = await api.client.post(
                    "/api/v1/auth/keys", json={"name": scope, "scopes": [scope]},
                    headers={"Authorization": f"Bearer {token}"},
                )  # fmt: skip
                found[role, scope] = key.json()["key"]
            await api.call("POST", f"/users/{user}/assign-role", {"role": role}, role="admin")
        return found

    return cast(Keys, loop.run(made()))


@pytest.fixture(scope="module")
def tokens(api: Api, loop: asyncio.Runner) -> dict[str, str]:
    return {role: loop.run(api.login(role))["access_token"] for role in ROLES[1:]}


def called(api: Api, run: Run, route: str, token: str | None) -> int:
    """The status of a call; a parameter is a thing that there is not."""
    row = TABLE[route]
    method, path = route.split(" ")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if method == "WS":
        return cast(int, run(talked(api, path, token or "")))
    answer: httpx.Response = run(
        api.client.request(
            method, re.sub(r"\{\w+\}", "none", path), json=row.get("body"), headers=headers,
            params=row.get("query"),
        )
    )  # fmt: skip
    assert answer.status_code != 500, answer.text
    return answer.status_code


async def talked(
    api: Api, path: str, token: str, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> int:
    """The status of an ask over the WebSocket: its problem's, or 200; `meanwhile` happens between
    the token and the ask."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    ask = '{"type": "ask", "question": "how many orders"}'
    for message in (
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": f'{{"type": "token", "token": "{token}"}}'},
        {"type": "websocket.receive", "text": ask},
    ):
        told.put_nowait(message)
    heard: list[str] = []

    async def send(message: Any) -> None:
        heard.append(message.get("text") or "")
        if meanwhile is not None and '"event": "ready"' in heard[-1]:
            await meanwhile()
        # The answer to an ask, or why there is none; after it, the client goes.
        if re.search(r'"event": "(stage|problem|answer)"', heard[-1]):
            told.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"test")], "scheme": "ws", "server": ("test", 80),
        "client": ("127.0.0.1", 5), "subprotocols": [],
    }  # fmt: skip
    await asyncio.wait_for(api.app(scope, told.get, send), 20)
    problem = re.search(r'"status": (\d+)', "".join(heard))
    return int(problem[1]) if problem else 200


@pytest.mark.parametrize("route", TABLE)
def test_each_route_takes_its_role_and_no_lesser(
    api: Api, run: Run, tokens: dict[str, str], route: str
) -> None:
    least = ROLES.index(TABLE[route]["role"])
    for at, role in enumerate(ROLES):
        token = tokens.get(role)
        if route.endswith("/logout") and at:  # which ends it
            token = run(api.login(role))["access_token"]
        status = called(api, run, route, token)
        if at >= least:
            assert status not in DENIED, (role, status)
        else:
            assert status == (403 if at else 401), role


READS = {"GET", "DELETE", "WS"}


@pytest.mark.parametrize(
    "route", [r for r, row in TABLE.items() if r.split(" ")[0] not in READS and "body" in row]
)
def test_a_field_that_nobody_reads_is_told(
    api: Api, run: Run, tokens: dict[str, str], route: str
) -> None:
    method, path = route.split(" ")
    answer: httpx.Response = run(
        api.client.request(
            method, re.sub(r"\{\w+\}", "none", path), json={**TABLE[route]["body"], "zz": 1},
            headers={"Authorization": f"Bearer {tokens['admin']}"},
        )
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), answer.text
    assert [e["loc"][-1] for e in answer.json()["errors"]] == ["zz"]


@pytest.mark.parametrize("route", TABLE)
def test_each_route_takes_keys_of_its_scope_and_no_other(
    api: Api, run: Run, keys: Keys, route: str
) -> None:
    row = TABLE[route]
    if row["role"] == "nobody":
        pytest.skip("it asks nobody who they are")
    refused = 401 if route.startswith("WS") else 403
    for scope in SCOPES:
        status = called(api, run, route, keys["admin", scope])
        assert (status not in DENIED) if scope == row["scope"] else status == refused, scope
    for role in ("viewer", "analyst") if row["scope"] != "none" else ():
        status = called(api, run, route, keys[role, row["scope"]])
        may = ROLES.index(role) >= ROLES.index(row["role"])
        assert (status not in DENIED) if may else status == 403, role
