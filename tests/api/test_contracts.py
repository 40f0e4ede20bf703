"""The contracts of api.md, section 2, field by field."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from datamind.rooms.questions.schemas import AskOut, GenerateOut, ResultOut

from .conftest import Api, Run

QUESTION = "How many orders are there by status?"
GENERATE = (
    "query_id sql explanation confidence_score correlation_id generated_at status trust plan"
    " interpretation alternatives warnings"
).split()
EXECUTE = (
    "query_id results columns rows_returned truncated execution_time_ms explanation warnings chart"
    " follow_ups warehouse data_version cached correlation_id"
).split()


@pytest.fixture(scope="module")
def generated(api: Api, loop: Any) -> dict[str, Any]:
    return loop.run(api.call("POST", "/sql/generate", {"question": QUESTION})).json()  # type: ignore[no-any-return]


def test_generate_gives_all_that_it_owes_and_runs_nothing(generated: dict[str, Any]) -> None:
    assert set(GENERATE) <= set(generated)
    GenerateOut.model_validate(generated)
    assert generated["query_id"].startswith("qry-")
    assert generated["correlation_id"].startswith("corr-")
    assert generated["sql"].startswith("SELECT")
    assert 0 < generated["confidence_score"] <= 1
    assert dt.datetime.fromisoformat(generated["generated_at"]).utcoffset() == dt.timedelta(0)
    assert (generated["status"], generated["trust"]) == ("answered", "derived")
    assert generated["plan"]["schema_version"] >= 1
    assert set(generated["interpretation"]) == {"links", "assumptions", "unresolved"}
    assert "status" in generated["explanation"]
    assert (generated["rows_returned"], generated["results"]) == (0, [])


def test_links_point_into_the_question(generated: dict[str, Any]) -> None:
    links = generated["interpretation"]["links"]
    assert {link["item"] for link in links} >= {"orders", "orders.status"}
    assert all(QUESTION[link["start"] : link["end"]] == link["text"] for link in links)


def test_execute_gives_all_that_it_owes(api: Api, run: Run, generated: dict[str, Any]) -> None:
    body = {"sql": generated["sql"], "query_id": generated["query_id"], "limit": 2}
    answer = run(api.call("POST", "/sql/execute", body))
    made = answer.json()
    assert answer.status_code == 200, made
    assert set(EXECUTE) <= set(made)
    ResultOut.model_validate(made)
    assert [set(column) for column in made["columns"]] == [{"name", "type", "unit", "masked"}] * 2
    assert (made["rows_returned"], len(made["results"]), made["truncated"]) == (2, 2, True)
    assert made["query_id"] != generated["query_id"]
    assert made["explanation"] == generated["explanation"]
    assert made["data_version"]
    assert (made["warehouse"], made["cached"]) == ("shop.duckdb", False)
    assert made["execution_time_ms"] > 0


def test_ask_is_the_union_of_both(api: Api, run: Run) -> None:
    made = run(api.ask(QUESTION))
    assert set(GENERATE) | set(EXECUTE) <= set(made)
    AskOut.model_validate(made)
    assert made["rows_returned"] == 3
    assert made["chart"]["kind"] == "bar"
    assert made["follow_ups"]
    assert sum(row["number_of_orders"] for row in made["results"]) == 3000


def test_ask_without_execution_is_generate(api: Api, run: Run) -> None:
    made = run(api.ask(QUESTION, execute=False))
    assert made["sql"] and made["results"] == []


def test_the_limit_is_kept_and_told(api: Api, run: Run) -> None:
    made = run(api.ask("list orders", limit=5))
    assert (made["rows_returned"], made["truncated"]) == (5, True)


def test_what_the_client_says_of_itself_grants_nothing(api: Api, run: Run) -> None:
    context = {"role": "admin", "department": "board"}
    answer = run(
        api.call("POST", "/sql/generate", {"question": QUESTION, "context": context}, role="viewer")
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")


@pytest.mark.slow
def test_definitions_in_the_context_explain_words(api: Api, run: Run) -> None:
    question = "How many fulfilled orders are there?"
    context = {"definitions": "fulfilled orders refer to status = 'paid'"}
    assert run(api.ask(question, context=context))["results"] == [{"number_of_orders": 1000}]


def test_an_alternative_is_taken_by_its_plan(api: Api, run: Run) -> None:
    generated = run(api.ask("orders by store name", execute=False))
    made = run(api.ask("orders by store name", plan=generated["plan"]))
    assert (made["status"], made["confidence_score"]) == ("answered", 1.0)
    assert made["sql"] == generated["sql"]


def test_what_is_hidden_is_like_what_is_not_there(api: Api, run: Run) -> None:
    def refused(column: str) -> Any:
        body = {"sql": f"SELECT {column} FROM accounts"}
        return run(api.call("POST", "/sql/execute", body)).json()

    hidden, absent = refused("password_hash"), refused("no_such")
    assert hidden["code"] == absent["code"]
    assert hidden["detail"].replace("password_hash", "no_such") == absent["detail"]


def test_flag_gives_all_that_it_owes(api: Api, run: Run, generated: dict[str, Any]) -> None:
    body = {
        "query_id": generated["query_id"], "comment": "Returns should not count.", "rating": 2,
        "corrected_sql": "SELECT 1",
    }  # fmt: skip
    answer = run(api.call("POST", "/feedback/flag", body))
    made = answer.json()
    assert answer.status_code == 201
    assert made["feedback_id"].startswith("fb-")
    assert made["status"] == "flagged_for_review"
    assert made["message"] == ("Feedback submitted successfully. An admin will review this query.")
    assert made["correlation_id"] == answer.headers["X-Correlation-ID"]
    kept = run(api.call("GET", "/feedback", role="admin")).json()["items"][0]
    assert (kept["id"], kept["tag"]) == (made["feedback_id"], "flagged-for-review")
    assert kept["corrected_sql"] == "SELECT 1"
    assert run(api.call("GET", f"/queries/{generated['query_id']}")).json()["flagged"] is True


def test_health_tells_strangers_little_and_people_all(api: Api, run: Run) -> None:
    stranger = run(api.client.get("/health")).json()
    assert set(stranger) == {"status", "operational_mode", "health_score", "timestamp"}
    made = run(api.client.get("/health", headers=run(api.headers("viewer")))).json()
    assert set(made) == {*stranger, "version", "components", "uptime_seconds"}
    assert (made["operational_mode"], made["health_score"]) == ("FULL_OPERATIONAL", 100)
    parts = made["components"]
    assert set(parts) == {
        "database",
        "llm",
        "redis",
        "vector_db",
        "dbt",
        "warehouse",
        "audit",
        "circuits",
        "disk",
    }
    assert set(parts["database"]) == {"status", "latency_ms", "connection_pool"}
    assert set(parts["llm"]) == {"status", "provider", "model", "latency_ms"}
    assert parts["warehouse"]["name"] == "shop.duckdb"


def test_health_says_how_many_results_were_kept_ones(api: Api, run: Run) -> None:
    for _ in range(2):
        run(api.call("POST", "/sql/execute", {"sql": "SELECT count(*) AS hit_rate FROM orders"}))
    made = run(api.client.get("/health", headers=run(api.headers("viewer")))).json()
    assert 0 < made["components"]["redis"]["cache_hit_rate"] < 1


def test_errors_are_problem_details(api: Api, run: Run) -> None:
    answer = run(api.call("POST", "/sql/execute", {"sql": "DROP TABLE orders"}))
    made = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(made) == set("type title status detail instance code hint correlation_id".split())
    assert (answer.status_code, made["status"], made["code"]) == (422, 422, "sql_rejected")
    assert made["instance"] == "/api/v1/sql/execute"
    invalid = run(api.call("POST", "/sql/ask", {"question": 7})).json()
    assert (invalid["code"], invalid["errors"][0]["loc"]) == ("bad_input", ["body", "question"])


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v1/sql/ask/more"])
def test_what_is_not_there_is_a_problem_too(api: Api, run: Run, path: str) -> None:
    answer = run(api.client.get(path))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_another_method_is_a_problem_too(api: Api, run: Run) -> None:
    answer = run(api.client.delete("/api/v1/sql/ask"))
    assert (answer.status_code, answer.json()["status"]) == (405, 405)
