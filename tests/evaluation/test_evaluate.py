"""`datamind eval`: scores, traces and comparisons of a small suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datamind.cli import app, guarded
from datamind.commands.wiring import parse_day
from datamind.evaluation.gold import frozen

SUITE: list[dict[str, Any]] = [
    {"id": "count", "question": "How many boats are there?", "gold": "SELECT count(*) FROM boats"},
    {
        "id": "sorted", "question": "List the names of boats by length", "order_matters": True,
        "gold": ["SELECT name FROM boats ORDER BY length"], "order_cols": [[0]],
    },
    {
        "id": "tie", "question": "Which boat has the highest length?",
        "gold": ["SELECT name FROM boats ORDER BY length DESC LIMIT 1"],
        "gold_unlimited": [{"sql": "SELECT name FROM boats WHERE length = 9", "tie_cols": []}],
    },
    {"id": "no", "question": "What is the weather in Rome?", "expect": "refuse", "tags": ["off"]},
    {"id": "bad", "question": "How many boats have a name?", "gold": "SELECT 41"},
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    with duckdb.connect(str(tmp_path / "harbour.duckdb")) as db:
        db.execute("CREATE TABLE boats (id INTEGER PRIMARY KEY, name VARCHAR, length INTEGER)")
        db.execute("INSERT INTO boats VALUES (1, 'Ada', 7), (2, 'Bee', 9), (3, 'Cod', 9)")
    lines = [json.dumps({"set": "small", "database": "harbour", **case}) for case in SUITE]
    (tmp_path / "suite.jsonl").write_text("\n".join(lines))
    return tmp_path


def evaluate(*words: object) -> int:
    return guarded(lambda: app(["eval", *map(str, words)]))


def lines_of(file: Path, key: str) -> dict[str, str]:
    return {v["id"]: v[key] for v in map(json.loads, file.read_text().splitlines())}


def test_a_suite_gets_a_verdict_for_each_question(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = place / "out.jsonl"
    assert evaluate(place / "suite.jsonl", "--databases", place, "--out", out) == 0
    found = lines_of(out, "outcome")
    assert found["count"] == "right"
    assert found["no"] == "refused"
    assert found["bad"] in ("wrong", "no answer")
    assert "small" in capsys.readouterr().out


def test_a_suite_without_sets_has_one_row(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [json.loads(line) for line in (place / "suite.jsonl").read_text().splitlines()]
    plain = [json.dumps({k: v for k, v in case.items() if k != "set"}) for case in cases]
    (place / "plain.jsonl").write_text("\n".join(plain))
    assert evaluate(place / "plain.jsonl", "--databases", place) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("all ")]
    assert len(rows) == 1


def test_the_oracle_says_where_each_was_decided(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = place / "out.jsonl"
    assert evaluate("explain", place / "suite.jsonl", "--databases", place, "--out", out) == 0
    found = lines_of(out, "place")
    assert found["count"] == "answered rightly"
    assert found["no"] == "refused rightly"
    assert found["bad"] == "not found"
    assert "not found" in capsys.readouterr().out
    first = json.loads(out.read_text().splitlines()[0])
    assert first["readings"][0]["right"] is True
    assert first["readings"][0]["features"]


def test_one_warehouse_needs_no_folder(place: Path) -> None:
    url = f"duckdb:///{place}/harbour.duckdb"
    assert evaluate(place / "suite.jsonl", "--warehouse", url, "--only", "count") == 0


def test_a_database_that_is_not_there_is_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "harbour.duckdb").unlink()
    assert evaluate(place / "suite.jsonl", "--databases", place) == 6
    assert "harbour.duckdb" in capsys.readouterr().err


def test_two_runs_are_compared(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, outcome in (("a", "wrong"), ("b", "right")):
        (place / name).write_text(json.dumps({"id": "q", "outcome": outcome}))
    assert evaluate("compare", place / "a", place / "b") == 0
    assert "q: wrong → right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "usage"),
        (("a", "b", "c", "d"), "unexpected extra argument"),
        (("check", "gold.jsonl", "--databases", "."), "Line 1 of gold.jsonl (1) can't be judged"),
        (("absent.jsonl",), "can't be read"),
        (("broken.jsonl",), "Line 1 of broken.jsonl is no question"),
        (("neither.jsonl",), "neither gold SQL nor expect"),
        (("suite.jsonl", "--only", "nothing"), "No question is left"),
        (("suite.jsonl",), "No warehouse is named"),
        (("suite.jsonl", "--databases", "."), "no database at harbour.duckdb"),
        (("suite.jsonl", "--label", "last"), "is no label"),
        (("suite.jsonl", "--report", "no/page.html"), "can't be written"),
        (("history", "--limit", "0"), "limit"),
        (("suite.jsonl", "--by", "colour"), "no rows by"),
        (("compare", "suite.jsonl", "suite.jsonl"), "has no verdicts"),
    ],
)
def test_what_can_not_be_evaluated_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...], told: str,
) -> None:  # fmt: skip
    empty = place / "empty"
    empty.mkdir()
    (empty / "broken.jsonl").write_text("{")
    (empty / "neither.jsonl").write_text('{"id": 1, "question": "?", "gold": []}')
    (empty / "gold.jsonl").write_text(
        '{"id": 1, "question": "?", "gold": "SELECT nothing", "database": "pier"}'
    )
    duckdb.connect(str(empty / "pier.duckdb")).execute("CREATE TABLE t AS SELECT 1 AS a").close()
    (empty / "suite.jsonl").write_text((place / "suite.jsonl").read_text())
    monkeypatch.chdir(empty)
    assert evaluate(*words) in (2, 6)
    assert told.lower() in capsys.readouterr().err.lower()


@pytest.mark.parametrize(
    ("sql", "still"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 'current_date'", "SELECT 'current_date'"),
        ("SELECT CURRENT_DATE - 1", "SELECT CAST('2025-06-18' AS DATE) - 1"),
        ("SELECT now()", "SELECT CAST('2025-06-18 00:00:00' AS TIMESTAMP)"),
    ],
)
def test_the_clock_of_gold_sql_stands_still(sql: str, still: str) -> None:
    assert frozen(sql, parse_day("2025-06-18")) == still
