"""Why, over HTTP: each statement of it is governed, audited and kept like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from datamind.errors import QueryFailed
from datamind.rooms.questions import asking

from .conftest import Api, Run
from .people import People

FIRST = "How many orders were there in August 2025?"
AGAIN = "Why did the number of orders fall in August 2025?"
COUNT = "SELECT count(*) AS n FROM orders WHERE order_date >= '{}' AND order_date < '{}'"
JULY, AUGUST = ("2025-07-01", "2025-08-01"), ("2025-08-01", "2025-09-01")
NAMES = ["before", "after", "change", "share_of_change"]


@pytest.fixture
def people(api: Api, run: Run) -> Iterator[People]:
    made = People(api, run)
    yield made
    made.gone()


@pytest.fixture(autouse=True)
def later(api: Api) -> Iterator[None]:
    """What is asked is asked after what was asked before."""
    yield
    api.clock.forward(seconds=1)


def asked(api: Api, run: Run, *questions: str, **more: Any) -> dict[str, Any]:
    """The answer to the last of these, in one conversation."""
    name = f"talk-{api.clock().timestamp()}"
    for question in questions[:-1]:
        run(api.ask(question, conversation_id=name))
        api.clock.forward(seconds=1)
    return run(api.ask(questions[-1], conversation_id=name, **more))  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize("questions", [(FIRST, "why?"), (AGAIN,)], ids=["why?", "in one question"])
def test_a_change_is_taken_apart_into_members_that_make_it_up(
    api: Api, run: Run, questions: tuple[str, ...]
) -> None:
    answer = asked(api, run, *questions)
    assert answer["status"] == "answered", answer
    member, *figures = [c["name"] for c in answer["columns"]]
    assert figures == NAMES
    counts = []
    for days in (JULY, AUGUST):
        body = {"sql": COUNT.format(*days)}
        counts.append(run(api.call("POST", "/sql/execute", body)).json()["results"][0]["n"])
    rows = answer["results"]
    assert [sum(r[side] for r in rows) for side in ("before", "after")] == counts
    assert sum(r["share_of_change"] for r in rows) == pytest.approx(1)
    assert answer["chart"] == {"kind": "bar", "x": member, "y": ["change"], "series": None}
    told = f"from {counts[0]:,} in July 2025 to {counts[1]:,} in August 2025."
    assert told in answer["summary"]


def test_each_statement_is_audited_before_it_runs_and_no_other_runs(api: Api, run: Run) -> None:
    before = len(api.audited())
    answer = asked(api, run, AGAIN)
    found = [r for r in api.audited()[before:] if r["event_type"].startswith("query_")]
    intents = [r for r in found if r["status"] == "intent"]
    looked = next(a for a in answer["interpretation"]["assumptions"] if a.startswith("looked at"))
    assert len(intents) == 1 + len(looked.split(", ")) <= 9
    assert {r["details"]["query"] for r in intents} == {answer["query_id"]}
    assert found[-1]["details"]["sql"] == answer["sql"]
    assert [s["stage"] for s in answer["stages"]] == (
        "interpret generate validate optimize sanitize execute explain".split()
    )


@pytest.mark.slow
def test_its_rows_are_read_again_like_those_of_any_query(api: Api, run: Run) -> None:
    answer = asked(api, run, AGAIN)
    again = run(api.call("GET", f"/queries/{answer['query_id']}/results")).json()
    assert again["results"] == answer["results"]
    assert asked(api, run, AGAIN)["cached"]
    assert not asked(api, run, AGAIN, cache=False)["cached"]


def test_no_more_rows_are_given_than_were_asked_for(api: Api, run: Run) -> None:
    whole, cut = asked(api, run, AGAIN), asked(api, run, AGAIN, limit=1)
    assert cut["results"] == whole["results"][:1]
    assert (cut["truncated"], cut["summary"]) == (True, whole["summary"])


@pytest.mark.parametrize(
    ("questions", "code"),
    [
        (("why?",), "nothing_to_explain"),
        (("How many stores are there?", "why?"), "nothing_to_explain"),
        (("List the stores", "why did it drop?"), "nothing_to_explain"),
        (("Why did orders fall?",), "nothing_to_explain"),
        (("Why do people buy bicycles?",), "advice"),
    ],
)
def test_what_can_not_be_explained_is_refused_with_what_it_would_take(
    api: Api, run: Run, questions: tuple[str, ...], code: str
) -> None:
    answer = asked(api, run, *questions)
    assert (answer["status"], answer["refusal"]["code"]) == ("refused", code)
    assert answer["results"] == [] and answer["hint"]


@pytest.mark.slow
def test_the_next_question_leans_on_the_figure_and_not_on_the_why(api: Api, run: Run) -> None:
    answer = asked(api, run, FIRST, "why?", "and in July 2025?")
    assert answer["results"] == [{"number_of_orders": 237}]


@pytest.mark.slow
def test_only_what_the_asker_sees_is_cut_and_counted(api: Api, run: Run, people: People) -> None:
    whole = asked(api, run, AGAIN, limit=100)
    people.policy(on="orders", rows="store_id % 3 = 1")
    people.policy(on="stores", hide=["country"])
    ana = people("ana")
    seen = ana.send("POST", "/sql/ask", {"question": AGAIN}).json()
    counts = [ana.reads(COUNT.format(*days))[0][0]["n"] for days in (JULY, AUGUST)]
    assert [sum(r[side] for r in seen["results"]) for side in ("before", "after")] == counts
    assert seen["columns"][0]["name"] == "store_name", "its values are nobody's secret"
    assert counts[0] < sum(r["before"] for r in whole["results"])
    assert "country" not in str(seen["interpretation"]) + seen["summary"]


def test_a_dimension_that_fails_is_left_out_and_told(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, ran = asking.rows, list[str]()

    async def failing(ask: Any, prepared: Any) -> Any:
        ran.append(prepared.draft.sql)
        if len(ran) == 2:
            raise QueryFailed("It broke.")
        return await rows(ask, prepared)

    monkeypatch.setattr(asking, "rows", failing)
    answer = asked(api, run, AGAIN)
    assert answer["status"] == "answered"
    assert any(a.startswith("not looked at: ") for a in answer["interpretation"]["assumptions"])


def test_today_is_the_servers(api: Api, run: Run) -> None:
    assert api.clock().date() >= dt.date(2026, 3, 15)
    answer = asked(api, run, "How many orders were there this year?", "why?")
    assert "the later period is not over: both are taken up to the same day" in (
        answer["interpretation"]["assumptions"]
    )  # fmt: skip
