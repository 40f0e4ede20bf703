"""The command line on ClickHouse: asked, surveyed, and its user judged."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Run

pytestmark = pytest.mark.slow
TABLES = """
CREATE TABLE boats (id Int32, name String, length Nullable(Decimal(6, 2)),
  harbour LowCardinality(String), built Date) ENGINE = MergeTree ORDER BY id;
INSERT INTO boats SELECT number + 1, concat('Boat ', toString(number + 1)),
  if(number = 19, NULL, (number + 1) * 1.5), ['Kiel', 'Brest'][number % 2 + 1],
  toDate('2001-01-01') + number * 100 FROM numbers(20)"""


@pytest.fixture(scope="module")
def boats(clickhouse_url: str) -> str:
    for statement in TABLES.split(";\n"):
        httpx.post(
            clickhouse_url.replace("clickhouse", "http", 1), content=statement
        ).raise_for_status()
    return f"{clickhouse_url}/default"


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many boats are there?", [{"number_of_boats": 20}]),
        ("average length of boats", [{"avg_length": 15.0}]),
        ("number of boats by harbour",
         [{"harbour": "Brest", "number_of_boats": 10}, {"harbour": "Kiel", "number_of_boats": 10}]),
        ("how many boats in Kiel with length over 20", [{"number_of_boats": 3}]),
        ("how many boats were built in 2001", [{"number_of_boats": 4}]),
    ],
)  # fmt: skip
def test_a_question_is_answered(
    run: Run, boats: str, question: str, rows: list[dict[str, object]]
) -> None:
    found = run("ask", question, "--warehouse", boats, "--json").json
    assert (found["status"], found["results"]) == ("answered", rows), found["sql"]
    assert found["warehouse"].startswith("default on 127.0.0.1:")


def test_the_catalog_is_shown_and_all_is_in_order(run: Run, boats: str) -> None:
    assert "harbour" in run("catalog", "show", "boats", "--warehouse", boats).out
    made = run("doctor", "--warehouse", boats)
    assert made.code == 0
    assert "answered in" in made.out
    assert "this role may write to default.boats" in made.out
    assert "GRANT SELECT ON `default`.* TO datamind_reader" in made.out
    steps = run("doctor", "--readiness", "--warehouse", boats).out
    assert 'ALTER TABLE "default"."boats"' in steps


def test_a_server_that_is_not_there_is_told(run: Run) -> None:
    made = run("ask", "How many?", "--warehouse", "clickhouse://ann:s3cr3t@127.0.0.1:1/db")
    assert made.code != 0
    assert "No ClickHouse answers" in made.err
    assert "s3cr3t" not in made.out + made.err
