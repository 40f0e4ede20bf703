"""Assertions: what an asker must see and must not; a change that breaks one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from datamind.errors import WarehouseError

from .conftest import RUNAWAY, Api, Run
from .test_policies import as_it_was, execute, make  # noqa: F401

pytestmark = pytest.mark.slow

ANALYST = {"role": "analyst"}
HIDING = {
    "kind": "restriction", "name": "No stores", "on": "orders", "to": {"roles": ["analyst"]},
    "hide": ["store_id"], "mask": {"amount": "null"}, "rows": "status = 'paid'",
}  # fmt: skip


def call(api: Api, run: Run, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return run(api.call(method, path, body, role="admin", **more))


def count(sql: str, **bounds: int) -> dict[str, Any]:
    return {"rows": [{"sql": sql, **bounds}]}


ORDERS = "SELECT count(*) FROM orders"
CASES: list[tuple[dict[str, Any], str, str]] = [
    # what is asserted, how it ends, what is seen
    ({"sees": ["orders"]}, "holds", "sees it"),
    ({"sees": ["orders.amount"]}, "holds", "sees it masked"),
    ({"sees": ["orders.store_id"]}, "fails", "does not see it"),
    ({"does_not_see": ["orders.store_id"]}, "holds", "does not see it"),
    ({"does_not_see": ["stores"]}, "fails", "sees it"),
    ({"masked": ["orders.amount"]}, "holds", "sees it masked"),
    ({"masked": ["orders.status"]}, "fails", "sees it"),
    ({"masked": ["orders.store_id"]}, "fails", "does not see it"),
    ({"allowed": ["SELECT status FROM orders"]}, "holds", "allowed"),
    ({"allowed": ["SELECT store_id FROM orders"]}, "fails", "refused (unknown_column)"),
    ({"refused": ["SELECT store_id FROM orders"]}, "holds", "refused (unknown_column)"),
    ({"refused": ["SELECT status FROM orders"]}, "fails", "allowed"),
    (count(ORDERS, equals=1000), "holds", "counted 1,000"),
    (count(ORDERS, equals=3000), "fails", "counted 1,000"),
    (count(ORDERS, at_least=1, at_most=1000), "holds", "counted 1,000"),
    (count(ORDERS, at_most=0), "fails", "counted 1,000"),
    (count(f"{ORDERS} WHERE status <> 'paid'", equals=0), "holds", "counted 0"),
    (count("SELECT count(DISTINCT store_id) FROM orders", equals=1), "fails",
     "refused (unknown_column)"),
    (count(f"{ORDERS} LIMIT 0", equals=0), "fails", "no count"),
]  # fmt: skip


def ended(api: Api, run: Run, assertion: dict[str, Any], asker: Any = ANALYST) -> dict[str, Any]:
    """How one assertion ends, were it kept with a policy that hides and masks."""
    proposed = {**HIDING, "assertions": [{"as": asker, **assertion}]}
    told = call(api, run, "POST", "/policies/test", {"proposed": proposed})
    assert told.status_code == 200, told.text
    (result,) = told.json()["results"]
    assert told.json()["holds"] == (result["outcome"] == "holds")
    return result  # type: ignore[no-any-return]


@pytest.mark.parametrize(("assertion", "outcome", "seen"), CASES)
def test_what_is_asserted_holds_or_fails(
    api: Api, run: Run, assertion: dict[str, Any], outcome: str, seen: str
) -> None:
    result = ended(api, run, assertion)
    assert (result["outcome"], result["seen"]) == (outcome, seen)
    assert result["broken"] == (outcome != "holds")
    assert execute(api, run, "SELECT count(*) AS n FROM orders") == [{"n": 3000}]  # nothing is kept


@pytest.mark.parametrize(
    ("asker", "outcome"),
    [
        ({"user": "Analyst@Example.com"}, "holds"),
        ({"user": "nobody@example.com"}, "fails"),
        ({"role": "admin"}, "fails"),
        ({"groups": ["west"]}, "fails"),
        ({"role": "analyst", "groups": ["west"], "attributes": {"x": 1}}, "holds"),
    ],
)
def test_an_asker_is_a_user_or_made_up(
    api: Api, run: Run, asker: dict[str, Any], outcome: str
) -> None:
    assert ended(api, run, {"masked": ["orders.amount"]}, asker)["outcome"] == outcome


def test_attributes_of_somebody_made_up_go_into_predicates(api: Api, run: Run) -> None:
    rule = {**HIDING, "on": "stores", "hide": [], "mask": {}, "rows": "country IN ({user.c})"}
    stores = "SELECT count(*) FROM stores"
    held = [
        {"as": {**ANALYST, "attributes": {"c": value}}, **count(stores, equals=n)}
        for value, n in (("France", 4), (["France", "Spain"], 8), ("x' OR 'a'='a", 0))
    ]
    body = {"proposed": {**rule, "assertions": [*held, {"as": ANALYST, **count(stores, equals=0)}]}}
    told = call(api, run, "POST", "/policies/test", body).json()
    assert told["holds"], told


@pytest.mark.parametrize(
    ("assertion", "code"),
    [
        ({"as": ANALYST}, "bad_input"),  # says nothing
        ({"as": {}, "sees": ["orders"]}, "bad_input"),
        ({"as": {"user": "a@b.c", "role": "admin"}, "sees": ["orders"]}, "bad_input"),
        ({"as": ANALYST, "sees": ["nothing"]}, "unknown_table"),
        ({"as": ANALYST, "does_not_see": ["orders.nothing"]}, "unknown_column"),
        ({"as": ANALYST, "masked": ["orders"]}, "bad_input"),
        ({"as": ANALYST, **count(ORDERS)}, "bad_input"),  # to what?
        ({"as": ANALYST, **count("SELECT amount FROM orders", equals=1)}, "bad_input"),
        ({"as": ANALYST, **count("SELECT max(amount) FROM orders", equals=1)}, "bad_input"),
        ({"as": ANALYST, **count("SELECT count(*), 1 FROM orders", equals=1)}, "bad_input"),
        ({"as": ANALYST, **count("SELECT count(*) + max(id) FROM orders", equals=1)}, "bad_input"),
        ({"as": ANALYST, **count("SELECT count(*) FROM orders GROUP BY id", equals=1)},
         "bad_input"),
        ({"as": ANALYST, **count("SELECT 1; SELECT 2", equals=1)}, "bad_input"),
        ({"as": ANALYST, "blocks": ["x"]}, "bad_input"),
        # Refused whatever policies say, so that nothing is asserted of them.
        ({"as": ANALYST, "refused": ["SELECT amont FROM orders"]}, "bad_input"),
        ({"as": ANALYST, "refused": ["SELECT 1 FROM nothing"]}, "bad_input"),
        ({"as": ANALYST, "refused": ["SELEC amount"]}, "bad_input"),
        ({"as": ANALYST, "refused": ["DROP TABLE orders"]}, "bad_input"),
        ({"as": {"groups": ["nowhere"]}, "sees": ["orders"]}, "bad_input"),
        ({"as": {"user": "nobody@example.com"}, "sees": ["orders"]}, "bad_input"),
    ],
)  # fmt: skip
def test_what_could_never_be_told_is_not_kept(
    api: Api, run: Run, assertion: dict[str, Any], code: str
) -> None:
    told = call(api, run, "POST", "/policies", {**HIDING, "assertions": [assertion]})
    assert told.json()["code"] == code, told.text


def guarded(api: Api, run: Run) -> dict[str, Any]:
    """A policy with an assertion that holds because of it."""
    asserted = [{"as": ANALYST, "does_not_see": ["orders.store_id"], "masked": ["orders.amount"]}]
    return make(api, run, **{**HIDING, "assertions": asserted})


CHANGES: list[tuple[str, str, dict[str, Any] | None, list[str]]] = [
    ("PATCH", "/policies/{id}", {**HIDING, "hide": []}, ["sees it"]),
    ("PATCH", "/policies/{id}", {**HIDING, "enabled": False}, ["sees it", "sees it"]),
    ("PATCH", "/policies/{id}", {**HIDING, "to": {"roles": ["viewer"]}}, ["sees it", "sees it"]),
    ("DELETE", "/policies/{id}", None, ["sees it", "sees it"]),
    ("DELETE", "/policies/columns/{id}", None, ["sees it", "sees it"]),
    ("POST", "/policies", {**HIDING, "hide": ["amount"], "mask": {}}, ["does not see it"]),
    ("POST", "/policies/columns", {"name": "x", "on": "orders", "to": {"roles": ["analyst"]},
     "hide": ["amount"]}, ["does not see it"]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "seen"), CHANGES)
def test_a_change_that_breaks_an_assertion_is_refused_unless_forced(
    api: Api, run: Run, method: str, path: str, body: dict[str, Any] | None, seen: list[str]
) -> None:
    made = guarded(api, run)
    before = call(api, run, "GET", "/policies").json()
    path = path.format(id=made["id"])
    told = call(api, run, method, path, body)
    assert (told.status_code, told.json()["code"]) == (409, "assertion_broken")
    errors = told.json()["errors"]
    assert [e["seen"] for e in errors] == seen
    assert {(e["policy_id"], e["asker"], e["number"]) for e in errors} == {
        (made["id"], "analyst", 1)
    }
    assert errors[0]["msg"].startswith("No stores: analyst: expected ")
    assert call(api, run, "GET", "/policies").json() == before
    assert call(api, run, method, f"{path}?force=true", body).status_code in (200, 201, 204)
    record = [r for r in api.audited() if r["event_type"] == "policy_change"][-1]
    assert [b["seen"] for b in record["details"]["broken"]] == seen


def test_what_did_not_hold_before_keeps_no_change_back(api: Api, run: Run) -> None:
    made = guarded(api, run)
    assert call(api, run, "DELETE", f"/policies/{made['id']}?force=true").status_code == 204
    body = {**HIDING, "assertions": [{"as": ANALYST, **count(ORDERS, equals=1000)}]}
    kept = make(api, run, **body)
    other = make(
        api, run, kind="restriction", on="orders", rows="id <= 30", to={"roles": ["viewer"]}
    )
    moved = {**HIDING, "to": {"roles": ["viewer"]}}
    assert call(api, run, "PATCH", f"/policies/{kept['id']}?force=true", moved).status_code == 200
    told = call(api, run, "POST", "/policies/test", {}).json()
    assert (told["holds"], told["results"][0]["seen"]) == (False, "counted 3,000")
    assert call(api, run, "DELETE", f"/policies/{other['id']}").status_code == 204
    assert call(api, run, "DELETE", f"/policies/{kept['id']}").status_code == 204


def test_assertions_stay_where_a_change_leaves_them_out_and_go_where_it_says_so(
    api: Api, run: Run
) -> None:
    path = f"/policies/{guarded(api, run)['id']}"
    told = call(api, run, "PATCH", path, {**HIDING, "name": "Other"}).json()
    assert len(told["policy"]["assertions"]) == 1
    told = call(api, run, "PATCH", path, {**HIDING, "assertions": [], "hide": []}).json()
    assert told["policy"]["assertions"] == []
    said = call(api, run, "GET", f"{path}/versions").json()["items"]
    assert [len(v["said"]["assertions"]) for v in said] == [0, 1, 1]


def test_one_policy_all_of_them_or_a_change_are_ended(api: Api, run: Run) -> None:
    first = guarded(api, run)
    viewer = [{"as": {"role": "viewer"}, "does_not_see": ["stores.name"]}]
    make(api, run, kind="restriction", name="Viewers", on="stores", to={"roles": ["viewer"]},
         hide=["name"], assertions=viewer)  # fmt: skip

    def results(body: dict[str, Any]) -> list[tuple[str, bool]]:
        told = call(api, run, "POST", "/policies/test", body).json()
        return sorted((r["policy"], r["broken"]) for r in told["results"])

    whole = [("No stores", False), ("No stores", False), ("Viewers", False)]
    assert results({}) == whole
    assert results({"policy_id": first["id"]}) == whole[:2]
    opened = {**HIDING, "hide": [], "assertions": first["policy"]["assertions"]}
    assert results({"policy_id": first["id"], "proposed": opened}) == [
        ("No stores", False), ("No stores", True), ("Viewers", False)
    ]  # fmt: skip
    assert call(api, run, "POST", "/policies/test", {"policy_id": "pol-x"}).status_code == 404


def test_what_is_asked_of_the_view_needs_no_warehouse_and_what_can_not_run_is_told(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise WarehouseError("down")

    monkeypatch.setattr(api.parts.warehouse, "estimate", down)
    made = guarded(api, run)  # seen without it
    body = {**HIDING, "assertions": [{"as": ANALYST, **count(ORDERS, equals=1000)}]}
    told = call(api, run, "POST", "/policies", body).json()
    assert told["errors"][0]["outcome"] == "not_run"
    assert call(api, run, "POST", "/policies?force=true", body).status_code == 201
    # It could not be run before either: nobody is kept from taking something away.
    narrow = {**HIDING, "rows": "FALSE"}
    assert call(api, run, "PATCH", f"/policies/{made['id']}", narrow).status_code == 200


def test_a_statement_runs_for_so_long_only_and_only_so_many_are_kept(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datamind.rooms.policies.testing.STATEMENT_S", 0.2)
    monkeypatch.setattr("datamind.rooms.policies.testing.MAX_ESTIMATE", 1e30)
    result = ended(api, run, count(RUNAWAY, equals=1))
    assert (result["outcome"], result["seen"]) == ("not_run", "could not be run (query_timeout)")
    many = [{"as": ANALYST, "allowed": [f"SELECT {n}" for n in range(50)]} for _ in range(5)]
    told = call(api, run, "POST", "/policies", {**HIDING, "assertions": many}).json()
    assert told["detail"] == "All assertions together have 200 statements at most."


def test_statements_are_audited_before_they_run_and_no_value_is_told(api: Api, run: Run) -> None:
    ended(api, run, count(f"{ORDERS} WHERE amount > 500", equals=1))
    record = [r for r in api.audited() if r["event_type"] == "policy_test"][-1]
    assert (record["status"], record["details"]["asker"]) == ("intent", "analyst")
    assert "'paid'" in record["details"]["governed_sql"]
