"""The server as a process: what a kill loses, what it leaves running, and how it bears a crowd."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.cli import app, guarded
from datamind.commands.people import wanted, with_people
from datamind.rooms.auth.passwords import Passwords
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Ground
from datamind.rooms.users import service as users
from datamind.rooms.users.schemas import UserIn
from datamind.settings import load

from ..servers import eventually
from .conftest import PASSWORD, RUNAWAY

pytestmark = pytest.mark.slow
START_S = 30.0
LONG = "average weight of visits by ticket"  # takes about a second
LIMITS = {f"RATE_LIMIT_{name}": "1000000/minute" for name in ("USER", "ASK", "IP", "DEMO")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]  # type: ignore[no-any-return]


class Server:
    """A `datamind serve` of its own."""

    def __init__(self, home: Path, shop: Path, **env: str) -> None:
        self.home, self.shop, self.port = home, shop, free_port()
        self.env = {**os.environ, "DATAMIND_HOME": str(home), "DATAMIND_MEMORY_MB": "256",
                    "DATAMIND_UI": "0", **LIMITS, **env}  # fmt: skip
        self.process: subprocess.Popen[str] | None = None
        self.said = ""
        handle, errors = tempfile.mkstemp(suffix=".stderr")
        os.close(handle)
        self.errors = Path(errors)
        self.url = f"http://127.0.0.1:{self.port}"

    def people(self, **roles: str) -> None:
        """Users, made as `users add` makes them, but here, where all is loaded, and with a hash
        that is checked at once: a command of its own takes three seconds of a processor."""
        fast = patch.dict(Passwords.__init__.__kwdefaults__, rounds=4)
        with patch.dict(os.environ, self.env, clear=True), fast:
            settings = load()
            for name, role in roles.items():
                new = wanted(f"{name}@example.com", name, role, PASSWORD)
                with_people(settings, partial(_created, new))

    def datamind(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "datamind.cli", *words]
        return subprocess.run(
            command, env=self.env, input=stdin, capture_output=True, text=True, check=False
        )

    def here(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same in this process, without three seconds of imports."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.env, clear=True),
            redirect_stdout(out), redirect_stderr(err),
        ):  # fmt: skip
            code = guarded(lambda: app(list(words)))
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    def command(self) -> list[str]:
        return [sys.executable, "-m", "datamind.cli", "serve", "--port", str(self.port),
                "--warehouse", f"duckdb:///{self.shop}"]  # fmt: skip

    def begin(self) -> None:
        """Start it, and wait for nothing."""
        # Into a file: who writes into a pipe that nobody empties stands still.
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                self.command(), env=self.env, stderr=errors, text=True, start_new_session=True
            )

    def start(self) -> None:
        self.begin()
        assert self.process is not None
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            time.sleep(0.05)
        self.end(signal.SIGKILL)
        raise AssertionError("the server did not start")

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(timeout=20)
        self.said = self.errors.read_text("utf-8")
        return self.process.returncode

    def below(self) -> set[int]:
        """The processes that it started, and theirs."""
        assert self.process is not None
        return descendants(self.process.pid)

    def login(self) -> dict[str, str]:
        body = {"email": "ana@example.com", "password": PASSWORD}
        answer = httpx.post(f"{self.url}/api/v1/auth/login", json=body, timeout=20)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _created(new: UserIn, ground: Ground, session: AsyncSession, caller: Caller) -> None:
    await users.create(session, ground, caller, new)


def descendants(root: int) -> set[int]:
    found: set[int] = set()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                children = {int(c) for c in (task / "children").read_text().split()}
                found |= children
                waiting += children
    return found


def gone(pids: set[int], within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not any(_lives(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _lives(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@contextmanager
def serving(home: Path, shop: Path, **env: str) -> Iterator[Server]:
    server = Server(home, shop, **env)
    server.people(ana="analyst")
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def server(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), shop) as server:
        yield server


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_ends_all_that_it_started(
    shop: Path, tmp_path: Path, how: signal.Signals
) -> None:
    with serving(tmp_path, shop) as server:
        headers = server.login()
        httpx.post(f"{server.url}/api/v1/sql/ask", json={"question": "how many orders"},
                   headers=headers)  # fmt: skip
        started = server.below()
        assert len(started) >= 4  # the engine's, the warehouse's, and what they come from
        assert server.end(how) == 0
        assert gone(started)
        assert json.loads(server.said.splitlines()[-1])["message"] == "DataMind has ended."


def test_who_is_under_way_when_it_ends_is_told_to_come_again(shop: Path, tmp_path: Path) -> None:
    with serving(tmp_path, shop) as server:
        headers = server.login()
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(
                httpx.post, f"{server.url}/api/v1/sql/execute", json={"sql": RUNAWAY},
                headers=headers, timeout=60,
            )  # fmt: skip
            time.sleep(2)
            assert server.end(signal.SIGTERM) == 0
        answer = asked.result()
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("after_s", [0.7, 1.0, 1.3, 1.6])
def test_interrupted_while_it_starts_it_ends_quietly(
    server: Server, tmp_path: Path, after_s: float
) -> None:
    """As a terminal does it: all processes of the group hear of it at once."""
    command = [sys.executable, "-m", "datamind.cli", "serve", "--port", str(free_port()),
               "--warehouse", f"duckdb:///{server.shop}"]  # fmt: skip
    # Not measured: an interrupt would leave coverage's own lock taken for good.
    env = {name: text for name, text in server.env.items() if not name.startswith("COVERAGE_")}
    process = subprocess.Popen(
        command, env={**env, "DATAMIND_HOME": str(tmp_path)}, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(after_s)
    started = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=20)[1]
    # A shell makes 130 of both; Python dies by the signal where it comes as it is ending already.
    assert process.returncode in (0, 130, -signal.SIGINT), told
    assert "Traceback" not in told and "Aborted" not in told
    assert gone(started)


def test_killed_it_loses_no_flag_no_query_and_no_audit_row_and_leaves_nothing_running(
    shop: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, shop) as server:
        headers = server.login()
        accepted: list[tuple[str, str]] = []

        async def ask_and_flag() -> None:
            async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:

                async def one() -> None:
                    while True:
                        asked = await client.post(
                            "/api/v1/sql/ask", json={"question": "how many orders are there"}
                        )
                        query = asked.json()["query_id"]
                        body = {"query_id": query, "rating": 1}
                        flag = await client.post("/api/v1/feedback/flag", json=body)
                        if flag.status_code == 201:
                            accepted.append((query, flag.json()["feedback_id"]))

                tasks = [asyncio.create_task(one()) for _ in range(4)]
                while len(accepted) < 25:
                    await asyncio.sleep(0.01)
                assert server.process is not None
                server.process.kill()
                await asyncio.gather(*tasks, return_exceptions=True)

        started = server.below()
        asyncio.run(ask_and_flag())
        assert gone(started)
        with sqlite3.connect(tmp_path / "datamind.db") as db:
            queries = {row[0] for row in db.execute("SELECT id FROM queries WHERE flagged")}
            flags = {row[0] for row in db.execute("SELECT id FROM feedback")}
        with sqlite3.connect(tmp_path / "audit.db") as db:
            records = [json.loads(r[0]) for r in db.execute("SELECT record FROM audit_log")]
        audited = {r["details"]["query"] for r in records if r["event_type"] == "query_ask"}
        assert {query for query, _ in accepted} <= queries & audited
        assert {flag for _, flag in accepted} <= flags
        assert flags <= {
            r["details"]["feedback"] for r in records if r["event_type"] == "feedback_flag"
        }


def running_now(server: Server) -> float:
    found = re.search(
        r"^queries_running (\S+)", httpx.get(f"{server.url}/metrics").text, re.MULTILINE
    )
    assert found is not None
    return float(found[1])


def idle(server: Server, within_s: float = 5.0) -> bool:
    """Whether nothing runs any more, on the warehouse's processors either."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if running_now(server) == 0:
            before = _ticks(server.below())
            time.sleep(0.3)
            if _ticks(server.below()) - before <= 10:  # of the 30 that one thread would take
                return True
        time.sleep(0.05)
    return False


def _ticks(pids: set[int]) -> int:
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total


def left(server: Server, headers: dict[str, str], *, streamed: bool) -> None:
    """Start something long, and go away in the middle of it."""
    with httpx.Client(base_url=server.url, headers=headers, timeout=1.0) as client:
        if not streamed:
            client.post("/api/v1/sql/execute", json={"sql": RUNAWAY})
            return
        opened = client.post("/api/v1/sql/ask?stream=true", json={"question": LONG}).json()
        ticket = {"X-Stream-Ticket": opened["ticket"]}
        path = f"/api/v1/sql/stream/{opened['stream_id']}"
        with client.stream("GET", path, headers=ticket) as heard:
            for line in heard.iter_lines():
                if "sanitize" in line:  # it runs now
                    return


@pytest.mark.parametrize("streamed", [False, True])
def test_a_client_that_goes_away_leaves_nothing_running(server: Server, streamed: bool) -> None:
    headers = server.login()
    with suppress(httpx.TimeoutException):
        left(server, headers, streamed=streamed)
    assert idle(server)
    history = httpx.get(f"{server.url}/api/v1/queries?limit=1", headers=headers).json()
    assert history["items"][0]["status"] == "cancelled"


async def talked(server: Server, *messages: dict[str, Any], until: int) -> list[dict[str, Any]]:
    """What a WebSocket says to these messages, `until` so many were said."""
    url = f"ws://127.0.0.1:{server.port}/api/v1/ws/ask"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        for message in messages:
            await socket.send_json(message)
        said = []
        while len(said) < until:
            message = await asyncio.wait_for(socket.receive(), 10)
            if message.type is not aiohttp.WSMsgType.TEXT:
                said.append({"event": "closed", "data": socket.close_code})
                break
            said.append(json.loads(message.data))
        return said


def test_questions_are_asked_over_a_websocket(server: Server) -> None:
    token = server.login()["Authorization"].removeprefix("Bearer ")
    first = {"type": "token", "token": token}
    ask = {"type": "ask", "question": "how many orders are there"}
    said = asyncio.run(talked(server, first, ask, until=10))
    assert [m["event"] for m in said] == ["ready", "accepted", *["stage"] * 7, "answer"]
    assert said[-1]["data"]["results"] == [{"number_of_orders": 3000}]
    said = asyncio.run(
        talked(server, first, {"type": "ask"}, {"type": "x"}, {"type": "cancel"}, until=4)
    )
    codes = [m["data"].get("code") for m in said]
    assert codes == [None, "bad_input", "bad_input", "not_found"]


def test_a_websocket_without_a_good_token_is_closed(server: Server) -> None:
    for first in (
        {"type": "token", "token": "x"}, {"type": "ask", "question": "how many orders"}, {},
    ):  # fmt: skip
        said = asyncio.run(talked(server, first, until=2))
        assert said[0]["data"]["code"] == "unauthenticated"
        assert said[1] == {"event": "closed", "data": 1008}


def test_who_leaves_a_websocket_leaves_nothing_running(server: Server) -> None:
    headers = server.login()
    token = headers["Authorization"].removeprefix("Bearer ")
    messages = ({"type": "token", "token": token}, {"type": "ask", "question": LONG})
    asyncio.run(talked(server, *messages, until=7))  # it runs now
    assert idle(server)
    history = httpx.get(f"{server.url}/api/v1/queries?limit=1", headers=headers).json()
    assert history["items"][0]["status"] == "cancelled"


def test_two_thousand_asks_at_once_are_each_answered_or_turned_away(server: Server) -> None:
    headers = server.login()

    async def crowd() -> list[tuple[int, str, dict[str, Any]]]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(server.url, connector=connector, headers=headers) as c:

            async def ask(number: int) -> tuple[int, str, dict[str, Any]]:
                body = {"question": f"How many orders were there in {2025 + number % 2}?"}
                async with c.post("/api/v1/sql/ask", json=body) as answer:
                    wait = answer.headers.get("Retry-After", "")
                    return answer.status, wait, await answer.json(content_type=None)

            return await asyncio.gather(*map(ask, range(2000)))

    answers = asyncio.run(crowd())
    # One person's: their own queue is full before that of all.
    assert {200, 429} <= {status for status, _, _ in answers} <= {200, 429, 503}
    assert sum(status == 200 for status, _, _ in answers) >= 32
    for status, wait, body in answers:
        if status != 200:
            code = {429: "too_many_requests", 503: "overloaded"}[status]
            assert body["code"] == code and int(wait) >= 1
        else:
            assert body["rows_returned"] == 1
    assert idle(server)
    after = httpx.post(
        f"{server.url}/api/v1/sql/ask", json={"question": "how many orders are there"},
        headers=headers,
    )  # fmt: skip
    assert after.json()["results"] == [{"number_of_orders": 3000}]


def test_a_lost_engine_process_is_replaced(server: Server) -> None:
    headers = server.login()
    for pid in server.below():
        with suppress(OSError):
            if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes():
                for child in descendants(pid):
                    os.kill(child, signal.SIGKILL)
    answer = httpx.post(
        f"{server.url}/api/v1/sql/ask", json={"question": "how many orders are there"},
        headers=headers, timeout=20,
    )  # fmt: skip
    assert answer.json()["results"] == [{"number_of_orders": 3000}]


def test_where_nobody_can_sign_in_it_says_how_to_begin(shop: Path, tmp_path: Path) -> None:
    server = Server(tmp_path, shop)
    server.begin()
    try:
        assert eventually(lambda: "users add" in server.errors.read_text("utf-8"), START_S)
        told = server.errors.read_text("utf-8")
        assert f"http://localhost:{server.port}" in told
        assert "datamind users add" in told
    finally:
        server.end()


def test_a_port_in_use_is_told(server: Server) -> None:
    told = server.datamind(
        "serve", "--port", str(server.port), "--warehouse", f"duckdb:///{server.shop}"
    )
    assert told.returncode == 2
    assert "Nothing can listen" in told.stderr and "--port" in told.stderr


def test_production_without_a_secret_does_not_start(server: Server) -> None:
    server.env["DATAMIND_ENV"] = "production"
    try:
        for secret, said in (("", "JWT_SECRET is missing"), ("weak", "JWT_SECRET is too weak")):
            server.env["JWT_SECRET"] = secret
            told = server.datamind(
                "serve", "--port", str(free_port()), "--warehouse", f"duckdb:///{server.shop}"
            )
            assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    finally:
        del server.env["DATAMIND_ENV"], server.env["JWT_SECRET"]


def test_the_client_in_the_documentation_works(server: Server, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "server.md"
    (client,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    script = tmp_path / "client.py"
    script.write_text(client)
    env = {
        **os.environ, "DATAMIND_URL": server.url, "DATAMIND_EMAIL": "ana@example.com",
        "DATAMIND_PASSWORD": PASSWORD,
    }  # fmt: skip
    told = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "'number_of_orders': 1000" in told.stdout


def test_people_are_seen_to_from_the_command_line_while_it_serves(server: Server) -> None:
    added = json.loads(
        server.here("users", "add", "bob@example.com", "--role", "viewer", "--json").stdout
    )
    body = {"email": "bob@example.com", "password": added["password"]}
    tokens = httpx.post(f"{server.url}/api/v1/auth/login", json=body).json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert server.here("users", "role", "bob@example.com", "analyst").returncode == 0
    assert server.here("users", "deactivate", "bob@example.com").returncode == 0
    until = time.monotonic() + 8
    while time.monotonic() < until:
        code = httpx.get(f"{server.url}/api/v1/auth/me", headers=header).status_code
        if code == 401:
            break
        time.sleep(0.2)
    assert code == 401
    listed = {u["email"]: u for u in json.loads(server.here("users", "list", "--json").stdout)}
    assert (listed["bob@example.com"]["role"], listed["bob@example.com"]["active"]) == (
        "analyst", False
    )  # fmt: skip
    for words, code in (
        (("add", "no-address"), 2), (("add", "bob@example.com"), 2),
        (("add", "c@example.com", "--role", "root"), 2), (("password", "x@example.com"), 2),
    ):  # fmt: skip
        told = server.here("users", *words)
        assert (told.returncode, "Traceback" in told.stderr) == (code, False), told.stderr


def test_who_is_locked_or_shut_out_is_let_in_from_the_command_line(
    shop: Path, tmp_path: Path
) -> None:
    env = {"LOGIN_FAILURES": "2", "POLICY_CACHE_SECONDS": "1", "DATAMIND_UI": "1"}
    with serving(tmp_path, shop, **env) as server:
        url = f"{server.url}/api/v1"
        email = "ana@example.com"
        assert server.here("users", "role", email, "admin").returncode == 0
        header = server.login()
        for password, status in (("wrong", 401), ("wrong", 401), (PASSWORD, 429)):
            time.sleep(1.1)
            body = {"email": email, "password": password}
            assert httpx.post(f"{url}/auth/login", json=body, timeout=20).status_code == status
        assert httpx.get(f"{url}/auth/me", headers=header).status_code == 200
        page = httpx.post(f"{server.url}/signin", data=body, timeout=20)
        assert page.status_code == 429
        assert "Too many wrong passwords. Try again in 15 min, or ask an admin" in page.text
        told = server.here("users", "unlock", email, "--json")
        assert json.loads(told.stdout) == {"counts": 2}
        header = server.login()
        deny = {"action": "deny", "network": "127.0.0.1"}
        path = f"{url}/security/ip-restrictions"
        assert httpx.post(path, json=deny, headers=header).status_code == 409
        assert httpx.post(f"{path}?force=true", json=deny, headers=header).status_code == 201
        assert httpx.get(f"{url}/auth/me", headers=header).status_code == 403
        listed = json.loads(server.here("ip-restrictions", "list", "--json").stdout)
        assert [(r["action"], r["network"]) for r in listed] == [("deny", "127.0.0.1/32")]
        assert "127.0.0.1/32" in server.here("ip-restrictions", "list").stdout
        assert server.here("ip-restrictions", "clear").returncode == 0
        until = time.monotonic() + 8
        while httpx.get(f"{url}/auth/me", headers=header).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert server.here("users", "unlock").returncode == 2
