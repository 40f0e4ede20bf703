"""The command line run in process and as a process, against small real databases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datamind.cli import app, guarded

SHOP = """
CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, country VARCHAR);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, store_id INTEGER NOT NULL REFERENCES stores (id),
    status VARCHAR NOT NULL, amount DECIMAL(12, 2), order_date DATE NOT NULL
);
INSERT INTO stores
    SELECT i, 'Store ' || i, ['France', 'Spain', NULL][1 + i % 3] FROM range(1, 13) r(i);
INSERT INTO orders
    SELECT i, 1 + i % 12, ['paid', 'cancelled', 'open'][1 + i % 3], (i % 97) * 1000.5,
           DATE '2025-01-01' + CAST(i % 500 AS INTEGER)
    FROM range(1, 3001) r(i);
"""
# Enough for a query that groups by badge to run for about a second and to need much memory.
VISITS = (
    "CREATE TABLE visits AS SELECT i AS id, md5(i::VARCHAR) AS badge, i % 7 AS grade"
    " FROM range(2000000) r(i)"
)
SLOW = "average grade of visits by badge"


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def database(path: Path, *statements: str) -> str:
    """A DuckDB file of these statements; its address."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return f"duckdb:///{path}"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a small shop."""
    return database(tmp_path_factory.mktemp("shop") / "shop.duckdb", SHOP)


@pytest.fixture(scope="session")
def visits(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of a table that is slow to group."""
    return database(tmp_path_factory.mktemp("visits") / "visits.duckdb", VISITS)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where catalogs are kept; shared, so that each is read once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings, and no colours asked for."""
    for name in list(os.environ):
        if name.startswith(("DATAMIND_", "WAREHOUSE_", "DBT_", "FORCE_COLOR")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATAMIND_HOME", str(home))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `datamind` with these words, in this process."""

    def ran(*words: object) -> Ran:
        capsys.readouterr()
        code = guarded(lambda: app([*map(str, words)]))
        return Ran(code, *capsys.readouterr())

    return ran


def command(*words: object) -> list[str]:
    """The same as a process."""
    return [sys.executable, "-m", "datamind.cli", *map(str, words)]


def start(*words: object, **options: Any) -> subprocess.Popen[str]:
    """A process whose output is waited for by the test. It is not measured: coverage holds a lock
    at times, and an interrupt then would leave it taken for good."""
    env = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**env, "PYTHONFAULTHANDLER": "1"}, **options,
    )  # fmt: skip


def told_at_its_end(process: subprocess.Popen[str], within_s: float = 60) -> str:
    """What it wrote to stderr; where it does not end, this shows where it hangs."""
    try:
        return process.communicate(timeout=within_s)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        raise AssertionError(f"it hangs:\n{process.communicate(timeout=10)[1]}") from None


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().decode().split("\n") if line]


def batch_of(path: Path, questions: Sequence[str]) -> Path:
    path.write_text(
        "".join(json.dumps({"id": n, "question": q}) + "\n" for n, q in enumerate(questions, 1))
    )
    return path


@pytest.fixture
def no_secret(run: Run) -> Iterator[Run]:
    """Like `run`; whatever is run, the password `hunter2` is in nothing that it prints."""

    def ran(*words: object) -> Ran:
        made = run(*words)
        assert "hunter2" not in made.out + made.err
        return made

    yield ran
