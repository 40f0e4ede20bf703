"""The API over a small shop: the whole application in this process, its parts real."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from fastapi import FastAPI

from datamind.api.app import create_app
from datamind.api.data import Source
from datamind.migrations import upgrade
from datamind.rooms.parts import Parts
from datamind.rooms.users.models import User
from datamind.settings import LoginSettings, ServerSettings, Settings

TODAY = dt.date(2026, 3, 15)
PASSWORD = "correct horse battery staple"  # pragma: allowlist secret
SHOP = """
CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, country VARCHAR NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL REFERENCES stores (id),
    status VARCHAR NOT NULL, amount DECIMAL(12, 2) NOT NULL, order_date DATE NOT NULL
);
CREATE TABLE badges AS SELECT i AS id, md5(i::VARCHAR) AS badge FROM range(300000) r(i);
CREATE TABLE visits AS SELECT i AS id, md5(i::VARCHAR) AS ticket, i % 7 AS weight
    FROM range(1500000) r(i);
CREATE TABLE accounts (id INTEGER PRIMARY KEY, login VARCHAR, password_hash VARCHAR);
INSERT INTO stores SELECT i, 'Store ' || i, ['France', 'Spain', 'Italy'][1 + i % 3]
    FROM range(1, 13) r(i);
INSERT INTO orders SELECT i, 1 + i % 12, ['paid', 'cancelled', 'open'][1 + i % 3],
    (i % 97) * 10.5, DATE '2025-01-01' + CAST(i % 400 AS INTEGER) FROM range(1, 3001) r(i);
INSERT INTO accounts VALUES (1, 'root', 'x');
"""
# Runs for a long time, and can be interrupted.
RUNAWAY = "SELECT count(*) AS n FROM badges a, badges b, badges c WHERE a.badge < b.badge"
# Modules whose tests run over SQLite and over PostgreSQL.
BOTH_STORES = frozenset(
    f"test_{name}" for name in "auth users policies sharing questions keys policy_people".split()
)
PEOPLE = ("viewer", "analyst", "admin")


@dataclass
class Clock:
    """A clock that is moved by hand."""

    moment: dt.datetime = dt.datetime(2026, 3, 15, 9, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += dt.timedelta(**by)


class Api:
    """The application and a client of it."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, clock: Clock) -> None:
        self.app = app
        self.client = client
        self.clock = clock
        self.signed_in: dict[str, dict[str, str]] = {}  # by role, for `call`

    @property
    def parts(self) -> Parts:
        return self.app.state.parts  # type: ignore[no-any-return]

    async def login(self, role: str = "analyst") -> dict[str, Any]:
        """The tokens of this role's person."""
        body = {"email": f"{role}@example.com", "password": PASSWORD}
        answer = await self.client.post("/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def headers(self, role: str = "analyst") -> dict[str, str]:
        return {"Authorization": f"Bearer {(await self.login(role))['access_token']}"}

    async def call(
        self, method: str, path: str, body: Any = None, *, role: str | None = "analyst",
        headers: dict[str, str] | None = None, **more: Any,
    ) -> httpx.Response:  # fmt: skip
        """A request by this role's person, who signs in where the token of before is of no use."""
        url = f"/api/v1{path}"
        if role is None or (headers and "Authorization" in headers):
            return await self.client.request(method, url, json=body, headers=headers, **more)
        for known in (True, False):
            if not known or role not in self.signed_in:
                self.signed_in[role] = await self.headers(role)
            sent = {**self.signed_in[role], **(headers or {})}
            answer = await self.client.request(method, url, json=body, headers=sent, **more)
            if answer.status_code != 401:
                break
        return answer

    async def ask(self, question: str, **more: Any) -> dict[str, Any]:
        answer = await self.call("POST", "/sql/ask", {"question": question, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def audited(self) -> list[dict[str, Any]]:
        """The audit's records, oldest first."""
        import sqlite3

        with sqlite3.connect(self.parts.settings.home / "audit.db") as db:
            rows = db.execute("SELECT record FROM audit_log ORDER BY seq").fetchall()
        return [json.loads(row[0]) for row in rows]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute(SHOP)
    return path


def settings_of(home: Path, **server: Any) -> Settings:
    """Settings whose limits nobody meets by accident."""
    limits = "user_limit ask_limit ip_limit demo_limit".split()
    usual: dict[str, Any] = dict.fromkeys(limits, "100000/minute")
    usual["login"] = LoginSettings(100_000, 100_000, 100_000)
    made = ServerSettings(engine_workers=1, query_workers=2, ui=False)
    return Settings(home=home, memory_mb=256, server=replace(made, **{**usual, **server}))


@cache
def newest_store() -> bytes:
    """The file of a metadata store at the newest revision, with nothing in it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "datamind.db"
        upgrade(f"sqlite+aiosqlite:///{file}")
        return file.read_bytes()


@asynccontextmanager
async def running(
    settings: Settings,
    shop: Path | str,
    *,
    people: Sequence[str] = PEOPLE,
    source: Source | None = None,
    **more: Any,
) -> AsyncIterator[Api]:
    """The API over a DuckDB file or another URL while it runs, with one person of each role."""
    clock = Clock()
    file = settings.home / "datamind.db"
    if settings.server.database_url is None and not file.exists():
        settings.home.mkdir(parents=True, exist_ok=True)
        file.write_bytes(newest_store())  # migrating a new one takes longer than most tests
    app = create_app(
        settings,
        source or (lambda: (f"duckdb:///{shop}" if isinstance(shop, Path) else shop, None)),
        today=lambda: TODAY,
        now=clock,
        password_rounds=4,
        **more,
    )
    async with app.router.lifespan_context(app):
        await add_people(app.state.parts, people)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Api(app, client, clock)


async def add_people(parts: Parts, roles: Sequence[str] = PEOPLE) -> None:
    now = parts.now()
    kept = parts.passwords.hash_now(PASSWORD)
    async with parts.database.unit() as session:
        session.add_all(
            User(
                id=f"usr-{role}", email=f"{role}@example.com", name=role.title(), role=role,
                password_hash=kept, active=True, created_at=now, access_valid_from=now,
                sessions_valid_from=now,
            )
            for role in roles
        )  # fmt: skip


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One event loop for a module, so that its application is started once."""
    with asyncio.Runner() as runner:
        yield runner


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of what people keep run over both stores; all run over PostgreSQL where TEST_STORE
    says so."""
    if "store" not in metafunc.fixturenames:
        return
    both = metafunc.module.__name__.rpartition(".")[2] in BOTH_STORES
    stores: list[Any] = [] if os.environ.get("TEST_STORE") == "postgres" else ["sqlite"]
    if both or not stores:
        stores.append(pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.postgres]))
    metafunc.parametrize("store", stores, scope="module", indirect=True)


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest) -> str | None:
    """The address of the metadata store; None for the embedded one."""
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("own_postgres_url")  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def api(
    loop: asyncio.Runner, shop: Path, tmp_path_factory: pytest.TempPathFactory, store: str | None
) -> Iterator[Api]:
    """The API of this module's tests."""
    home = tmp_path_factory.mktemp("home")
    settings = settings_of(home, public_demo=True, database_url=store)
    context = running(settings, shop, demo_questions=("How many orders are there?",))
    yield loop.run(context.__aenter__())
    loop.run(context.__aexit__(None, None, None))


Run = Callable[[Any], Any]


@pytest.fixture
def run(loop: asyncio.Runner) -> Run:
    """Runs a coroutine on the module's loop."""
    return loop.run
