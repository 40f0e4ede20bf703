"""docs/language.md: what it says of adding a pattern holds, run with the code that stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from datamind.language import combine_measures, patterns
from datamind.language.engine import BuiltinPlanner
from datamind.language.nodes import Node
from datamind.language.patterns import PATTERNS, Pattern
from datamind.language.trace import traced
from datamind.records import Question
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan

from .conftest import ASKER, TODAY

GUIDE = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
ROW, FUNCTION = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
(CASE,) = yaml.safe_load(re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[0])
BEFORE = "restaurant count"


def test_the_guide_s_table_has_each_function_and_no_example_that_is_gone() -> None:
    said = dict(re.findall(r"^\| `(\w+\.\w+)` \| (.*) \|$", GUIDE, re.MULTILINE))
    made: dict[str, set[str]] = {}
    for pattern in PATTERNS:
        module = pattern.action.__module__.rpartition("combine_")[2]
        made.setdefault(f"{module}.{pattern.action.__name__}", set()).add(pattern.example)
    assert said.keys() == made.keys()
    assert all(set(examples.split(" · ")) <= made[name] for name, examples in said.items())


def test_the_pattern_that_the_guide_adds_answers_its_question(
    monkeypatch: pytest.MonkeyPatch, database: Callable[[str], Any], same_rows: Any
) -> None:
    made: dict[str, Any] = {"Node": Node, "aggregate": combine_measures.aggregate}
    exec(FUNCTION, made)
    name = next(n for n in made if n.startswith("aggregate_"))
    monkeypatch.setattr(combine_measures, name, made[name], raising=False)
    row = eval(ROW, {"Pattern": Pattern, "measures": combine_measures})
    at = next(n for n, p in enumerate(PATTERNS) if p.example == BEFORE)
    monkeypatch.setattr(patterns, "PATTERNS", (*PATTERNS[:at], row, *PATTERNS[at:]))
    bikes = database("bikes")
    view = View.open(bikes.catalog)
    question = Question(CASE["ask"], ASKER, TODAY)
    trace = traced(question, view, BuiltinPlanner())
    assert trace.status == "answered"
    assert row.example in [applied.example for applied in trace.patterns]
    assert f"covers      {trace.covers[0]} " in GUIDE
    best = BuiltinPlanner().interpret(question, view).candidates[0]
    found = bikes.rows(compile_plan(best.plan, view, "duckdb").sql)
    assert same_rows(bikes.rows(CASE["sql"]), found)
