"""Why: a change whose cause is known is found, credited with the right part, and told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from datamind.adapters.introspection import introspect
from datamind.adapters.warehouse import open_warehouse
from datamind.errors import QueryFailed
from datamind.language.engine import BuiltinPlanner
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Answer, Identity, Question, Turn
from datamind.semantics.catalog import View

TODAY = dt.date(2025, 6, 18)
# In May the store Lyon sells half as much, toys a third less everywhere in March; visits convert
# less in May because more of them are on phones, and less on phones in April.
SHOP = """
CREATE TABLE stores (store_id INTEGER PRIMARY KEY, store_name VARCHAR NOT NULL,
                     country VARCHAR NOT NULL);
CREATE TABLE sales (sale_id INTEGER PRIMARY KEY, store_id INTEGER REFERENCES stores (store_id),
                    kind VARCHAR NOT NULL, buyer VARCHAR NOT NULL, sold_on DATE NOT NULL,
                    amount_usd DECIMAL(10, 2) NOT NULL);
CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, device VARCHAR NOT NULL, seen_on DATE NOT NULL,
                     minutes DECIMAL(8, 2) NOT NULL);
INSERT INTO stores VALUES (1, 'Lyon', 'France'), (2, 'Paris', 'France'), (3, 'Rome', 'Italy');
INSERT INTO sales
    SELECT row_number() OVER (), store, kind, 'Buyer ' || row_number() OVER () % 97, day,
           CASE WHEN month = 3 AND kind = 'toys' THEN 60
                WHEN month IN (5, 6) AND store = 1 THEN 50 ELSE 100 END
    FROM range(1, 7) m(month), range(1, 4) s(store), (VALUES ('toys'), ('books')) k(kind),
         range(1, 18) d(n), LATERAL (SELECT make_date(2025, month, n) AS day);
INSERT INTO visits
    SELECT row_number() OVER (), device, make_date(2025, month, 1 + n % 28),
           CASE device WHEN 'phone' THEN 2 ELSE 10 END
    FROM range(1, 6) m(month), (VALUES ('phone'), ('desktop')) v(device), range(0, 300) r(n)
    WHERE n < CASE WHEN month = 5 AND device = 'phone' THEN 300 ELSE 100 END;
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskContext]:
    path = tmp_path_factory.mktemp("why") / "why.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(SHOP)
    warehouse = open_warehouse(f"duckdb:///{path}", memory_mb=256)
    yield AskContext(
        view=View(introspect(f"duckdb:///{path}")), warehouse=warehouse, planner=BuiltinPlanner(),
        now=lambda: dt.datetime(2025, 6, 18, tzinfo=dt.UTC), new_id=lambda prefix: prefix,
        timer=lambda: 0.0,
    )  # fmt: skip
    warehouse.close()


def asked(context: AskContext, *questions: str) -> Answer:
    """The answer to the last of these, in one conversation."""
    earlier: list[Turn] = []
    for text in questions:
        answer = ask(Question(text, Identity("ann"), TODAY, earlier=tuple(earlier)), context)
        if answer.plan is not None:
            earlier.append(Turn(text, answer.plan, ""))
    return answer


TOLD = yaml.safe_load((Path(__file__).parent / "why.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", TOLD, ids=lambda c: " ".join(c["ask"]))
def test_what_explains_a_change_is_told(context: AskContext, case: dict[str, Any]) -> None:
    answer = asked(context, *case["ask"])
    assert answer.status == "answered", answer.summary
    assert answer.summary == case["told"]


def test_a_change_that_all_share_is_said_to_be_spread_evenly(context: AskContext) -> None:
    even = asked(context, "total amount of toys in March 2025", "why?")
    assert "No dimension stands out" in even.summary
    assert len(even.rows) > 1, "the members are shown all the same"


def test_mix_and_rate_make_up_the_whole_change_of_an_average(context: AskContext) -> None:
    answer = asked(context, "Why did the average minutes of visits fall in May 2025?")
    names = [c.name for c in answer.columns]
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    effects = [(r["mix_effect"], r["rate_effect"]) for r in rows]
    assert sum(mix for mix, _ in effects) == pytest.approx(-2)  # from 6 to 4 minutes
    assert [rate for _, rate in effects] == [0, 0]
    assert sum(r["share_of_change"] for r in rows) == pytest.approx(1)
    assert {c.name: c.unit for c in answer.columns}["weight_before"] == "share"


def test_what_does_not_add_up_is_credited_to_nobody(context: AskContext) -> None:
    answer = asked(context, "number of different buyers in May 2025", "why?")
    assert "share_of_change" not in [c.name for c in answer.columns]
    assert any("does not add up" in line for line in answer.assumptions)


def test_the_answer_says_what_was_compared_and_looked_at(context: AskContext) -> None:
    answer = asked(context, "total amount in June 2025 in France", "why?")
    assert answer.assumptions == (
        "explains: total amount in June 2025 in France",
        "1–17 June 2025 is set against 1–17 May 2025",
        "the later period is not over: both are taken up to the same day",
        "a member's share of the change is its own change as a part of the whole",
        "looked at: kind, store name",
    )
    assert answer.explanation.startswith("Total amount usd of sales for each ")
    assert "store country is 'France'" in answer.explanation


def test_every_statement_is_governed(context: AskContext, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    run = type(context.warehouse).run

    def watched(self: object, governed: object, **more: object) -> object:
        ran.append(type(governed).__name__)
        return run(self, governed, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(context.warehouse), "run", watched)
    nothing = replace(context, policy=None)
    assert asked(nothing, "Why did the total amount fall in May 2025?").status == "answered"
    assert ran == ["Governed"] * 4  # the whole, and by kind, store name and country


def test_a_fault_of_the_whole_is_the_answers(
    context: AskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object, governed: object, **more: object) -> object:
        raise QueryFailed("It broke.")

    monkeypatch.setattr(type(context.warehouse), "run", broken)
    answer = asked(context, "Why did the total amount fall in May 2025?")
    assert (answer.status, answer.error_code) == ("error", "query_failed")
