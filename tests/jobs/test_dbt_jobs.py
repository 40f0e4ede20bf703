"""Jobs that run dbt: by the settings of then; ended by others while a command waits for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from datamind.commands import dbt
from datamind.errors import BadInput, Unavailable
from datamind.ports import Dbt
from datamind.rooms.dbt import jobs as dbt_jobs
from datamind.rooms.dbt import service
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.running import run_job
from datamind.settings import Settings

from .conftest import ME, bench

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("how", ["called off", "done by a server"])
def test_a_command_that_waits_ends_when_its_job_is_over(tmp_path: Path, how: str) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            ground = made.ground
            runs = await made.ask("dbt.run", exclusive="dbt")
            held = await queue.claim(ground, runs.id, "a server")
            waits = await made.ask("dbt.run", exclusive="dbt")
            command = asyncio.create_task(dbt._do(ground.settings, ground, waits.id))
            await asyncio.sleep(0.5)
            assert not command.done()
            if how == "called off":
                await made.cancel(waits.id)
            else:
                assert held is not None
                await queue.end(ground, held, "succeeded")
                mine = await queue.claim(ground, waits.id, "a server")
                if mine is not None:  # else the command was faster, and did it
                    await queue.end(ground, mine, "succeeded")
            await asyncio.wait_for(command, 20)

    asyncio.run(work())


def test_a_command_whose_store_fails_says_so_and_waits_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def queued(*_: object, **__: object) -> object:
        return SimpleNamespace(status="queued", lines=[])

    async def failing() -> None:
        raise Unavailable("The store is down.")

    async def work() -> None:
        async with bench(tmp_path) as made:
            doing = asyncio.create_task(failing())
            with pytest.raises(Unavailable, match="store is down"):
                await asyncio.wait_for(dbt._follow(made.ground, ME, "run-1", doing, True), 20)

    monkeypatch.setattr(service, "get", queued)
    asyncio.run(work())


def test_a_run_has_the_limits_that_hold_when_it_begins(tmp_path: Path) -> None:
    limits: list[int] = []

    def project(settings: Settings) -> Dbt:
        limits.append(settings.dbt.timeout_s)
        raise BadInput("There is none.")

    async def work() -> None:
        async with bench(tmp_path) as made:
            for seconds in (600, 7_200):
                before = made.ground.settings
                settings = replace(before, dbt=replace(before.dbt, timeout_s=seconds))
                job = await made.ask("dbt.sync")
                ground = replace(made.ground, settings=settings)
                assert await run_job(ground, dbt_jobs.handlers(project), job.id, "here")

    asyncio.run(work())
    assert limits == [600, 7_200]
