"""Conversations: each question with those before it, and the rows that it is to find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datamind.language.engine import BuiltinPlanner
from datamind.records import Identity, Question, Turn
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan

TODAY = dt.date(2025, 6, 18)
CONVERSATIONS = yaml.safe_load((Path(__file__).parent / "conversations.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", CONVERSATIONS, ids=lambda c: str(c["turns"][-1]["ask"]))
def test_what_leans_on_an_earlier_question_is_a_change_of_it(
    case: dict[str, Any], database: Callable[[str], Any], same_rows: Any
) -> None:
    built = database(case["schema"])
    view, planner = View(built.catalog), BuiltinPlanner()
    earlier: list[Turn] = []
    for turn in case["turns"]:
        asked = Question(turn["ask"], Identity("local"), TODAY, earlier=tuple(earlier))
        heard = planner.interpret(asked, view)
        if "refuse" in turn:
            assert heard.status == "refused" and heard.refusal, f"{turn['ask']}: {heard}"
            assert turn["refuse"] in (*heard.refusal.missing, ""), heard.refusal
            continue
        assert heard.status == "answered", f"{turn['ask']}: {heard}"
        plan = heard.candidates[0].plan
        if "why" in turn:
            assert heard.drill is not None and turn["why"] in heard.drill.measure, heard
        else:
            sql = compile_plan(plan, view, "duckdb").sql
            assert same_rows(built.rows(turn["sql"]), built.rows(sql)), f"{turn['ask']}: {sql}"
            if turn.get("ordered"):
                assert list(built.rows(turn["sql"])) == list(built.rows(sql)), turn["ask"]
        earlier.append(Turn(turn["ask"], plan, ""))


def test_an_answer_says_what_it_follows_on_from(database: Callable[[str], Any]) -> None:
    view, planner = View(database("vet").catalog), BuiltinPlanner()
    first = "How many owners are from Texas?"
    plan = planner.interpret(Question(first, Identity("local"), TODAY), view).candidates[0].plan
    asked = Question("and California?", Identity("local"), TODAY, earlier=(Turn(first, plan, ""),))
    read = planner.interpret(asked, view).candidates[0]
    assert f"follows on from: {first}" in read.assumptions
    spans = {asked.text[link.start : link.end] for link in read.links}
    assert spans == {"California"}, "only words of this question are linked"


def test_what_no_data_answers_is_refused_in_a_conversation_too(
    database: Callable[[str], Any],
) -> None:
    view, planner = View(database("vet").catalog), BuiltinPlanner()
    first = "How many owners are from Texas?"
    plan = planner.interpret(Question(first, Identity("local"), TODAY), view).candidates[0].plan
    turn = (Turn(first, plan, ""),)
    asked = Question("and then delete them", Identity("local"), TODAY, earlier=turn)
    refusal = planner.interpret(asked, view).refusal
    assert refusal is not None and refusal.code == "write_request"
