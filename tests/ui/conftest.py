"""The real server on a small demo, and a real browser that watches what its pages do."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
LINES = "1000"
STARTS_WITHIN_S = 120
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip
NO_LIMITS = {f"RATE_LIMIT_{name}": "100000/minute" for name in ("USER", "ASK", "IP")}
NO_LIMITS |= {f"LOGIN_FAILURES{of}": "100000" for of in ("", "_NETWORK", "_ACCOUNT")}
PATIENCE_MS = 15_000  # of what is looked at each 5 s, on a busy machine
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Server:
    """Where it is, and who may sign in."""

    url: str
    home: Path
    passwords: dict[str, str]

    def token(self, email: str) -> dict[str, str]:
        """Headers of a call in the name of this person."""
        body = {"email": email, "password": self.passwords[email]}
        told = httpx.post(f"{self.url}/api/v1/auth/login", json=body).json()
        return {"Authorization": f"Bearer {told['access_token']}"}


@dataclass
class Watched:
    """A browser of its own cookies; what its pages complained of, and whom else they asked."""

    context: BrowserContext
    server: Server
    faults: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def page(self) -> Page:
        """A page that is listened to."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.faults.append(str(e)))
        page.on("request", lambda r: self._asked(r.url))
        return page

    def _asked(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:", "ws:")):
            self.elsewhere.append(url)

    def signed_in(self, email: str, path: str = "/") -> Page:
        """A page there, after signing in by the form."""
        page = self.page()
        page.goto(f"{self.server.url}{path}")
        page.fill("#email", email)
        page.fill("#password", self.server.passwords[email])
        page.get_by_role("button", name="Sign in").click()
        page.locator(".page").wait_for()
        return page


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _demo(*options: str) -> list[str]:
    return [sys.executable, "-m", "datamind.cli", "demo", "--lines", LINES, *options]


def _environment(home: Path) -> dict[str, str]:
    path = os.pathsep.join(p for p in (str(ROOT / "src"), os.environ.get("PYTHONPATH")) if p)
    return {**os.environ, **NO_LIMITS, "DATAMIND_HOME": str(home), "PYTHONPATH": path}


def _built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A home with the demo built in it: the first process to need it builds it."""
    run = tmp_path_factory.getbasetemp()
    home = (run if worker_id == "master" else run.parent) / "ui-demo"
    home.mkdir(exist_ok=True)
    with (home / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "demo").is_dir():
            subprocess.run(_demo("--once"), env=_environment(home), check=True, capture_output=True)
    return home / "demo"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Server]:
    """`datamind demo`, with people and a history of its own for each test process."""
    home = tmp_path_factory.mktemp("ui-home")
    (home / "demo").symlink_to(_built(tmp_path_factory, worker_id))
    port = free_port()
    said = home / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen(
            _demo("--port", str(port)), env=_environment(home), stdout=out, stderr=out,
            cwd=home,
        )  # fmt: skip
    try:
        _wait_for(lambda: "DataMind serves" in said.read_text(), process, said)
        people = re.findall(r"^\s+\w+\s+(\S+@\S+)\s+(\S+)$", said.read_text(), re.MULTILINE)
        yield Server(f"http://127.0.0.1:{port}", home, dict(people))
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise AssertionError(said.read_text())
        time.sleep(0.1)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine; not for longer than a module, for while it is driven no other
    test of this process can run an event loop."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium on the PATH: looked for " + ", ".join(names))
    from playwright.sync_api import expect, sync_playwright  # late, for it takes a second

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(chromium: Browser) -> BrowserContext:
    """One for all of a module: what the pages' framework is compiled to stays."""
    return chromium.new_context(viewport=DESK, reduced_motion="reduce")


@pytest.fixture
def browser(context: BrowserContext, server: Server) -> Iterator[Watched]:
    """A browser that knows nobody; at the end no page may have complained, or asked another
    host."""
    watched = Watched(context, server)
    yield watched
    for page in context.pages:
        page.close()
    context.clear_cookies()
    assert watched.elsewhere == []
    assert watched.faults == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: DATAMIND_PICTURES, or a folder that pytest throws away."""
    named = os.environ.get("DATAMIND_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
