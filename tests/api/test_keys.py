"""API keys: made once, kept by their hash, never more than their owner, over at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datamind.personal import API_KEY
from datamind.rooms.caller import Caller, Identity, need

from .conftest import PASSWORD, Api, Run, running, settings_of
from .test_system import record

pytestmark = pytest.mark.slow


def made(api: Api, run: Run, *scopes: str, role: str = "analyst", **more: Any) -> dict[str, Any]:
    body = {"name": "a program", "scopes": list(scopes), **more}
    answer = run(api.call("POST", "/auth/keys", body, role=role))
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def called(
    api: Api, run: Run, key: str, method: str = "GET", path: str = "/auth/me", body: Any = None
) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return run(api.client.request(method, f"/api/v1{path}", json=body, headers=headers))


def person(api: Api, run: Run, name: str, role: str = "analyst") -> tuple[str, str]:
    """A new user's id, and a key of theirs."""
    new = {"email": f"{name}@example.com", "name": name, "role": role, "password": PASSWORD}
    user = run(api.call("POST", "/users", new, role="admin")).json()["id"]
    who = {"email": new["email"], "password": PASSWORD}
    token = run(api.client.post("/api/v1/auth/login", json=who)).json()["access_token"]
    body = {"name": "own", "scopes": ["read", "ask"]}
    key = called(api, run, token, "POST", "/auth/keys", body).json()["key"]
    assert called(api, run, key).status_code == 200
    return user, key


def test_a_key_asks_in_its_owners_name(api: Api, run: Run) -> None:
    key = made(api, run, "ask", "read")
    assert API_KEY.fullmatch(key["key"])
    assert called(api, run, key["key"]).json()["email"] == "analyst@example.com"
    asked = called(
        api, run, key["key"], "POST", "/sql/ask", {"question": "how many orders are there"}
    )
    assert asked.json()["results"] == [{"number_of_orders": 3000}]
    last = api.audited()[-1]
    assert (last["user_id"], last["details"]["api_key"]) == ("usr-analyst", key["id"])
    listed = called(api, run, key["key"], path="/queries?limit=1").json()["items"]
    assert listed[0]["id"] == asked.json()["query_id"]


def test_the_secret_is_told_once_and_kept_nowhere(api: Api, run: Run) -> None:
    key = made(api, run, "read")
    called(api, run, key["key"])
    called(api, run, key["key"], "POST", "/sql/ask", {"question": key["key"]})
    asked = run(api.call("POST", "/sql/ask", {"question": f"what is {key['key']}"}))
    assert asked.status_code == 200
    (kept,) = [
        k for k in run(api.call("GET", "/auth/keys")).json()["items"] if k["id"] == key["id"]
    ]
    assert kept["key"] is None
    home = api.parts.settings.home
    files = [f for f in home.rglob("*") if f.is_file() and not f.name.startswith("datamind.db")]
    secret = key["key"].rpartition("_")[2] if key["key"].count("_") == 2 else key["key"][20:]
    assert all(secret.encode() not in f.read_bytes() for f in files)
    assert "[API_KEY_MASKED]" in str(api.audited())


def test_a_log_line_never_holds_a_key() -> None:
    key = "dm_0123456789abcdef_" + "A-b_" * 10 + "xyz"
    line = record(f"used {key}", query={"text": f"by {key}."})
    assert "A-b_" not in str(line)
    assert line["message"] == "used [API_KEY_MASKED]"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "scopes": []}, 422), ({"name": "", "scopes": ["ask"]}, 422),
        ({"name": "x", "scopes": ["root"]}, 422), ({"name": "x", "scopes": ["admin"]}, 403),
        ({"name": "x", "scopes": ["read", "audit"]}, 403),
        ({"name": "x", "scopes": ["ask"], "expires_in_days": 366}, 422),
        ({"name": "x", "scopes": ["ask"], "expires_in_days": 0}, 422),
        ({"name": "x", "scopes": ["ask"], "expires_in_days": 365}, 201),
    ],
)  # fmt: skip
def test_a_key_says_what_it_is_for_and_ends(
    api: Api, run: Run, body: dict[str, Any], status: int
) -> None:
    assert run(api.call("POST", "/auth/keys", body)).status_code == status


def test_a_viewer_makes_no_key_to_ask_with(api: Api, run: Run) -> None:
    body = {"name": "x", "scopes": ["ask"]}
    assert run(api.call("POST", "/auth/keys", body, role="viewer")).status_code == 403


def test_nobody_makes_more_keys_than_they_can_see_to(api: Api, run: Run) -> None:
    found = set()
    for _ in range(51):
        body = {"name": "x", "scopes": ["read"]}
        found.add(run(api.call("POST", "/auth/keys", body, role="viewer")).status_code)
    assert found == {201, 409}


def test_a_key_ends_by_itself(api: Api, run: Run) -> None:
    usual, short = made(api, run, "read"), made(api, run, "read", expires_in_days=1)
    api.clock.forward(days=1)
    assert [called(api, run, k["key"]).status_code for k in (usual, short)] == [200, 401]
    api.clock.forward(days=89)
    assert called(api, run, usual["key"]).status_code == 401


def test_a_revoked_key_is_over_at_once(api: Api, run: Run) -> None:
    key = made(api, run, "read")
    path = f"/auth/keys/{key['id']}"
    assert run(api.call("DELETE", path, role="viewer")).status_code == 404
    assert called(api, run, key["key"]).status_code == 200
    assert run(api.call("DELETE", path)).status_code == 204
    answer = called(api, run, key["key"])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert api.audited()[-1]["event_type"] == "api_key_revoke"


def test_an_admin_sees_and_revokes_the_keys_of_others(api: Api, run: Run) -> None:
    key = made(api, run, "read")
    others = run(api.call("GET", "/auth/keys?user_id=usr-analyst", role="viewer"))
    assert others.status_code == 403
    listed = run(api.call("GET", "/auth/keys?user_id=usr-analyst", role="admin")).json()["items"]
    assert key["id"] in {k["id"] for k in listed} and {k["key"] for k in listed} == {None}
    assert run(api.call("DELETE", f"/auth/keys/{key['id']}", role="admin")).status_code == 204
    assert called(api, run, key["key"]).status_code == 401


@pytest.mark.parametrize(
    ("method", "more", "body", "back"),
    [
        ("POST", "/deactivate", None, {"active": True}), ("DELETE", "", None, None),
        ("PATCH", "", {"reset_password": True}, None),
    ],
)  # fmt: skip
def test_keys_end_with_what_their_owner_could_sign_in_with(
    api: Api, run: Run, method: str, more: str, body: Any, back: Any
) -> None:
    user, key = person(api, run, f"kim-{method.lower()}")
    api.clock.forward(seconds=1)
    run(api.call(method, f"/users/{user}{more}", body, role="admin"))
    assert called(api, run, key).status_code == 401
    if back is not None:
        run(api.call("PATCH", f"/users/{user}", back, role="admin"))
        assert called(api, run, key).status_code == 401


def test_a_role_that_changes_changes_what_a_key_may_at_once(api: Api, run: Run) -> None:
    user, key = person(api, run, "lou")
    body = {"sql": "SELECT 1 AS one"}
    assert called(api, run, key, "POST", "/sql/validate", body).status_code == 200
    run(api.call("POST", f"/users/{user}/assign-role", {"role": "viewer"}, role="admin"))
    assert called(api, run, key, "POST", "/sql/validate", body).status_code == 403
    assert called(api, run, key).json()["role"] == "viewer"
    run(api.call("POST", f"/users/{user}/assign-role", {"role": "analyst"}, role="admin"))
    assert called(api, run, key, "POST", "/sql/validate", body).status_code == 200


def test_an_admins_key_to_read_does_not_read_what_others_asked(api: Api, run: Run) -> None:
    run(api.ask("how many orders are there"))
    key = made(api, run, "read", role="admin")["key"]
    assert called(api, run, key, path="/queries").json()["total"] == 0
    assert run(api.call("GET", "/queries", role="admin")).json()["total"] > 0


@pytest.mark.parametrize("scope", [None, "read", "ask", "audit", "admin"])
@pytest.mark.parametrize("role", ["viewer", "analyst", "admin"])
def test_no_scope_makes_more_of_a_role(role: str, scope: str | None) -> None:
    caller = Caller(Identity("u", role), "", "", key="key-1", scope=scope)
    person = Caller(Identity("u", role), "", "")
    assert not (caller.is_admin and not person.is_admin)
    most = {None: "viewer", "read": "viewer", "ask": "analyst"}.get(scope, "admin")
    need(caller, "viewer")
    assert caller.is_admin is (role == "admin" == most)


def damaged(key: str) -> list[str]:
    head, tail = key[:20], key[20:]
    other = "A" if tail[0] != "A" else "B"
    return [
        f"{head}{other}{tail[1:]}", f"{head}{tail[:-1]}", key + "A", key.upper(), head + "A" * 43,
        f"dm_{'0' * 16}_{tail}", "dm_", "dm_%", f"{head}{tail[:-1]}\u0131", key + "\u0000",
        "dm_' OR 1=1 --", f" {key}x", head.rstrip("_"),
    ]  # fmt: skip


def test_a_key_that_is_nearly_right_is_none(api: Api, run: Run) -> None:
    key = made(api, run, "read")["key"]
    for wrong in damaged(key):
        headers = {b"Authorization": b"Bearer " + wrong.encode()}
        answer = run(api.client.get("/api/v1/auth/me", headers=headers))
        assert answer.status_code == 401, wrong
        assert answer.json()["code"] == "unauthenticated"


def test_a_key_counts_in_one_header_alone(api: Api, run: Run) -> None:
    key = made(api, run, "read")["key"]
    paths = [
        f"/api/v1/auth/me?{name}={key}"
        for name in ("key", "api_key", "token", "access_token", "authorization", "X-API-Key")
    ]
    for path in paths:
        assert run(api.client.get(path)).status_code == 401, path
    for headers in (
        {"X-API-Key": key}, {"Cookie": f"access_token={key}"}, {"Authorization": key},
        {"Authorization": f"Basic {key}"}, {"Authorization": f"Token {key}"},
    ):  # fmt: skip
        assert run(api.client.get("/api/v1/auth/me", headers=headers)).status_code == 401, headers
    body = {"refresh_token": key}
    assert run(api.client.post("/api/v1/auth/refresh", json=body)).status_code == 401


def test_a_key_opens_neither_metrics_nor_the_whole_of_health(
    run: Run, shop: Path, tmp_path: Path
) -> None:
    async def asked() -> tuple[int, set[str]]:
        async with running(settings_of(tmp_path, api_token="t" * 40), shop) as api:
            body = {"name": "x", "scopes": ["admin", "audit", "read", "ask"]}
            key = (await api.call("POST", "/auth/keys", body, role="admin")).json()["key"]
            headers = {"Authorization": f"Bearer {key}"}
            metrics = await api.client.get("/metrics", headers=headers)
            return metrics.status_code, set(
                (await api.client.get("/health", headers=headers)).json()
            )

    status, told = run(asked())
    assert (status, "components" in told) == (401, False)


def test_the_last_use_is_kept_once_a_minute(api: Api, run: Run) -> None:
    key = made(api, run, "read")

    def used() -> Any:
        (kept,) = [
            k for k in run(api.call("GET", "/auth/keys")).json()["items"] if k["id"] == key["id"]
        ]
        return kept["last_used_at"], kept["last_used_ip"]

    assert used() == (None, None)
    called(api, run, key["key"])
    first = used()
    assert first[1] == "127.0.0.1"
    api.clock.forward(seconds=59)
    called(api, run, key["key"])
    assert used() == first
    api.clock.forward(seconds=1)
    called(api, run, key["key"])
    assert used() != first


def test_a_call_does_not_fail_for_a_last_use_that_can_not_be_kept(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datamind.errors import Unavailable

    key = made(api, run, "read")["key"]

    def down() -> Any:
        raise Unavailable("down")

    monkeypatch.setattr(api.parts.database, "in_turn", down)
    assert called(api, run, key).status_code == 200


def test_keys_and_tokens_of_a_user_spend_one_limit(run: Run, shop: Path, tmp_path: Path) -> None:
    async def asked() -> list[int]:
        async with running(settings_of(tmp_path, user_limit="6/hour"), shop) as api:
            headers = await api.headers()
            body = {"name": "x", "scopes": ["read"]}
            made = await api.client.post("/api/v1/auth/keys", json=body, headers=headers)
            by_key = {"Authorization": f"Bearer {made.json()['key']}"}
            found = [
                (await api.client.get("/api/v1/auth/me", headers=h)).status_code
                for h in (by_key, headers) * 4
            ]
            return found

    assert run(asked()) == [200] * 5 + [429] * 3


def test_who_is_refused_by_scope_is_in_the_audit_by_the_keys_id(api: Api, run: Run) -> None:
    key = made(api, run, "read")
    answer = called(api, run, key["key"], "POST", "/sql/ask", {"question": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    assert "scope ask" in answer.json()["detail"]
    last = api.audited()[-1]
    assert (last["event_type"], last["details"]["api_key"]) == ("access_denied", key["id"])
    assert not API_KEY.search(str(last))
