"""The queue of jobs over a store of its own, with kinds of jobs that only tests have."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from datamind import clock
from datamind.adapters.jobs.celery import CeleryJobs
from datamind.adapters.jobs.local import LocalJobs
from datamind.api.jobs import tend
from datamind.api.secrets import secrets_of
from datamind.api.store import open_store
from datamind.commands.people import ground_of
from datamind.migrations import upgrade
from datamind.records import Identity
from datamind.rooms.caller import Caller
from datamind.rooms.jobs import queue, service
from datamind.rooms.jobs.queue import Order
from datamind.rooms.jobs.running import run_job
from datamind.rooms.jobs.schemas import ENDED, JobDetail, JobOut
from datamind.rooms.parts import Ground
from datamind.settings import ServerSettings, Settings
from datamind.settings.redis import RedisSettings

from .kinds import HANDLERS

ME = Caller(Identity("operator", "admin"), "local", "corr-of-the-tests")
PATIENCE_S = 60.0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest) -> str | None:
    """The address of a store without jobs; None is SQLite in the home."""
    if request.param == "sqlite":
        return None
    url = make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg")
    address = url.render_as_string(hide_password=False)
    upgrade(address)
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE jobs, job_lines, schedules"))
    engine.dispose()
    return address


@dataclass
class Later:
    """The clock, some time from now."""

    by: dt.timedelta = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return clock.now() + self.by

    def forward(self, **by: float) -> None:
        self.by += dt.timedelta(**by)


class Bench:
    """The queue, and what tests do with it."""

    def __init__(self, ground: Ground, clock: Later) -> None:
        self.ground = ground
        self.clock = clock
        self.processes: list[subprocess.Popen[bytes]] = []

    async def ask(self, kind: str, payload: dict[str, Any] | None = None, **more: Any) -> JobOut:
        async with self.ground.database.unit() as session:
            order = Order(kind=kind, payload=payload or {}, **more)
            return await queue.enqueue(session, self.ground, ME, order)

    async def see(self, job_id: str) -> JobDetail:
        async with self.ground.database.unit() as session:
            return await service.get(session, ME, job_id)

    async def cancel(self, job_id: str) -> None:
        async with self.ground.database.unit() as session:
            await service.cancel(session, self.ground, ME, job_id)

    async def retry(self, job_id: str) -> None:
        async with self.ground.database.unit() as session:
            await service.retry(session, self.ground, ME, job_id)

    async def until(
        self, job_id: str, fits: Callable[[JobDetail], bool] = lambda job: job.status in ENDED
    ) -> JobDetail:
        """The job once it is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not fits(job := await self.see(job_id)):
                await asyncio.sleep(0.05)
        return job


@asynccontextmanager
async def bench(home: Path, database_url: str | None = None, **more: Any) -> AsyncIterator[Bench]:
    """The queue over a store at this address, SQLite in the folder where none is named; nobody
    runs its jobs."""
    settings = Settings(home=home, server=ServerSettings(database_url=database_url), **more)
    later = Later()
    async with open_store(settings, secrets_of(settings)) as store:
        ground = Ground(**{**ground_of(settings, store), "now": later})
        yield Bench(ground, later)


@asynccontextmanager
async def embedded(home: Path, database_url: str | None = None) -> AsyncIterator[Bench]:
    """The same; its jobs run in this process, two at once."""
    async with bench(home, database_url) as made:
        jobs = LocalJobs(2)
        ground = Ground(**{**vars(made.ground), "jobs": jobs})
        ground.job_metrics.know(HANDLERS)

        async def run(job_id: str) -> bool:
            return await run_job(ground, HANDLERS, job_id, "here", stopping=jobs.stopping)

        jobs.start(due=lambda most: queue.due(ground, most), run=run, tend=lambda: tend(ground))
        try:
            yield Bench(ground, made.clock)
        finally:
            await jobs.end()


@asynccontextmanager
async def by_celery(
    home: Path, redis: str, database_url: str | None = None, workers: int = 1, ahead_s: float = 0
) -> AsyncIterator[Bench]:
    """The same; its jobs run in Celery's workers, and Beat looks after them. `processes` are the
    workers, then Beat."""
    async with bench(home, database_url, redis=RedisSettings(redis)) as made:
        processes = [start(home, redis, database_url, "worker", ahead_s) for _ in range(workers)]
        processes.append(start(home, redis, database_url, "beat", ahead_s))
        jobs = CeleryJobs(RedisSettings(redis))
        made = Bench(Ground(**{**vars(made.ground), "jobs": jobs}), made.clock)
        made.processes = processes
        try:
            yield made
        finally:
            await jobs.end()
            for process in processes:
                kill(process)


def start(
    home: Path, redis: str, database_url: str | None, what: str, ahead_s: float = 0
) -> subprocess.Popen[bytes]:
    """A worker or Beat of tests/jobs/processes.py, in a group of its own."""
    env = {**os.environ, "DATAMIND_HOME": str(home), "REDIS_URL": redis, "TMPDIR": str(home)}
    if database_url is not None:
        env["DATABASE_URL"] = database_url
    script = Path(__file__).with_name("processes.py")
    with (home / f"{what}-{uuid.uuid4().hex[:6]}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, script, what, str(ahead_s)],
            env=env,
            stderr=log,
            start_new_session=True,
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 the process and those that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
