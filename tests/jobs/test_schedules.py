"""Schedules: each time that is due asks once, whoever looks and however late."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from datamind.errors import BadInput, NotFound
from datamind.rooms.jobs import schedules, service
from datamind.rooms.jobs.schedules import Usual
from datamind.rooms.jobs.schemas import JobOut, ScheduleOut, SchedulePatch

from .conftest import ME, Bench, bench

pytestmark = pytest.mark.slow
NIGHTLY = Usual(name="nightly", kind="note", cron="0 2 * * *", payload={"n": 1})


async def jobs(made: Bench) -> list[JobOut]:
    async with made.ground.database.unit() as session:
        page = await service.find(
            session, ME, kind=None, status=None, owner=None, limit=50, cursor=None
        )
    return page.items


async def only(made: Bench) -> ScheduleOut:
    async with made.ground.database.unit() as session:
        (found,) = (await schedules.find(session, ME)).items
    return found


async def change(made: Bench, **patch: object) -> ScheduleOut:
    async with made.ground.database.unit() as session:
        wanted = SchedulePatch.model_validate(patch)
        return await schedules.change(session, made.ground, ME, "nightly", wanted)


def test_a_time_that_is_due_asks_once_though_many_look(tmp_path: Path, where: str | None) -> None:
    async def work() -> None:
        async with bench(tmp_path, where) as made:
            await asyncio.gather(*(schedules.put_in(made.ground, [NIGHTLY]) for _ in range(3)))
            assert await schedules.fire(made.ground) == []
            first = (await only(made)).next_at
            assert (first.hour, first.minute, first.tzinfo) == (2, 0, dt.UTC)
            for day in range(1, 3):
                made.clock.by = (
                    first + dt.timedelta(days=day - 1, minutes=1) - dt.datetime.now(dt.UTC)
                )
                fired = await asyncio.gather(*(schedules.fire(made.ground) for _ in range(4)))
                assert sum(map(len, fired)) == 1
                found = await jobs(made)
                assert len(found) == day and found[0].payload == {"n": 1}
            assert (await only(made)).last_at == first + dt.timedelta(days=1)

    asyncio.run(work())


def test_times_that_were_missed_are_caught_up_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            await schedules.put_in(made.ground, [NIGHTLY])
            made.clock.forward(days=9)
            assert await schedules.fire(made.ground) == ["nightly"]
            assert await schedules.fire(made.ground) == []
            assert len(await jobs(made)) == 1
            left = (await only(made)).next_at - made.ground.now()
            assert dt.timedelta() < left <= dt.timedelta(days=1)

    asyncio.run(work())


def test_what_a_clock_that_was_ahead_has_set_is_set_anew(tmp_path: Path, where: str | None) -> None:
    async def work() -> None:
        async with bench(tmp_path, where) as made:
            await schedules.put_in(made.ground, [NIGHTLY])
            before = await only(made)
            made.clock.forward(days=365)
            assert await schedules.fire(made.ground) == ["nightly"]
            made.clock.forward(days=-365)
            assert await schedules.fire(made.ground) == []
            assert (await only(made)).next_at == before.next_at
            made.clock.forward(days=1)
            assert await schedules.fire(made.ground) == ["nightly"]

    asyncio.run(work())


def test_what_an_admin_changed_stays(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            await schedules.put_in(made.ground, [NIGHTLY])
            await change(made, every_s=600, enabled=False)
            await schedules.put_in(made.ground, [NIGHTLY])
            found = await only(made)
            assert (found.cron, found.every_s, found.enabled) == (None, 600, False)
            made.clock.forward(days=1)
            assert await schedules.fire(made.ground) == []
            on = await change(made, enabled=True)  # what was missed while it was off is not wanted
            assert on.next_at > made.ground.now()
            assert (await change(made, now=True)).last_job == (await jobs(made))[0].id
            with pytest.raises(BadInput):
                await change(made, cron="0 2 * * *", every_s=60)
            with pytest.raises(NotFound):
                async with made.ground.database.unit() as session:
                    await schedules.change(
                        session, made.ground, ME, "none", SchedulePatch(now=True)
                    )

    asyncio.run(work())
