"""Backups over the API: a job makes one, a list tells of them, a failed one is alerted of."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from datamind.backup import checking, making
from datamind.errors import Unavailable
from datamind.rooms.system import backups

from .conftest import Api, Run

pytestmark = pytest.mark.slow
PATH = "/system/backup"


async def made(api: Api) -> dict[str, Any]:
    """The job that was asked for, once it is over."""
    answer = await api.call("POST", PATH, role="admin")
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(60):
        while True:
            job = await api.call("GET", f"/system/jobs/{answer.json()['id']}", role="admin")
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
        assert (one["encrypted"], told["keep"]) == (False, 30)
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
        (daily,) = [s for s in schedules if s["kind"] == backups.KIND]
        assert (daily["cron"], daily["enabled"]) == ("30 2 * * *", True)

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
        assert await backups.conditions(api.parts) == ()

    run(lived())


def test_a_folder_of_somebody_else_s_files_is_left_alone(
    api: Api, run: Run, tmp_path: Path
) -> None:
    assert backups.listed(tmp_path / "none") == []
