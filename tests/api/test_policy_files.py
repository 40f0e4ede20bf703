"""Policies as one YAML file: written out and taken in, as a whole or not at all."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
import yaml

from .conftest import Api, Run
from .test_policies import COUNT, as_it_was, execute, make  # noqa: F401

pytestmark = pytest.mark.slow

FILE = """
grants:
- name: Everybody
  on: '*'
  to: {roles: [viewer, analyst, admin]}
restrictions:
- name: Paid
  on: orders
  to: {roles: [analyst], users: [Analyst@Example.com]}
  rows: status = 'paid'
  mask: {amount: null}
  assertions:
  - as: {role: analyst}
    masked: [orders.amount]
    rows: [{sql: SELECT count(*) FROM orders, equals: 1000}]
"""

LOST = (
    "accounts, badges, orders.amount, orders.order_date, orders.status, orders.store_id, stores,"
    " visits."
)


def exported(api: Api, run: Run) -> Any:
    answer = run(api.call("GET", "/policies/export", role="admin"))
    assert answer.headers["content-type"].startswith("application/yaml")
    return answer


def send(api: Api, run: Run, text: str | bytes, query: str = "", **headers: str) -> Any:
    return run(sending(api, text, query, **headers))


async def sending(api: Api, text: str | bytes, query: str = "", **headers: str) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    return await api.client.post(
        f"/api/v1/policies/import{query}", content=content,
        headers={**await api.headers("admin"), "Content-Type": "application/yaml", **headers},
    )  # fmt: skip


def policies(api: Api, run: Run) -> list[dict[str, Any]]:
    found = run(api.call("GET", "/policies?limit=200", role="admin")).json()["items"]
    return sorted((item["policy"] for item in found), key=str)


def test_what_was_exported_is_taken_in_again_exactly(api: Api, run: Run) -> None:
    for name in ("0o14", "1e3", "n", "ü: #"):
        run(api.call("POST", "/groups", {"name": name}, role="admin"))
    make(api, run, kind="grant", name="yes", on="stores", columns=["id", "name"],
         to={"roles": ["viewer"], "groups": ["0o14", "1e3", "n", "ü: #"]})  # fmt: skip
    make(api, run, kind="grant", name="Except 'one'", on="orders", columns={"except": ["amount"]},
         rows="status = 'pa''id'\n  AND id > 3", enabled=False)  # fmt: skip
    make(api, run, kind="restriction", name="* &x", on="orders", mask={"amount": "null"},
         hide=["store_id"], assertions=[
             {"as": {"role": "viewer", "attributes": {"a": [1, 2.5, True, "no"]}},
              "sees": ["stores"], "rows": [{"sql": "SELECT count(*) FROM stores", "at_least": 1}]},
         ])  # fmt: skip
    for _ in range(2):  # alike by name: known by their ids
        make(api, run, kind="restriction", on="stores", rows="id > 0")
    text, before = exported(api, run).text, policies(api, run)
    assert exported(api, run).text == text
    again = send(api, run, text, "?mode=replace").json()
    assert (again["unchanged"], again["added"], again["changed"], again["removed"]) == (
        6, [], [], []
    )  # fmt: skip
    for kept in run(api.call("GET", "/policies", role="admin")).json()["items"]:
        run(api.call("DELETE", f"/policies/{kept['id']}?force=true", role="admin"))
    back = send(api, run, text)
    assert back.status_code == 200, back.text
    assert len(back.json()["added"]) == 6
    assert (policies(api, run), exported(api, run).text) == (before, text)
    assert yaml.safe_load(text) == yaml.load(text.replace("'on'", "on"), _Yaml12)


class _Yaml12(yaml.SafeLoader):
    """The core schema of YAML 1.2: fewer words are truth values, more are numbers."""

    yaml_implicit_resolvers = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _whole = re.compile(f"^(?:{_pattern})$")
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _whole, list(_first))


def test_a_bare_on_is_taken_as_the_quoted_one(api: Api, run: Run) -> None:
    told = send(api, run, FILE, "?mode=replace")
    assert told.status_code == 200, told.text
    assert [one["name"] for one in told.json()["added"]] == ["Everybody", "Paid"]
    assert execute(api, run, COUNT) == [{"n": 1000}]
    paid = next(p for p in policies(api, run) if p["name"] == "Paid")
    assert (paid["mask"], paid["to"]["users"]) == ({"amount": "null"}, ["analyst@example.com"])
    assert "'on': orders" in exported(api, run).text


def test_merge_adds_and_changes_by_name_and_replace_takes_the_rest_away(api: Api, run: Run) -> None:
    extra = make(api, run, kind="restriction", name="Extra", on="stores", rows="id > 0")
    assert send(api, run, FILE).status_code == 200
    changed = FILE.replace("'paid'", "'open'")
    told = send(api, run, changed).json()
    assert [one["name"] for one in told["changed"]] == ["Paid"]
    (one,) = told["changed"]
    assert (one["before"]["rows"], one["after"]["rows"]) == ("status = 'paid'", "status = 'open'")
    assert "Extra" in {p["name"] for p in policies(api, run)}
    told = send(api, run, changed, "?mode=replace").json()
    assert (len(told["removed"]), told["unchanged"]) == (2, 2)  # with the grant there was before
    versions = run(api.call("GET", f"/policies/{extra['id']}/versions", role="admin")).json()
    assert [v["said"] is None for v in versions["items"]] == [True, False]
    changes = [r["details"] for r in api.audited() if r["event_type"] == "policy_change"]
    assert {"Paid", "Everybody"} <= {c["said"]["name"] for c in changes if c["said"]}
    (summary,) = [r["details"] for r in api.audited() if r["event_type"] == "policy_import"][-1:]
    assert (summary["mode"], summary["removed"]) == ("replace", 2)


def test_a_dry_run_tells_all_and_does_nothing(api: Api, run: Run) -> None:
    before = exported(api, run)
    told = send(api, run, FILE.replace("equals: 1000", "equals: 7"), "?mode=replace&dry_run=true")
    made = told.json()
    assert (told.status_code, made["dry_run"]) == (200, True)
    assert len(made["added"]) == 2 and len(made["removed"]) == 1
    # The import itself would give others.
    assert {one["id"] for one in made["added"]} == {None}
    assert {one["policy_id"] for one in made["broken"]} == {"(proposed)"}
    assert [(v["expected"], v["seen"]) for v in made["broken"]] == [
        ("rows 7 for SELECT count(*) FROM orders", "counted 1,000")
    ]
    assert exported(api, run).text == before.text
    assert exported(api, run).headers["etag"] == before.headers["etag"]


def test_all_that_is_wrong_is_told_at_once_with_its_place_and_nothing_is_done(
    api: Api, run: Run
) -> None:
    before = exported(api, run).text
    shape = FILE + "- {name: x, on: orders, to: {roles: 7}, mask: {id: blur}, rose: 1}\n"
    errors = send(api, run, shape).json()["errors"]
    assert {".".join(e["loc"]) for e in errors} == {
        "restrictions.1.to.roles", "restrictions.1.mask.id", "restrictions.1.rose"
    }  # fmt: skip
    content = FILE + (
        "- {name: a, on: nothing, to: {}}\n- {name: b, on: orders, to: {}, rows: no = 1}\n"
        "- {name: Paid, on: orders, to: {}, rows: id > 0}\n"
        "- {id: pol-x, name: c, on: orders, to: {roles: [viewer]}, hide: [id]}\n"
        "- {id: pol-x, name: d, on: orders, to: {roles: [viewer]}, hide: [id],"
        "   assertions: [{as: {role: viewer}, sees: [x]}]}\n"
        "- {name: e, on: orders, to: {roles: [x, viewer], users: [a@b.c]}, hide: [id],"
        "   assertions: [{as: {groups: [y]}, sees: [orders]}]}"
    )
    told = send(api, run, content).json()
    assert told["detail"] == "7 policies of the file can't be used."
    assert {(".".join(e["loc"][1:]), e["code"]) for e in told["errors"]} == {
        ("0", "bad_input"), ("1", "unknown_table"), ("2", "unknown_column"), ("3", "bad_input"),
        ("4", "bad_input"), ("5", "unknown_table"), ("5", "bad_input"),
        ("6.to.roles", "bad_input"), ("6.to.users", "bad_input"),
        ("6.assertions.0.as.groups", "bad_input"),
    }  # fmt: skip
    assert "There is no user a@b.c." in {e["msg"] for e in told["errors"]}
    assert exported(api, run).text == before


def test_a_name_that_several_have_takes_an_id(api: Api, run: Run) -> None:
    for _ in range(2):
        made = make(api, run, kind="restriction", name="Paid", on="stores", rows="id > 0")
    assert "Several are called Paid" in send(api, run, FILE).json()["errors"][0]["msg"]
    known = FILE.replace("- name: Paid", f"- id: {made['id']}\n  name: Paid")
    assert [c["id"] for c in send(api, run, known).json()["changed"]] == [made["id"]]


def test_rules_without_a_name_get_one_and_users_are_not_taken_in(api: Api, run: Run) -> None:
    text = """
users: {ana: {roles: [analyst]}}
grants:
- {'on': orders, to: {roles: [analyst]}}
- {'on': orders, to: {roles: [analyst]}, rows: id < 3}
"""
    told = send(api, run, text).json()
    assert [one["name"] for one in told["added"]] == [
        "Grant on orders to analyst", "Grant on orders to analyst (2)"
    ]  # fmt: skip
    assert "users were not taken in" in told["warnings"][0]
    assert send(api, run, text).json()["unchanged"] == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("grants: []\nrestrictions: []\n", ["No grant is left: nobody sees anything."]),
        ("grants: [{on: orders, to: {roles: [admin]}, columns: [id]}]",
         ["You yourself no longer see: " + LOST]),
        ("grants: [{on: '*', to: {roles: [admin]}}]", []),
    ],
)  # fmt: skip
def test_who_shuts_themselves_out_may_and_is_told(
    api: Api, run: Run, text: str, told: list[str]
) -> None:
    for query in ("?mode=replace&dry_run=true", "?mode=replace"):
        made = send(api, run, text, query)
        assert (made.status_code, made.json()["warnings"]) == (200, told)


def test_an_import_that_breaks_an_assertion_is_refused_unless_forced(api: Api, run: Run) -> None:
    assert send(api, run, FILE).status_code == 200
    opened = "restrictions: []"
    told = send(api, run, opened, "?mode=replace")
    assert (told.status_code, told.json()["code"]) == (409, "assertion_broken")
    assert execute(api, run, COUNT) == [{"n": 1000}]
    forced = send(api, run, opened, "?mode=replace&force=true").json()
    assert {v["policy"] for v in forced["broken"]} == {"Paid"}


BILLION = "a: &a [x, x]\nb: &b [*a, *a]\ngrants: [*b]\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BILLION, "bad_input"),
        ("grants: &self [*self]", "bad_input"),
        ("grants: []\ngrants: []", "bad_input"),  # one of them would be lost
        ("grants: [{on: orders, 'on': stores, to: {}}]", "bad_input"),
        ("grants: [{on: orders, to: {roles: [a], roles: [b]}}]", "bad_input"),
        ("grants: !!python/object/apply:os.system ['true']", "bad_input"),
        ("grants: " + "[" * 100_000, "bad_input"),
        ("grants: " + "[" * 30 + "]" * 30, "bad_input"),
        ("grants: " + "{a: " * 5_000, "bad_input"),
        ("x: " + "1:" * 30_000 + "1", "bad_input"),
        ("x: " + "9" * 5_000, "bad_input"),
        ("x: 2024-99-99", "bad_input"),
        ("x: " + "a" * 70_000, "bad_input"),
        ("", "bad_input"),
        ("- a", "bad_input"),
        (":", "bad_input"),
        ("grants: [{name: \"\\0\", on: orders, to: {}}]", "bad_input"),
        ("grants: [{name: x, on: orders, to: {roles: [\"\\ud800\"]}}]", "bad_input"),
        (b"\xff\xfe", "bad_input"),
        ("grants:\n" + "- {on: orders, to: {}}\n" * 2_001, "bad_input"),
        ("#" * (512 * 1024 + 1), "body_too_large"),
    ],
)  # fmt: skip
def test_hostile_files_cost_little_and_do_nothing(
    api: Api, run: Run, text: str | bytes, code: str
) -> None:
    before, started = exported(api, run).text, time.monotonic()
    told = send(api, run, text)
    assert told.json()["code"] == code, told.text[:300]
    assert time.monotonic() - started < 3
    assert exported(api, run).text == before


def test_imports_at_once_take_turns_and_none_is_half_done(api: Api, run: Run) -> None:
    texts = [FILE.replace("'paid'", f"'{word}'").replace("equals: 1000", "at_least: 0")
             for word in ("paid", "open", "cancelled")]  # fmt: skip

    async def at_once() -> list[Any]:
        return await asyncio.gather(*(sending(api, t, "?mode=replace") for t in texts * 3))

    assert {told.status_code for told in run(at_once())} <= {200, 412}
    assert sorted(p["name"] for p in policies(api, run)) == ["Everybody", "Paid"]
    kept = [r["details"] for r in api.audited() if r["event_type"] == "policy_change"]
    said = [(change["policy"], change["version"]) for change in kept]
    assert len(said) == len(set(said))  # no version was said twice


def test_an_import_says_which_revision_it_read(api: Api, run: Run) -> None:
    tag = exported(api, run).headers["etag"]
    first = send(api, run, FILE, **{"If-Match": tag})
    assert first.status_code == 200
    assert first.headers["etag"] == exported(api, run).headers["etag"] != tag
    late = send(api, run, FILE.replace("'paid'", "'open'"), **{"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "outdated")


def test_of_changes_at_once_with_one_etag_one_is_kept(api: Api, run: Run) -> None:
    made = make(api, run, kind="restriction", on="orders", rows="id > 0")
    path = f"/policies/{made['id']}"

    async def at_once() -> list[int]:
        found = await asyncio.gather(
            *(
                api.call("PATCH", path, {**made["policy"], "rows": f"id > {n}"}, role="admin",
                         headers={"If-Match": '"1"'})
                for n in range(1, 6)
            )
        )  # fmt: skip
        return sorted(answer.status_code for answer in found)

    assert run(at_once()) == [200, 412, 412, 412, 412]


@pytest.mark.slow
def test_a_large_file_is_taken_in_while_others_are_answered(api: Api, run: Run) -> None:
    rules = "".join(
        f"- {{name: p{n}, 'on': orders, to: {{roles: [viewer]}}, rows: id > {n}}}\n"
        for n in range(1_500)
    )

    async def both() -> tuple[Any, float]:
        taking = asyncio.create_task(sending(api, "restrictions:\n" + rules))
        slowest = 0.0
        while not taking.done():
            started = time.monotonic()
            assert (await api.client.get("/health/live")).status_code == 200
            slowest = max(slowest, time.monotonic() - started)
            await asyncio.sleep(0.01)
        return taking.result(), slowest

    told, slowest = run(both())
    assert len(told.json()["added"]) == 1_500
    assert slowest < 3
    assert send(api, run, "", "").status_code == 422
    kept = exported(api, run).text
    rest = yaml.safe_load(kept)
    assert len(rest["restrictions"]) == 1_500
    assert send(api, run, f"grants: {rest['grants']}", "?mode=replace").status_code == 200
