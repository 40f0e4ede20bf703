"""`datamind catalog` and `datamind doctor`: what is known, and what is in order."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from redis import Redis

from datamind.adapters.catalog_store import load_catalog
from datamind.migrations import upgrade

from .conftest import Run, database


def test_the_tables_are_listed(run: Run, shop: str) -> None:
    made = run("catalog", "show", "--warehouse", shop)
    assert made.code == 0
    head, _, *rows = [line.split() for line in made.out.splitlines()]
    assert head[0] == "table"
    assert [row[:3] for row in rows] == [["orders", "│", "3,000"], ["stores", "│", "12"]]
    found = run("catalog", "show", "--warehouse", shop, "--json").json
    assert [t["id"] for t in found["tables"]] == ["orders", "stores"]
    assert found["tables"][0] == {"id": "orders", "rows": 3000, "description": "", "columns": 5}
    assert found["metrics"] == []


@pytest.mark.parametrize("name", ["orders", "ORDERS"])
def test_one_table_is_shown_with_its_keys_and_references(run: Run, shop: str, name: str) -> None:
    made = run("catalog", "show", name, "--warehouse", shop)
    assert made.out.startswith("orders\n3,000 rows, key id (declared)\n")
    assert "orders.store_id->stores.id (declared)" in made.out
    assert "unit" not in made.out  # a column with nothing in it says nothing
    found = run("catalog", "show", name, "--warehouse", shop, "--json").json
    assert [c["name"] for c in found["columns"]] == "id store_id status amount order_date".split()
    assert found["references"][0]["to_table"] == "stores"


def test_a_table_is_shown_by_the_name_that_people_say(run: Run, tmp_path: Path) -> None:
    tables = ("fct_orders", "dim_order_lines", "stg_visits", "raw_visits")
    url = database(tmp_path / "layers.duckdb", *(f"CREATE TABLE {t} (id INTEGER)" for t in tables))
    assert run("catalog", "show", "Orders", "--warehouse", url).out.startswith("fct_orders\n")
    made = run("catalog", "show", "order lines", "--warehouse", url)
    assert made.out.startswith("dim_order_lines\n")
    assert run("catalog", "show", "visits", "--warehouse", url).code == 2  # two could be meant


def test_a_path_without_a_scheme_is_told_how_to_write_it(run: Run) -> None:
    made = run("catalog", "show", "--warehouse", "shop.duckdb")
    assert made.code == 2
    assert made.err.splitlines()[1].startswith("Write duckdb:///")


def test_words_are_found_in_names_and_values(run: Run, shop: str) -> None:
    assert "value" in run("catalog", "search", "Spain", "--warehouse", shop).out
    hits = run("catalog", "search", "amount", "--warehouse", shop, "--json").json
    assert set(hits[0]) == {"kind", "id", "text", "score"}
    assert hits[0]["id"] == "orders.amount"
    nothing = run("catalog", "search", "zzzz", "--warehouse", shop)
    assert nothing.code == 0
    assert "Nothing like 'zzzz'" in nothing.out
    assert run("catalog", "search", "zzzz", "--warehouse", shop, "--json").json == []


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_an_unknown_table_is_told(run: Run, shop: str, json: list[str]) -> None:
    made = run("catalog", "show", "NOPE", "--warehouse", shop, *json)
    assert made.code == 2
    if json:
        error = made.json["error"]
        assert made.json["status"] == "error"
        assert (error["code"], error["message"]) == ("unknown_table", "There is no table NOPE.")
        assert error["hint"]
    else:
        assert made.out == ""
        assert made.err.splitlines()[0] == "There is no table NOPE. (unknown_table)"
        assert "datamind catalog search" in made.err


def test_the_catalog_is_read_again_on_request(run: Run, shop: str) -> None:
    made = run("catalog", "sync", "--warehouse", shop)
    assert made.out == "2 tables, 8 columns, 1 reference, 0 metrics; 0 of the references guessed.\n"
    found = run("catalog", "sync", "--warehouse", shop, "--json").json
    assert found == {"tables": 2, "columns": 8, "references": 1, "guessed": 0, "metrics": 0}


def test_the_doctor_finds_all_in_order(run: Run, shop: str) -> None:
    made = run("doctor", "--warehouse", shop)
    assert made.code == 0
    for what in ("python", "disk", "catalog: 2 tables, 8 columns", "references: 1 declared",
                 "query: answered in", "role: the file is opened read-only"):  # fmt: skip
        assert f"✓ {what}" in made.out
    found = run("doctor", "--warehouse", shop, "--json").json
    assert all(list(f) == ["what", "state", "detail", "hint", "code"] for f in found)
    assert {f["state"] for f in found} <= {"ok", "warn"}


def test_the_doctor_names_what_is_doubtful(run: Run, tmp_path: Path) -> None:
    url = database(
        tmp_path / "odd.duckdb",
        "CREATE TABLE log AS SELECT 'same' AS line FROM range(5)",
        "CREATE TABLE users AS SELECT i AS id, 'User ' || i AS name FROM range(5) r(i)",
        "CREATE TABLE calls AS SELECT i AS id, i % 5 AS user_id FROM range(50) r(i)",
    )
    made = run("doctor", "--warehouse", url)
    assert made.code == 0
    assert "! keys: no key for log" in made.out
    assert "! references: 0 declared, 1 guessed" in made.out


def test_the_doctor_grades_the_model_and_says_what_to_add_first(run: Run, shop: str) -> None:
    made = run("doctor", "--readiness", "--warehouse", shop)
    assert made.code == 0
    assert made.out.startswith("Ready for questions: E, ")
    assert 'COMMENT ON TABLE "main"."stores" IS \'synonyms: <what people call it>\';' in made.out
    found = run("doctor", "--readiness", "--warehouse", shop, "--json").json
    assert list(found) == "grade figure parts tables unexplained_words steps".split()
    assert list(found["tables"][0]) == "table grade figure weight parts".split()
    assert list(found["steps"][0]) == "check table item why gain where add".split()
    assert f"readiness: E, {found['figure']:.0f} of 100" in run("doctor", "--warehouse", shop).out


@pytest.mark.slow
def test_the_doctor_takes_words_of_questions_that_nothing_explained_from_the_store(
    run: Run, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    run("users", "list")  # which makes the store
    with sqlite3.connect(tmp_path / "datamind.db") as store:
        for number, word in enumerate(("florbits", "florbits", "Zebedee", "status")):
            filled = {"id": f"q{number}", "kind": "ask", "created_at": "2026-01-01 00:00:00.000000",
                      "interpretation": json.dumps({"unresolved": [word]})}  # fmt: skip
            names = [r[1] for r in store.execute("PRAGMA table_info(queries)")]
            empty = {"warnings": "[]", "columns": "[]", "stages": "[]", "user_id": None}
            row = [filled.get(name, empty.get(name, 0)) for name in names]
            marks = ", ".join("?" * len(row))
            store.execute(f"INSERT INTO queries VALUES ({marks})", row)
    found = run("doctor", "--readiness", "--warehouse", shop, "--json").json
    assert found["unexplained_words"] == [{"text": "florbits", "questions": 2}]
    assert "  florbits: 2 questions" in run("doctor", "--readiness", "--warehouse", shop).out


def test_a_store_that_can_not_be_read_tells_nothing(
    run: Run, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    (tmp_path / "datamind.db").write_bytes(b"nothing of ours")
    made = run("doctor", "--readiness", "--warehouse", shop, "--json")
    assert made.code == 0
    assert made.json["unexplained_words"] == []


def test_the_doctor_looks_at_the_store(
    run: Run, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    where = f"store: sqlite:///{tmp_path / 'datamind.db'}"
    assert f"✓ {where} is empty" in run("doctor", "--warehouse", shop).out
    upgrade(f"sqlite:///{tmp_path / 'datamind.db'}", "0001")
    made = run("doctor", "--warehouse", shop)
    assert made.code == 0
    assert f"! {where} at revision 0001; the newest is" in made.out


@pytest.mark.parametrize(
    ("variable", "url", "what"),
    [
        ("DATABASE_URL", "postgresql://maria:hunter2@127.0.0.1:1/sales", "store"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0", "redis"),
    ],
)
def test_the_doctor_says_which_part_does_not_answer(
    run: Run, shop: str, variable: str, url: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    made = run("doctor", "--warehouse", shop)
    assert made.code == 6
    [told] = [line for line in made.out.splitlines() if line.startswith("✗")]
    assert f"✗ {what}: " in told and "127.0.0.1:1" in told
    assert "port" in made.out.split(told)[1].splitlines()[1]
    assert "hunter2" not in made.out + made.err


@pytest.mark.slow
def test_the_doctor_says_that_redis_refuses_the_password(
    run: Run, shop: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis.from_url(redis_url) as client:
        client.config_set("requirepass", "right")
    monkeypatch.setenv("REDIS_URL", redis_url.replace("//", "//:wrong@"))
    assert "refuses this user or password" in run("doctor", "--warehouse", shop).out
    monkeypatch.setenv("REDIS_URL", redis_url.replace("//", "//:right@"))
    assert f"✓ redis: {redis_url} answers" in run("doctor", "--warehouse", shop).out


def test_the_doctor_without_a_warehouse_says_how_to_name_one(run: Run) -> None:
    made = run("doctor")
    assert made.code == 0
    assert "! warehouse: No warehouse is named." in made.out
    assert "datamind demo" in made.out


def test_the_doctor_says_what_was_named_in_vain(run: Run) -> None:
    made = run("doctor", "--dbt-project", "no/such", "--json")
    assert made.code == 2
    assert made.json[-1]["code"] == "bad_input"


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, Path]:
    """A small database, and the folder that its catalog was kept in."""
    url = database(tmp_path / "one.duckdb", "CREATE TABLE orders AS SELECT 1 AS id, 'a' AS name")
    load_catalog(url, cache_dir=tmp_path / "kept")
    return url, tmp_path / "kept"


def test_a_kept_catalog_is_the_one_that_was_read(kept: tuple[str, Path]) -> None:
    url, folder = kept
    assert load_catalog(url, cache_dir=folder) == load_catalog(url)
    (entry,) = folder.iterdir()
    assert entry.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"nonsense",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:40] + bytes(20) + whole[60:],
        lambda whole: __import__("gzip").compress(b"[1, 2]"),
        lambda whole: __import__("gzip").compress(json.dumps({"tables": [[1]]}).encode()),
    ],
    ids="empty text half hole list short".split(),
)
def test_a_damaged_entry_is_built_anew(kept: tuple[str, Path], damage: object) -> None:
    url, folder = kept
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))  # type: ignore[operator]
    assert load_catalog(url, cache_dir=folder) == load_catalog(url)
    assert entry.read_bytes() == whole


def test_an_entry_replaces_the_older_one_of_its_database(kept: tuple[str, Path]) -> None:
    url, folder = kept
    other = database(folder.parent / "two.duckdb", "CREATE TABLE boats AS SELECT 1 AS id")
    load_catalog(other, cache_dir=folder)
    database(folder.parent / "one.duckdb", "CREATE TABLE more AS SELECT 1 AS id")
    assert [t.id for t in load_catalog(url, cache_dir=folder).tables] == ["more", "orders"]
    assert len(list(folder.iterdir())) == 2


def test_the_doctor_says_when_a_query_fails(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_MEMORY_MB", "10")
    made = run("doctor", "--warehouse", shop)
    assert made.code == 2
    assert "✗ query: A warehouse needs at least one worker and 64 MB of memory." in made.out
