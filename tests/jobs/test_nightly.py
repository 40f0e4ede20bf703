"""The night's `dbt.sync`, by a real Beat and a real Celery worker, whose clock is scaled: two in
the morning comes a second after they are ready. Its metrics, traces and log lines are seen, too."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from datamind.adapters.dbt.build import build
from datamind.adapters.dbt.builds import current_build
from datamind.rooms.dbt.models import DbtRun
from datamind.rooms.jobs import schedules
from datamind.rooms.jobs.schemas import JobDetail, ScheduleOut

from ..dbt.conftest import ORDERS, PROJECT, orders
from ..otlp import Receiver, receiving
from ..servers import free_port
from .conftest import ME, Bench, by_celery
from .test_scraping import Series, scrape

TIMES = 60
TWO = dt.datetime(2026, 3, 15, 2, tzinfo=dt.UTC)
SOURCES = """
version: 2
sources:
  - name: till
    schema: main
    tables:
      - name: customers
        loaded_at_field: timestamp '2026-01-07 00:00:00'
        freshness: {warn_after: {count: 1, period: day}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The small project, whose source has to be fresh."""
    folder = Path(shutil.copytree(PROJECT, tmp_path / "project"))
    (folder / "models" / "sources.yml").write_text(SOURCES)
    return folder


async def nightly(made: Bench) -> ScheduleOut:
    async with made.ground.database.unit() as session:
        found = (await schedules.find(session, ME)).items
    return next(schedule for schedule in found if schedule.name == "dbt-sync")


def dbt_looked(folder: Path, builds: Path, job: JobDetail) -> None:
    """dbt itself looked how fresh the source is, and its lines are known as this job's."""
    current = current_build(builds)
    assert current is not None
    told = json.loads((current.artifacts / "sources.json").read_text())
    assert [r["status"] for r in told["results"]] == ["warn"]
    assert told["metadata"]["env"]["CORRELATION_ID"] == job.correlation_id
    logs = [json.loads(line) for file in folder.glob("*.log") for line in file.open()]
    ours = [line for line in logs if line["correlation_id"] == job.correlation_id]
    said = [line for line in ours if line["message"].startswith("dbt: ")]
    assert said and {line["user_id"] for line in ours} == {"system"}
    for line in said:
        assert any(line["message"].removeprefix("dbt: ") in kept.line for kept in job.log)
    assert [x for x in ours if x["message"] == "a schedule is due: dbt-sync"]  # in Beat's log


def is_traced(receiver: Receiver, job: JobDetail) -> None:
    """The clock's own trace holds the sending of the job; the job's is linked to it."""
    (fired,) = receiver.spans("datamind-beat", "schedule dbt-sync")
    (sent,) = receiver.spans("datamind-beat", "send dbt.sync")
    (done,) = receiver.spans("datamind-worker", "process dbt.sync")
    assert (sent.trace_id, sent.parent_span_id) == (fired.trace_id, fired.span_id)
    assert [(link.trace_id, link.span_id) for link in done.links] == [(sent.trace_id, sent.span_id)]
    assert done.trace_id != sent.trace_id and not done.parent_span_id
    for span in (fired, sent, done):
        told = {a.key: a.value.string_value for a in span.attributes}
        assert told["datamind.correlation_id"] == job.correlation_id, span.name


@pytest.mark.slow
def test_dbt_is_synced_at_two_in_the_morning(
    tmp_path: Path, redis_url: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_port, beat_port = free_port(), free_port()
    builds, sources = tmp_path / "builds", orders(*ORDERS)
    running = tmp_path / "running"  # the clock, once this file is there

    async def night() -> tuple[JobDetail, ScheduleOut, DbtRun, Series, Series]:
        async with by_celery(tmp_path, redis_url) as made:
            await asyncio.to_thread(build, project, builds, sources=sources, label="first")
            await scrape(worker_port)
            async with asyncio.timeout(60):
                while "schedules_looked_timestamp_seconds" not in await scrape(beat_port):
                    await asyncio.sleep(0.1)
            running.touch()
            async with asyncio.timeout(60):
                while (schedule := await nightly(made)).last_job is None:
                    await asyncio.sleep(0.1)
            job = await made.until(schedule.last_job)
            async with made.ground.database.unit() as session:
                runs = (await session.scalars(select(DbtRun))).all()
            assert [run.job_id for run in runs] == [job.id]
            found = job, schedule, runs[0], await scrape(worker_port), await scrape(beat_port)
            for process in made.processes:
                process.terminate()
            for process in made.processes:  # they send their traces
                await asyncio.to_thread(process.wait, 30)
            return found

    with receiving() as receiver:
        for name, value in {
            "TESTS_CLOCK": running, "TESTS_CLOCK_FROM": TWO - dt.timedelta(minutes=1),
            "TESTS_CLOCK_TIMES": TIMES, "DBT_PROJECT_PATH": project,
            "DBT_BUILDS_PATH": builds, "DATAMIND_WORKER_METRICS_PORT": worker_port,
            "DATAMIND_BEAT_METRICS_PORT": beat_port, "DATAMIND_LOG_LEVEL": "info",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, str(value))
        job, schedule, run, worker, beat = asyncio.run(night())

    assert (job.kind, job.status, job.owner, job.attempts) == ("dbt.sync", "succeeded", "system", 1)
    assert schedule.last_at == TWO and schedule.next_at == TWO + dt.timedelta(days=1)
    assert TWO <= job.created_at < TWO + dt.timedelta(hours=1)  # a minute, by the real clock
    assert (run.command, run.status, run.requested_by) == ("sync", "success", "system")
    dbt_looked(tmp_path, builds, job)
    assert worker["job_attempts_total{dbt.sync,succeeded}"] == 1
    assert beat["schedules_fired_total{dbt-sync}"] == 1
    is_traced(receiver, job)
