"""The demo, built once a run with few order lines; each test process asks the same build."""

from __future__ import annotations

import datetime as dt
import fcntl
from collections.abc import Callable, Iterator

import duckdb
import pytest

from datamind.adapters.dbt.build import Build
from datamind.commands.demo import prepare
from datamind.commands.render import Screen
from datamind.commands.wiring import asking
from datamind.pipeline.context import AskContext
from datamind.settings import Settings

TODAY = dt.date(2026, 5, 20)
LINES = 4_000
Rows = list[tuple[object, ...]]


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """A data home that the test processes of this run share."""
    run = tmp_path_factory.getbasetemp()
    return Settings(home=(run if worker_id == "master" else run.parent) / "demo-home")


@pytest.fixture(scope="session")
def demo(demo_settings: Settings) -> Build:
    """The first process to need it builds it, the others wait and find it there."""
    demo_settings.home.mkdir(exist_ok=True)
    with (demo_settings.home / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return prepare(demo_settings, Screen(), lines=LINES, today=TODAY, fresh=False)


@pytest.fixture(scope="session")
def context(demo: Build, demo_settings: Settings) -> Iterator[AskContext]:
    """What an ask needs, wired as the command line wires it."""
    url = f"duckdb:///{demo.warehouse}"
    with asking(url, demo.artifacts, demo_settings) as context:
        yield context


@pytest.fixture
def rows_of(demo: Build, context: AskContext) -> Iterator[Callable[[str], Rows]]:
    """Runs SQL on the warehouse directly; {today} in it is the day of the tests.

    The context comes first: while this connection is open, DuckDB lets this process open no other
    with other settings, as reading the catalog would.
    """
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        yield lambda sql: connection.execute(
            sql.replace("{today}", f"DATE '{TODAY.isoformat()}'")
        ).fetchall()
