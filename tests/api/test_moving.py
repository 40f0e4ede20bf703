"""An installation moves from SQLite to PostgreSQL: nothing is lost, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa

from datamind.database import Database
from datamind.errors import BadInput, Conflict, DataMindError, Unavailable
from datamind.migrations import head, state, upgrade
from datamind.migrations.moving import move

from ..servers import eventually
from .conftest import PASSWORD
from .filled import Rows, connected, fill, rows_in
from .test_process import Server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
Target = Callable[[], str]


@pytest.fixture
def target(postgres_server: str) -> Iterator[Target]:
    """Gives addresses of empty databases."""
    made: list[str] = []

    def empty() -> str:
        name = f"store_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(postgres_server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        made.append(name)
        return postgres_server.replace("/postgres?", f"/{name}?")

    yield empty
    for name in made:
        with psycopg.connect(postgres_server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A store with rows in all its tables, some of them awkward."""
    url = f"sqlite+aiosqlite:///{tmp_path}/datamind.db"
    upgrade(url)
    fill(url)
    with connected(url) as connection:
        connection.execute(
            sa.text("UPDATE users SET name = 'Ana' || char(0) || 'Ω' WHERE id LIKE 'id-0%'")
        )
        connection.execute(sa.text("UPDATE queries SET confidence = 0.1 + 0.2, elapsed_ms = 1e-9"))
    return url


def replaced(rows: Rows) -> Rows:
    text = json.dumps(rows, default=repr)
    assert "\\u0000" in text
    return {
        table: [
            {k: v.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(v, str) else v
             for k, v in row.items()}
            for row in found
        ]
        for table, found in rows.items()
    }  # fmt: skip


def test_all_tables_arrive_as_they_were(source: str, target: Target) -> None:
    before, there = rows_in(source), target()
    done = move(source, there)
    assert rows_in(there) == replaced(before)
    assert done.rows == {table: len(rows) for table, rows in before.items()}
    assert (done.replaced, done.finished_only) == (1, False)
    assert rows_in(f"sqlite:///{done.backup}") == before
    assert state(there) == (head(), head())


def test_who_still_runs_on_the_file_is_told_and_loses_nothing(source: str, target: Target) -> None:
    move(source, target())
    before = rows_in(source)

    async def write(statement: str) -> None:
        database = Database(source)
        try:
            async with database.unit() as session:
                assert await session.scalar(sa.text("SELECT count(*) FROM users")) == 3
                await session.execute(sa.text(statement))
        finally:
            await database.close()

    for statement in ("DELETE FROM query_shares", "UPDATE users SET name = 'x'"):
        with pytest.raises(Unavailable, match="was moved"):
            asyncio.run(write(statement))
    assert rows_in(source) == before
    with pytest.raises(Unavailable, match="was moved"):  # a look finds it, before anybody writes
        asyncio.run(Database(source).ping())
    for again in (upgrade, lambda url: move(url, target())):
        with pytest.raises(BadInput, match="was moved to another store"):
            again(source)


# Where the move is killed, and whether its rows are there then.
KILLS = [
    ("moving.go_on_counting", False),  # after the first table
    ("moving.content", False),  # before anything is compared
    ("moving._shut", True),  # kept there, and not yet shut here
]


@pytest.mark.parametrize(("where", "arrived"), KILLS)
def test_a_kill_at_any_moment_leaves_both_of_use(
    source: str, target: Target, where: str, arrived: bool
) -> None:
    before, there = rows_in(source), target()
    script = f"""
import os, signal, sys
from datamind.migrations import moving
{where} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
moving.move(*sys.argv[1:])
"""
    killed = subprocess.run([sys.executable, "-c", script, source, there], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert rows_in(source) == before
    assert state(source) == (head(), head())
    assert bool(rows_in(there)) == arrived
    assert move(source, there).finished_only == arrived
    assert rows_in(there) == replaced(before)


def _of_others(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE TABLE users (id INTEGER)")


def _another(url: str) -> None:
    upgrade(url)
    fill(url)


def _nothing(url: str) -> None:
    pass


LONG = "UPDATE users SET name = printf('%.*c', 300, 'x') WHERE id LIKE 'id-1%'"


@pytest.mark.parametrize(
    ("prepare", "spoil", "fault", "said"),
    [
        (_of_others, "", Conflict, "has a table users already"),
        (_another, "", Conflict, "holds an installation already, and not this one"),
        (_nothing, LONG, BadInput, "users.name of id-1 .* is longer than PostgreSQL keeps"),
    ],
)
def test_what_can_not_be_moved_is_left_as_it_was(
    source: str, target: Target, prepare: Callable[[str], None], spoil: str,
    fault: type[DataMindError], said: str,
) -> None:  # fmt: skip
    there = target()
    prepare(there)
    if spoil:
        with connected(source) as connection:
            connection.execute(sa.text(spoil))
    before = rows_in(source), rows_in(there)
    with pytest.raises(fault, match=said):
        move(source, there)
    assert (rows_in(source), rows_in(there)) == before


def test_a_whole_installation_goes_on_where_it_was(
    shop: Path, tmp_path: Path, target: Target
) -> None:
    server = Server(tmp_path, shop)
    server.people(ana="analyst", eve="admin")
    server.start()
    ana, eve = signed_in(server, "ana"), signed_in(server, "eve")
    asked = call(server, "POST", "/sql/ask", ana, question="how many orders are there")
    flag = {"query_id": asked["query_id"], "comment": "Größe?", "rating": 2}
    call(server, "POST", "/feedback/flag", ana, **flag)
    call(server, "POST", f"/queries/{asked['query_id']}/share", ana, everybody=True)
    rule = {"name": "Paid", "on": "orders", "to": {"roles": ["analyst"]}, "rows": "status = 'paid'"}
    call(server, "POST", "/policies/rows", eve, **rule)
    key = call(server, "POST", "/auth/keys", ana, name="k", scopes=["read"])["key"]
    before = look(server, ana, eve, key)

    there = target()
    command = ("migrate", "--to-database", there)
    moved = server.datamind(*command, "--json")  # while it serves
    assert moved.returncode == 0, moved.stderr + moved.stdout
    told = json.loads(moved.stdout)
    assert told["rows"]["users"] == 2 and told["rows"]["feedback"] == 1
    late = httpx.post(f"{server.url}/api/v1/auth/login", json=body("ana"), timeout=20)
    assert late.status_code == 503
    # A balancer sends nobody here any more.
    assert eventually(lambda: httpx.get(f"{server.url}/health/ready").status_code == 503, 30)
    assert server.end() in (0, 130)
    refused = server.datamind("serve", "--warehouse", f"duckdb:///{shop}")
    assert (refused.returncode, "was moved to another store" in refused.stderr) == (2, True)

    server.env["DATABASE_URL"] = told["database_url"]
    server.start()
    try:
        assert look(server, ana, eve, key) == before
        assert signed_in(server, "ana")
        again = call(server, "POST", "/sql/ask", ana, question="how many orders are there")
        assert again["results"] == [{"number_of_orders": 1000}]
        refreshed = call(server, "POST", "/auth/refresh", {}, refresh_token=ana["refresh"])
        assert refreshed["access_token"]
        assert server.datamind("migrate", "--check").returncode == 0
        verified = server.datamind("audit", "verify")
        assert verified.returncode == 0, verified.stdout
    finally:
        server.end()


def body(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.com", "password": PASSWORD}


def signed_in(server: Server, name: str) -> dict[str, str]:
    tokens = call(server, "POST", "/auth/login", {}, **body(name))
    return {"Authorization": f"Bearer {tokens['access_token']}", "refresh": tokens["refresh_token"]}


def call(server: Server, method: str, path: str, headers: dict[str, str], **sent: Any) -> Any:
    more: dict[str, Any] = {"json": sent} if method == "POST" else {}
    answer = httpx.request(
        method, f"{server.url}/api/v1{path}", headers=headers, timeout=30, **more
    )
    assert answer.is_success, answer.text
    return answer.json()


def look(server: Server, ana: dict[str, str], eve: dict[str, str], key: str) -> list[Any]:
    """What people see of what they did."""
    by_key = {"Authorization": f"Bearer {key}"}
    return [
        call(server, "GET", "/queries", ana),
        call(server, "GET", "/queries", by_key)["total"],
        call(server, "GET", "/queries/shared", eve),
        call(server, "GET", "/feedback", eve),
        call(server, "GET", "/policies", eve),
        [{**u, "last_login_at": ""} for u in call(server, "GET", "/users", eve)["items"]],
    ]
