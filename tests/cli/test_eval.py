"""`datamind eval` from the outside: its table, its files, and what two runs share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
    assert "b: wrong → right" in made.out
    assert "3 questions in both, 1 changed." in made.out
    assert "1 question in old only." in made.out
    same = run("eval", "compare", new, new)
    assert same.out == "3 questions in both, 0 changed.\n"


def test_a_file_without_verdicts_is_told(run: Run, suite: Path) -> None:
    made = run("eval", "compare", suite, suite)
    assert made.code == 2
    assert "has no verdicts. (bad_input)" in made.err
    assert "eval --out" in made.err
