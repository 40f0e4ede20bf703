"""`datamind policies`, and the questions of a user: on the store, whether or not a server runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ran, Run, lines_of

pytestmark = pytest.mark.slow

Datamind = Callable[..., Ran]
FILE = """
grants:
- {name: Everybody, on: '*', to: {roles: [viewer, analyst, admin]}}
restrictions:
- name: France
  on: stores
  to: {roles: [analyst]}
  rows: country = 'France'
  mask: {name: hash}
  assertions:
  - {as: {role: analyst}, rows: [{sql: SELECT count(*) FROM stores, equals: 4}]}
"""
COUNT = "How many stores are there?"


@pytest.fixture
def datamind(run: Run, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Datamind:
    """An installation of its own, with two people and the shop."""
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WAREHOUSE_URL", shop)
    for name, role in (("ana", "analyst"), ("eve", "admin")):
        assert run("users", "add", f"{name}@example.com", "--role", role).code == 0
    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yaml"
    path.write_text(FILE)
    return path


def stores(datamind: Datamind, *user: str) -> object:
    told = datamind("ask", COUNT, "--json", *user).json
    return told["results"][0]["number_of_stores"] if told["results"] else told["error"]["code"]


def test_a_file_is_checked_taken_in_tested_and_written_out_again(
    datamind: Datamind, file: Path, tmp_path: Path
) -> None:
    checked = datamind("policies", "check", file, "--replace", "--json")
    assert (checked.code, len(checked.json["added"]), checked.json["dry_run"]) == (0, 2, True)
    assert "France" not in datamind("policies", "export").out
    taken = datamind("policies", "import", file, "--replace")
    assert taken.code == 0, taken.err
    assert "added: France" in taken.out and "removed: Everybody who signs in" in taken.out
    tested = datamind("policies", "test")
    assert (tested.code, tested.out.strip()) == (0, "1 of 1 hold.")
    out = tmp_path / "out.yaml"
    assert datamind("policies", "export", "--out", out).code == 0
    assert out.read_text() == datamind("policies", "export").out
    again = datamind("policies", "import", out, "--replace", "--json").json
    assert (again["unchanged"], again["added"], again["removed"]) == (2, [], [])


def test_what_breaks_an_assertion_is_refused_unless_forced(datamind: Datamind, file: Path) -> None:
    assert datamind("policies", "import", file).code == 0
    file.write_text(FILE.replace("'France'", "'Spain' OR TRUE"))
    checked = datamind("policies", "check", file)
    assert checked.code == 2
    assert "An assertion would not hold" in checked.out and "counted 12" in checked.out
    refused = datamind("policies", "import", file)
    assert (refused.code, "assertion_broken" in refused.err) == (2, True)
    assert "expected rows 4" in refused.err
    assert stores(datamind, "--as", "ana@example.com") == 4
    assert datamind("policies", "import", file, "--force").code == 0
    tested = datamind("policies", "test", "--json")
    assert (tested.code, tested.json["holds"]) == (2, False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("grants: [{name: a, on: nothing, to: {}}]", "grants.0: There is no table nothing."),
        ("grants: &a [*a]", "aliases"),
        ("grants: [{name: a}]", "grants.0.on"),
        ("- x", "holds no mapping"),
    ],
)
def test_what_can_not_be_taken_in_is_told_with_its_place(
    datamind: Datamind, file: Path, text: str, told: str
) -> None:
    file.write_text(text)
    for words in (("check", file), ("import", file)):
        ran = datamind("policies", *words)
        assert (ran.code, told in ran.err) == (2, True), ran.err
    assert datamind("policies", "check", file, "--json").json["error"]["code"] == "bad_input"
    assert datamind("policies", "import", file.with_name("none")).code == 2


def test_a_user_asks_as_the_server_would_answer_them(datamind: Datamind, file: Path) -> None:
    assert datamind("policies", "import", file, "--replace").code == 0
    assert stores(datamind) == 12  # whoever has the files has the data
    assert stores(datamind, "--as", "Ana@Example.com") == 4
    assert stores(datamind, "--as", "eve@example.com") == 12
    names = datamind("ask", "list stores by name", "--json", "--as", "ana@example.com").json
    assert len(names["results"]) == 4
    assert all("Store" not in str(row) for row in names["results"])
    batch = file.with_name("in.jsonl")
    batch.write_text(f'{{"id": 1, "question": "{COUNT}"}}\n')
    out = file.with_name("out.jsonl")
    ran = datamind("ask", "--batch", batch, "--out", out, "--as", "ana@example.com")
    assert (ran.code, "[[4]]" in out.read_text()) == (0, True)


def test_who_was_granted_nothing_is_told_that_and_not_what_there_is(
    datamind: Datamind, file: Path
) -> None:
    file.write_text("grants: [{name: a, on: stores, to: {roles: [admin]}}]")
    assert datamind("policies", "import", file, "--replace").code == 0
    asked = [datamind("ask", q, "--as", "ana@example.com") for q in (COUNT, "how many unicorns")]
    assert [(ran.code, ran.out) for ran in asked] == [(4, asked[0].out)] * 2
    assert "There is no data here that you may see: ask an admin for it." in asked[0].out
    assert "store" not in asked[0].out.lower()


def test_unlocking_no_address_is_told(datamind: Datamind) -> None:
    ran = datamind("users", "unlock", "--ip", "999.1.1.1")
    assert (ran.code, "This is no IP address" in ran.err) == (2, True)


def test_the_catalog_is_the_users_own(datamind: Datamind, file: Path) -> None:
    file.write_text("grants: [{name: a, on: stores, to: {roles: [analyst]}, columns: [id]}]")
    assert datamind("policies", "import", file, "--replace").code == 0
    ana = ("--as", "ana@example.com")
    shown = datamind("catalog", "show", "--json", *ana).json
    assert [(t["id"], t["columns"]) for t in shown["tables"]] == [("stores", 1)]
    assert datamind("catalog", "show", "orders", *ana).code == 2
    assert datamind("catalog", "search", "orders", "--json", *ana).json == []
    assert len(datamind("catalog", "show", "--json").json["tables"]) == 2


def test_nobody_asks_as_who_is_not_there_or_may_not_sign_in(datamind: Datamind) -> None:
    ran = datamind("ask", COUNT, "--as", "nobody@example.com")
    assert (ran.code, "no user nobody@example.com" in ran.err) == (2, True)
    assert datamind("users", "deactivate", "ana@example.com").code == 0
    told = datamind("ask", COUNT, "--json", "--as", "ana@example.com")
    assert (told.code, told.json["error"]["code"]) == (5, "access_denied")
    assert datamind("catalog", "show", "--as", "ana@example.com").code == 5


def test_a_suite_is_asked_and_judged_as_its_persons(
    datamind: Datamind, file: Path, tmp_path: Path
) -> None:
    """Gold SQL too is under the policies of whoever asks; what they may not see is not shown."""
    assert datamind("policies", "import", file, "--replace").code == 0
    suite, out, page = (tmp_path / name for name in ("suite.yaml", "out.jsonl", "page.html"))
    suite.write_text(
        f"- {{id: a, question: '{COUNT}', as: ana@example.com, figure: 4}}\n"
        f"- {{id: b, question: '{COUNT}', as: ana@example.com, sql: SELECT count(*) FROM stores}}\n"
        f"- {{id: c, question: '{COUNT}', sql: SELECT count(*) FROM stores}}\n"
        "- {id: d, question: list stores by name, as: ana@example.com,"
        " sql: SELECT name FROM stores}\n"
    )
    words = ("--by", "person", "--out", out, "--report", page)
    ran = datamind("eval", suite, "--as", "eve@example.com", *words)
    assert ran.code == 0, ran.err
    told = {line["id"]: line for line in lines_of(out)}
    assert {name: line["outcome"] for name, line in told.items()} == dict.fromkeys("abcd", "right")
    assert told["c"]["asker"] == "eve@example.com"
    assert "ana@example.com │         3" in ran.out
    assert "Store 1" not in page.read_text("utf-8")
    suite.write_text(f"- {{question: '{COUNT}', as: who@example.com, figure: 4}}")
    assert "There is no user who@example.com" in datamind("eval", suite).err
