"""What the demo's answers say beside their rows, and where one can go on from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Answer, Candidate, Identity, Interpretation, Question
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.walk import below

from .conftest import TODAY

pytestmark = [pytest.mark.demo, pytest.mark.slow]
HERE = Path(__file__).parent
SAID = yaml.safe_load((HERE / "said.yaml").read_text("utf-8"))
QUESTIONS = [
    case["question"]
    for file in ("questions.yaml", "voices.yaml")
    for case in yaml.safe_load((HERE / file).read_text("utf-8"))
]


def asked(text: str, context: AskContext) -> Answer:
    return ask(Question(text, Identity("local"), TODAY), context)


@pytest.mark.parametrize("case", SAID, ids=lambda c: str(c["question"]))
def test_what_an_answer_assumes_is_said(case: dict[str, Any], context: AskContext) -> None:
    answer = asked(case["question"], context)
    assert answer.status == "answered", answer.summary
    assert set(case.get("assumes", ())) <= set(answer.assumptions), answer.assumptions
    said = [a for a in answer.assumptions for word in case.get("unsaid", ()) if word in a]
    assert said == []
    assert answer.chart is not None and answer.chart.kind == case.get("chart", answer.chart.kind)
    if "others" in case:
        assert [choice.label for choice in answer.choices] == case["others"]


UNITS = [
    ("What is our conversion rate on each device?", "share"),
    ("What was the margin rate in 2025?", "share"),
    ("What share of total revenue comes from each channel?", "share"),
    ("What percentage of sessions were on mobile?", "percent"),
    ("monthly growth of revenue", "percent"),
    ("return rate last month", "share"),
    ("How many orders per customer do we have by country?", None),
    ("What is the average order value by channel?", "usd"),
]


@pytest.mark.parametrize(("question", "unit"), UNITS)
def test_parts_of_a_whole_are_known_as_such(
    question: str, unit: str | None, context: AskContext
) -> None:
    answer = asked(question, context)
    assert answer.columns[-1].unit == unit
    assert ("%" in answer.summary) == (unit in ("share", "percent"))


def test_a_period_alone_is_set_against_the_one_before(context: AskContext) -> None:
    against = asked("revenue by channel in April 2026 compared to the previous month", context)
    april, march = (
        dict(asked(f"revenue by channel in {month} 2026", context).rows)
        for month in ("April", "March")
    )
    assert {row[0]: row[-1] for row in against.rows} == {
        channel: april[channel] - march[channel]
        for channel in april  # type: ignore[operator]
    }


def measured(plan: P.Query | None) -> set[object]:
    """The metrics and columns that a plan adds up, averages or counts."""
    nodes = list(below(plan)) if plan is not None else []
    measures = [m for n in nodes if isinstance(n, P.Group) for m in n.measures]
    metrics = {n.name for n in below(*measures) if isinstance(n, P.Metric)}
    return metrics or {type(n).__name__ for n in below(*measures) if isinstance(n, P.Aggregate)}


def test_each_question_that_is_proposed_is_answered(context: AskContext) -> None:
    """And is about the same figure, where it proposes a cut or a trend of it."""
    proposed: dict[str, Answer] = {}
    for text in QUESTIONS[::3]:
        answer = asked(text, context)
        proposed.update((follow_up, answer) for follow_up in answer.follow_ups)
    assert len(proposed) > 90
    wrong = []
    for text, before in proposed.items():
        answer = asked(text, context)
        same = "tickets" in text or " for each " not in text or text.startswith("How many")
        same = same or measured(answer.plan) <= measured(before.plan)
        if answer.status != "answered" or not same:
            wrong.append((text, answer.status, answer.explanation))
    assert wrong == []


UNANSWERABLE = [
    (case["question"], "") for case in yaml.safe_load((HERE / "unanswerable.yaml").read_text())
] + [
    ("What can I ask?", "Revenue for each month"),
    ("Delete all cancelled orders", "Orders for each month"),
    ("Will revenue grow next year?", "Revenue for each channel"),
    ("revenue by mood", "Revenue for each month"),
    ("revenue by device", "Revenue for each month"),
    ("how many orders were delivered late last month", "Orders for each channel"),
]


@pytest.mark.parametrize(("text", "nearest"), UNANSWERABLE)
def test_a_refusal_proposes_what_can_be_answered(
    text: str, nearest: str, context: AskContext
) -> None:
    refusal = asked(text, context).refusal
    assert refusal is not None
    assert refusal.nearest
    assert nearest in (*refusal.nearest, "")
    for proposed in refusal.nearest:
        assert asked(proposed, context).status == "answered", proposed


def test_each_other_reading_is_answered_as_it_is_offered(context: AskContext) -> None:
    class Chosen:
        def __init__(self, plan: P.Query) -> None:
            self._read = Interpretation("answered", (Candidate(plan, 1.0),), 1.0)

        def interpret(self, question: Question, view: View) -> Interpretation:
            return self._read

    offered = [c for case in SAID for c in asked(case["question"], context).choices]
    assert len(offered) >= 3
    for choice in offered:
        answer = asked("?x", replace(context, planner=Chosen(choice.plan)))
        assert (answer.status, answer.explanation) == ("answered", choice.label)
