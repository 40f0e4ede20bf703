"""Schedules: each time that is due asks once, whoever looks and however late."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from datamind.errors import AccessDenied, BadInput, NotFound, Unavailable
from datamind.rooms.jobs import schedules, service
from datamind.rooms.jobs.schedules import Usual
from datamind.rooms.jobs.schemas import JobOut, ScheduleOut, SchedulePatch
from datamind.rooms.system import overriding
from datamind.rooms.system.models import SystemState
from datamind.rooms.system.modes import Modes

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
        modes = await overriding.modes(session, made.ground.now())
        return await schedules.change(session, made.ground, ME, "nightly", wanted, modes)


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


@pytest.mark.parametrize("apart_s", [-2, 2])
def test_clocks_that_are_a_little_apart_do_not_undo_each_other_s_work(
    tmp_path: Path, apart_s: float
) -> None:
    """Around a time that is due, one of two clocks has passed it."""

    async def work() -> None:
        async with bench(tmp_path) as made:
            await schedules.put_in(made.ground, [NIGHTLY])
            first = (await only(made)).next_at
            made.clock.by = first + dt.timedelta(seconds=1) - dt.datetime.now(dt.UTC)
            assert await schedules.fire(made.ground) == ["nightly"]
            made.clock.forward(seconds=apart_s)
            assert await schedules.fire(made.ground) == []
            assert (await only(made)).next_at == first + dt.timedelta(days=1)

    asyncio.run(work())


def test_what_is_due_waits_while_an_admin_wants_nothing_to_be_changed(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            await schedules.put_in(made.ground, [NIGHTLY])
            made.clock.forward(days=2)
            until = made.ground.now() + dt.timedelta(minutes=10)
            value = {"mode": "READ_ONLY", "reason": "Moving.", "until": until.isoformat()}
            async with made.ground.database.unit() as session:
                session.add(
                    SystemState(name=overriding.NAME, value=value, changed_at=made.ground.now())
                )
            assert await schedules.fire(made.ground) == []
            assert await schedules.next_due(made.ground) is None
            with pytest.raises(Unavailable, match="Nothing can be changed now: an admin has set"):
                await change(made, now=True)
            for enabled in (False, True):
                if enabled:
                    made.clock.forward(minutes=11)
                await change(made, enabled=enabled)
            made.clock.forward(days=1)
            assert await schedules.fire(made.ground) == ["nightly"]

    asyncio.run(work())


@pytest.mark.parametrize(("kind", "shut"), [("backup_create", True), ("dbt.sync", False)])
def test_no_api_key_changes_when_backups_are_made(tmp_path: Path, kind: str, shut: bool) -> None:
    async def work() -> None:
        async with bench(tmp_path) as made:
            await schedules.put_in(made.ground, [replace(NIGHTLY, kind=kind)])
            keyed = replace(ME, key="key-1", scope="admin")
            with pytest.raises(AccessDenied) if shut else nullcontext():
                async with made.ground.database.unit() as session:
                    patch = SchedulePatch(enabled=False)
                    await schedules.change(session, made.ground, keyed, "nightly", patch, Modes())
            assert (await only(made)).enabled is shut

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
                        session, made.ground, ME, "none", SchedulePatch(now=True), Modes()
                    )

    asyncio.run(work())
