"""People whom policies name: another name is carried through, and none is lost by the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Api, Run
from .people import People, Person
from .test_policies import COUNT, as_it_was, make  # noqa: F401

pytestmark = pytest.mark.slow


@pytest.fixture
def people(api: Api, run: Run, as_it_was: None) -> Iterator[People]:  # noqa: F811
    yield People(api, run)
    for group in call(api, run, "GET", "/groups?limit=200").json()["items"]:
        call(api, run, "DELETE", f"/groups/{group['id']}?force=true")


def call(api: Api, run: Run, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return run(api.call(method, path, body, role="admin", **more))


def grouped(api: Api, run: Run, person: Person, *names: str) -> list[str]:
    """The groups' ids, the person in them."""
    made = [call(api, run, "POST", "/groups", {"name": name}).json()["id"] for name in names]
    path = f"/users/{person.id}/groups"
    assert call(api, run, "PUT", path, {"groups": names}).status_code == 200
    return made


def orders(person: Person) -> int:
    return int(person.reads(COUNT)[0][0]["n"])


def of_policies(api: Api) -> list[dict[str, Any]]:
    return [r["details"] for r in api.audited() if r["event_type"] == "policy_change"]


def test_a_group_that_is_renamed_keeps_what_concerned_it(
    api: Api, run: Run, people: People
) -> None:
    ana = people("ana")
    (west,) = grouped(api, run, ana, "west")
    asked = [{"as": {"groups": ["west"]}, "does_not_see": ["orders"]}]
    made = make(api, run, kind="restriction", on="orders", rows="status = 'paid'",
                to={"groups": ["west"]}, assertions=asked)  # fmt: skip
    off = make(api, run, kind="restriction", on="orders", hide=["id"], enabled=False,
               to={"groups": ["west"], "roles": ["viewer"]})  # fmt: skip
    assert orders(ana) == 1000
    told = call(api, run, "PATCH", f"/groups/{west}", {"name": "far west"})
    assert (told.status_code, told.json()["name"]) == (200, "far west")
    assert orders(ana) == 1000
    for one in (made, off):
        now = call(api, run, "GET", f"/policies/{one['id']}").json()
        assert (now["policy"]["to"]["groups"], now["version"]) == (["far west"], 2)
    now = call(api, run, "GET", f"/policies/{made['id']}/versions").json()["items"][0]
    assert now["said"]["assertions"][0]["as"] == {"groups": ["far west"]}
    assert {c["policy"] for c in of_policies(api)[-2:]} == {made["id"], off["id"]}
    # A new description alone changes no policy.
    body = {"name": "far west", "description": "x"}
    assert call(api, run, "PATCH", f"/groups/{west}", body).status_code == 200
    assert call(api, run, "GET", f"/policies/{made['id']}").json()["version"] == 2


def test_a_user_of_another_address_keeps_what_concerned_them(
    api: Api, run: Run, people: People
) -> None:
    ana, other = people("ana"), people("other")
    asked = [{"as": {"user": ana.email}, "sees": ["orders"]}]
    made = make(api, run, kind="restriction", on="orders", rows="status = 'paid'",
                to={"users": [ana.email]}, assertions=asked)  # fmt: skip
    path, new = f"/users/{ana.id}", f"new.{ana.email}"
    assert call(api, run, "PATCH", path, {"email": other.email}).status_code == 409
    assert call(api, run, "PATCH", path, {"email": new.upper()}).status_code == 200
    assert orders(ana) == 1000
    policy = call(api, run, "GET", f"/policies/{made['id']}").json()["policy"]
    assert policy["to"]["users"] == [new]
    assert policy["assertions"][0]["as"]["user"] == new


def test_a_name_that_policies_wait_for_is_not_taken_by_the_way(
    api: Api, run: Run, people: People
) -> None:
    ana = people("ana")
    west, east = grouped(api, run, ana, "west", "east")
    make(api, run, kind="restriction", name="East", on="orders", hide=["id"],
         to={"groups": ["east"]})  # fmt: skip
    assert call(api, run, "DELETE", f"/groups/{east}?force=true").status_code == 204
    told = call(api, run, "PATCH", f"/groups/{west}", {"name": "east"})
    assert (told.status_code, told.json()["code"]) == (409, "in_use")
    assert call(api, run, "PATCH", f"/groups/{west}?force=true", {"name": "east"}).is_success


@pytest.mark.parametrize("named", ["to", "assertions"])
@pytest.mark.parametrize("kind", ["groups", "users"])
def test_whom_a_policy_names_is_not_taken_away_unless_forced(
    api: Api, run: Run, people: People, kind: str, named: str
) -> None:
    ana = people("ana")
    (group,) = grouped(api, run, ana, "west")
    name, path = ("west", f"/groups/{group}") if kind == "groups" else (
        ana.email, f"/users/{ana.id}")  # fmt: skip
    if named == "to":
        said: dict[str, Any] = {"to": {kind: [name]}}
    else:
        asker = {"groups": [name]} if kind == "groups" else {"user": name}
        said = {"assertions": [{"as": asker, "does_not_see": ["orders.store_id"]}]}
        said["to"] = {"roles": ["viewer", "analyst", "admin"]}
    make(api, run, kind="restriction", name="Keeps out", on="orders", hide=["store_id"], **said)
    told = call(api, run, "DELETE", path)
    assert (told.status_code, told.json()["code"]) == (409, "in_use")
    assert "Keeps out" in told.json()["detail"] and "Keeps out" in told.json()["hint"]
    assert call(api, run, "GET", f"/users/{ana.id}").json()["groups"] == ["west"]
    assert call(api, run, "DELETE", f"{path}?force=true").status_code == 204


MOVES: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/users/{id}/groups", {"groups": []}),
    ("PUT", "/users/{id}/attributes", {"attributes": {"status": "open"}}),
    ("POST", "/users/{id}/assign-role", {"role": "viewer"}),
]


@pytest.mark.parametrize(("method", "path", "body"), MOVES)
def test_a_change_of_people_that_breaks_an_assertion_is_refused_unless_forced(
    api: Api, run: Run, people: People, method: str, path: str, body: dict[str, Any]
) -> None:
    ana = people("ana", status="paid")
    grouped(api, run, ana, "west")
    asked = [{"as": {"user": ana.email}, "masked": ["orders.amount"], "rows": [
        {"sql": "SELECT count(*) FROM orders WHERE status = 'paid'", "equals": 1000}]}]  # fmt: skip
    make(api, run, kind="restriction", name="West", on="orders", mask={"amount": "null"},
         to={"groups": ["west"]}, assertions=asked)  # fmt: skip
    make(api, run, kind="restriction", on="orders", rows="status = {user.status}",
         to={"users": [ana.email]})  # fmt: skip
    make(api, run, kind="restriction", on="orders", hide=["amount"], to={"roles": ["viewer"]})
    path = path.format(id=ana.id)
    before = call(api, run, "GET", f"/users/{ana.id}").json()
    told = call(api, run, method, path, body)
    assert (told.status_code, told.json()["code"]) == (409, "assertion_broken"), told.text
    assert told.json()["errors"][0]["policy"] == "West"
    assert call(api, run, "GET", f"/users/{ana.id}").json() == before
    assert call(api, run, method, f"{path}?force=true", body).status_code == 200
    forced = [r for r in api.audited() if r["event_type"] == "policy_forced"][-1]
    assert forced["details"]["broken"][0]["policy"] == "West"
    # What does not hold any more keeps nobody from the next change.
    assert call(api, run, method, path, body).status_code == 200


def test_changes_of_people_that_no_policy_asks_of_are_made_at_once(
    api: Api, run: Run, people: People
) -> None:
    import asyncio

    ana = people("ana")

    async def at_once() -> set[int]:
        found = await asyncio.gather(*(
            api.call("PUT", f"/users/{ana.id}/attributes", {"attributes": {"n": n}}, role="admin")
            for n in range(20)
        ))  # fmt: skip
        return {answer.status_code for answer in found}

    assert run(at_once()) == {200}


def test_groups_are_told_apart_by_more_than_the_size_of_letters(
    api: Api, run: Run, people: People
) -> None:
    west, _ = grouped(api, run, people("ana"), "West", "East")
    assert call(api, run, "POST", "/groups", {"name": "wEST"}).json()["code"] == "conflict"
    assert call(api, run, "PATCH", f"/groups/{west}", {"name": "EAST"}).status_code == 409
    assert call(api, run, "PATCH", f"/groups/{west}", {"name": "WEST"}).status_code == 200


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("null", "a value is a text, a number, true or false, or a list of these"),
        ("[1, null]", "a value is a text, a number, true or false, or a list of these"),
        ("{}", "a value is a text, a number, true or false, or a list of these"),
        ("Infinity", "a number is finite: neither infinite nor NaN"),
        ("[NaN]", "a number is finite: neither infinite nor NaN"),
        ("1e999", "a number is finite: neither infinite nor NaN"),
    ],
)
def test_a_value_that_no_attribute_can_have_is_told_once(
    api: Api, run: Run, people: People, value: str, said: str
) -> None:
    ana = people("ana")
    headers = {**run(api.headers("admin")), "Content-Type": "application/json"}
    told = run(
        api.client.put(
            f"/api/v1/users/{ana.id}/attributes", headers=headers,
            content=f'{{"attributes": {{"x": {value}}}}}',
        )
    )  # fmt: skip
    assert told.status_code == 422, told.text
    (error,) = told.json()["errors"]
    assert (error["loc"], error["msg"]) == (["body", "attributes", "x"], said)
