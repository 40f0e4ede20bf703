"""Suites as people write them: what is read, and how what is broken is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datamind.errors import BadInput
from datamind.evaluation.gold import FileGolds
from datamind.evaluation.results import Tolerance
from datamind.evaluation.suite import Case, Gold, load

SUITE = """\
# Comments stand where they like.
- question: How many boats?
  sql: SELECT count(*) FROM boats
- question: and red ones?
  after: How many boats?
  as: ana@example.com
  figure: 3
  tolerance: 1%
- id: 7
  question: Names by length
  sql: [SELECT 1, SELECT 2]
  ordered: true
  tags: [must, 2026]
  set: ports
  database: harbour
  evidence: A boat floats.
  known_miss: it sinks
- question: Boats a day
  rows: [[2026-01-01, 2], [2026-01-02, null]]
  tolerance: 5
- question: Weather?
  expect: refuse
"""


@pytest.fixture
def read(tmp_path: Path) -> object:
    return tmp_path


def written(folder: Path, text: str, name: str = "suite.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_suite_in_yaml_says_all_that_an_entry_can(tmp_path: Path) -> None:
    suite = load(written(tmp_path, SUITE))
    count, red, names, days, weather = suite.cases
    assert (count.id, count.golds, count.place) == (
        "How many boats?", (Gold("SELECT count(*) FROM boats"),), "Line 2 of suite.yaml",
    )  # fmt: skip
    assert red.id == "How many boats? › and red ones? (as ana@example.com)"
    assert (red.after, red.asker, red.rows) == (("How many boats?",), "ana@example.com", ((3,),))
    assert red.tolerance == Tolerance(share=0.01) and days.tolerance == Tolerance(absolute=5)
    assert names == Case(
        "7", "ports", "harbour", "Names by length", (Gold("SELECT 1"), Gold("SELECT 2")), None,
        "A boat floats.", True, tags=("must", "2026"), known_miss="it sinks",
        place="Line 9 of suite.yaml",
    )  # fmt: skip
    assert [c.answerable for c in suite.cases] == [True, True, True, True, False]
    assert weather.rows is None


def test_the_same_content_has_the_same_version(tmp_path: Path) -> None:
    one, two = load(written(tmp_path, SUITE)), load(written(tmp_path, SUITE, "b.yml"))
    assert one.version == two.version
    assert one.version != load(written(tmp_path, SUITE + "#", "c.yaml")).version


@pytest.mark.parametrize(
    ("only", "left"),
    [(["must"], 1), (["7"], 1), (["ports"], 1), (["harbour"], 1), (["ana@example.com"], 1),
     (["must", "Weather?"], 2), ([], 5)],
)  # fmt: skip
def test_a_part_is_chosen_by_id_tag_set_database_or_person(
    tmp_path: Path, only: list[str], left: int
) -> None:
    assert len(load(written(tmp_path, SUITE)).only(only).cases) == left


# (entry, what is told of it)
BROKEN = [
    ("question: a\n  sqll: SELECT 1", "there is no field `sqll`, perhaps `sql`"),
    ("sql: SELECT 1", "`question` is missing"),
    ("question: a", "neither gold SQL nor expect: refuse, nor a figure, nor rows"),
    ("question: a\n  sql: []", "neither gold SQL"),
    ("question: a\n  sql: SELECT 1\n  figure: 1", "an entry has one"),
    ("question: a\n  sql: SELECT 1\n  expect: refuse", "an entry has one"),
    ("question: a\n  expect: clarify", "`expect`: input should be 'answer' or 'refuse'"),
    ("question: a\n  figure: 1\n  tolerance: much", "a tolerance is a number, or a share such"),
    ("question: a\n  figure: 1\n  tolerance: -1", "a tolerance is a number"),
    ("question: a\n  figure: 1\n  tolerance: true", "a tolerance is a number"),
    ("question: a\n  rows: [[1, 2], [3]]", "its rows differ in length"),
    ("question: a\n  figure: 1\n  tags: [off]", "`tags` holds what YAML takes for yes or no"),
    ("question: 7\n  figure: 1", "`question`: input should be a valid string"),
    ("question: a\n  figure: 1\n  id: x\n  id: y", "line 6: a key stands there twice"),
]


@pytest.mark.parametrize(("entry", "told"), BROKEN)
def test_a_broken_entry_is_told_with_its_line(tmp_path: Path, entry: str, told: str) -> None:
    text = f"- question: fine\n  figure: 1\n- {entry}\n"
    with pytest.raises(BadInput) as caught:
        load(written(tmp_path, text))
    assert told in caught.value.message
    assert "ine 3 of suite.yaml" in caught.value.message or "line 6" in caught.value.message


def test_all_that_is_broken_is_told_at_once(tmp_path: Path) -> None:
    entries = [{"question": "a"}, {"question": "b", "figure": 1}, {"question": "b", "figure": 2}]
    with pytest.raises(BadInput, match="has 3 broken entries") as caught:
        load(written(tmp_path, "\n\n".join(map(json.dumps, entries)), "suite.jsonl"))
    told = [(error["loc"], error["msg"]) for error in caught.value.errors]
    assert [place for place, _ in told] == [[f"Line {n} of suite.jsonl"] for n in (1, 3, 5)]
    assert str(told[1][1]) == "has an id that another entry has: b"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", "questions: []", "holds no list"),
        ("a.yaml", "", "holds no list"),
        ("a.yaml", "- [", "is not YAML, line 2"),
        ("a.yaml", "- &a {question: b, figure: 1}\n- *a", "anchors and aliases are not taken"),
        ("a.jsonl", "{}\n", "Line 1 of a.jsonl is no question: `question` is missing"),
        ("a.jsonl", '\n["a"]', "Line 2 of a.jsonl is no question"),
        ("a.jsonl", "[" * 100_000, "it is not JSON"),
    ],
)
def test_a_file_that_is_no_suite_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(written(tmp_path, text, name))
    assert told in caught.value.message


# (expected rows, tolerance, ordered, found rows, whether they are right)
ROWS = [
    ([[10]], Tolerance(), False, [[10.000001]], True),
    ([[10]], Tolerance(), False, [[11]], False),
    ([[10]], Tolerance(absolute=1), False, [[11]], True),
    ([[10]], Tolerance(share=0.05), False, [[11]], False),
    ([["a", 1], ["b", 1.01]], Tolerance(absolute=0.1), False, [["b", 0.95], ["a", 1.05]], True),
    ([[1, "a"], [1.01, "b"]], Tolerance(absolute=0.1), False, [[0.95, "b"], [1.05, "a"]], True),
    ([[1, "a"], [5, "b"]], Tolerance(absolute=0.1), False, [[1, "b"], [5, "a"]], False),
    ([[1], [2]], Tolerance(), False, [[2], [1]], True),
    ([[1], [2]], Tolerance(), True, [[2], [1]], False),
    ([[1], [2]], Tolerance(), True, [[1, "x"], [2, "y"]], True),
    ([["2026-01-01"]], Tolerance(), False, [["2026-01-01 00:00:00"]], True),
    ([], Tolerance(), False, [], True),
    ([], Tolerance(), False, [[1]], False),
]


@pytest.mark.parametrize(("rows", "tolerance", "ordered", "found", "right"), ROWS)
def test_rows_are_judged_by_those_that_were_written(
    tmp_path: Path, rows: list[list[object]], tolerance: Tolerance, ordered: bool,
    found: list[list[object]], right: bool,
) -> None:  # fmt: skip
    import datetime as dt

    import duckdb

    duckdb.connect(str(tmp_path / "x.duckdb")).close()
    golds = FileGolds(tmp_path / "x.duckdb", dt.date(2026, 1, 1))
    case = Case(
        "a", "all", "", "?", rows=tuple(map(tuple, rows)), order_matters=ordered,
        tolerance=tolerance,
    )  # fmt: skip
    assert golds.judge(case, found) is right
    golds.close()
