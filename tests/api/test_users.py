"""Users: added, changed and deactivated by admins, at once everywhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from datamind.rooms.users.models import User

from .conftest import PASSWORD, Api, Run


def new(api: Api, run: Run, name: str, **more: Any) -> dict[str, Any]:
    body = {"email": f"{name}@example.com", "name": name, "role": "analyst", **more}
    answer = run(api.call("POST", "/users", body, role="admin"))
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def sign_in(api: Api, run: Run, email: str, password: str) -> Any:
    return run(api.client.post("/api/v1/auth/login", json={"email": email, "password": password}))


def test_a_new_user_signs_in_with_the_password_told_once(api: Api, run: Run) -> None:
    made = new(api, run, "nora")
    assert len(made["password"]) >= 24
    assert sign_in(api, run, "nora@example.com", made["password"]).status_code == 200
    seen = run(api.call("GET", f"/users/{made['id']}", role="admin")).json()
    assert (seen["password"], seen["role"], seen["active"]) == (None, "analyst", True)


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no-address"}, {"email": "a@b@c"}, {"email": "a b@c"}, {"name": " "},
        {"name": "a\nb"}, {"role": "root"}, {"password": "x" * 1025},
        {"password": "short"},  # pragma: allowlist secret
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(api: Api, run: Run, change: dict[str, str]) -> None:
    body = {"email": "ned@example.com", "name": "Ned", **change}
    assert run(api.call("POST", "/users", body, role="admin")).status_code == 422


def test_an_address_is_taken_once_however_it_is_written(api: Api, run: Run) -> None:
    new(api, run, "olga")
    body = {"email": "OLGA@example.com", "name": "Other"}
    answer = run(api.call("POST", "/users", body, role="admin"))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_users_are_searched_and_filtered(api: Api, run: Run) -> None:
    new(api, run, "quentin", role="viewer")
    for query, names in (("q=QUENT", ["quentin"]), ("q=%25", []), ("q=_uentin", [])):
        found = run(api.call("GET", f"/users?{query}", role="admin")).json()
        assert [u["name"] for u in found["items"]] == names
    roles = run(api.call("GET", "/users?role=admin", role="admin")).json()["items"]
    assert {u["role"] for u in roles} == {"admin"}


def test_a_role_that_was_taken_away_is_gone_at_once(api: Api, run: Run) -> None:
    made = new(api, run, "ruth", password=PASSWORD)
    tokens = sign_in(api, run, "ruth@example.com", PASSWORD).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    api.clock.forward(seconds=1)
    body = {"role": "viewer"}
    answer = run(api.call("POST", f"/users/{made['id']}/assign-role", body, role="admin"))
    assert answer.json()["role"] == "viewer"
    assert run(api.client.get("/api/v1/auth/me", headers=header)).status_code == 401
    again = run(
        api.client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    ).json()
    header = {"Authorization": f"Bearer {again['access_token']}"}
    assert run(api.client.get("/api/v1/auth/me", headers=header)).json()["role"] == "viewer"
    asked = run(api.client.post("/api/v1/sql/ask", json={"question": "x"}, headers=header))
    assert asked.status_code == 403


def test_who_is_deactivated_is_out_at_once_and_may_come_back(api: Api, run: Run) -> None:
    made = new(api, run, "sam", password=PASSWORD)
    tokens = sign_in(api, run, "sam@example.com", PASSWORD).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    api.clock.forward(seconds=1)
    path = f"/users/{made['id']}"
    assert run(api.call("POST", f"{path}/deactivate", role="admin")).json()["active"] is False
    assert run(api.client.get("/api/v1/auth/me", headers=header)).status_code == 401
    refresh = {"refresh_token": tokens["refresh_token"]}
    assert run(api.client.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    assert sign_in(api, run, "sam@example.com", PASSWORD).status_code == 401
    run(api.call("PATCH", path, {"active": True}, role="admin"))
    assert run(api.client.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    assert sign_in(api, run, "sam@example.com", PASSWORD).status_code == 200


def test_an_admin_makes_a_new_password(api: Api, run: Run) -> None:
    made = new(api, run, "tess", password=PASSWORD)
    body = {"reset_password": True, "name": "Tess T"}
    told = run(api.call("PATCH", f"/users/{made['id']}", body, role="admin")).json()
    assert told["name"] == "Tess T"
    assert sign_in(api, run, "tess@example.com", PASSWORD).status_code == 401
    assert sign_in(api, run, "tess@example.com", told["password"]).status_code == 200


def test_the_last_admin_can_not_be_lost(api: Api, run: Run) -> None:
    path = "/users/usr-admin"
    for method, more, body in (
        ("POST", "/deactivate", None), ("POST", "/assign-role", {"role": "viewer"}),
        ("DELETE", "", None),
    ):  # fmt: skip
        answer = run(api.call(method, path + more, body, role="admin"))
        assert (answer.status_code, answer.json()["detail"]) == (409, "This is the last admin.")


@pytest.mark.slow
def test_who_is_deleted_is_forgotten_and_what_they_asked_is_not(api: Api, run: Run) -> None:
    made = new(api, run, "uma", password=PASSWORD)
    run(api.call("POST", "/groups", {"name": "crew"}, role="admin"))
    for of, body in (("groups", {"groups": ["crew"]}), ("attributes", {"attributes": {"x": "y"}})):
        assert run(api.call("PUT", f"/users/{made['id']}/{of}", body, role="admin")).is_success
    tokens = sign_in(api, run, "uma@example.com", PASSWORD).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    body = {"question": "How many orders are there?"}
    asked = run(api.client.post("/api/v1/sql/ask", json=body, headers=header)).json()
    api.clock.forward(seconds=1)
    path = f"/users/{made['id']}"
    assert run(api.call("DELETE", path, role="admin")).status_code == 204
    assert run(api.client.get("/api/v1/auth/me", headers=header)).status_code == 401
    assert sign_in(api, run, "uma@example.com", PASSWORD).status_code == 401
    assert run(api.call("GET", path, role="admin")).status_code == 404
    found = run(api.call("GET", "/users?q=uma", role="admin")).json()
    assert found["items"] == []
    (crew,) = run(api.call("GET", "/groups", role="admin")).json()["items"]
    assert crew["members"] == 0
    assert run(_attributes(api, made["id"])) == {}
    kept = run(api.call("GET", f"/queries/{asked['query_id']}", role="admin")).json()
    assert kept["user_id"] == made["id"]
    new(api, run, "uma")  # the address is free again


async def _attributes(api: Api, user_id: str) -> Any:
    async with api.parts.database.unit() as session:
        return (await session.scalars(select(User.attributes).where(User.id == user_id))).one()


def test_two_admins_who_demote_each_other_leave_one(api: Api, run: Run) -> None:
    made = new(api, run, "otto", role="admin", password=PASSWORD)
    tokens = sign_in(api, run, "otto@example.com", PASSWORD).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    body = {"role": "viewer"}

    async def both() -> list[int]:
        own = await api.headers("admin")
        calls = (("usr-admin", header), (made["id"], own))
        answers = await asyncio.gather(*(
            api.client.post(f"/api/v1/users/{who}/assign-role", json=body, headers=headers)
            for who, headers in calls
        ))  # fmt: skip
        return sorted(answer.status_code for answer in answers)

    assert run(both()) == [200, 409]
    admins = run(by_hand(api))
    assert len(admins) == 1
    if admins != ["usr-admin"]:
        run(by_hand(api, "usr-admin"))
    api.clock.forward(seconds=1)
    run(api.call("DELETE", f"/users/{made['id']}", role="admin"))


async def by_hand(api: Api, promote: str | None = None) -> list[str]:
    """The admins, after one was made one past the API."""
    async with api.parts.database.unit() as session:
        if promote is not None:
            await session.execute(update(User).where(User.id == promote).values(role="admin"))
        return list(await session.scalars(select(User.id).where(User.role == "admin")))
