"""Metrics: each is made by doing what it counts, and read off what a scrape gives."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete

from datamind.errors import DataMindError
from datamind.records import Answer
from datamind.rooms.jobs.models import Job
from datamind.rooms.system.figures import Figures
from datamind.rooms.system.metrics import CODES, OURS, Metrics
from datamind.semantics.catalog import QualityIssue
from datamind.settings import TelemetrySettings, load
from tests.api.conftest import Api, Run

pytestmark = pytest.mark.slow
SHOP = """
CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, country VARCHAR NOT NULL);
INSERT INTO stores SELECT i, 'Store ' || i, 'France' FROM range(12) r(i);
"""
Scrape = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(api: Api) -> Scrape:
    await api.app.state.figures.look()
    text = (await api.client.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }  # fmt: skip


def told(found: Scrape, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_each_number_is_what_was_done(api: Api, run: Run) -> None:
    async def done() -> tuple[Scrape, Scrape]:
        before = await scrape(api)
        asked = await api.ask("stores by country")
        await api.ask("stores by country")
        await api.ask("what is the meaning of life")
        bad = {"sql": "DROP TABLE stores"}
        await api.call("POST", "/sql/execute", bad)
        await api.call("POST", "/sql/validate", bad)
        await api.call("GET", "/queries/qry-nothing")
        flag = {"query_id": asked["query_id"], "comment": "no", "rating": 1}
        await api.call("POST", "/feedback/flag", flag)
        api.clock.forward(hours=2)
        return before, await scrape(api)

    before, after = run(done())

    def more(name: str, **labels: str) -> float:
        return told(after, name, **labels) - told(before, name, **labels)

    ask = "/api/v1/sql/ask"
    assert more("http_requests_total", method="POST", endpoint=ask, status="200") == 3
    assert more("http_request_seconds_count", endpoint=ask) == 3
    assert more("answers_total", kind="ask", status="answered") == 2
    assert more("answers_total", kind="execute", status="error") == 1
    assert more("guard_refusals_total", code="sql_rejected") == 2
    assert more("ask_latency_seconds_count", kind="ask") == 3
    assert more("query_execution_latency_seconds_count") == 1  # the second was a kept one
    assert more("result_reads_total", cached="yes") == more("result_reads_total", cached="no") == 1
    assert more("pipeline_stage_seconds_count", stage="interpret") == 3
    assert more("pipeline_stage_seconds_count", stage="sanitize") == 2
    assert more("query_generation_latency_seconds_count") >= 3
    assert more("queue_wait_seconds_count", queue="warehouse") == 1
    assert more("queue_wait_seconds_count", queue="engine") >= 3
    assert more("usage_events_total", event="query_ask") == 2
    assert more("usage_events_total", event="feedback_flag") == 1
    assert more("total_queries_today") == 4
    assert more("feedback_flagged_count") == 1
    assert told(after, "feedback_oldest_open_seconds") == 2 * 3600
    assert told(after, "redis_cache_hit_rate") == 0.5
    assert told(after, "active_users_count") == 0  # nobody since two hours
    assert told(after, "system_health_score", operational_mode="FULL_OPERATIONAL") == 100
    assert told(after, "audit_copy_up", copy="file") == 1
    assert told(after, "queries_running") == told(after, "queue_length", queue="engine") == 0
    assert told(after, "data_quality_failures") == 0
    assert 0 < told(after, "disk_free_bytes") <= told(after, "disk_size_bytes")
    for kind in ("server", "engine", "query"):
        assert told(after, "process_tree_memory_bytes", kind=kind) > 1 << 20, kind
    assert told(after, "process_resident_memory_bytes") > 1 << 20
    assert ("feedback_flagged_count", frozenset()) in before  # though nothing was flagged yet


def test_what_is_stale_is_not_counted_as_a_failed_test(api: Api) -> None:
    later = (api.clock() + dt.timedelta(hours=1)).isoformat()
    issues = (
        QualityIssue("orders", "unique_id", "unique_id fail"),
        QualityIssue("orders", "raw.orders", "source is stale", kind="stale_source"),
        QualityIssue("items", "items", "not built", kind="not_built"),
        QualityIssue("sales", "unique_id", "unique_id fail", upstream="orders"),
        QualityIssue("users", "users", "stale", kind="stale", holds_from=later),
    )
    catalog = SimpleNamespace(quality=issues)
    parts: Any = SimpleNamespace(
        bindings=SimpleNamespace(catalog=catalog), now=api.clock, settings=api.parts.settings,
        metrics=api.parts.metrics,
    )  # fmt: skip
    found = {m.name: m.samples[0].value for m in Figures(lambda: parts)._here(parts)}
    assert (found["data_quality_failures"], found["data_stale_tables"]) == (1, 2)


def test_jobs_are_told_by_status_and_age(api: Api, run: Run) -> None:
    now = api.clock()
    ago = lambda minutes: now - dt.timedelta(minutes=minutes)  # noqa: E731
    rows = [
        {"status": "queued", "available_at": ago(5)},
        {"status": "queued", "available_at": ago(-60)},  # due in an hour
        {"status": "running", "started_at": ago(9)},
        {"status": "succeeded", "ended_at": ago(10)},
        {"status": "succeeded", "ended_at": ago(20)},
        {"status": "dead", "ended_at": ago(90)},
    ]
    usual = {"kind": "k", "payload": {}, "owner": "system", "correlation_id": "c", "timeout_s": 1,
             "created_at": now, "attempts_most": 1, "available_at": now}  # fmt: skip

    async def done() -> Scrape:
        async with api.parts.database.unit() as session:
            session.add_all(Job(id=f"job-{n}", **{**usual, **row}) for n, row in enumerate(rows))
        found = await scrape(api)
        async with api.parts.database.unit() as session:
            await session.execute(delete(Job).where(Job.kind == "k"))
        return found

    found = run(done())
    counts = {"queued": 2, "running": 1, "dead": 1, "failed": 0, "cancelled": 0}
    for status, count in counts.items():
        assert told(found, "jobs_count", status=status) == count, status
    assert told(found, "jobs_waiting_seconds") == 5 * 60
    assert told(found, "jobs_running_seconds") == 9 * 60
    assert told(found, "jobs_ended_last_hour", kind="k", status="succeeded") == 2
    assert told(found, "jobs_ended_last_hour", kind="k", status="dead") == 0


def test_who_is_at_work_is_counted_once(api: Api, run: Run) -> None:
    async def done() -> Scrape:
        for role in ("analyst", "analyst", "admin"):
            await api.login(role)
        return await scrape(api)

    assert told(run(done()), "active_users_count") == 2


def test_connections_in_use_are_told_while_they_are(api: Api, run: Run) -> None:
    async def done() -> tuple[Scrape, Scrape]:
        database = api.parts.database
        async with database.unit() as one, database.unit() as two:
            await one.connection()
            await two.connection()
            during = await scrape(api)
        after = await scrape(api)
        for _ in range(50):  # what looks after the system may have one just now
            if told(after, "database_connection_pool_active") == 0:
                break
            await asyncio.sleep(0.1)
            after = await scrape(api)
        return during, after

    during, after = run(done())
    assert told(during, "database_connection_pool_active") >= 2
    assert told(after, "database_connection_pool_active") == 0
    assert told(after, "database_connection_pool_idle") >= 2


def test_who_waits_is_counted(api: Api, run: Run) -> None:
    async def done() -> tuple[Scrape, Scrape]:
        places = api.parts.places
        async with AsyncExitStack() as stack:
            for _ in range(api.parts.settings.server.query_workers):
                await stack.enter_async_context(places.one("somebody"))
            asked = asyncio.create_task(api.ask("stores by name", cache=False))
            while not places.waiting:
                await asyncio.sleep(0.01)
            during = await scrape(api)
        await asked
        return during, await scrape(api)

    during, after = run(done())
    assert told(during, "queue_length", queue="warehouse") == told(during, "queries_running") == 1
    assert told(after, "queue_length", queue="warehouse") == told(after, "queries_running") == 0


def test_what_can_t_be_looked_up_is_not_told(api: Api, run: Run, monkeypatch: Any) -> None:
    def down() -> Any:
        raise DataMindError("down")

    monkeypatch.setattr(type(api.parts.database), "unit", lambda self: down())
    found = run(scrape(api))
    names = {name for name, _ in found}
    assert "feedback_flagged_count" not in names
    assert {"disk_free_bytes", "http_requests_total"} <= names


HOSTILE = [
    "/api/v1/queries/{n}", "/api/v1/queries/v{n}/export", "/api/v1/users/{n}/groups", "/x/{n}",
    "/api/v1/queries/a%2F{n}", "/metrics/{n}", "/api/v{n}/sql/ask", "/docs/{n}", "//{n}",
    "/{n}/health",
]  # fmt: skip
LIKE_THE_PATH = ["/api/v1/queries/api", "/api/v1/queries/v1", "/api/v1/users/users/groups"]


def test_hostile_paths_methods_and_codes_make_no_series(api: Api, run: Run) -> None:
    async def series(numbers: range) -> set[frozenset[tuple[str, str]]]:
        headers = await api.headers("admin")
        for number in numbers:
            for path in (*HOSTILE, *LIKE_THE_PATH):
                await api.client.get(path.format(n=number), headers=headers)
            await api.client.request(f"M{number}", "/health")
        found = await scrape(api)
        return {labels for name, labels in found if name == "http_requests_total"}

    first = run(series(range(2)))
    assert run(series(range(50, 60))) == first
    endpoints = {dict(labels)["endpoint"] for labels in first}
    assert "/api/v1/queries/{query_id}" in endpoints
    assert not [e for e in endpoints if e != "unmatched" and not e.startswith("/")]
    assert not [e for e in endpoints if e.startswith("/{") or "/api/{" in e]
    metrics = Metrics()
    for number in range(1000):
        metrics.refused(f"code_{number}")
    assert b"code_" not in metrics.text()
    for number in range(1000):
        metrics.used(f"event_{number}")
    assert metrics.text().count(b"usage_events_total{") < 300


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("internal", True), ("warehouse_error", True), ("worker_lost", True),
        ("query_timeout", True), ("unavailable", True),
        ("query_failed", False), ("sql_rejected", False), ("query_cancelled", False),
        ("too_large", False), ("overloaded", False), ("too_many_requests", False),
    ],
)  # fmt: skip
def test_a_failure_is_what_is_our_fault(code: str, counts: bool) -> None:
    assert code in CODES
    metrics = Metrics()
    answer = Answer("q", "c", "?", "error", dt.datetime.now(dt.UTC), error_code=code)
    metrics.asked("ask", answer)
    assert (code in OURS) is counts
    assert (f'query_failures_total{{code="{code}"}} 1.0'.encode() in metrics.text()) is counts


def test_settings_of_measuring(tmp_path: Path) -> None:
    usual = load({}).telemetry
    assert usual == TelemetrySettings() and usual.traces_url is None
    found = load({"DATAMIND_METRICS_SECONDS": "60", "DATAMIND_SLOW_QUERY_MS": "0"}).telemetry
    assert (found.figures_s, found.slow_ms) == (60, 0)
