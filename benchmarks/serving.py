"""How the server does: start, asks over HTTP, its memory, and /health while a crowd asks.

The crowd runs in a process of its own (`python -m benchmarks.serving URL TOKEN`), so that what it
costs to ask is not counted as the time of an answer.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.asking import QUESTIONS, pss_of_tree
from benchmarks.figures import Figure, p50_and_p95
from datamind.evaluation.report import percentile

ROUNDS = 5
PEOPLE = 50
CROWD_S = 10.0
PROBE_EVERY_S = 0.02
LIMITS = {f"RATE_LIMIT_{name}": "1000000/minute" for name in ("USER", "ASK", "IP")}
LIMITS["DATAMIND_QUEUE_USER"] = "1000"  # all ask as one


def figures(home: Path) -> list[Figure]:
    """The figures of a server over the demo that is built in `home`."""
    env = {**os.environ, "DATAMIND_HOME": str(home), **LIMITS}
    password = _somebody(env)
    started = time.perf_counter()
    with server(env) as (port, pid):
        ready = time.perf_counter() - started
        client = Client(port)
        token = client.login(password)
        times, unanswered = _asks(client, cache=False)
        kept, _ = _asks(client, cache=True)
        memory = pss_of_tree(pid)
        crowd = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serving", f"http://127.0.0.1:{port}", token],
            stdout=subprocess.PIPE, text=True, env=env,
        )  # fmt: skip
        health = _probed(port, CROWD_S)
        asked = json.loads(crowd.communicate()[0])
        after = pss_of_tree(pid)
    return [
        Figure("server: start to ready", ready, "s", 4),
        *p50_and_p95("asking over HTTP", times, 60, 250),
        Figure("asking over HTTP what is kept, p50", percentile(kept, 50), "ms", 15),
        Figure("asking over HTTP what is kept, p95", percentile(kept, 95), "ms"),
        Figure("asks over HTTP unanswered", unanswered, "", 0),
        Figure("memory of the server's process tree (PSS)", memory, "MB", 450),
        Figure(f"the same after {PEOPLE} people asked", after, "MB", 450),
        Figure(f"/health while {PEOPLE} people ask, p99", percentile(health, 99), "ms", 50),
        Figure(f"/health while {PEOPLE} people ask, slowest of {len(health)}", health[-1], "ms"),
        Figure(f"asks a second, {PEOPLE} people without a pause", asked["rate"], "/s"),
        Figure(f"their wait, p95 of {asked['count']}", asked["p95"], "ms"),
        Figure("of them neither answered nor turned away", asked["odd"], "", 0),
    ]


class Client:
    """A person with one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Content-Type": "application/json"}

    def login(self, password: str) -> str:
        """The access token, sent along from now on."""
        body = {"email": "bench@example.com", "password": password}
        token = str(self.post("/api/v1/auth/login", body)["access_token"])
        self._headers["Authorization"] = f"Bearer {token}"
        return token

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        """The answer's JSON."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        made: dict[str, object] = json.loads(self._connection.getresponse().read())
        return made


def _somebody(env: dict[str, str]) -> str:
    """The password of a user who may ask."""
    command = [sys.executable, "-m", "datamind.cli", "users", "add", "bench@example.com", "--json"]
    added = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return str(json.loads(added.stdout)["password"])


@contextmanager
def server(env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Its port and process id, once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "datamind.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        while not _ready(port):
            if process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _asks(client: Client, *, cache: bool) -> tuple[list[float], int]:
    """Sorted milliseconds of each question, asked over and over; how many had no answer."""
    times, unanswered = [], 0
    for number in range(ROUNDS + 1):
        for question in QUESTIONS:
            asked = question if cache else anew(question, number)
            started = time.perf_counter()
            answer = client.post("/api/v1/sql/ask", {"question": asked, "cache": cache})
            if number:  # the first round warms up
                times.append(1000 * (time.perf_counter() - started))
            unanswered += answer.get("status") != "answered"
    return sorted(times), unanswered


def anew(question: str, number: int) -> str:
    """The same question, but with blanks that make it one that was not read before."""
    return question + format(number, "b").replace("0", " ").replace("1", "\t")


def _probed(port: int, seconds: float) -> list[float]:
    """Sorted milliseconds that /health takes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    found = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        found.append(1000 * (time.perf_counter() - started))
        time.sleep(PROBE_EVERY_S)
    return sorted(found)


async def _crowd(url: str, token: str) -> dict[str, float]:
    import aiohttp

    times: list[float] = []
    odd, asked = 0, itertools.count(ROUNDS + 1)
    until = time.monotonic() + CROWD_S - 1
    parts = urlsplit(url)
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        f"{parts.scheme}://{parts.netloc}", connector=connector, headers=headers
    ) as session:

        async def person(number: int) -> None:
            nonlocal odd
            while time.monotonic() < until:
                question = anew(QUESTIONS[number % len(QUESTIONS)], next(asked))
                body = {"question": question, "cache": False}
                started = time.perf_counter()
                async with session.post("/api/v1/sql/ask", json=body) as answer:
                    await answer.read()
                times.append(1000 * (time.perf_counter() - started))
                odd += answer.status not in (200, 503)
                number += 1

        await asyncio.gather(*map(person, range(PEOPLE)))
    times.sort()
    return {
        "rate": len(times) / (CROWD_S - 1),
        "count": len(times),
        "p95": percentile(times, 95),
        "odd": odd,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_crowd(sys.argv[1], sys.argv[2]))))
