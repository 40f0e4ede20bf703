"""Policies by rows and by columns: two views of the same policies, each leaving the other be."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api, Run
from .test_policies import COUNT, as_it_was, execute, make  # noqa: F401

pytestmark = pytest.mark.slow

ROOTS = ("/policies", "/data-control/policies")
TO = {"roles": ["analyst"]}
BOTH = {"on": "orders", "rows": "status = 'paid'", "mask": {"amount": "null"}, "hide": ["store_id"]}


def call(api: Api, run: Run, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return run(api.call(method, path, body, role="admin", **more))


def ids(api: Api, run: Run, side: str, root: str = "/policies") -> list[str]:
    found = call(api, run, "GET", f"{root}/{side}").json()
    assert found["total"] == len(found["items"])
    return [item["id"] for item in found["items"]]


@pytest.mark.parametrize("root", ROOTS)
def test_a_row_filter_is_made_changed_and_taken_away(api: Api, run: Run, root: str) -> None:
    body = {"name": "Paid", "on": "orders", "to": TO, "rows": "status = 'paid'"}
    made = call(api, run, "POST", f"{root}/rows", body)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    path = f"{root}/rows/{made.json()['id']}"
    assert made.json()["policy"] == {
        **body, "kind": "restriction", "enabled": True,
        "to": {"roles": ["analyst"], "groups": [], "users": []},
    }  # fmt: skip
    assert execute(api, run, COUNT) == [{"n": 1000}]
    tag = {"If-Match": '"1"'}
    changed = call(api, run, "PATCH", path, {**body, "rows": "status <> 'paid'"}, headers=tag)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert execute(api, run, COUNT) == [{"n": 2000}]
    assert call(api, run, "PATCH", path, body, headers=tag).status_code == 412
    assert call(api, run, "DELETE", path, headers=tag).status_code == 412
    assert call(api, run, "GET", path).json()["policy"]["rows"] == "status <> 'paid'"
    assert call(api, run, "DELETE", path, headers={"If-Match": '"2"'}).status_code == 204
    assert execute(api, run, COUNT) == [{"n": 3000}]
    assert call(api, run, "GET", path).status_code == 404
    said = [v["said"] for v in call(api, run, "GET", f"{path}/versions").json()["items"]]
    assert [s and s["rows"] for s in said] == [None, "status <> 'paid'", "status = 'paid'"]


@pytest.mark.parametrize("root", ROOTS)
def test_columns_are_masked_and_hidden(api: Api, run: Run, root: str) -> None:
    body = {"name": "Amounts", "on": "orders", "to": TO, "mask": {"amount": "null"}}
    made = call(api, run, "POST", f"{root}/columns", body).json()
    assert execute(api, run, "SELECT count(amount) AS n FROM orders") == [{"n": 0}]
    path = f"{root}/columns/{made['id']}"
    changed = call(api, run, "PATCH", path, {**body, "mask": {}, "hide": ["amount"]})
    assert changed.json()["policy"]["hide"] == ["amount"]
    assert execute(api, run, "SELECT amount FROM orders") == "unknown_column"
    assert call(api, run, "DELETE", path).status_code == 204
    assert execute(api, run, "SELECT count(amount) AS n FROM orders") == [{"n": 3000}]


def test_a_policy_that_does_both_is_in_both_lists_and_keeps_its_other_half(
    api: Api, run: Run
) -> None:
    kept = {"as": {"role": "analyst"}, "sees": ["orders"]}
    made = make(api, run, kind="restriction", name="Both", assertions=[kept], **BOTH)
    key = made["id"]
    assert key in ids(api, run, "rows") and key in ids(api, run, "columns")
    rows = call(api, run, "GET", f"/policies/rows/{key}").json()["policy"]
    assert set(rows) == {"kind", "name", "enabled", "on", "to", "rows"}
    columns = call(api, run, "GET", f"/policies/columns/{key}").json()["policy"]
    assert set(columns) == {"name", "enabled", "on", "to", "mask", "hide"}

    changed = {**rows, "name": "Other", "rows": "status = 'open'"}
    assert call(api, run, "PATCH", f"/policies/rows/{key}", changed).status_code == 200
    changed = {**columns, "name": "Third", "mask": {}}
    assert call(api, run, "PATCH", f"/policies/columns/{key}", changed).status_code == 200
    whole = call(api, run, "GET", f"/policies/{key}").json()
    assert (whole["version"], whole["policy"]["name"]) == (3, "Third")
    assert (whole["policy"]["rows"], whole["policy"]["mask"]) == ("status = 'open'", {})
    assert whole["policy"]["hide"] == ["store_id"]
    assert [a["sees"] for a in whole["policy"]["assertions"]] == [["orders"]]

    assert call(api, run, "DELETE", f"/policies/columns/{key}").status_code == 204
    assert key not in ids(api, run, "columns") and key in ids(api, run, "rows")
    assert call(api, run, "GET", f"/policies/columns/{key}").status_code == 404
    assert call(api, run, "DELETE", f"/policies/rows/{key}").status_code == 204
    assert call(api, run, "GET", f"/policies/{key}").status_code == 404


def test_a_grant_of_rows_stays_a_grant_and_goes_as_a_whole(api: Api, run: Run) -> None:
    call(api, run, "DELETE", f"/policies/{ids_of_all(api, run)[0]}")
    body = {"kind": "grant", "name": "Paid", "on": "orders", "to": TO, "rows": "status = 'paid'"}
    key = call(api, run, "POST", "/policies/rows", body).json()["id"]
    assert execute(api, run, COUNT) == [{"n": 1000}]
    assert key not in ids(api, run, "columns")
    narrow = {**body, "columns": ["id", "status"]}
    assert call(api, run, "PATCH", f"/policies/{key}", narrow).status_code == 200
    assert call(api, run, "PATCH", f"/policies/rows/{key}", body).status_code == 200
    assert execute(api, run, "SELECT amount FROM orders") == "unknown_column"  # still narrow
    other = {**body, "kind": "restriction"}
    assert call(api, run, "PATCH", f"/policies/rows/{key}", other).json()["code"] == "conflict"
    # Without its rows it would let read all of them.
    assert call(api, run, "DELETE", f"/policies/rows/{key}").status_code == 204
    assert execute(api, run, COUNT) == "unknown_table"


def ids_of_all(api: Api, run: Run) -> list[str]:
    return [item["id"] for item in call(api, run, "GET", "/policies").json()["items"]]


@pytest.mark.parametrize(
    ("side", "body", "code"),
    [
        ("rows", {"rows": ""}, "bad_input"),
        ("rows", {}, "bad_input"),
        ("rows", {"rows": "nothing = 1"}, "unknown_column"),
        ("rows", {"rows": "TRUE", "hide": ["id"]}, "bad_input"),
        ("columns", {}, "bad_input"),
        ("columns", {"hide": ["nothing"]}, "unknown_column"),
        ("columns", {"mask": {"amount": "blur"}}, "bad_input"),
        ("columns", {"hide": ["id"], "rows": "TRUE"}, "bad_input"),
    ],
)
def test_a_side_takes_only_what_it_needs(
    api: Api, run: Run, side: str, body: dict[str, Any], code: str
) -> None:
    told = call(
        api, run, "POST", f"/policies/{side}", {"name": "x", "on": "orders", "to": TO, **body}
    )
    assert told.json()["code"] == code, told.text


def test_who_sees_a_column_is_told_with_the_policies_that_make_it_so(api: Api, run: Run) -> None:
    make(api, run, kind="restriction", name="Both", **BOTH)
    make(api, run, kind="restriction", name="Elsewhere", on="stores", hide=["name"])
    told = call(api, run, "GET", "/policies/effective?item=orders.amount").json()
    seen = {u["user"]: (u["sees"], u["masked"], u["all_rows"]) for u in told["users"]}
    assert seen["analyst@example.com"] == (True, True, False)
    assert seen["admin@example.com"] == (True, False, True)
    assert {p["name"] for p in told["policies"]} >= {"Both"}
    assert "Elsewhere" not in {p["name"] for p in told["policies"]}
    told = call(api, run, "GET", "/policies/effective?item=orders.store_id&limit=1").json()
    assert told["total"] == 3 and told["next_cursor"]
    for item, code in (("nothing", "unknown_table"), ("orders.nothing", "unknown_column")):
        assert call(api, run, "GET", f"/policies/effective?item={item}").json()["code"] == code
