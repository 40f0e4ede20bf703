"""Signing in: tokens, their end, their theft, and who may do what."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import jwt
import pytest

from datamind.errors import Unauthenticated
from datamind.rooms.auth.service import load_revocations
from datamind.rooms.auth.tokens import Claims, Revocations, Tokens

from .conftest import PASSWORD, Api, Run, running, settings_of


def me(api: Api, run: Run, token: str) -> Any:
    return run(api.client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}))


def refresh(api: Api, run: Run, token: str) -> Any:
    return run(api.client.post("/api/v1/auth/refresh", json={"refresh_token": token}))


def login(api: Api, run: Run, email: str, password: str) -> Any:
    body = {"email": email, "password": password}
    return run(api.client.post("/api/v1/auth/login", json=body))


def test_who_signs_in_is_who_they_are(api: Api, run: Run) -> None:
    tokens = run(api.login("viewer"))
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 900)
    made = me(api, run, tokens["access_token"]).json()
    assert made == {
        "id": "usr-viewer", "email": "viewer@example.com", "name": "Viewer", "role": "viewer"
    }  # fmt: skip


def test_the_address_may_be_written_in_capitals(api: Api, run: Run) -> None:
    assert login(api, run, " Analyst@Example.COM ", PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("analyst@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("analyst@example.com", PASSWORD + " "),
        ("analyst@example.com", PASSWORD + "\0"),
        ("", ""),
        ("analyst@example.com' OR 1=1 --", PASSWORD),
    ],
)
def test_whatever_is_wrong_is_told_alike(api: Api, run: Run, email: str, password: str) -> None:
    answer = login(api, run, email, password)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Email or password is wrong.")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_passwords_are_read_to_their_end(api: Api, run: Run) -> None:
    """Bcrypt alone reads 72 bytes, and none after a zero."""
    long = "x" * 100
    body = {"email": "long@example.com", "name": "Long", "password": long}
    assert run(api.call("POST", "/users", body, role="admin")).status_code == 201
    assert login(api, run, "long@example.com", long).status_code == 200
    assert login(api, run, "long@example.com", long + "y").status_code == 401
    assert login(api, run, "long@example.com", "x" * 1025).status_code == 422


def forged(api: Api, key: str | None = None, algorithm: str = "HS256", **claims: Any) -> str:
    now = api.clock().timestamp()
    whole = {
        "iss": "datamind", "sub": "usr-admin", "sid": "ses-x", "role": "admin",
        "email": "admin@example.com", "iat": now, "exp": now + 900, **claims,
    }  # fmt: skip
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(whole, key or api.parts.tokens._secret, algorithm=algorithm)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None}, {"sub": None}, {"role": "root"}, {"role": None}, {"iss": "other"},
        {"sub": 7}, {"iat": "soon"}, {"exp": 1.0}, {"iat": 4e9, "exp": 5e9},
    ],
)  # fmt: skip
def test_a_token_that_says_too_little_or_the_wrong_thing_is_none(
    api: Api, run: Run, claims: dict[str, Any]
) -> None:
    assert me(api, run, forged(api)).status_code in (200, 401)  # the forger's key is right here
    answer = me(api, run, forged(api, **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_token_of_another_key_or_none_is_none(api: Api, run: Run) -> None:
    other = forged(api, key="k" * 40)
    unsigned = jwt.encode({"sub": "usr-admin"}, "", algorithm="none")
    for token in (other, unsigned, "", "x", "a.b.c", "é" * 10):
        header = {"Authorization": f"Bearer {token}".encode()}
        answer = run(api.client.get("/api/v1/auth/me", headers=header))
        assert answer.status_code == 401, token
    assert run(api.client.get("/api/v1/auth/me")).status_code == 401
    basic = run(api.client.get("/api/v1/auth/me", headers={"Authorization": "Basic YTpi"}))
    assert basic.status_code == 401


def test_an_access_token_ends_after_a_quarter_of_an_hour(api: Api, run: Run) -> None:
    token = run(api.login())["access_token"]
    api.clock.forward(minutes=14, seconds=59)
    assert me(api, run, token).status_code == 200
    api.clock.forward(seconds=2)
    assert me(api, run, token).status_code == 401


def test_a_refresh_token_gives_the_next_pair(api: Api, run: Run) -> None:
    first = run(api.login())
    api.clock.forward(minutes=20)
    second = refresh(api, run, first["refresh_token"]).json()
    assert me(api, run, second["access_token"]).status_code == 200
    assert second["refresh_token"] != first["refresh_token"]


def test_a_second_tab_may_be_ten_seconds_late(api: Api, run: Run) -> None:
    first = run(api.login())["refresh_token"]
    assert refresh(api, run, first).status_code == 200
    api.clock.forward(seconds=9)
    late = refresh(api, run, first)
    assert late.status_code == 200
    assert me(api, run, late.json()["access_token"]).status_code == 200


def test_a_stolen_refresh_token_used_twice_ends_the_whole_family(api: Api, run: Run) -> None:
    first = run(api.login())
    second = refresh(api, run, first["refresh_token"]).json()
    api.clock.forward(seconds=11)
    assert refresh(api, run, first["refresh_token"]).status_code == 401
    assert refresh(api, run, second["refresh_token"]).status_code == 401
    assert me(api, run, second["access_token"]).status_code == 401
    assert me(api, run, first["access_token"]).status_code == 401
    assert api.audited()[-1]["event_type"] == "refresh_reuse"
    assert me(api, run, run(api.login())["access_token"]).status_code == 200


def test_a_session_ends_after_seven_days_however_often_it_is_refreshed(api: Api, run: Run) -> None:
    token = run(api.login())["refresh_token"]
    for _ in range(6):
        api.clock.forward(days=1)
        token = refresh(api, run, token).json()["refresh_token"]
    api.clock.forward(days=1)
    assert refresh(api, run, token).status_code == 401


@pytest.mark.parametrize("token", ["", "x" * 200, "no-such-token"])
def test_an_unknown_refresh_token_is_none(api: Api, run: Run, token: str) -> None:
    assert refresh(api, run, token).status_code == 401


def test_signing_out_ends_all_tokens_of_the_session_and_no_other(api: Api, run: Run) -> None:
    one, other = run(api.login()), run(api.login())
    header = {"Authorization": f"Bearer {one['access_token']}"}
    assert run(api.client.post("/api/v1/auth/logout", headers=header)).status_code == 204
    assert me(api, run, one["access_token"]).status_code == 401
    assert refresh(api, run, one["refresh_token"]).status_code == 401
    assert me(api, run, other["access_token"]).status_code == 200


def test_people_list_and_end_their_own_sessions_and_nobody_elses(api: Api, run: Run) -> None:
    for name in ("sam", "tom"):
        body = {"email": f"{name}@example.com", "name": name, "password": PASSWORD}
        assert run(api.call("POST", "/users", body, role="admin")).status_code == 201
    one, two = (login(api, run, "sam@example.com", PASSWORD).json() for _ in range(2))
    foreign = login(api, run, "tom@example.com", PASSWORD).json()

    def sent(method: str, path: str = "", tokens: Any = one) -> Any:
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        return run(api.client.request(method, f"/api/v1/auth/sessions{path}", headers=header))

    listed = sent("GET").json()
    assert (listed["total"], sorted(s["current"] for s in listed["items"])) == (2, [False, True])
    (toms,) = sent("GET", tokens=foreign).json()["items"]
    for unknown in (toms["id"], "ses-none"):
        refused = sent("DELETE", f"/{unknown}")
        assert (refused.status_code, refused.json()["detail"]) == (404, "There is no such session.")
    assert me(api, run, foreign["access_token"]).status_code == 200
    other = next(s["id"] for s in listed["items"] if not s["current"])
    assert sent("DELETE", f"/{other}").status_code == 204
    assert me(api, run, two["access_token"]).status_code == 401
    assert refresh(api, run, two["refresh_token"]).status_code == 401
    assert [s["current"] for s in sent("GET").json()["items"]] == [True]
    assert sent("DELETE", f"/{sent('GET').json()['items'][0]['id']}").status_code == 204
    assert sent("GET").status_code == 401
    ended = [e["user_id"] for e in api.audited() if e["event_type"] == "session_revoke"]
    assert len(ended) == 2


def test_a_new_password_ends_the_other_sessions(api: Api, run: Run) -> None:
    body = {"email": "pat@example.com", "name": "Pat", "role": "analyst", "password": PASSWORD}
    assert run(api.call("POST", "/users", body, role="admin")).status_code == 201
    mine = login(api, run, "pat@example.com", PASSWORD).json()
    other = login(api, run, "pat@example.com", PASSWORD).json()
    header = {"Authorization": f"Bearer {mine['access_token']}"}

    def change(old: str, new: str) -> int:
        body = {"old_password": old, "new_password": new}
        answer = run(api.client.post("/api/v1/auth/password", json=body, headers=header))
        return answer.status_code  # type: ignore[no-any-return]

    new = "another battery horse"
    assert change("wrong", new) == 422
    assert change(PASSWORD, "short") == 422
    assert change(PASSWORD, new) == 204
    assert me(api, run, mine["access_token"]).status_code == 200
    assert me(api, run, other["access_token"]).status_code == 401
    assert refresh(api, run, other["refresh_token"]).status_code == 401
    assert login(api, run, "pat@example.com", PASSWORD).status_code == 401
    assert login(api, run, "pat@example.com", new).status_code == 200


def test_no_password_and_no_token_is_kept_in_any_file(api: Api, run: Run) -> None:
    tokens = run(api.login())
    login(api, run, "analyst@example.com", "s3cr3t-and-wrong")
    home = api.parts.settings.home
    held = b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
    for secret in (tokens["refresh_token"], tokens["access_token"], "s3cr3t-and-wrong", PASSWORD):
        assert secret.encode() not in held
    assert b"a***@example.com" in held
    assert oct((home / "secrets.json").stat().st_mode)[-3:] == "600"


@pytest.mark.slow
def test_what_was_revoked_stays_so_after_a_restart(run: Run, shop: Path, tmp_path: Path) -> None:
    async def before() -> tuple[str, str]:
        async with running(settings_of(tmp_path), shop) as api:
            tokens = await api.login("viewer")
            header = {"Authorization": f"Bearer {tokens['access_token']}"}
            await api.client.post("/api/v1/auth/logout", headers=header)
            return tokens["access_token"], (await api.login("analyst"))["access_token"]

    async def after(over: str, good: str) -> list[int]:
        import httpx

        from datamind.api.app import create_app

        now = dt.datetime(2026, 3, 15, 9, 5, tzinfo=dt.UTC)
        app = create_app(
            settings_of(tmp_path), lambda: (f"duckdb:///{shop}", None), now=lambda: now
        )
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return [
                    (
                        await client.get(
                            "/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}
                        )
                    ).status_code
                    for token in (over, good)
                ]

    assert run(after(*run(before()))) == [401, 200]


def test_tokens_are_read_by_who_knows_the_secret_only() -> None:
    def clock() -> dt.datetime:
        return dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    token = Tokens("a" * 32, clock).issue(user="u", role="admin", email="e", session="s")
    assert Tokens("a" * 32, clock).read(token).role == "admin"
    with pytest.raises(Exception, match="not valid"):
        Tokens("b" * 32, clock).read(token)


def test_an_admin_sees_who_is_signed_in_and_ends_it(api: Api, run: Run) -> None:
    tokens = run(api.login("viewer"))
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    path = "/security/sessions?user_id=usr-viewer&limit=1"
    (entry,) = run(api.call("GET", path, role="admin")).json()["items"]
    assert entry["user_id"] == "usr-viewer"
    assert run(api.client.get("/api/v1/auth/me", headers=header)).status_code == 200
    gone = run(api.call("DELETE", f"/security/sessions/{entry['id']}", role="admin"))
    assert gone.status_code == 204
    assert run(api.client.get("/api/v1/auth/me", headers=header)).status_code == 401
    body = {"refresh_token": tokens["refresh_token"]}
    assert run(api.client.post("/api/v1/auth/refresh", json=body)).status_code == 401
    listed = run(api.call("GET", path, role="admin")).json()["items"]
    assert entry["id"] not in [kept["id"] for kept in listed]
    assert run(api.call("DELETE", "/security/sessions/none", role="admin")).status_code == 404


def test_what_runs_for_somebody_new_is_not_called_off_when_revocations_are_looked_up(
    api: Api, run: Run
) -> None:
    body = {"email": "new@example.com", "name": "New", "role": "analyst", "password": PASSWORD}
    assert run(api.call("POST", "/users", body, role="admin")).status_code == 201
    with api.parts.running.entered("qry-new", "usr-viewer", most=10) as stop:
        told: list[str] = []
        api.parts.revocations.on_user(told.append)
        run(load_revocations(api.parts))
        run(load_revocations(api.parts))
        assert (told, stop.is_set()) == ([], False)


def test_a_revocation_moves_forward_only() -> None:
    first = dt.datetime(2026, 3, 15, 9, tzinfo=dt.UTC)
    later = first + dt.timedelta(seconds=1)
    revocations = Revocations(lambda: later)
    told: list[str] = []
    revocations.on_user(told.append)
    for moment in (later, first, later):
        revocations.user("usr-a", moment)
    assert told == ["usr-a"]
    issued_between = Claims("usr-a", "viewer", "a@example.com", "ses-a", first)
    with pytest.raises(Unauthenticated):
        revocations.check(issued_between)
