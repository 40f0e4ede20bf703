"""Refusal by form: orders to write, advice, the future and the world at large."""

from __future__ import annotations

from typing import Any

import pytest

from datamind.language.refusal import by_form


def _wrong(reason: str, *values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.xfail(reason=reason, strict=True))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("delete all trips", "write_request"),
        ("Please drop table users", "write_request"),
        ("can you update prices", "write_request"),
        ("INSERT INTO trips VALUES (1)", "write_request"),
        ("truncate trips", "write_request"),
        ("remove duplicates", "write_request"),
        ("should we hire more drivers?", "advice"),
        ("What is the best way to store bikes?", "advice"),
        ("how can I improve sales?", "advice"),
        ("Can you recommend a product?", "advice"),
        ("What are the key factors of success?", "advice"),
        ("predict next year's sales", "future"),
        ("What will sales be in March?", "future"),
        ("How many customers will churn?", "future"),
        ("forecast the demand", "future"),
        ("How do vaccines work?", "general_knowledge"),
        _wrong("verbs of writing that are missing", "Add a new patient", "write_request"),
        _wrong(
            "verbs of writing that are missing",
            "Change the status of order 5 to open",
            "write_request",
        ),
        _wrong("verbs of writing that are missing", "Set the price to 5", "write_request"),
        _wrong("verbs of writing that are missing", "Cancel order 5", "write_request"),
        _wrong("the cause of a change", "Why did sales drop?", "advice"),
        _wrong("what if", "What would happen to sales if prices rose?", "future"),
        _wrong("small talk", "Tell me a joke", "general_knowledge"),
    ],
)
def test_what_no_data_answers_is_known_by_its_form(text: str, code: str) -> None:
    refusal = by_form(text)
    assert refusal is not None
    assert refusal.code == code
    assert refusal.reason


@pytest.mark.parametrize(
    "text",
    [
        "How many trips were there?",
        "List removed items",
        "Show created orders by month",
        "Updated prices by month",
        "Which project has the most hours?",
        "projects by status",
        "how did revenue change by month?",
        "Can you show me the orders of last week?",
        "Could you list the customers?",
        "Does Ada have orders?",
        "Are there customers without orders?",
        "How does the number of orders vary by month?",
        "How much did we spend on repairs?",
        "deleted accounts per year",
        "Number of recommendations per product",
        "What is the average processing time?",
        "willpower courses by level",
        _wrong("a report is made by reading", "Create a report of sales by month"),
        _wrong("to update a person is to tell", "Update me on sales by region"),
        _wrong("a question of yes or no about the data", "Have we sold more in 2024?"),
    ],
)
def test_questions_about_the_data_are_not_refused_by_form(text: str) -> None:
    assert by_form(text) is None
