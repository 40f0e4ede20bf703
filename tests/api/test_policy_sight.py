"""What admins are told of who sees what, and readers whose access is set up wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .conftest import Api, Run, running, settings_of
from .people import People
from .test_policies import as_it_was, make  # noqa: F401
from .test_policy_people import call

pytestmark = pytest.mark.slow


@pytest.fixture
def people(api: Api, run: Run, as_it_was: None) -> Iterator[People]:  # noqa: F811
    yield People(api, run)


def only(api: Api, run: Run, *grants: dict[str, Any]) -> None:
    """These grants and no others."""
    for kept in call(api, run, "GET", "/policies").json()["items"]:
        call(api, run, "DELETE", f"/policies/{kept['id']}")
    for number, grant in enumerate(grants):
        make(api, run, kind="grant", name=f"g{number}", **grant)


def seen(api: Api, run: Run, item: str, user: str) -> dict[str, Any]:
    told = call(api, run, "GET", f"/policies/effective?item={item}&limit=200").json()
    return next(u for u in told["users"] if u["user"] == user)  # type: ignore[no-any-return]


def previewed(api: Api, run: Run, user: str, table: str) -> tuple[dict[str, Any], dict[str, Any]]:
    told = call(api, run, "POST", "/policies/preview", {"user": user}).json()
    return told, next(t for t in told["tables"] if t["table"] == table)


def test_on_which_rows_a_column_is_shown_is_told_for_each(
    api: Api, run: Run, people: People
) -> None:
    ana = people("ana")
    only(
        api, run, {"on": "stores", "columns": ["id", "name"]},
        {"on": "stores", "columns": ["id", "country"], "rows": "country = 'Spain'"},
    )  # fmt: skip
    rows = {c: seen(api, run, f"stores.{c}", ana.email)["rows"] for c in ("id", "name", "country")}
    assert rows == {"id": "all", "name": "all", "country": "some"}
    assert not seen(api, run, "stores.country", ana.email)["all_rows"]
    assert seen(api, run, "stores", ana.email)["all_rows"]
    _, table = previewed(api, run, ana.email, "stores")
    assert (table["rows"], table["all_rows"], table["partly"]) == ("all", True, ["country"])
    # Nor are the values told that stand where they are not shown.
    fields = ana.told("GET", "/catalog/tables/stores")["fields"]
    assert next(f for f in fields if f["name"] == "country")["examples"] in ([], ["Spain"])


@pytest.mark.parametrize(
    ("rows", "missing", "why"),
    [
        ("country = {user.contry}", ["contry"],
         "No row is seen: policies ask for contry, which this user has not."),
        ("country = 'Spain' AND 1 = 0", [],
         "No row is seen: what the policies ask of a row can't hold for this user."),
    ],
)  # fmt: skip
def test_where_no_row_is_seen_is_said_plainly(
    api: Api, run: Run, people: People, rows: str, missing: list[str], why: str
) -> None:
    ana = people("ana", country="Spain")
    make(api, run, kind="restriction", on="stores", rows=rows, to={"users": [ana.email]})
    for told in (seen(api, run, "stores", ana.email), seen(api, run, "stores.name", ana.email),
                 previewed(api, run, ana.email, "stores")[1]):  # fmt: skip
        assert (told["rows"], told["all_rows"]) == ("none", False)
        assert (told["missing"], told["why"]) == (missing, why)
    assert ana.reads("SELECT count(*) AS n FROM stores")[0] == [{"n": 0}]


def test_a_preview_takes_an_id_too_and_tells_the_policies_and_attributes(
    api: Api, run: Run, people: People
) -> None:
    ana = people("ana", country=["Spain", "Italy"])
    made = make(api, run, kind="restriction", name="Own", on="stores",
                rows="country IN ({user.country})")  # fmt: skip
    told, table = previewed(api, run, ana.id, "stores")
    assert (told["user"], told["attributes"]) == (ana.email, {"country": ["Spain", "Italy"]})
    assert table["rows"] == "some"
    assert table["policies"][1:] == [
        {"id": made["id"], "name": "Own", "kind": "restriction",
         "rows": "country IN ({user.country})"}
    ]  # fmt: skip
    call(api, run, "DELETE", f"/users/{ana.id}")
    assert call(api, run, "POST", "/policies/preview", {"user": ana.id}).status_code == 404


def test_an_attribute_that_nobody_has_is_warned_of(api: Api, run: Run, people: People) -> None:
    people("ana", country="Spain")
    made = make(api, run, kind="restriction", name="Own", on="stores",
                rows="country = {user.contry}")  # fmt: skip
    (warning,) = made["warnings"]
    assert warning.startswith("Own: no user has the attribute contry") and "country" in warning
    right = {"rows": "country = {user.country}"}
    assert call(api, run, "PATCH", f"/policies/{made['id']}", right).json()["warnings"] == []
    body = {**made["policy"], "name": "Rows"}
    side = {k: body[k] for k in ("name", "on", "to", "rows")}
    assert len(call(api, run, "POST", "/policies/rows", side).json()["warnings"]) == 1
    text = "grants: [{on: stores, to: {roles: [viewer]}, rows: 'country = {user.contry}'}]"
    told = run(
        api.client.post(
            "/api/v1/policies/import", content=text,
            headers={**run(api.headers("admin")), "Content-Type": "application/yaml"},
        )
    ).json()  # fmt: skip
    assert "no user has the attribute contry" in told["warnings"][0]


WRONG: list[tuple[str, str, object]] = [
    ("orders", "amount > {user.least}", "a lot"),
    ("orders", "order_date > {user.least}", "yesterday"),
    ("stores", "country > {user.least}", 7),
    ("orders", "id = {user.least}::INTEGER", 10**30),
]


@pytest.mark.parametrize(("table", "rows", "value"), WRONG)
def test_whose_attribute_does_not_fit_is_sent_to_an_admin(
    api: Api, run: Run, people: People, table: str, rows: str, value: object
) -> None:
    ana = people("ana", least=value)
    make(api, run, kind="restriction", on=table, rows=rows, to={"users": [ana.email]})
    told = ana.send("POST", "/sql/execute", {"sql": f"SELECT count(*) AS n FROM {table}"})
    assert (told.status_code, told.json()["code"]) == (403, "access_misconfigured"), told.text
    assert "admin" in told.json()["hint"] and str(value) not in told.json()["detail"]
    asked = ana.send("POST", "/sql/ask", {"question": f"How many {table} are there?"})
    assert asked.json()["code"] == "access_misconfigured", asked.text


def test_a_statement_that_fails_by_itself_is_its_askers(api: Api, run: Run, people: People) -> None:
    ana = people("ana", country="Spain")
    make(api, run, kind="restriction", on="stores", rows="country = {user.country}")
    told = ana.send("POST", "/sql/execute", {"sql": "SELECT name::INTEGER AS n FROM stores"})
    assert told.json()["code"] == "query_failed"


PATCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"enabled": False}, {"enabled": False}),
    ({"rows": "id > 7"}, {"rows": "id > 7"}),
    ({"rows": None}, {"rows": None}),
    ({"hide": []}, {"hide": []}),
    ({"name": "Other", "mask": {"amount": None}}, {"name": "Other", "mask": {"amount": "null"}}),
    ({"to": {"roles": ["viewer"]}}, {"to": {"roles": ["viewer"], "groups": [], "users": []}}),
    ({"assertions": []}, {"assertions": []}),
]


@pytest.mark.parametrize(("body", "changed"), PATCHES)
def test_a_patch_changes_what_it_names_alone(
    api: Api, run: Run, people: People, body: dict[str, Any], changed: dict[str, Any]
) -> None:
    made = make(
        api, run, kind="restriction", on="orders", rows="id > 3", hide=["store_id"],
        mask={"amount": "generalise"},
        assertions=[{"as": {"role": "admin"}, "sees": ["orders.store_id"]}],
    )  # fmt: skip
    path = f"/policies/{made['id']}"
    told = call(api, run, "PATCH", path, body, headers={"If-Match": '"1"'})
    assert told.status_code == 200, told.text
    assert told.json()["policy"] == {**made["policy"], **changed}
    assert call(api, run, "PATCH", path, body, headers={"If-Match": '"7"'}).status_code == 412


@pytest.mark.parametrize(
    "body",
    [{"enabled": None}, {"name": ""}, {"rows": "nothing = 1"}, {"kind": "grant"}, {"x": 1},
     {"columns": ["id"]}, {"rows": None, "hide": []}, {"to": {}}],
)  # fmt: skip
def test_a_patch_is_checked_with_what_it_leaves(
    api: Api, run: Run, people: People, body: dict[str, Any]
) -> None:
    made = make(api, run, kind="restriction", on="orders", rows="id > 3", hide=["store_id"])
    path = f"/policies/{made['id']}"
    assert call(api, run, "PATCH", path, body).status_code in (404, 422)
    assert call(api, run, "GET", path).json()["version"] == 1


def test_a_whole_body_says_the_whole_policy(api: Api, run: Run, people: People) -> None:
    made = make(api, run, kind="restriction", on="orders", rows="id > 3", hide=["store_id"])
    body = {k: made["policy"][k] for k in ("kind", "name", "on", "to", "hide")}
    told = call(api, run, "PATCH", f"/policies/{made['id']}", body).json()["policy"]
    assert (told["rows"], told["hide"]) == (None, ["store_id"])


def test_what_was_kept_before_it_was_checked_is_listed_and_can_be_switched_off(
    api: Api, run: Run, people: People
) -> None:
    group = call(api, run, "POST", "/groups", {"name": "gone"}).json()["id"]
    made = make(api, run, kind="restriction", name="Old", on="orders", rows="id > 3",
                to={"groups": ["gone"]})  # fmt: skip
    assert call(api, run, "DELETE", f"/groups/{group}?force=true").status_code == 204
    path = f"/policies/{made['id']}"
    assert call(api, run, "GET", path).json()["policy"]["to"]["groups"] == ["gone"]
    assert call(api, run, "PATCH", path, {"enabled": False}).status_code == 200
    told = call(api, run, "PATCH", path, {"rows": "id > 4"})
    assert (told.status_code, told.json()["errors"][0]["loc"]) == (422, ["to", "groups"])
    text = call(api, run, "GET", "/policies/export").text
    told = run(
        api.client.post(
            "/api/v1/policies/import", content=text,
            headers={**run(api.headers("admin")), "Content-Type": "application/yaml"},
        )
    ).json()  # fmt: skip
    assert told["unchanged"] == 2, told


def test_what_somebody_marked_as_personal_is_proposed_in_our_own_words(
    api: Api, run: Run, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = {"order_date": "birth_date", "status": "health", "amount": "secret"}
    catalog = api.parts.bindings.catalog
    orders = catalog.by_id["orders"]
    columns = tuple(replace(c, pii=marks.get(c.name)) for c in orders.columns)
    marked = replace(orders, columns=columns)
    tables = tuple(marked if t is orders else t for t in catalog.tables)
    monkeypatch.setattr(api.parts.bindings, "catalog", replace(catalog, tables=tables))
    make(api, run, kind="restriction", on="stores", rows="id > 0")  # nothing bound before is kept
    told = call(api, run, "POST", "/security/pii/scan").json()
    assert [(f["column"], f["kind"]) for f in told["found"]] == [
        ("status", "health"), ("order_date", "birth")
    ]  # fmt: skip
    assert [p["mask"] for p in told["proposals"]] == [
        {"status": "null", "order_date": "generalise"}
    ]


PERSONS = """
CREATE TABLE persons AS SELECT i AS id, 'a' || i || '@example.org' AS contact,
    DATE '1990-01-01' + i::INTEGER AS born_on, 'x' || i AS motto FROM range(1, 20) r(i);
"""


def test_personal_data_are_dealt_with_where_nobody_sees_them(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "persons.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(PERSONS)

    async def scanned() -> list[Any]:
        async with running(settings_of(tmp_path / "home"), path) as api:

            async def found() -> tuple[Any, ...]:
                told = (await api.call("POST", "/security/pii/scan", role="admin")).json()
                (mail,) = (f for f in told["found"] if f["column"] == "contact")
                proposed = [sorted(p["mask"]) for p in told["proposals"]]
                return mail["dealt_with"], mail["seen_by_roles"], mail["seen_by_users"], proposed

            async def restrict(*roles: str, column: str = "contact", **said: Any) -> None:
                body = {"kind": "restriction", "name": "x", "on": "persons",
                        "to": {"roles": roles}, "mask": {column: "null"}, **said}  # fmt: skip
                made = await api.call("POST", "/policies", body, role="admin")
                assert made.status_code == 201, made.text

            steps = [await found()]
            await restrict("viewer")
            steps.append(await found())
            await restrict("analyst", enabled=False)
            steps.append(await found())
            await restrict("analyst")
            steps.append(await found())
            await restrict("viewer", "analyst", "admin")
            return [*steps, await found()]

    both = [["born_on", "contact"]]
    assert run(scanned()) == [
        (False, ["viewer", "analyst", "admin"], 3, both),
        (False, ["analyst", "admin"], 2, both),
        (False, ["analyst", "admin"], 2, both),
        (False, ["admin"], 1, [["born_on"]]),
        (True, [], 0, [["born_on"]]),
    ]
