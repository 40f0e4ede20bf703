"""Metrics of real Celery workers and of a real Beat, each at a port of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from datamind import clock
from datamind.api.scraping import Scraped
from datamind.errors import BadInput
from datamind.settings import Settings, load

from ..servers import free_port
from .conftest import by_celery

pytestmark = pytest.mark.slow
TOKEN = "a-token-for-prometheus"  # pragma: allowlist secret
Series = dict[str, float]


async def scrape(port: int, token: str | None = None) -> Series:
    """What is told at the port once somebody listens there: `name{label=value}` by value."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with asyncio.timeout(60), httpx.AsyncClient(headers=headers) as client:
        while True:
            with suppress(httpx.TransportError):
                answer = await client.get(f"http://127.0.0.1:{port}/metrics")
                break
            await asyncio.sleep(0.1)
    answer.raise_for_status()
    return {
        s.name + ("{" + ",".join(s.labels.values()) + "}" if s.labels else ""): s.value
        for family in text_string_to_metric_families(answer.text) for s in family.samples
    }  # fmt: skip


def test_workers_and_beat_count_what_they_do(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also over the death of one of a worker's processes, whose place another one takes."""
    ports = {name: free_port() for name in ("WORKER", "BEAT")}
    for name, port in ports.items():
        monkeypatch.setenv(f"DATAMIND_{name}_METRICS_PORT", str(port))
    monkeypatch.setenv("DATAMIND_METRICS_SECONDS", "0.1")

    async def work() -> None:
        async with by_celery(tmp_path, redis_url) as made:
            before = await scrape(ports["WORKER"])
            assert before["job_attempts_total{note,succeeded}"] == 0  # told before it happens
            asked = [await made.ask("note") for _ in range(4)]
            asked += [await made.ask(kind) for kind in ("wrong", "no such kind")]
            asked += [
                await made.ask("down", {"times": 1}), await made.ask("bug", attempts=1),
            ]  # fmt: skip
            for job in asked:
                await made.until(job.id)
            stuck = await made.ask("steps", {"until": str(tmp_path / "end")})
            await made.until(stuck.id, lambda job: job.lines > 0)
            child = re.search(r"-(\d+)-\w+$", (await made.see(stuck.id)).worker or "")
            assert child is not None
            os.kill(int(child[1]), signal.SIGKILL)
            (tmp_path / "end").touch()
            await made.until(stuck.id)
            for job in [await made.ask("note") for _ in range(4)]:
                await made.until(job.id)
            beat: Series = {}
            async with asyncio.timeout(30):  # Beat looks now and then
                while beat.get("jobs_count{succeeded}") != 10 or beat["job_messages_waiting"]:
                    beat = await scrape(ports["BEAT"])
            worker = await scrape(ports["WORKER"])

        attempts = {name: value for name, value in worker.items()
                    if name.startswith("job_attempts_total") and value}  # fmt: skip
        assert attempts == {
            "job_attempts_total{note,succeeded}": 8,
            "job_attempts_total{wrong,failed}": 1,
            "job_attempts_total{other,failed}": 1,
            "job_attempts_total{down,retried}": 1,
            "job_attempts_total{down,succeeded}": 1,
            "job_attempts_total{bug,dead}": 1,
            "job_attempts_total{steps,succeeded}": 1,
        }
        assert worker["job_seconds_count{note}"] == 8 and worker["job_seconds_sum{note}"] >= 0.8
        assert "schedules_looked_timestamp_seconds" not in worker
        assert beat["job_attempts_total{steps,lost}"] == 1  # whoever died can't tell
        assert abs(clock.now().timestamp() - beat["schedules_looked_timestamp_seconds"]) < 30
        assert beat["jobs_count{dead}"] == 1 and beat["jobs_count{failed}"] == 2
        assert beat["jobs_waiting_seconds"] == beat["schedule_late_seconds"] == 0
        for told in (worker, beat):
            assert told["process_resident_memory_bytes"] > 1 << 20

    asyncio.run(work())


def settings(**env: str) -> Settings:
    return load({"DATAMIND_HOME": "unused", **env})


def test_beyond_this_machine_a_token_is_needed() -> None:
    port = free_port()

    async def status(given: str | None) -> int:
        async with httpx.AsyncClient() as client:
            headers = {"Authorization": given} if given else {}
            url = f"http://127.0.0.1:{port}/metrics"
            return (await client.get(url, headers=headers)).status_code

    with pytest.raises(BadInput, match="API_TOKEN"):
        Scraped(settings(DATAMIND_METRICS_HOST="0.0.0.0"), port, ())
    scraped = Scraped(settings(API_TOKEN=TOKEN), port, ())
    try:
        with pytest.raises(BadInput, match="can't be told at"):
            Scraped(settings(), port, ())
        given = (None, "Bearer x", f"Bearer {TOKEN}")
        assert [asyncio.run(status(g)) for g in given] == [401, 401, 200]
    finally:
        scraped.end()
