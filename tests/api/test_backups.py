"""Backups over the API: a job makes one, a list tells of them, a failed one is alerted of."""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import os
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from datamind.api.jobs import USUAL
from datamind.backup import checking, making
from datamind.errors import Unavailable
from datamind.records import Identity
from datamind.rooms.caller import Caller
from datamind.rooms.jobs import schedules
from datamind.rooms.jobs import service as jobs
from datamind.rooms.jobs.models import Job, Schedule
from datamind.rooms.system import backup_files, backups
from datamind.settings.backups import BackupSettings

from .conftest import Api, Run

pytestmark = pytest.mark.slow
PATH = "/system/backup"
ADMIN = Caller(Identity("operator", "admin"), "local", "corr-of-the-tests")


async def made(api: Api) -> dict[str, Any]:
    """The job that was asked for, once it is over."""
    answer = await api.call("POST", PATH, role="admin")
    assert answer.status_code == 202, answer.text
    return await over(api, answer.json()["id"])


async def over(api: Api, job_id: str) -> dict[str, Any]:
    """The job, once it is over."""
    async with asyncio.timeout(60):
        while True:
            job = await api.call("GET", f"/system/jobs/{job_id}", role="admin")
            if job.json()["ended_at"] is not None:
                return job.json()  # type: ignore[no-any-return]
            api.clock.forward(seconds=1)
            await asyncio.sleep(0.1)


def test_an_admin_asks_for_one_and_sees_it_listed_but_gets_none_of_it(api: Api, run: Run) -> None:
    async def lived() -> None:
        job = await made(api)
        assert job["status"] == "succeeded", job
        told = (await api.call("GET", PATH, role="admin")).json()
        (one,) = told["items"]
        assert (one["name"], one["bytes"]) == (job["result"]["name"], job["result"]["bytes"])
        assert (one["encrypted"], one["base"], told["keep_days"], told["keep"]) == (
            False, None, 30, None,
        )  # fmt: skip
        assert told["last"]["id"] == job["id"]
        verdict = checking.verify(
            api.parts.settings.backup_folder / one["name"], api.parts.settings
        )
        assert (verdict.faults, verdict.chain) == ((), True)
        noted = [e for e in api.audited() if e["event_type"] == "backup_create"]
        assert [e["status"] for e in noted] == ["success"]
        for path in (f"{PATH}/{one['name']}", f"{PATH}/download"):
            assert (await api.call("GET", path, role="admin")).status_code == 404
        schedules = (await api.call("GET", "/system/schedules", role="admin")).json()["items"]
        when = {s["name"]: (s["cron"], s["enabled"]) for s in schedules}
        assert when["backup"] == ("30 2 * * *", True)
        assert when["backup-increment"] == ("10,40 * * * *", True)

    run(lived())


def test_one_that_fails_is_alerted_of_until_one_succeeds(
    api: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async def lived() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(making.archive, "write", full)
            job = await made(api)
        assert (job["status"], job["error_code"]) == ("dead", Unavailable.code)
        assert "No space left" in job["error_message"]
        (condition,) = await backups.conditions(api.parts)
        assert "No space left" in condition.message
        api.clock.forward(seconds=1)
        assert (await made(api))["status"] == "succeeded"
        assert await backups.conditions(api.parts) == []

    run(lived())


def test_a_folder_that_hangs_holds_up_nobody(
    api: Api, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "LOOK_S", 0.5)
    fifo = tmp_path / "datamind-20260101T000000Z.backup"
    os.mkfifo(fifo)  # whoever opens it waits until somebody writes

    async def lived() -> None:
        hung = replace(api.parts.settings, backups=BackupSettings(tmp_path))
        there = replace(api.parts, settings=hung)
        threads = threading.active_count()
        for _ in range(5):
            await backups.conditions(there)
            async with there.database.unit() as session:
                with pytest.raises(Unavailable, match="folder of backups"):
                    await backups.find(session, there, ADMIN)
        assert threading.active_count() <= threads + 1
        os.close(os.open(fifo, os.O_RDWR))
        fifo.unlink()
        (tmp_path / fifo.name).write_bytes(b"")
        await asyncio.sleep(0.2)
        async with there.database.unit() as session:
            assert (await backups.find(session, there, ADMIN)).total == 1

    run(lived())


def test_a_file_that_can_t_be_read_or_goes_shuts_nobody_out(
    api: Api, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut, gone = (tmp_path / f"datamind-2026010{n}T000000Z.backup" for n in (1, 2))
    shut.write_bytes(b"x")

    def of_root(path: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(backups, "is_encrypted", of_root)
    monkeypatch.setattr(backups, "states", lambda folder: [gone, shut])

    async def lived() -> None:
        there = replace(api.parts.settings, backups=BackupSettings(tmp_path))
        async with api.parts.database.unit() as session:
            (found,) = (
                await backups.find(session, replace(api.parts, settings=there), ADMIN)
            ).items
        assert (found.name, found.bytes, found.encrypted) == (shut.name, 1, None)

    run(lived())


def test_one_that_waits_or_works_can_be_called_off(api: Api, run: Run) -> None:
    folder = api.parts.settings.backup_folder

    async def lived() -> None:
        before = backup_files.states(folder)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as one that the command line makes
            answer = (await api.call("POST", PATH, role="admin")).json()
            path = f"/system/jobs/{answer['id']}"
            async with asyncio.timeout(60):
                while (await api.call("GET", path, role="admin")).json()["status"] != "running":
                    await asyncio.sleep(0.1)
            await api.call("POST", f"{path}/cancel", role="admin")
            assert (await over(api, answer["id"]))["status"] == "cancelled"
        assert backup_files.states(folder) == before
        noted = [e for e in api.audited() if e["event_type"] == "backup_create"]
        assert noted[-1]["status"] == "failed"

    run(lived())


def test_by_the_clock_it_takes_turns_and_has_as_much_time_as_when_people_ask(
    api: Api, run: Run
) -> None:
    async def lived() -> None:
        ways = []
        for name in ("backup", "backup-increment", "dbt-sync"):
            async with api.parts.database.unit() as session:
                schedule = Schedule(
                    name=f"{name}-x", kind={one.name: one.kind for one in USUAL}[name], payload={}
                )
                job = await schedules._ask(session, api.parts, ADMIN, schedule, None)
                row = await session.get(Job, job.id)
                assert row is not None
                ways.append((row.exclusive, row.attempts_most, row.timeout_s))
                await session.delete(row)
        assert ways == [("backup", 2, 21_600), ("backup", 2, 21_600), ("dbt", 3, 3_600)]

    run(lived())


def test_what_a_clock_that_was_ahead_has_made_does_not_pass_for_the_newest(tmp_path: Path) -> None:
    now = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
    for moment in ("20260501T230000Z", "20270501T230000Z"):
        (tmp_path / f"datamind-{moment}.backup").touch()
    found = backup_files.moments(tmp_path)
    assert backup_files.latest(found, now) == now - dt.timedelta(hours=1)
    assert backup_files.latest(found, now - dt.timedelta(days=9)) is None


def test_the_clock_asks_for_increments_which_are_made_where_something_changed_and_not_audited(
    api: Api, run: Run
) -> None:
    async def asked() -> dict[str, Any]:
        path = "/system/schedules/backup-increment"
        answer = await api.call("PATCH", path, {"now": True}, role="admin")
        assert answer.status_code == 200, answer.text
        return await over(api, answer.json()["last_job"])

    def noted() -> int:
        return [e["event_type"] for e in api.audited()].count("backup_create")

    async def lived() -> None:
        whole = (await made(api))["result"]["name"]
        before = noted()
        first = (await asked())["result"]
        assert first["name"].endswith(".increment")
        await fired(api)  # what was done since: somebody signed in
        again = [await fired(api) for _ in range(3)]  # each hour other schedules do something too
        assert {"unchanged": True} in again
        assert noted() == before
        told = (await api.call("GET", PATH, role="admin")).json()
        names = [one["name"] for one in told["items"]]  # newest first; other tests made some, too
        since = told["items"][: names.index(whole)]
        assert len(since) >= 2
        assert {one["base"] for one in since} == {whole}

    run(lived())


async def fired(api: Api) -> Any:
    """What comes of the next increment that the clock asks for."""
    async with api.parts.database.unit() as session:
        before = await jobs.last_of(session, backups.INCREMENT, until=api.parts.now())
    api.clock.forward(minutes=31)
    async with asyncio.timeout(60):
        while True:
            async with api.parts.database.unit() as session:
                now = api.parts.now()
                last = await jobs.last_of(session, backups.INCREMENT, "succeeded", until=now)
            if last is not None and before is not None and last.id != before.id:
                return last.result
            await asyncio.sleep(0.1)


def test_that_there_is_none_as_new_as_wanted_is_alerted_of_and_measured(
    api: Api, run: Run, tmp_path: Path
) -> None:
    started = api.clock()

    async def overdue(**more: Any) -> list[str]:
        """By the store alone: files are of the real clock's time."""
        other = replace(api.parts.settings, backups=BackupSettings(tmp_path, **more))
        found = await backups.conditions(replace(api.parts, settings=other, started=started))
        return [one.message for one in found if one.kind == "backup_overdue"]

    async def lived() -> None:
        for name in ("backup", "backup-increment"):
            await api.call("PATCH", f"/system/schedules/{name}", {"enabled": False}, role="admin")
        async with api.parts.database.unit() as session:
            await session.execute(delete(Job).where(Job.kind.in_(backups.SUBJECTS)))
        assert await overdue() == []  # the installation is new
        api.clock.forward(minutes=59)
        assert await overdue() == []
        api.clock.forward(minutes=2)
        assert await overdue() == ["There is no backup."]
        await made(api)
        assert await overdue() == []
        api.clock.forward(minutes=59)
        assert await overdue() == []
        api.clock.forward(minutes=3)
        (said,) = await overdue()
        assert "every 60 minutes" in said
        text = (await api.client.get("/metrics")).text
        age = re.search(r"(?m)^backup_age_seconds (\S+)", text)
        assert age is not None and float(age[1]) > 3600
        assert "\nbackup_wanted_seconds 3600.0\n" in text
        assert await overdue(wanted_minutes=0) == []

    run(lived())


def test_a_folder_of_somebody_else_s_files_is_left_alone(
    api: Api, run: Run, tmp_path: Path
) -> None:
    assert backup_files.listed(tmp_path / "none") == []
