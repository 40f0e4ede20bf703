"""The log of a job as server-sent events, from a real server; the tests are the worker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from datamind.errors import Overloaded, TooManyRequests
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.queue import Claimed
from datamind.rooms.places import Listeners

from ..api.test_process import serving
from .conftest import Bench, bench

HOUR_S = 3600


@dataclass
class Event:
    """One event as it was sent."""

    name: str
    data: Any
    id: str | None


class Follower:
    """Reads a stream in a thread."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.heard: list[Event] = []
        self._more = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        said: dict[str, str] = {}
        try:
            for line in self.answer.iter_lines():
                name, _, value = line.partition(": ")
                said[name] = value
                if line == "" and "event" in said:
                    event = Event(said["event"], json.loads(said["data"]), said.get("id"))
                    with self._more:
                        self.heard.append(event)
                        self._more.notify_all()
                if line == "":
                    said = {}
        except httpx.TransportError:  # the server went away
            return

    def lines(self, count: int) -> list[str]:
        """The lines of the log, once there are so many."""
        with self._more:
            assert self._more.wait_for(lambda: len(self._lines()) >= count, timeout=30)
        return self._lines()

    def _lines(self) -> list[str]:
        return [event.data["line"] for event in self.heard if event.name == "line"]

    def ended(self) -> list[Event]:
        """All that was heard, once the stream is over."""
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.heard

    @property
    def last(self) -> str | None:
        """The id of the last event that had one."""
        return [event.id for event in self.heard if event.id is not None][-1]


@contextmanager
def following(url: str, headers: dict[str, str], last: str | None = None) -> Iterator[Follower]:
    headers = headers | ({"Last-Event-ID": last} if last else {})
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200, answer.read()
        yield Follower(answer)


class Worker:
    """Has one job, and writes its log."""

    def __init__(self, runner: asyncio.Runner, made: Bench) -> None:
        self._run, self._made = runner.run, made
        asked = self._run(made.ask("test", delay_s=2 * HOUR_S))  # so that the server takes it not
        made.clock.forward(hours=3)  # nor takes it back
        claimed = self._run(queue.claim(made.ground, asked.id, "the test"))
        assert claimed is not None
        self.job: Claimed = claimed
        self._seq = 0

    def say(self, *lines: str, progress: float = 0.0) -> None:
        now = self._made.ground.now()
        told = [(self._seq + n, now, line) for n, line in enumerate(lines, 1)]
        self._seq += len(lines)
        assert self._run(queue.renew(self._made.ground, self.job, (progress, ""), told)) is False

    def end(self, status: str) -> None:
        assert self._run(queue.end(self._made.ground, self.job, status, error=("x", "It broke.")))


@pytest.mark.slow
def test_a_log_is_followed_over_a_restart_of_the_server_to_its_end(tmp_path: Path) -> None:
    shop, home = tmp_path / "shop.duckdb", tmp_path / "home"
    with duckdb.connect(str(shop)) as db:
        db.execute("CREATE TABLE stores (id INTEGER PRIMARY KEY)")
    with asyncio.Runner() as runner, serving(home, shop) as server:
        assert server.datamind("users", "role", "ana@example.com", "admin").returncode == 0
        context = bench(home)
        worker = Worker(runner, runner.run(context.__aenter__()))
        worker.say("one", "two", progress=0.25)
        me, jobs = server.login(), f"{server.url}/api/v1/system/jobs"
        url = f"{jobs}/{worker.job.id}/log"
        with following(url, me) as follower:
            assert follower.lines(2) == ["one", "two"]
            worker.say("three", progress=0.5)
            assert follower.lines(3) == ["one", "two", "three"]
            server.end()
            follower.ended()
        states = [event.data["progress"] for event in follower.heard if event.name == "state"]
        assert states == [0.25, 0.5] and follower.last == "3"

        worker.say("four")
        server.start()
        with ExitStack() as stack:
            followers = [stack.enter_context(following(url, me, follower.last)) for _ in range(5)]
            assert [f.lines(1) for f in followers] == [["four"]] * 5
            one_more = httpx.get(url, headers=me)
            assert (one_more.status_code, one_more.headers["Retry-After"]) == (429, "30")
            worker.say("five")
            worker.end("dead")
            for heard in [f.ended() for f in followers]:
                assert [e.data["line"] for e in heard if e.name == "line"] == ["four", "five"]
                end = heard[-1]
                assert (end.name, end.id, end.data["status"]) == ("end", "5/end", "dead")
        for last, status in (("5/end", 204), ("5", 200), ("4/end", 200), ("x", 422)):
            assert httpx.get(url, headers={**me, "Last-Event-ID": last}).status_code == status, last
        assert httpx.get(f"{jobs}/job-none/log", headers=me).status_code == 404
        runner.run(context.__aexit__(None, None, None))


def test_who_listens_is_counted_and_let_go_of() -> None:
    listeners = Listeners(most=3, most_each=2)
    with listeners.one("ana"), listeners.one("ana"):
        with pytest.raises(TooManyRequests):
            listeners.check("ana")
        with listeners.one("ben"), pytest.raises(Overloaded):
            listeners.check("cy")
        listeners.check("cy")
    with listeners.one("ana"):
        listeners.check("ana")
