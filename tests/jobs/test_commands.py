"""The commands about jobs: workers, Beat, Flower, and what an operator does by hand."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from datamind.cli import main

from .conftest import bench

pytestmark = pytest.mark.slow
DATAMIND = str(Path(sys.executable).with_name("datamind"))
SECRET = "a long enough password"  # pragma: allowlist secret


class Command:
    """The command line, in this process, over a home of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        """Its exit code, and what it says."""
        self._monkeypatch.setattr(sys, "argv", ["datamind", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err


@pytest.fixture
def datamind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    for name in ("REDIS_URL", "FLOWER_BASIC_AUTH"):
        monkeypatch.delenv(name, raising=False)
    return Command(monkeypatch, capsys)


def until(found: Callable[[], bool]) -> None:
    for _ in range(600):
        if found():
            return
        time.sleep(0.1)
    raise AssertionError("not within a minute")


@pytest.mark.parametrize(
    ("words", "env", "says"),
    [
        (("worker",), {}, "Celery needs Redis"),
        (("beat",), {}, "Celery needs Redis"),
        (("flower",), {}, "FLOWER_BASIC_AUTH is to hold"),
        (("flower",), {"FLOWER_BASIC_AUTH": "me:short"}, "FLOWER_BASIC_AUTH is to hold"),
        (("jobs", "list", "--status", "lost"), {}, "no status"),
        (("jobs", "show", "job-none"), {}, "no such job"),
    ],
)
def test_what_can_not_be_done_is_told(
    datamind: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...],
    env: dict[str, str], says: str,
) -> None:  # fmt: skip
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    code, told = datamind(*words)
    assert code == 2 and says in told


def test_an_operator_lists_looks_calls_off_and_sends_again(
    tmp_path: Path, datamind: Command
) -> None:
    async def ask() -> str:
        async with bench(tmp_path) as made:
            return (await made.ask("jobs.tidy")).id

    job = asyncio.run(ask())
    assert job in datamind("jobs", "list")[1]
    assert json.loads(datamind("jobs", "cancel", job, "--json")[1])["status"] == "cancelled"
    assert json.loads(datamind("jobs", "list", "--status", "queued", "--json")[1]) == []
    assert "queued" in datamind("jobs", "retry", job)[1]
    assert "jobs.tidy" in datamind("jobs", "show", job)[1]


def test_the_worker_and_beat_of_the_command_line_do_a_job_and_end(
    tmp_path: Path, redis_url: str
) -> None:
    env = {**os.environ, "DATAMIND_HOME": str(tmp_path), "REDIS_URL": redis_url}
    processes = [
        subprocess.Popen([DATAMIND, name], env=env, stderr=(tmp_path / f"{name}.log").open("wb"))
        for name in ("worker", "beat")
    ]

    async def work() -> None:
        async with bench(tmp_path) as made:
            job = await made.ask("jobs.tidy")
            done = await made.until(job.id)
            assert (done.status, done.result) == ("succeeded", {"deleted": 0})

    try:
        asyncio.run(work())
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in processes] == [0, 0]
        logs = [line for f in tmp_path.glob("*.log") for line in f.read_text().splitlines()]
        assert all(json.loads(line)["service"] == "datamind" for line in logs)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_flower_shows_the_broker_to_who_knows_the_password(tmp_path: Path, redis_url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ, "DATAMIND_HOME": str(tmp_path), "REDIS_URL": redis_url,
        "FLOWER_BASIC_AUTH": f"ops:{SECRET}",
    }  # fmt: skip
    with subprocess.Popen([DATAMIND, "flower", "--port", str(port)], env=env) as process:

        def status(secret: str | None) -> int:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/broker")
            if secret is not None:
                known = base64.b64encode(f"ops:{secret}".encode()).decode()
                request.add_header("Authorization", f"Basic {known}")
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as fault:
                return fault.code
            except OSError:
                return 0

        try:
            until(lambda: status(None) == 401)
            assert status("wrong") == 401
            until(lambda: status(SECRET) == 200)
            shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            assert SECRET.encode() not in shown
        finally:
            process.terminate()
            process.wait(20)
