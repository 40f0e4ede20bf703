"""Jobs and schedules over the API: admins look into them, call them off and send them again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from datamind.adapters.jobs.local import LOOK_S
from datamind.records import Identity
from datamind.rooms.caller import Caller
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.queue import Order
from datamind.settings.redis import RedisSettings

from .conftest import Api, Run, running, settings_of

pytestmark = pytest.mark.slow
DATAMIND = str(Path(sys.executable).with_name("datamind"))
ME = Caller(Identity("operator", "admin"), "local", "corr-of-a-job")


async def asked(api: Api, **order: Any) -> str:
    async with api.parts.database.unit() as session:
        return (await queue.enqueue(session, api.parts, ME, Order(**order))).id


async def get(api: Api, path: str) -> Any:
    answer = await api.call("GET", path, role="admin")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ended(api: Api, job_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while (job := await get(api, f"/system/jobs/{job_id}"))["ended_at"] is None:
            await asyncio.sleep(0.1)
    return job  # type: ignore[no-any-return]


def test_the_server_runs_jobs_and_tells_of_them(api: Api, run: Run) -> None:
    async def work() -> None:
        done = await ended(api, await asked(api, kind="jobs.tidy"))
        assert (done["status"], done["result"], done["owner"]) == (
            "succeeded", {"deleted": 0}, "operator",
        )  # fmt: skip
        failed = await ended(api, await asked(api, kind="no.such"))
        assert (failed["status"], failed["error_code"]) == ("failed", "unknown_job")
        page = await get(api, "/system/jobs?status=failed&kind=no.such&limit=1")
        assert [job["id"] for job in page["items"]] == [failed["id"]]
        again = await api.call("POST", f"/system/jobs/{failed['id']}/retry", role="admin")
        assert again.json()["status"] == "queued"
        await ended(api, failed["id"])
        refused = await api.call("POST", f"/system/jobs/{done['id']}/retry", role="admin")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")

    run(work())


def test_one_that_waits_is_called_off(api: Api, run: Run) -> None:
    async def work() -> None:
        waits = await asked(api, kind="jobs.tidy", delay_s=3600)
        off = await api.call("POST", f"/system/jobs/{waits}/cancel", role="admin")
        assert (off.status_code, off.json()["status"]) == (200, "cancelled")
        events = [(e["event_type"], e["details"].get("job")) for e in api.audited()]
        assert ("job_cancel", waits) in events
        none = await api.call("GET", "/system/jobs/job-none", role="admin")
        assert (none.status_code, none.json()["code"]) == (404, "not_found")

    run(work())


def test_the_usual_schedules_are_there_and_can_be_changed(api: Api, run: Run) -> None:
    async def work() -> None:
        found = {s["name"]: s for s in (await get(api, "/system/schedules"))["items"]}
        assert {"audit-retention", "login-attempts", "old-jobs"} <= set(found)
        patch = {"cron": "30 1 * * *", "now": True}
        changed = await api.call("PATCH", "/system/schedules/old-jobs", patch, role="admin")
        assert changed.json()["next_at"][11:16] == "01:30"
        assert (await ended(api, changed.json()["last_job"]))["status"] == "succeeded"
        wrong = await api.call("PATCH", "/system/schedules/old-jobs", {"cron": "x"}, role="admin")
        assert wrong.status_code == 422

    run(work())


def test_the_clock_asks_for_what_is_due(api: Api, run: Run) -> None:
    async def work() -> None:
        before = (await get(api, "/system/jobs?kind=login_attempts.tidy"))["total"]
        api.clock.forward(hours=5)
        async with asyncio.timeout(60):
            while (await get(api, "/system/jobs?kind=login_attempts.tidy"))["total"] == before:
                await asyncio.sleep(0.2)
        assert (await get(api, "/system/jobs?kind=login_attempts.tidy"))["total"] == before + 1

    run(work())


def test_with_a_redis_the_server_leaves_jobs_to_the_workers(
    shop: Path, tmp_path: Path, redis_url: str
) -> None:
    """It tells them, and asks by the clock; none runs in the server."""

    async def work() -> None:
        settings = replace(settings_of(tmp_path), redis=RedisSettings(redis_url))
        async with running(settings, shop) as api:
            waits = await asked(api, kind="jobs.tidy")
            api.clock.forward(hours=5)  # what is due, and was told in vain, is told again
            with Redis.from_url(redis_url) as broker:
                async with asyncio.timeout(60):
                    while broker.llen("datamind:jobs") < 2:
                        await asyncio.sleep(0.1)
            await asyncio.sleep(2 * LOOK_S)  # time enough for a server that runs jobs itself
            assert (await get(api, f"/system/jobs/{waits}"))["status"] == "queued"
            asked_for = await get(api, "/system/jobs?kind=login_attempts.tidy")
            assert [job["status"] for job in asked_for["items"]] == ["queued"]
            env = {**os.environ, "DATAMIND_HOME": str(tmp_path), "REDIS_URL": redis_url}
            with subprocess.Popen([DATAMIND, "worker"], env=env, start_new_session=True) as worker:
                try:
                    await ended(api, waits)
                finally:
                    os.killpg(worker.pid, signal.SIGKILL)

    asyncio.run(work())
