"""The queue of record: what is asked for is done once, and whoever is lost loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from datamind.errors import BadInput, Conflict, NotFound
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.queue import LEASE

from .conftest import ME, Bench, bench

pytestmark = pytest.mark.slow


def test_of_many_who_claim_a_job_one_has_it(tmp_path: Path, where: str | None) -> None:
    async def work() -> None:
        async with bench(tmp_path, where) as made:
            for _ in range(5):
                job = await made.ask("note")
                found = await asyncio.gather(
                    *(queue.claim(made.ground, job.id, f"w{n}") for n in range(8))
                )
                assert len([c for c in found if c]) == 1
                seen = await made.see(job.id)
                assert (seen.status, seen.attempts) == ("running", 1)

    asyncio.run(work())


def test_of_those_with_one_key_one_runs_at_a_time(tmp_path: Path, where: str | None) -> None:
    async def work() -> None:
        async with bench(tmp_path, where) as made:
            first, second = [await made.ask("note", exclusive="dbt") for _ in range(2)]
            other = await made.ask("note", exclusive="sync")
            found = await asyncio.gather(
                *(queue.claim(made.ground, j, "w") for j in (first.id, second.id, other.id))
            )
            ours = [c for c in found if c]
            assert sorted(c.exclusive or "" for c in ours) == ["dbt", "sync"]
            held = ({first.id, second.id} - {c.id for c in ours}).pop()
            assert await queue.due(made.ground, 10) == []
            builds = next(c for c in ours if c.exclusive == "dbt")
            assert await queue.end(made.ground, builds, "succeeded")
            assert await queue.due(made.ground, 10) == [held]
            assert await queue.to_send(made.ground, 10, again=False) == [held]
            assert await queue.to_send(made.ground, 10, again=False) == []

    asyncio.run(work())


def test_a_job_whose_worker_is_lost_is_taken_over(tmp_path: Path, where: str | None) -> None:
    async def work() -> None:
        async with bench(tmp_path, where) as made:
            job = await made.ask("note", attempts=2)
            lost = await queue.claim(made.ground, job.id, "lost")
            assert lost and await queue.renew(made.ground, lost, (0.5, "half"), []) is False
            await queue.reap(made.ground)
            assert (await made.see(job.id)).status == "running"  # its lease holds
            made.clock.forward(seconds=LEASE.total_seconds() + 1)
            await queue.reap(made.ground)
            next_one = await queue.claim(made.ground, job.id, "next")
            assert next_one and next_one.attempt == 2
            # Who was lost and comes back changes nothing any more.
            assert await queue.renew(made.ground, lost, (0.9, "late"), []) is None
            assert not await queue.end(made.ground, lost, "succeeded", result={"by": "lost"})
            assert not await queue.hand_back(made.ground, lost)
            made.clock.forward(seconds=LEASE.total_seconds() + 1)
            await queue.reap(made.ground)
            dead = await made.see(job.id)
            assert (dead.status, dead.error_code, dead.worker) == ("dead", "worker_lost", None)
            await made.retry(job.id)
            assert (await made.see(job.id)).attempts == 0
            assert await queue.due(made.ground, 10) == [job.id]

    asyncio.run(work())


def test_what_is_asked_for_twice_is_one_job(tmp_path: Path, where: str | None) -> None:
    async def work() -> None:
        async with bench(tmp_path, where) as made:
            asked = [made.ask("note", {"n": 1}, idempotency_key="k") for _ in range(4)]
            assert len({job.id for job in await asyncio.gather(*asked)}) == 1
            with pytest.raises(Conflict):
                await made.ask("note", {"n": 2}, idempotency_key="k")
            with pytest.raises(BadInput):
                await made.ask("note", {"n": "x" * queue.PAYLOAD_BYTES})

    asyncio.run(work())


def test_a_job_is_there_only_if_what_asked_for_it_is_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            with pytest.raises(RuntimeError):
                async with made.ground.database.unit() as session:
                    order = queue.Order(kind="note")
                    job = await queue.enqueue(session, made.ground, ME, order)
                    raise RuntimeError
            with pytest.raises(NotFound):
                await made.see(job.id)

    asyncio.run(work())


def test_what_nobody_took_note_of_is_told_again(tmp_path: Path) -> None:
    async def told(made: Bench, *, again: bool) -> list[str]:
        return list(await queue.to_send(made.ground, 10, again=again))

    async def work() -> None:
        async with bench(tmp_path) as made:
            job = await made.ask("note")
            later = await made.ask("note", delay_s=60)
            assert await told(made, again=True) == []  # it was told just now
            made.clock.forward(seconds=15)
            assert await told(made, again=False) == []
            assert await told(made, again=True) == [job.id]
            assert await told(made, again=True) == []
            made.clock.forward(seconds=50)
            assert await told(made, again=False) == [later.id]

    asyncio.run(work())


def test_old_jobs_are_forgotten_but_dead_ones(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            kept = {}
            for status in ("succeeded", "failed", "dead"):
                job = await made.ask("note")
                claimed = await queue.claim(made.ground, job.id, "w")
                assert claimed and await queue.end(made.ground, claimed, status)
                kept[status] = job.id
            waits = await made.ask("note")
            made.clock.forward(days=31)
            assert await queue.tidy(made.ground) == 2
            for job_id in (kept["dead"], waits.id):
                await made.see(job_id)

    asyncio.run(work())
