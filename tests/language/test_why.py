"""Why-questions: what they are about, and the two periods that they set against each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datamind.language.engine import BuiltinPlanner
from datamind.language.why import Why, heard
from datamind.records import Drill, Identity, Interpretation, Question, Turn
from datamind.semantics.catalog import View

TODAY = dt.date(2025, 6, 18)
WORDS = yaml.safe_load((Path(__file__).parent / "why.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", WORDS, ids=lambda c: str(c["ask"]))
def test_a_why_question_is_about_a_figure(case: dict[str, Any]) -> None:
    said = {"about": "", "direction": "", "back": "", **case}
    wanted = None if said.get("none") else Why(said["about"], said["direction"], said["back"])
    assert heard(case["ask"]) == wanted


def read(planner: BuiltinPlanner, view: View, *questions: str) -> Interpretation:
    """How the last of these is read, in one conversation."""
    earlier: list[Turn] = []
    for text in questions:
        found = planner.interpret(
            Question(text, Identity("local"), TODAY, earlier=tuple(earlier)), view
        )
        if found.candidates and found.drill is None:
            earlier.append(Turn(text, found.candidates[0].plan, ""))
    return found


# What was asked, what is asked now, and the measure, the periods and the method of the change.
PERIODS: list[tuple[str, str, tuple[str, str, str, str]]] = [
    ("total fee in May 2025", "why?", ("fee", "April 2025", "May 2025", "sum")),
    ("how many visits were there in May 2025", "why?", ("visit", "April 2025", "May 2025", "sum")),
    ("average fee in 2024 for dogs", "why?", ("fee", "2023", "2024", "ratio")),
    ("number of visits by month", "why did it drop?", ("visit", "April 2025", "May 2025", "sum")),
    ("number of visits per month in 2024", "why?",
     ("visit", "November 2024", "December 2024", "sum")),
    ("number of visits by year", "why?", ("visit", "2023", "2024", "sum")),
    ("how many visits this year", "why?",  # up to the last day that the data holds
     ("visit", "1 January–1 June 2024", "1 January–1 June 2025", "sum")),
    ("number of visits this year vs last year", "why?",
     ("visit", "1 January–1 June 2024", "1 January–1 June 2025", "sum")),
    ("how many visits in March 2025 vs May 2025", "why?",
     ("visit", "March 2025", "May 2025", "sum")),
    ("how many visits in May 2025", "why is it lower than last year?",
     ("visit", "May 2024", "May 2025", "sum")),
    ("total fee by species in the first quarter of 2025", "why?",
     ("fee", "2024-Q4", "2025-Q1", "sum")),
    ("how many pets had a visit in May 2025", "what drove that?",
     ("pet", "April 2025", "May 2025", "none")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "then", "wanted"), PERIODS, ids=[f"{first} {then}" for first, then, _ in PERIODS]
)
def test_what_was_asked_before_is_set_against_the_period_before(
    first: str, then: str, wanted: tuple[str, str, str, str], database: Callable[[str], Any]
) -> None:
    view = View(database("vet").catalog)
    found = read(BuiltinPlanner(), view, first, then)
    assert isinstance(found.drill, Drill), found
    drill = found.drill
    assert wanted[0] in drill.measure
    assert (drill.before, drill.after, drill.method) == wanted[1:]
    assert len(found.candidates) == 1 + len(drill.dimensions) == len(drill.told) <= 9


@pytest.mark.parametrize(
    "first",
    ["how many visits are there", "list all owners", "top 3 pets by number of visits",
     "average fee by species"],
)  # fmt: skip
def test_what_holds_no_figure_of_a_period_is_refused(
    first: str, database: Callable[[str], Any]
) -> None:
    found = read(BuiltinPlanner(), View(database("vet").catalog), first, "why?")
    assert found.refusal is not None and found.refusal.code == "nothing_to_explain"


def test_what_is_masked_hidden_personal_or_fixed_is_no_dimension(
    database: Callable[[str], Any],
) -> None:
    catalog = database("vet").catalog
    asked = "why did the number of visits of dogs change in May 2025?"
    plain = read(BuiltinPlanner(), View(catalog), asked).drill
    assert plain is not None and "outcome" in plain.dimensions
    assert "pet_species" not in plain.dimensions and "species" not in plain.dimensions
    for view in (View(catalog, hidden_columns=frozenset({"visit.outcome"})),
                 View(catalog, "m", masked_columns=frozenset({"visit.outcome"}))):  # fmt: skip
        less = read(BuiltinPlanner(), view, asked).drill
        assert less is not None and "outcome" not in less.dimensions
