"""Windows in parts: what words and definitions ask for one, and what the plan then holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from datamind.language.said import defined, units_said
from datamind.language.sketch import Over
from datamind.language.tokens import tokenize
from datamind.records import Interpretation
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan

Ask = Callable[..., Interpretation]

PHRASES = {
    "MoM": Over("change", "month"),
    "year-over-year growth": Over("change", "year", rate=True),
    "month over month percentage change": Over("change", "month", rate=True),
    "change from the week before": Over("change", "week"),
    "compared to the previous quarter": Over("change", "quarter"),
    "running total of": Over("running"),
    "7-day moving average of": Over("moving", "day", 7),
    "rolling three month average": Over("moving", "month", 3),
    "as a percentage of the total": Over("share", rate=True),
}


@pytest.mark.parametrize(("text", "over"), PHRASES.items())
def test_a_phrase_asks_for_a_window(text: str, over: Over) -> None:
    tokens = tokenize(text)
    whole = [made[3] for made in units_said(tokens) if made[:3] == ("W", 0, len(tokens))]
    assert over in whole


DEFINITIONS = {
    "(current month - previous month) / previous month * 100": (True, 100),
    "(sales - sales of the preceding month) / sales of the preceding month": (True, 1),
    "difference between the month and the previous month": (False, 100),
    "change versus the preceding month in percent": (True, 100),
}


@pytest.mark.parametrize(("text", "expected"), DEFINITIONS.items())
def test_a_definition_says_whether_a_change_is_a_rate(
    text: str, expected: tuple[bool, int]
) -> None:
    over = defined(text)
    assert over is not None
    assert (over.kind, over.grain, (over.rate, over.scale)) == ("change", "month", expected)


def test_a_definition_of_something_else_asks_for_no_window() -> None:
    assert defined("SUM(amount) / COUNT(order_id)") is None


def _answer(heard: Interpretation) -> P.Query:
    assert heard.status == "answered", heard
    plan: Any = heard.candidates[0].plan
    assert isinstance(plan, P.Query)
    return plan


def test_what_sells_best_is_told_by_the_quantity_sold(ask: Ask, shop: View) -> None:
    plan = _answer(ask("What is the best selling product of each make?", shop))
    assert any(isinstance(step, P.TopPerGroup) for step in plan.steps)
    assert "SUM(ol.quantity)" in compile_plan(plan, shop, "duckdb").sql


def test_what_was_spent_is_what_the_rows_that_refer_to_people_are_worth(
    ask: Ask, shop: View
) -> None:
    sql = compile_plan(
        _answer(ask("customers who spent more than the average", shop)), shop, "duckdb"
    ).sql
    assert "HAVING SUM(o.amount) > (SELECT AVG(" in sql


def test_a_period_after_an_average_bounds_both_sides(ask: Ask, shop: View) -> None:
    plan = _answer(ask("Which customers spent more than average in 2024?", shop))
    assert compile_plan(plan, shop, "duckdb").sql.count("2024-01-01") == 2


def test_a_period_of_the_average_bounds_only_the_average(ask: Ask, shop: View) -> None:
    plan = _answer(ask("orders above the average amount of 2024", shop))
    assert compile_plan(plan, shop, "duckdb").sql.count("2024-01-01") == 1


@pytest.mark.parametrize(
    "question",
    [
        "Show me the running total of amounts per customer",
        "What is the growth of the amount by city?",
        "moving average of the amount by month",
    ],
)
def test_a_window_without_its_period_or_length_is_not_answered(
    question: str, ask: Ask, shop: View
) -> None:
    assert ask(question, shop).status != "answered"


def test_the_rows_of_a_day_of_the_week_go_by_its_number_and_name(ask: Ask, shop: View) -> None:
    plan = _answer(ask("number of orders by day of the week", shop))
    group = next(step for step in plan.steps if isinstance(step, P.Group))
    assert [key.name for key in group.keys] == ["weekday", "weekday_name"]
