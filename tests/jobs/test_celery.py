"""Jobs by real Celery workers, Beat and Redis, as processes: they do as the server alone does, and
whichever is lost, no job is."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from datamind import clock
from datamind.rooms.jobs import schedules, service
from datamind.rooms.jobs.schedules import Usual
from datamind.rooms.jobs.schemas import JobOut

from ..conftest import redis_server
from .conftest import ME, Bench, bench, by_celery, kill, start
from .kinds import told

pytestmark = pytest.mark.slow

SYNC = Usual(name="dbt-sync", kind="note", cron="0 2 * * *")
# As tests/jobs/test_running.py, where failing once is enough: attempts really wait here.
ENDINGS: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None, int], ...] = (
    ("note", {}, {}, "succeeded", None, 1),
    ("wrong", {}, {}, "failed", "bad_input", 1),
    ("no such", {}, {}, "failed", "unknown_job", 1),
    ("down", {"times": 1}, {}, "succeeded", None, 2),
    ("down", {"times": 9}, {"attempts": 1}, "dead", "unavailable", 1),
    ("bug", {}, {"attempts": 1}, "dead", "internal", 1),
    ("deaf", {}, {"attempts": 1, "timeout_s": 1}, "dead", "job_timeout", 1),
)


async def all_jobs(made: Bench, kind: str | None = None) -> list[JobOut]:
    async with made.ground.database.unit() as session:
        page = await service.find(
            session, ME, kind=kind, status=None, owner=None, limit=200, cursor=None
        )
    return page.items


def test_jobs_end_as_they_do_in_the_server(
    tmp_path: Path, redis_url: str, where: str | None
) -> None:
    async def work() -> None:
        async with by_celery(tmp_path, redis_url, where) as made:
            jobs = [await made.ask(kind, what, **more) for kind, what, more, *_ in ENDINGS]
            for job, (*_, status, code, attempts) in zip(jobs, ENDINGS, strict=True):
                ended = await made.until(job.id)
                assert (ended.status, ended.error_code, ended.attempts) == (status, code, attempts)
            builds = [
                await made.ask("note", {"file": str(file)}, exclusive="dbt") for _ in range(3)
            ]
            for job in builds:
                assert (await made.until(job.id)).status == "succeeded"
            off = await made.ask("steps", {"until": str(tmp_path / "never")})
            await made.until(off.id, lambda job: job.lines > 0)
            await made.cancel(off.id)
            assert (await made.until(off.id)).status == "cancelled"
            await made.retry(jobs[1].id)
            assert (await made.until(jobs[1].id)).attempts == 1

    file = tmp_path / "told"
    asyncio.run(work())
    builds = told(file, "began", "did")
    assert len(builds) == 6 and builds[::2] == builds[1::2]  # one at a time
    lines = [json.loads(line) for f in tmp_path.glob("worker*.log") for line in f.open()]
    failed = [line for line in lines if line["message"].startswith("a job failed")]
    assert {line["correlation_id"] for line in failed} == {ME.correlation_id}
    assert "secret text" not in str(lines)


def test_a_worker_that_is_killed_is_taken_over(tmp_path: Path, redis_url: str) -> None:
    """Kill -9 in the middle: another worker does the job once the lease is over, and once."""

    async def work() -> None:
        mark, file = tmp_path / "end", tmp_path / "told"
        async with by_celery(tmp_path, redis_url) as made:
            payload = {"until": str(mark), "file": str(file)}
            job = await made.ask("steps", payload)
            await made.until(job.id, lambda job: job.lines > 0)
            kill(made.processes[0])
            made.processes.append(start(tmp_path, redis_url, None, "worker"))
            again = await made.until(job.id, lambda job: job.attempts == 2)
            assert again.status == "running"
            mark.touch()
            assert (await made.until(job.id)).status == "succeeded"
            assert told(file, "began") == [job.id, job.id] and told(file, "did") == [job.id]

    asyncio.run(work())


def test_a_worker_that_is_told_to_end_hands_back_what_it_runs(
    tmp_path: Path, redis_url: str
) -> None:
    async def work() -> None:
        mark, file = tmp_path / "end", tmp_path / "told"
        async with by_celery(tmp_path, redis_url) as made:
            job = await made.ask("steps", {"until": str(mark), "file": str(file)})
            await made.until(job.id, lambda job: job.lines > 0)
            worker = made.processes[0]
            os.kill(worker.pid, signal.SIGTERM)
            back = await made.until(job.id, lambda job: job.status == "queued")
            assert back.attempts == 0  # it was not the job's fault
            assert await asyncio.to_thread(worker.wait, 30) == 0
            mark.touch()
            made.processes.append(start(tmp_path, redis_url, None, "worker"))
            assert (await made.until(job.id)).attempts == 1

    asyncio.run(work())


def test_no_job_is_lost_with_the_broker(tmp_path: Path) -> None:
    """Kill -9 of Redis, which keeps nothing: what was asked for before, meanwhile and after is
    done, each job once."""

    async def work() -> None:
        file = tmp_path / "told"
        async with asyncio.timeout(120):
            with redis_server(tmp_path) as url:
                port = int(url.rsplit(":", 1)[1].split("/")[0])
                context = by_celery(tmp_path, url)
                made = await context.__aenter__()
                slow = [await made.ask("steps", {"until": str(tmp_path / "end")}) for _ in range(2)]
                for job in slow:  # both places are taken, so that messages wait in the broker
                    await made.until(job.id, lambda job: job.status == "running")
                jobs = [await made.ask("note", {"file": str(file)}) for _ in range(20)]
                await asyncio.sleep(1)
            jobs += [await made.ask("note", {"file": str(file)}) for _ in range(10)]
            (tmp_path / "end").touch()
            for job in slow:  # who ran goes on
                assert (await made.until(job.id)).attempts == 1
            with redis_server(tmp_path, port):
                jobs += [await made.ask("note", {"file": str(file)}) for _ in range(10)]
                for job in jobs:
                    assert (await made.until(job.id)).status == "succeeded"
                await context.__aexit__(None, None, None)
        assert sorted(told(file, "did")) == sorted(job.id for job in jobs)

    asyncio.run(work())


def test_beat_asks_at_two_in_the_morning_once_though_there_are_two(
    tmp_path: Path, redis_url: str
) -> None:
    """Real Beats, whose clocks say that it is shortly before two."""
    two = clock.now().replace(hour=2, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)

    async def work() -> None:
        async with bench(tmp_path) as before:  # however long the processes take to start
            before.clock.by = two - clock.now() - dt.timedelta(minutes=1)
            await schedules.put_in(before.ground, [SYNC])
        ahead = (two - clock.now()).total_seconds() - 5
        async with by_celery(tmp_path, redis_url, ahead_s=ahead) as made:
            made.processes.append(start(tmp_path, redis_url, None, "beat", ahead))
            async with asyncio.timeout(60):
                while not (found := await all_jobs(made)):
                    await asyncio.sleep(0.2)
            done = await made.until(found[0].id)
            async with made.ground.database.unit() as session:
                (schedule,) = (await schedules.find(session, ME)).items
            assert schedule.last_at == two and schedule.next_at == two + dt.timedelta(days=1)
            assert done.status == "succeeded" and schedule.last_job == done.id
            await asyncio.sleep(3)  # the other one has looked by now
            assert len(await all_jobs(made)) == 1

    asyncio.run(work())
