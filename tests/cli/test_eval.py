"""`datamind eval` from the outside: its table, its files, and what two runs share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datamind.evaluation.comparing import FAIL_ON

from .conftest import Run, lines_of

CASES = [
    {"id": "a", "question": "How many orders are there?", "gold": "SELECT count(*) FROM orders"},
    {"id": "b", "question": "How many stores are there?", "gold": "SELECT 1"},
    {"id": "c", "question": "What is the weather in Rome?", "expect": "refuse"},
]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "suite.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in CASES))
    return path


def test_a_suite_is_scored_in_a_table_and_a_file(
    run: Run, shop: str, suite: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    made = run("eval", suite, "--warehouse", shop, "--out", out)
    assert made.code == 0, made.err
    *_, last = made.out.splitlines()
    assert [cell.strip() for cell in last.split("│")][:6] == ["all", "2", "1", "50.0", "1", "0"]
    assert [v["outcome"] for v in lines_of(out)] == ["right", "wrong", "refused"]


@pytest.mark.parametrize("words", [(), ("explain",)])
def test_a_file_that_can_not_be_written_is_told_before_anything_is_asked(
    run: Run, shop: str, suite: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    for out, message in ((tmp_path / "no" / "x", "can't be written"), (suite, "be overwritten")):
        made = run("eval", *words, suite, "--warehouse", shop, "--out", out)
        assert made.code == 2
        assert message in made.err
        assert made.out == ""
    assert len(lines_of(suite)) == 3


def test_what_was_lost_is_explained(run: Run, shop: str, suite: Path, tmp_path: Path) -> None:
    out = tmp_path / "traces.jsonl"
    made = run("eval", "explain", suite, "--warehouse", shop, "--out", out)
    assert made.code == 0, made.err
    assert "answered rightly" in made.out
    assert [t["place"] for t in lines_of(out)] == [
        "answered rightly", "not found", "refused rightly",
    ]  # fmt: skip


def test_two_runs_are_compared_by_question(run: Run, tmp_path: Path) -> None:
    def verdicts(name: str, **outcomes: str) -> Path:
        path = tmp_path / name
        lines = [json.dumps({"id": i, "outcome": o}) for i, o in outcomes.items()]
        path.write_text("\n".join(lines))
        return path

    old = verdicts("old", a="right", b="wrong", c="refused", gone="right")
    new = verdicts("new", a="right", b="right", c="refused")
    made = run("eval", "compare", old, new)
    assert made.code == 0
    assert "Won: 1\n  b: wrong → right" in made.out
    assert "3 questions in both, 1 changed." in made.out
    assert "1 question in old only: gone" in made.out
    same = run("eval", "compare", new, new)
    assert same.out == "3 questions in both, 0 changed.\n"


def test_a_file_without_verdicts_is_told(run: Run, suite: Path) -> None:
    made = run("eval", "compare", suite, suite)
    assert made.code == 2
    assert "has no verdicts. (bad_input)" in made.err
    assert "eval --out" in made.err


def verdicts(path: Path, **outcomes: str) -> Path:
    path.write_text("\n".join(json.dumps({"id": i, "outcome": o}) for i, o in outcomes.items()))
    return path


# What `compare` ends with, for each of FAIL_ON (and for one that may be lost).
ENDS = [
    ("right", "right", (0, 0, 0), 0),
    ("wrong", "right", (0, 0, 0), 0),
    ("wrong", "no answer", (0, 0, 0), 0),
    ("no answer", "error", (0, 0, 0), 0),
    ("right", "no answer", (1, 0, 0), 0),
    ("refused", "answered in vain", (1, 1, 0), 0),
    ("no answer", "wrong", (1, 1, 0), 0),
]


@pytest.mark.slow
@pytest.mark.parametrize(("was", "now", "codes", "one"), ENDS)
def test_a_comparison_fails_where_a_question_ends_worse(
    run: Run, tmp_path: Path, was: str, now: str, codes: tuple[int, ...], one: int
) -> None:
    old, new = verdicts(tmp_path / "old", q=was), verdicts(tmp_path / "new", q=now)
    ran = [run("eval", "compare", old, new, "--fail-on", on).code for on in FAIL_ON]
    assert tuple(ran) == codes
    assert run("eval", "compare", old, new, "--max-lost", "1").code == one
    assert run("eval", "compare", old, new, "--fail-on", "x").code == 2


@pytest.mark.slow
def test_floors_hold_for_a_run_and_for_the_second_of_a_comparison(
    run: Run, shop: str, suite: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    asked = ("eval", suite, "--warehouse", shop, "--out", out, "--no-keep")
    for floors, code, told in (
        ((), 0, ""), (("--min-right", "50", "--max-wrong", "33.4"), 0, ""),
        (("--min-right", "51"), 1, "50.0 % right, 51 % wanted"),
        (("--max-wrong", "33"), 1, "33.3 % wrong, 33 % allowed"),
    ):  # fmt: skip
        for made in (run(*asked, *floors), run("eval", "compare", out, out, *floors)):
            assert made.code == code, made.out
            assert told in made.out


@pytest.mark.slow
def test_runs_are_kept_listed_and_found_again(
    run: Run, shop: str, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    assert "No run is kept yet" in run("eval", "history").out
    asked = ("eval", suite, "--warehouse", shop, "--json")
    first = run(*asked, "--label", "main").json
    assert "the same run" in run("eval", "compare", "main", "last").err
    lines = suite.read_text().replace("SELECT 1", "SELECT 12")
    suite.write_text(lines)
    run(*asked, "--no-keep")
    second = run(*asked).json
    assert (first["totals"]["right"], second["totals"]["right"]) == (1, 2)
    assert first["run"]["suite_version"] != second["run"]["suite_version"]
    assert set(first["run"]) == {
        "id", "at", "suite", "suite_version", "today", "catalogs", "label", "only", "weights",
        "version",
    }  # fmt: skip
    old_id, new_id = first["run"]["id"], second["run"]["id"]
    for before, after in (
        ("main", "last"), (old_id, new_id[:9]), ("last", "last"),
        ("main", new_id.removeprefix("run-")),
    ):  # fmt: skip
        made = run("eval", "compare", before, after, "--json")
        assert made.code == 0
        (change,) = made.json["changes"]
        assert (change["id"], change["kind"], change["edited"]) == ("b", "won", True)
    *_, old, new = run("eval", "history", suite.name).out.splitlines()
    assert [cell.strip() for cell in old.split("│")][1] == "main"
    assert [cell.strip() for cell in new.split("│")][5:9] == ["100.0", "+50.0", "0.0", "-33.3"]
    kept = run("eval", "history", "--json", "--limit", "1").json
    assert [entry["run"]["id"] for entry in kept] == [second["run"]["id"]]
    assert run("eval", "history", "another.yaml", "--json").json == []
    other = suite.with_name("other.jsonl")
    other.write_text(lines)
    run("eval", other, "--warehouse", shop)
    assert run("eval", "compare", "main", "last", "--json").json["after"] == new_id
    (tmp_path / "home/evaluations/run-0.jsonl").write_text("{}")
    assert len(run("eval", "history", "--json").json) == 3
    assert run("eval", "compare", "nothing").code == 2
    assert {p.stat().st_mode & 0o077 for p in (tmp_path / "home/evaluations").glob("run-*-*")} <= {
        0
    }


@pytest.mark.slow
def test_a_run_that_can_not_be_kept_is_told_and_is_no_fault(
    run: Run, shop: str, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home/evaluations").write_text("in the way")
    assert run("eval", suite, "--warehouse", shop).code == 0
    assert "can't be kept" in caplog.text


def test_a_file_that_does_not_say_what_was_expected_is_no_edited_suite(
    run: Run, tmp_path: Path
) -> None:
    old = verdicts(tmp_path / "old", q="wrong")
    new = tmp_path / "new"
    new.write_text(json.dumps({"id": "q", "outcome": "right", "question": "?", "expected": "1"}))
    (change,) = run("eval", "compare", old, new, "--json").json["changes"]
    assert (change["kind"], change["edited"]) == ("won", False)
