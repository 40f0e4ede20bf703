"""What goes wrong with a database is told by code, exit code and hint; the next question works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from .conftest import SLOW, Run, batch_of, database, lines_of, start

COUNT = "How many orders are there?"
ONE_TABLE = "CREATE TABLE orders AS SELECT 1 AS id"
COMMANDS = [
    ("ask", COUNT), ("ask", COUNT, "--json"), ("catalog", "show"), ("catalog", "show", "--json"),
    ("catalog", "search", "orders", "--json"), ("catalog", "sync"), ("doctor",),
    ("doctor", "--json"),
]  # fmt: skip


def gone(path: Path) -> None:
    """No file at all."""


def folder(path: Path) -> None:
    path.mkdir()


def blank(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("id,amount\n1,2\n" * 100)


def cut_short(path: Path) -> None:
    database(path, ONE_TABLE)
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    """Whole in length, but a block of it is not what it was."""
    database(path, "CREATE TABLE orders AS SELECT i AS id FROM range(200000) r(i)")
    content = bytearray(path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    path.write_bytes(content)


def without_tables(path: Path) -> None:
    database(path, "CREATE SCHEMA s")


FILES = [
    (gone, "warehouse_not_found"),
    (folder, "warehouse_not_found"),
    (blank, "warehouse_corrupt"),
    (text, "warehouse_corrupt"),
    (cut_short, "warehouse_corrupt"),
    (overwritten, "warehouse_corrupt"),
    (without_tables, "warehouse_empty"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("make", "code"), FILES, ids=[make.__name__ for make, _ in FILES])
def test_a_file_that_is_no_database_with_tables_is_told(
    run: Run, tmp_path: Path, words: tuple[str, ...], make: object, code: str
) -> None:
    path = tmp_path / "some.duckdb"
    make(path)  # type: ignore[operator]
    made = run(*words, "--warehouse", f"duckdb:///{path}")
    told = made.out + made.err
    assert made.code == 6, told
    assert code in told
    assert "some.duckdb" in told
    assert "hint" in told if "--json" in words else told.count("\n") >= 2
    assert "Traceback" not in told
    assert "Error:" not in told
    assert str(tmp_path) not in made.err


@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_file_that_another_process_writes_to_is_told(
    run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    url = database(tmp_path / "busy.duckdb", ONE_TABLE)
    hold = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "busy.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdin and other.stdout
    try:
        assert other.stdout.readline() == "held\n"
        made = run(*words, "--warehouse", url)
    finally:
        other.communicate("\n")
    assert made.code == 6
    assert "warehouse_locked" in made.out + made.err
    assert "Close the other program" in made.out + made.err
    assert run("ask", COUNT, "--warehouse", url).code == 0


def test_a_file_that_went_after_its_catalog_was_read_is_told(run: Run, tmp_path: Path) -> None:
    url = database(tmp_path / "here.duckdb", ONE_TABLE)
    assert run("ask", COUNT, "--warehouse", url).code == 0
    (tmp_path / "here.duckdb").unlink()
    made = run("ask", COUNT, "--warehouse", url)
    assert (made.code, made.out) == (6, "")
    assert "There is no database at here.duckdb. (warehouse_not_found)" in made.err


@pytest.mark.slow
def test_new_data_are_seen_at_the_next_question(run: Run, tmp_path: Path) -> None:
    url = database(tmp_path / "new.duckdb", ONE_TABLE)
    assert "Number of orders: 1." in run("ask", COUNT, "--warehouse", url).out
    with duckdb.connect(str(tmp_path / "new.duckdb")) as db:
        db.execute("INSERT INTO orders SELECT 2")
        db.execute("CREATE TABLE boats AS SELECT 1 AS id")
    assert "Number of orders: 2." in run("ask", COUNT, "--warehouse", url).out
    assert "Number of boats: 1." in run("ask", "How many boats are there?", "--warehouse", url).out


@pytest.mark.slow
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_query_past_its_time_is_stopped(run: Run, visits: str, json: list[str]) -> None:
    made = run("ask", SLOW, "--warehouse", visits, "--timeout", "0.02", *json)
    assert made.code == 6
    assert "query_timeout" in made.out + made.err
    assert "ran over its time limit" in made.out + made.err


@pytest.mark.slow
def test_a_query_past_its_memory_is_stopped(
    run: Run, visits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAMIND_MEMORY_MB", "64")
    made = run("ask", SLOW, "--warehouse", visits)
    assert made.code == 6
    assert "needs more memory than it may use. (too_large)" in made.err
    assert "Narrow the question" in made.err
    assert run("ask", "How many visits are there?", "--warehouse", visits).code == 0


def worker_of(process: subprocess.Popen[str]) -> int | None:
    """The query process below, once it has been at work for a tenth of a second."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks = int(fields[11]) + int(fields[12])
        if int(fields[1]) == process.pid and ticks > 20:
            return int(entry.parent.name)
    return None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the worker is found in /proc")
def test_a_killed_query_process_costs_one_answer(visits: str, tmp_path: Path) -> None:
    questions = batch_of(tmp_path / "q", [SLOW] * 4 + ["How many visits are there?"])
    out = tmp_path / "a"
    process = start("ask", "--batch", questions, "--out", out, "--warehouse", visits)
    worker = None
    while worker is None and process.poll() is None:
        worker = worker_of(process)
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    made = lines_of(out)
    assert len(made) == 5
    assert [m.get("code") for m in made].count("worker_lost") == 1
    assert made[-1]["rows"] == [[2_000_000]]
    assert "Traceback" not in err


def test_a_home_that_can_not_be_written_to_costs_time_only(
    run: Run, shop: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATAMIND_HOME", "/dev/null/home")
    made = run("ask", COUNT, "--warehouse", shop)
    assert made.code == 0
    assert "Number of orders: 3,000." in made.out
    assert "can't be kept" in caplog.text
    found = run("doctor", "--warehouse", shop)
    assert found.code == 0
    assert "! home: nothing can be kept in /dev/null/home" in found.out


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read all; as somebody else it finds the doors that others find."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_what_this_user_may_not_read_is_told(run: Run, shop: str, closed: str) -> None:
    run("ask", COUNT, "--warehouse", shop)  # so that all modules are there already
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        url = database(folder / "closed.duckdb", ONE_TABLE)
        (folder / "closed.duckdb" if closed == "file" else folder).chmod(0)
        with without_privileges():
            made = run("ask", COUNT, "--warehouse", url)
        folder.chmod(0o755)
    assert made.code == 6
    assert "closed.duckdb" in made.err
    assert "(warehouse_" in made.err
    assert "Traceback" not in made.err
