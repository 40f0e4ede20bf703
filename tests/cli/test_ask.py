"""`datamind ask` with one question: what is printed, in which shape, and what the shell is told."""

from __future__ import annotations

import datetime as dt
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datamind.cli import INTERRUPTED, guarded
from datamind.commands.answers import exit_code
from datamind.commands.render import Screen
from datamind.pipeline.wire import as_json
from datamind.records import Answer, Choice, Refusal, ResultColumn
from datamind.semantics import plan as P
from datamind.values import plain

from .conftest import Run, database

MOMENT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
# The names that programs rely on, in order; a change here is a change of the interface.
SHAPE = (
    "query_id correlation_id question status generated_at summary explanation sql trust origin"
    " confidence_score plan interpretation alternatives columns results rows_returned truncated"
    " chart warnings follow_ups refusal hint error warehouse routed data_version as_of cached"
    " execution_time_ms stages"
).split()
STAGES = "interpret generate validate optimize sanitize execute explain".split()


def answer(status: Any, **fields: Any) -> Answer:
    return Answer("q", "c", "?", status, MOMENT, **fields)


def test_an_answer_says_the_figure_then_how_it_came_about(run: Run, shop: str) -> None:
    made = run("ask", "How many orders are there?", "--warehouse", shop)
    assert made.code == 0
    assert made.out.startswith("Number of orders: 3,000.\n")
    for part in ("How it was understood", "orders → orders", "COUNT(*)", "trust derived", "shop."):
        assert part in made.out
    assert "\x1b" not in made.out
    assert made.err == ""


def test_a_table_has_figures_on_the_right_and_shows_null_as_such(run: Run, shop: str) -> None:
    made = run("ask", "total amount of orders by country of the store", "--warehouse", shop)
    lines = [line.rstrip() for line in made.out.splitlines()]
    table = [line for line in lines if "│" in line]
    assert len(table) == 3
    assert len({line.rindex(".") for line in table}) == 1
    assert any(line.startswith("NULL") for line in table)
    assert "," in table[0]


def test_the_json_form_is_stable(run: Run, shop: str) -> None:
    made = run("ask", "number of stores by country", "--warehouse", shop, "--json")
    found = made.json
    assert made.code == 0
    assert list(found) == SHAPE
    assert found["status"] == "answered"
    assert found["error"] is None
    assert found["rows_returned"] == len(found["results"]) == 3
    assert found["results"][-1] == {"country": None, "number_of_stores": 4}
    assert [c["name"] for c in found["columns"]] == ["country", "number_of_stores"]
    assert set(found["columns"][0]) == {"name", "type", "unit", "masked"}
    assert found["chart"] == {
        "kind": "bar", "x": "country", "y": ["number_of_stores"], "series": None,
    }  # fmt: skip
    assert [s["stage"] for s in found["stages"]] == STAGES
    assert found["plan"]["schema_version"] == 1
    assert {"text", "item", "kind"} <= set(found["interpretation"]["links"][0])


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_what_the_data_does_not_hold_is_refused_with_what_to_do(
    run: Run, shop: str, json: list[str]
) -> None:
    made = run("ask", "What is the weather in Rome?", "--warehouse", shop, *json)
    assert made.code == 4
    if json:
        assert list(made.json) == SHAPE
        assert made.json["status"] == "refused"
        assert made.json["refusal"]["code"] and made.json["hint"]
        assert made.json["error"] is None
    else:
        assert "datamind catalog show" in made.out


def test_a_request_to_write_is_refused_and_nothing_is_written(run: Run, shop: str) -> None:
    made = run("ask", "delete all orders", "--warehouse", shop)
    assert made.code == 4
    assert "only reads" in made.out
    assert "3,000" in run("ask", "How many orders are there?", "--warehouse", shop).out


@pytest.mark.parametrize(
    ("question", "code", "message"),
    [
        ("", "empty_question", "The question is empty."),
        ("  ?! ", "empty_question", "The question is empty."),
        ("orders " * 15_000, "question_too_long", "105,000 characters; 4,000 are the limit"),
        ("How many\0 orders?", "bad_input", "no text"),
        ("How many \udcff orders?", "bad_input", "no text"),
    ],
)
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_question_that_can_not_be_read_is_told(
    run: Run, shop: str, question: str, code: str, message: str, json: list[str]
) -> None:
    made = run("ask", question, "--warehouse", shop, *json)
    assert made.code == 2
    if json:
        assert list(made.json) == SHAPE
        assert made.json["error"]["code"] == code
        assert message in made.json["error"]["message"]
        assert made.json["error"]["hint"]
    else:
        assert made.out == ""
        first, hint = made.err.splitlines()
        assert message in first
        assert first.endswith(f"({code})")
        assert hint


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "No question was asked."),
        (["x", "--today", "yesterday"], "'yesterday' is no date."),
        (["x", "--today", "2026-02-30"], "'2026-02-30' is no date."),
        (["x", "--engine", "magic"], "There is no engine 'magic'."),
        (["x", "--engine", "model"], "No language model is configured."),
        (["x", "--warehouse", "mysql://host/db"], "mysql://host/db"),
        (["x", "--warehouse", "shop.duckdb"], "shop.duckdb"),
        (["x", "--warehouse", "duckdb://"], "three slashes"),
        (["x", "--dbt-project", "no/such"], "There is no dbt project at no/such."),
        (["x", "--timeout", "1e12"], "86,400 seconds at most"),
        (["x", "--batch", "q.jsonl"], "A batch needs --out"),
        (["x"], "No warehouse is named."),
    ],
)
def test_options_that_can_not_be_used_are_told(
    run: Run, shop: str, words: list[str], message: str
) -> None:
    named = [] if "--warehouse" in words or words == ["x"] else ["--warehouse", shop]
    made = run("ask", *words, *named)
    assert made.code == 2
    assert message in made.err
    assert "(bad_input)" in made.err
    assert made.err.count("\n") == 2
    assert made.out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x", "--limit", "0"], "--limit"),
        (["x", "--timeout", "nan"], "--timeout"),
        (["x", "--limit", "few"], "--limit"),
        (["x", "--nonsense"], "--nonsense"),
        (["--today"], "--today"),
    ],
)
def test_options_of_the_wrong_kind_are_told(run: Run, words: list[str], message: str) -> None:
    made = run("ask", *words)
    assert made.code == 2
    assert message in made.err
    assert "Traceback" not in made.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATAMIND_QUERY_TIMEOUT_S", "soon"),
        ("DATAMIND_QUERY_TIMEOUT_S", "-1"),
        ("DATAMIND_MEMORY_MB", "inf"),
        ("DATAMIND_ROW_LIMIT", "nan"),
    ],
)
def test_settings_that_can_not_be_used_are_told(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    made = run("ask", "How many orders are there?", "--warehouse", shop)
    assert made.code == 2
    assert name in made.err


def test_a_limit_is_kept_and_told(run: Run, shop: str) -> None:
    made = run("ask", "list stores", "--warehouse", shop, "--limit", "5")
    assert "The first 5 of more rows" in made.out
    assert "Warning: There are more rows than the 5" in made.out


def test_today_decides_what_last_month_is(run: Run, shop: str) -> None:
    made = run("ask", "How many orders last month?", "--warehouse", shop, "--today", "2025-03-15")
    assert "order date is in 2025-02" in made.out


def test_the_warehouse_of_the_settings_is_asked(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", shop)
    assert run("ask", "How many stores are there?").out.startswith("Number of stores: 12.")


def test_a_question_back_lists_its_choices(capsys: pytest.CaptureFixture[str]) -> None:
    plan = P.Query(P.Source("orders", "o"), ())
    choices = (Choice("a\nfrom orders", plan), Choice("b", plan))
    made = answer("clarify", summary="Which?", choices=choices, error_code="not_understood")
    Screen().answer(made)
    assert capsys.readouterr().out == "Which?\n  1. a\n     from orders\n  2. b\n"
    assert exit_code(made) == 3


def test_a_refusal_names_what_was_not_understood_and_what_is_near(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refusal = Refusal("no_match", "No.", ("dogs",), ("docks",))
    Screen().answer(
        answer(
            "refused", summary="No.", refusal=refusal, unresolved=("dogs",), error_code="no_match"
        )
    )
    out = capsys.readouterr().out
    assert out == "No.\nNot understood: dogs\nNearest in the data: docks\n(no_match)\n"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (answer("answered"), 0),
        (answer("clarify"), 3),
        (answer("refused"), 4),
        (answer("forbidden", error_code="access_denied"), 5),
        (answer("error"), 1),
        (answer("error", error_code="internal"), 1),
        (answer("error", error_code="bad_input"), 2),
        (answer("error", error_code="sql_rejected"), 2),
        (answer("error", error_code="query_timeout"), 6),
        (answer("error", error_code="dbt_build_failed"), 7),
    ],
)
def test_each_status_has_its_exit_code(made: Answer, code: int) -> None:
    assert exit_code(made) == code


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("1.50"), 1.5),
        (Decimal("2.00"), 2),
        (Decimal("NaN"), None),
        (float("inf"), None),
        (float("nan"), None),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC), "2026-01-02T03:04:00+00:00"),
        (dt.timedelta(minutes=2), 120.0),
        (dt.time(1, 2), "01:02:00"),
        (True, True),
        (None, None),
        ("a", "a"),
    ],
)
def test_values_are_plain_in_json(value: Any, said: Any) -> None:
    column = ResultColumn("v", "text")
    made = as_json(answer("answered", columns=(column,), rows=((value,),)))
    assert made["results"] == [{"v": said}]
    assert type(plain(value)) is type(said)


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_fault_of_ours_shows_its_traceback_only_when_debugging(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a value of the data")

    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr("datamind.pipeline.ask.interpret", broken)
    monkeypatch.setenv("DATAMIND_DEBUG", debug)
    made = run("ask", "How many orders are there?", "--warehouse", shop)
    assert made.code == 1
    assert "Something went wrong inside DataMind. (internal)" in made.err
    assert ("a value of the data" in made.err) == bool(debug)


def test_a_project_without_a_warehouse_does_not_ask_the_demo(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    builds = tmp_path / "demo" / "builds"
    (builds / "b1" / "target").mkdir(parents=True)
    database(builds / "b1" / "warehouse.duckdb", "CREATE TABLE orders (id INTEGER)")
    (builds / "b1" / "target" / "manifest.json").write_text('{"nodes": {}}')
    (builds / "current.json").write_text('{"id": "b1", "elapsed_s": 1.0}')
    made = run("ask", "How many orders are there?", "--dbt-project", tmp_path)
    assert (made.code, made.out) == (2, "")
    assert "no warehouse" in made.err
    monkeypatch.setenv("DBT_PROJECT_PATH", str(tmp_path))
    assert run("catalog", "show").code == 2


@pytest.mark.parametrize("how", ["cause", "context"])
def test_an_interrupt_that_a_library_wraps_is_still_one(how: str) -> None:
    def wrapped() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            fault = RuntimeError("Query interrupted")
            if how == "cause":
                raise fault from stop
            raise fault  # noqa: B904 - what is tested

    assert guarded(wrapped) == INTERRUPTED


def test_an_interrupt_as_duckdb_tells_it_is_one_too() -> None:
    def asked() -> None:
        raise RuntimeError("Query interrupted")

    assert guarded(asked) == INTERRUPTED


@pytest.mark.slow
@pytest.mark.parametrize("fault", [KeyError("secret"), OSError(28, "secret")])
def test_a_fault_outside_of_an_ask_is_told_too(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr("datamind.commands.catalog.load", broken)
    made = run("catalog", "show", "--warehouse", shop)
    full = isinstance(fault, OSError)
    assert made.code == (2 if full else 1)
    assert ("can't be written" if full else "KeyError (internal)") in made.err
    assert "secret" not in made.err


def test_one_wide_row_stands_upright(run: Run, shop: str) -> None:
    made = run("ask", "Which store has the most orders?", "--warehouse", shop)
    assert made.code == 0
    assert "column" in made.out
    assert "number_of_orders │ 250" in made.out


def test_columns_that_do_not_fit_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.console.width = 30
    screen.rows(["name", "a", "b", "c"], [["x" * 50, "y" * 9, "z" * 9, "1"]], right=["c"])
    out = capsys.readouterr().out
    assert "… 2 more columns: b, c" in out
    assert max(map(len, out.splitlines())) <= 30
    assert "xxx…" in out


def test_sql_is_shown_as_it_ran_where_it_can_not_be_laid_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    column = ResultColumn("n", "integer", "eur")
    for sql in ("SELECT ((", "SELECT a  FROM t -- why"):
        Screen().answer(
            answer("answered", summary="N.", sql=sql, columns=(column,), rows=((1,), (2,)))
        )
        out = capsys.readouterr().out
        assert f"  {sql}" in out
        assert "n (eur)" in out


@pytest.mark.parametrize(
    "question",
    ["What is the password of Ann Lee?", "List all password hashes", "Show all members"],
)
def test_secrets_are_shown_to_nobody(run: Run, tmp_path: Path, question: str) -> None:
    file = database(
        tmp_path / "club.duckdb",
        "CREATE TABLE members (id INTEGER PRIMARY KEY, name VARCHAR, password_hash VARCHAR)",
        "INSERT INTO members VALUES (1, 'Ann Lee', 'kwqzt1'), (2, 'Bo Ray', 'kwqzt2')",
    )
    made = run("ask", question, "--warehouse", file, "--json")
    assert "kwqzt" not in made.out + made.err
    assert "password_hash" not in made.out


def test_a_trace_shows_how_a_question_is_read_and_asks_the_data_nothing(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*args: object, **more: object) -> None:
        raise AssertionError("a warehouse was opened")

    monkeypatch.setattr("datamind.commands.wiring.open_warehouse", no)
    words = ("ask", "How many orders are there by status?", "--trace", "--warehouse", shop)
    made = run(*words)
    assert made.code == 0
    kinds = [line.split()[0] for line in made.out.splitlines() if not line.startswith(" ")]
    assert (kinds[0], kinds[-1]) == ("covers", "answered")
    assert {"pattern", "reading"} <= set(kinds)
    found = run(*words, "--json").json
    assert found["status"] == "answered"
    assert found["readings"][0]["plan"].startswith("Number of orders for each status")
