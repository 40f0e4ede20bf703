"""IP restrictions: who is let in, on which paths, and how nobody shuts themselves out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from datamind.rooms.addresses import counted_as, network, plain
from datamind.rooms.auth.models import IpRestriction
from datamind.rooms.auth.restrictions import Rule, admits

from .conftest import Api, Run, running, settings_of
from .test_routes import talked

pytestmark = pytest.mark.slow

PATH = "/security/ip-restrictions"

# rules | address | let in?
CASES = """
                                     | 9.9.9.9           | yes
                                     | nonsense          | yes
-9.9.9.0/24                          | 9.9.9.9           | no
-9.9.9.0/24                          | 9.9.8.9           | yes
-9.9.9.0/24                          | nonsense          | no
-9.9.9.0/24                          |                   | no
+10.0.0.0/8                          | 10.1.2.3          | yes
+10.0.0.0/8                          | 11.1.2.3          | no
+10.0.0.0/8                          | 2001:db8::1       | no
+10.0.0.0/8 -10.6.0.0/16             | 10.6.1.1          | no
-10.0.0.0/8 +10.6.0.0/16             | 10.6.1.1          | no
+10.0.0.0/8 +2001:db8::/32           | 2001:db8:9::1     | yes
+10.0.0.0/8 +2001:db8::/32           | 2001:db9::1       | no
+10.0.0.0/8                          | ::ffff:10.1.2.3   | yes
-10.0.0.0/8                          | ::ffff:10.1.2.3   | no
-10.0.0.0/8                          | ::ffff:0a01:0203  | no
-::ffff:10.0.0.0/104                 | 10.1.2.3          | no
-0.0.0.0/0                           | 2001:db8::1       | yes
-::/0                                | 9.9.9.9           | yes
-9.9.9.9                             | 9.9.9.9           | no
-fe80::/10                           | fe80::1%eth0      | no
-9.9.9.9                             | 09.9.9.9          | no
"""


@pytest.mark.parametrize("line", CASES.strip("\n").splitlines())
def test_deny_wins_and_once_something_is_allowed_all_else_is_not(line: str) -> None:
    said, ip, let_in = (cell.strip() for cell in line.split("|"))
    rules = [Rule(word[0] == "+", network(word[1:])) for word in said.split()]
    assert admits(ip, rules) is (let_in == "yes")


@pytest.mark.parametrize(
    ("peer", "known", "counted"),
    [
        ("9.9.9.9", "9.9.9.9", "9.9.9.9"), ("::ffff:9.9.9.9", "9.9.9.9", "9.9.9.9"),
        ("2001:DB8::1", "2001:db8::1", "2001:db8::/64"), ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("", "", ""), ("unix", "unix", "unix"),
    ],
)  # fmt: skip
def test_an_address_has_one_name(peer: str, known: str, counted: str) -> None:
    assert plain(peer) == known
    assert counted_as(plain(peer)) == counted


@pytest.mark.parametrize(
    "bad", ["", "10.0.0.1/8", "10.0.0.0/33", "x", "10.0.0.0/8,::/0", "fe80::%1"]
)
def test_what_is_no_network_is_none(api: Api, run: Run, bad: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        network(bad)
    body = {"action": "deny", "network": bad}
    assert run(api.call("POST", PATH, body, role="admin")).status_code == 422


@pytest.fixture(autouse=True)
def as_it_was(api: Api, run: Run) -> Iterator[None]:
    """No restrictions, before each test."""
    yield
    for row in run(api.call("GET", PATH, role="admin")).json()["items"]:
        run(api.call("DELETE", f"{PATH}/{row['id']}?force=true", role="admin"))


@pytest.fixture(scope="module")
def api(
    loop: asyncio.Runner, shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Behind a proxy on this machine that is trusted."""
    settings = settings_of(tmp_path_factory.mktemp("home"), trusted_proxies=("127.0.0.0/8",))
    context = running(settings, shop)
    yield loop.run(context.__aenter__())
    loop.run(context.__aexit__(None, None, None))


def made(api: Api, run: Run, action: str, net: str, **more: Any) -> Any:
    body = {"action": action, "network": net, **more}
    return run(api.call("POST", PATH, body, role="admin"))


def seen(api: Api, run: Run, ip: str, path: str = "/api/v1/auth/me", **headers: str) -> Any:
    return run(api.client.get(path, headers={"X-Forwarded-For": ip, **headers}))


def test_who_is_kept_out_gets_nothing_but_whether_the_server_lives(api: Api, run: Run) -> None:
    assert made(api, run, "deny", "9.9.9.0/24", note="scans").status_code == 201
    token = run(api.headers("admin"))
    for path in (
        "/api/v1/auth/me",
        "/health",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/nothing",
        "/",
    ):
        answer = seen(api, run, "9.9.9.9", path, **token)
        assert (answer.status_code, answer.json()["code"]) == (403, "access_denied"), path
        assert answer.headers["X-Correlation-ID"]
    for path, is_page in (("/", True), ("/history", True), ("/docs", True), ("/api/v1/x", False)):
        page = seen(api, run, "9.9.9.9", path, Accept="text/html,*/*;q=0.8")
        assert page.status_code == 403
        assert page.headers["Content-Type"].startswith("text/html") is is_page
        assert ("<h1>Not from this network</h1>" in page.text) is is_page
    for path in ("/health/live", "/health/ready"):
        assert seen(api, run, "9.9.9.9", path).status_code == 200
    body = {"email": "admin@example.com", "password": "x"}
    login = run(
        api.client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": "9.9.9.9"})
    )
    assert login.status_code == 403
    assert seen(api, run, "9.9.8.9").status_code == 401
    noted = [e for e in api.audited() if e["event_type"] == "ip_denied"]
    assert (len(noted), noted[0]["ip_address"]) == (1, "9.9.9.9")  # one a minute


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("9.9.9.9", 403), ("8.8.8.8, 9.9.9.9", 403), ("9.9.9.9, 8.8.8.8", 401),
        ("::ffff:9.9.9.9", 403), ("[::ffff:9.9.9.9]:80", 403), ("9.9.9.9:4711", 403),
        ("9.9.9.9, 127.0.0.1", 403), ("8.8.8.8, 9.9.9.9, nonsense", 401), ("", 401),
    ],
)  # fmt: skip
def test_the_address_is_the_one_that_trusted_proxies_saw(
    api: Api, run: Run, forwarded: str, status: int
) -> None:
    made(api, run, "deny", "9.9.9.0/24")
    assert seen(api, run, forwarded).status_code == status


def test_what_strangers_say_of_themselves_is_not_believed(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> list[int]:
        async with running(settings_of(tmp_path), shop) as api:
            body = {"action": "deny", "network": "127.0.0.0/8"}
            await api.call("POST", f"{PATH}?force=true", body, role="admin")
            given = (
                "X-Forwarded-For",
                "X-Real-IP",
                "Forwarded",
                "True-Client-IP",
                "X-DataMind-Pages",
            )
            found = []
            for name in given:
                headers = {name: "8.8.8.8", "X-Forwarded-For": "8.8.8.8"}
                found.append((await api.client.get("/api/v1/auth/me", headers=headers)).status_code)
            return found

    assert run(asked()) == [403] * 5


def test_a_websocket_and_a_stream_are_kept_out_too(api: Api, run: Run) -> None:
    opened = run(api.call("POST", "/sql/ask?stream=true", {"question": "how many orders"})).json()
    token = run(api.login())["access_token"]
    assert run(talked(api, "/api/v1/ws/ask", token)) == 200
    assert made(api, run, "deny", "127.0.0.0/8").status_code == 409
    run(api.call("POST", f"{PATH}?force=true", {"action": "deny", "network": "127.0.0.0/8"},
                 role="admin"))  # fmt: skip
    ticket = {"X-Stream-Ticket": opened["ticket"]}
    path = f"/api/v1/sql/stream/{opened['stream_id']}"
    assert run(api.client.get(path, headers=ticket)).status_code == 403
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket", "path": "/api/v1/ws/ask", "raw_path": b"/", "query_string": b"",
        "headers": [(b"host", b"test")], "scheme": "ws", "server": ("test", 80),
        "client": ("127.0.0.1", 5),
    }  # fmt: skip
    run(api.app(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
    run(by_hand(api, enabled=False))


async def by_hand(api: Api, **values: Any) -> None:
    """As another process would."""
    async with api.parts.database.unit() as session:
        await session.execute(update(IpRestriction).values(**values))
    await api.parts.ip_rules.load()


def test_a_socket_that_is_open_when_its_address_is_denied_asks_no_more(api: Api, run: Run) -> None:
    made(api, run, "deny", "9.9.9.9")
    token = run(api.login())["access_token"]

    async def denied() -> None:
        await by_hand(api, network="127.0.0.1")

    assert run(talked(api, "/api/v1/ws/ask", token, denied)) == 403
    run(by_hand(api, enabled=False))


def test_nobody_shuts_themselves_out_unless_they_insist(api: Api, run: Run) -> None:
    for action, net in (("deny", "127.0.0.1"), ("deny", "0.0.0.0/0"), ("allow", "10.0.0.0/8")):
        answer = made(api, run, action, net)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "force=true" in answer.json()["hint"]
    assert run(api.call("GET", PATH, role="admin")).json()["items"] == []
    own = made(api, run, "allow", "127.0.0.0/8").json()
    other = made(api, run, "allow", "10.0.0.0/8").json()
    for method, path, body in (
        ("DELETE", own["id"], None), ("PATCH", own["id"], {"enabled": False}),
        ("PATCH", own["id"], {"network": "128.0.0.0/8"}),
        ("PATCH", other["id"], {"action": "deny", "network": "127.0.0.0/8"}),
        ("PATCH", own["id"], {"action": "deny"}),
    ):  # fmt: skip
        answer = run(api.call(method, f"{PATH}/{path}", body, role="admin"))
        assert answer.status_code == 409, (method, body)
    kept = {r["id"]: r for r in run(api.call("GET", PATH, role="admin")).json()["items"]}
    assert kept == {own["id"]: own, other["id"]: other}
    gone = run(api.call("DELETE", f"{PATH}/{own['id']}?force=true", role="admin"))
    assert gone.status_code == 204
    assert run(api.client.get("/api/v1/auth/me")).status_code == 403
    run(by_hand(api, enabled=False))


def test_a_change_holds_at_once_and_is_audited(api: Api, run: Run) -> None:
    row = made(api, run, "deny", "9.9.9.0/24", note="scans").json()
    assert (row["created_by"], row["enabled"], row["note"]) == ("usr-admin", True, "scans")
    path = f"{PATH}/{row['id']}"
    assert seen(api, run, "9.9.9.9").status_code == 403
    assert run(api.call("PATCH", path, {"enabled": False}, role="admin")).json()["enabled"] is False
    assert seen(api, run, "9.9.9.9").status_code == 401
    moved = {"enabled": True, "network": "9.9.8.0/24"}
    assert run(api.call("PATCH", path, moved, role="admin")).status_code == 200
    assert [seen(api, run, ip).status_code for ip in ("9.9.9.9", "9.9.8.1")] == [401, 403]
    assert run(api.call("DELETE", path, role="admin")).status_code == 204
    assert seen(api, run, "9.9.8.1").status_code == 401
    assert run(api.call("DELETE", path, role="admin")).status_code == 404
    events = [e for e in api.audited() if e["event_type"].startswith("ip_restriction_")]
    assert [e["event_type"][15:] for e in events[-4:]] == ["create", "change", "change", "delete"]
    assert events[-1]["details"]["network"] == "9.9.8.0/24"


def test_what_another_node_says_holds_within_the_time_that_is_set(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def followed() -> int:
        async with running(settings_of(tmp_path, policy_cache_s=1), shop) as api:
            body = {"action": "deny", "network": "9.9.9.9"}
            await api.call("POST", PATH, body, role="admin")
            async with api.parts.database.unit() as session:
                await session.execute(update(IpRestriction).values(network="127.0.0.1"))
            for _ in range(30):
                await asyncio.sleep(0.1)
                if (found := await api.client.get("/api/v1/auth/me")).status_code == 403:
                    break
            return found.status_code

    assert run(followed()) == 403
