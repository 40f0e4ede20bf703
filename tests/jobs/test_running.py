"""Jobs run within the server's process: each kind of ending, by a table."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from datamind.rooms.jobs import queue

from .conftest import bench, embedded
from .kinds import HANDLERS, told

pytestmark = pytest.mark.slow

# Kind, what it is given, options; how it ends, with which error, after how many attempts.
ENDINGS: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None, int], ...] = (
    ("note", {}, {}, "succeeded", None, 1),
    ("wrong", {}, {}, "failed", "bad_input", 1),
    ("no such", {}, {}, "failed", "unknown_job", 1),
    ("down", {"times": 2}, {}, "succeeded", None, 3),
    ("down", {"times": 9}, {"attempts": 2}, "dead", "unavailable", 2),
    ("bug", {}, {"attempts": 1}, "dead", "internal", 1),
    ("deaf", {}, {"attempts": 1, "timeout_s": 1}, "dead", "job_timeout", 1),
)


@pytest.mark.parametrize(("kind", "payload", "options", "status", "code", "attempts"), ENDINGS)
def test_jobs_end_as_they_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, payload: dict[str, Any],
    options: dict[str, Any], status: str, code: str | None, attempts: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(queue, "BACK_OFF_S", 0.1)

    async def work() -> None:
        async with embedded(tmp_path) as made:
            job = await made.ask(kind, payload, **options)
            ended = await made.until(job.id)
            assert (ended.status, ended.error_code, ended.attempts) == (status, code, attempts)
            assert "secret" not in str(ended)
            counts = made.ground.job_metrics.ended
            label = kind if kind in HANDLERS else "other"
            async with asyncio.timeout(20):  # it is counted once its row is kept
                while not counts.labels(label, status)._value.get():
                    await asyncio.sleep(0.02)
            assert counts.labels(label, "retried")._value.get() == attempts - 1
            assert counts.labels(label, status)._value.get() == 1

    asyncio.run(work())


def test_a_job_tells_how_far_it_is_and_what_it_does(tmp_path: Path) -> None:
    async def work() -> None:
        mark = tmp_path / "end"
        async with embedded(tmp_path) as made:
            job = await made.ask("steps", {"until": str(mark)})
            seen = await made.until(job.id, lambda job: job.progress > 0 and job.lines > 0)
            assert seen.status == "running" and seen.message.startswith("step")
            assert [line.line for line in seen.log] == ["began for [EMAIL_MASKED] at once"]
            mark.touch()
            ended = await made.until(job.id)
            assert (ended.status, ended.progress, ended.message) == ("succeeded", 1.0, "")
            assert ended.result and ended.result["steps"] >= 0

    asyncio.run(work())


@pytest.mark.parametrize("kind", ["steps", "deaf"])
def test_a_job_that_is_called_off_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("datamind.rooms.jobs.running.CANCEL_S", 1.0)

    async def work() -> None:
        async with embedded(tmp_path) as made:
            job = await made.ask(kind, {"until": str(tmp_path / "never")})
            await made.until(job.id, lambda job: job.status == "running")
            await made.cancel(job.id)
            assert (await made.until(job.id)).status == "cancelled"

    asyncio.run(work())


def test_one_that_waits_is_called_off_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            job = await made.ask("note")
            await made.cancel(job.id)
            seen = await made.see(job.id)
            assert seen.status == "cancelled" and seen.ended_at is not None
            assert await queue.claim(made.ground, job.id, "w") is None

    asyncio.run(work())


def test_jobs_outlive_the_server(tmp_path: Path) -> None:
    """One that runs is handed back when the server ends, and done by the next one."""

    async def first() -> list[str]:
        async with embedded(tmp_path) as made:
            jobs = [await made.ask("steps", payload) for _ in range(3)]
            await made.until(jobs[0].id, lambda job: job.status == "running")
        return [job.id for job in jobs]

    async def second(jobs: list[str]) -> None:
        mark.touch()
        async with embedded(tmp_path) as made:
            for job_id in jobs:
                ended = await made.until(job_id)
                assert (ended.status, ended.attempts) == ("succeeded", 1)

    mark, file = tmp_path / "end", tmp_path / "told"
    payload = {"until": str(mark), "file": str(file)}
    jobs = asyncio.run(first())
    asyncio.run(second(jobs))
    assert sorted(told(file, "did")) == sorted(jobs)


def test_a_job_of_somebody_who_may_not_sign_in_any_more_is_not_run(tmp_path: Path) -> None:
    from datamind.records import Identity
    from datamind.rooms.caller import Caller

    async def work() -> None:
        async with embedded(tmp_path) as made:
            gone = Caller(Identity("usr-gone", "admin"), "local", "corr-x")
            async with made.ground.database.unit() as session:
                job = await queue.enqueue(session, made.ground, gone, queue.Order(kind="note"))
            ended = await made.until(job.id)
            assert (ended.status, ended.error_code) == ("failed", "access_denied")

    asyncio.run(work())
