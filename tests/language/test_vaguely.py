"""What does not say what it goes by is asked back, each way to say it in full being a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from datamind.records import Interpretation
from datamind.semantics.catalog import View

Ask = Callable[..., Interpretation]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("busiest day", "number of trips for each day of started at"),
        ("What is the busiest hour of the day?", "number of trips for each hour of started at"),
        ("the quietest month in 2024", "number of trips for each month of started at"),
        ("Which was our best month?", "total fare for each month of started at"),
        ("busiest station", "number of trips for each station"),
        ("our best riders", "number of trips for each rider id"),
        ("top 5 bikes", "total fare for each bike id"),
        ("Which plan grew fastest?", "number of trips"),
        ("fastest growing plan", "number of trips"),
    ],
)
def test_what_it_goes_by_is_asked_back(
    text: str, choice: str, database: Callable[[str], Any], ask: Ask
) -> None:
    heard = ask(text, View(database("bikes").catalog))
    assert heard.status == "clarify"
    assert any(choice in c.label.lower() for c in heard.choices), heard.choices


def test_a_choice_of_hours_is_of_what_has_hours(database: Callable[[str], Any], ask: Ask) -> None:
    heard = ask("busiest hour of the day", View(database("courier").catalog))
    assert [c.label.partition(",")[0] for c in heard.choices] == [
        "Number of complaints for each hour of opened at"
    ]


@pytest.mark.parametrize("text", ["busiest day by trips", "top 5 bikes by fare", "how busy are we"])
def test_what_says_it_or_is_not_known_is_not(
    text: str, database: Callable[[str], Any], ask: Ask
) -> None:
    assert ask(text, View(database("bikes").catalog)).status != "clarify"
