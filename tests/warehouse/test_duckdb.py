"""DuckDB as a warehouse: typed rows, limits that hold, faults that are told plainly, no remains."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from datamind import errors
from datamind.adapters.warehouse import process
from datamind.adapters.warehouse.duckdb import DuckDbWarehouse

from .conftest import governed

UUID = "9dac8d70-6b7d-4be6-bc0b-8cb79318d3a0"
RUNAWAY = (
    "SELECT sum(a.id * b.id * c.id) FROM main.sales a, main.sales b, main.sales c, main.sales d"
)


def pids(warehouse: DuckDbWarehouse) -> list[int]:
    return [worker.process.pid for worker in warehouse._all]


def gone(pid: int, within_s: float = 5.0) -> bool:
    """Whether a process has ended (a zombie has)."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_rows_come_typed_and_cut_at_the_limit(warehouse: DuckDbWarehouse) -> None:
    result = warehouse.run(governed("SELECT id, amount FROM main.sales", limit=3), timeout_s=5)
    assert [(c.name, c.type) for c in result.columns] == [("id", "integer"), ("amount", "decimal")]
    assert result.rows == ((0, Decimal("0.0")), (1, Decimal("1.5")), (2, Decimal("3.0")))
    assert result.truncated
    assert result.data_version == warehouse.data_version() != ""


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("1::HUGEINT", "integer", 1),
        ("1.25::DECIMAL(10,2)", "decimal", Decimal("1.25")),
        ("0.5::DOUBLE", "float", 0.5),
        ("'ü'", "text", "ü"),
        ("true", "boolean", True),
        ("DATE '2026-02-28'", "date", dt.date(2026, 2, 28)),
        ("TIMESTAMP '2026-02-28 01:02:03'", "timestamp", dt.datetime(2026, 2, 28, 1, 2, 3)),  # noqa: DTZ001
        (
            "TIMESTAMPTZ '2026-02-28 01:00:00+02'",
            "timestamp",
            dt.datetime(2026, 2, 27, 23, tzinfo=dt.UTC),
        ),
        ("TIME '12:30:00'", "time", dt.time(12, 30)),
        ("INTERVAL 3 DAY", "interval", dt.timedelta(days=3)),
        ("[1, 2]", "other", "[1, 2]"),
        ("[1.5::DECIMAL(10,1), NULL]", "other", '["1.5", null]'),
        ("array_value(1.5::DECIMAL(10,1))", "other", '["1.5"]'),
        ("[TIME '12:30:00']", "other", '["12:30:00"]'),
        ("[TIMESTAMP '2026-02-28 01:02:03']", "other", '["2026-02-28 01:02:03"]'),
        ("[TIMESTAMPTZ '2026-02-28 01:00:00+02']", "other", '["2026-02-27 23:00:00+00:00"]'),
        ("['a'::ENUM('a', 'b')]", "other", '["a"]'),
        ("{'a': DATE '2026-01-01'}", "other", '{"a": "2026-01-01"}'),
        ("'\\xAA'::BLOB", "other", "aa"),
        (f"'{UUID}'::UUID", "text", UUID),
        ("NULL::DATE", "date", None),
    ],
)  # fmt: skip
def test_each_type_becomes_a_plain_value(
    warehouse: DuckDbWarehouse, expression: str, kind: str, value: object
) -> None:
    result = warehouse.run(governed(f"SELECT {expression} AS x"), timeout_s=5)
    assert (result.columns[0].type, result.rows[0][0]) == (kind, value)


def test_parameters_are_bound_by_the_database(warehouse: DuckDbWarehouse) -> None:
    result = warehouse.run(governed("SELECT $1 || '!' AS x", "o'hara"), timeout_s=5)
    assert result.rows == (("o'hara!",),)


def test_the_estimate_is_the_plans_and_nothing_runs(warehouse: DuckDbWarehouse) -> None:
    estimate = warehouse.estimate(governed(RUNAWAY))
    assert estimate.rows is not None and estimate.rows > 1e6


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "COPY main.sales TO 'out.csv'",
        "ATTACH 'other.db' AS other",
        "SET threads = 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE main.t (i INTEGER)",
        "DELETE FROM main.sales",
    ],
)
def test_the_workers_doors_are_shut_whatever_is_asked(
    warehouse: DuckDbWarehouse, sql: str, tmp_path: Path
) -> None:
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed(sql), timeout_s=5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop.duckdb"]


def test_a_variable_of_the_worker_is_not_a_table(warehouse: DuckDbWarehouse) -> None:
    with pytest.raises(errors.QueryFailed):
        warehouse.run(governed("SELECT * FROM rows"), timeout_s=5)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 'kwqzt-secret'::INTEGER", "type"),
        ("SELECT nothing FROM main.sales", "no such"),
        ("SELEC 1", "read"),
        ("SELECT error('kwqzt-secret')", "can't take"),
        ("SELECT make_date(1, 99, 1)", ""),
    ],
)
def test_the_databases_own_words_are_not_repeated(
    warehouse: DuckDbWarehouse, sql: str, words: str
) -> None:
    with pytest.raises(errors.QueryFailed) as caught:
        warehouse.run(governed(sql), timeout_s=5)
    assert words in caught.value.message
    assert "kwqzt" not in str(caught.value) + str(caught.value.__cause__)


def test_a_runaway_query_is_interrupted_and_the_worker_goes_on(warehouse: DuckDbWarehouse) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    before = pids(warehouse)
    started = time.monotonic()
    with pytest.raises(errors.QueryTimeout):
        warehouse.run(governed(RUNAWAY), timeout_s=0.2)
    assert time.monotonic() - started < 10
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)
    assert pids(warehouse) == before


def test_a_query_that_is_called_off_is_interrupted_and_the_worker_goes_on(
    warehouse: DuckDbWarehouse,
) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    before, stop = pids(warehouse), threading.Event()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(errors.QueryCancelled):
        warehouse.run(governed(RUNAWAY), timeout_s=20, stop=stop)
    assert time.monotonic() - started < 10
    with pytest.raises(errors.QueryCancelled):
        warehouse.run(governed("SELECT 1"), timeout_s=5, stop=stop)
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)
    assert pids(warehouse) == before


@pytest.mark.slow
def test_a_worker_that_ignores_the_interrupt_is_killed_and_replaced(
    warehouse: DuckDbWarehouse,
) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    (stuck,) = pids(warehouse)
    os.kill(stuck, signal.SIGSTOP)
    with pytest.raises(errors.QueryTimeout):
        warehouse.run(governed("SELECT 1"), timeout_s=0.1)
    assert gone(stuck)
    assert warehouse.run(governed("SELECT 2"), timeout_s=5).rows == ((2,),)


def test_a_worker_that_dies_in_a_query_is_told_and_replaced(warehouse: DuckDbWarehouse) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    (pid,) = pids(warehouse)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(warehouse.run, governed(RUNAWAY), timeout_s=30)
        busy = f"/proc/{pid}/stat"
        ticks = int(Path(busy).read_text().rpartition(")")[2].split()[11])
        while int(Path(busy).read_text().rpartition(")")[2].split()[11]) < ticks + 5:
            time.sleep(0.005)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(errors.WorkerLost):
            asked.result(timeout=10)
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


def test_a_worker_that_died_while_idle_is_replaced_unseen(warehouse: DuckDbWarehouse) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    (worker,) = warehouse._all
    worker.process.kill()
    worker.process.wait()
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


def test_where_no_process_can_be_started_the_next_who_asks_tries_again(
    warehouse: DuckDbWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    (worker,) = warehouse._all
    worker.process.kill()
    worker.process.wait()
    with monkeypatch.context() as patch:
        patch.setattr(process.subprocess, "Popen", no_memory)
        for _ in range(2):
            with pytest.raises(errors.WorkerLost, match="No new query process"):
                warehouse.run(governed("SELECT 1"), timeout_s=5)
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(i) FROM range(1000000000) r(i)",
        "SELECT string_agg(repeat('x', 100000), '') FROM range(100000) r(i)",
        "SELECT repeat('x', 100000000)",
    ],
)
def test_a_query_that_eats_memory_is_too_large_and_the_pool_heals(
    warehouse: DuckDbWarehouse, sql: str
) -> None:
    with pytest.raises(errors.ResultTooLarge):
        warehouse.run(governed(sql), timeout_s=30)
    assert warehouse.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)


def test_several_workers_answer_at_once(database: Path) -> None:
    warehouse = DuckDbWarehouse(database, workers=2, memory_mb=256)
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = [
                pool.submit(warehouse.run, governed(f"SELECT {n} AS n"), timeout_s=20)
                for n in range(40)
            ]
            assert [a.result().rows[0][0] for a in asked] == list(range(40))
        assert len(pids(warehouse)) == 2
    finally:
        warehouse.close()


def test_new_data_is_read_once_the_file_is_replaced(
    make_database: Callable[..., Path], database: Path, warehouse: DuckDbWarehouse
) -> None:
    before = warehouse.run(governed("SELECT count(*) FROM main.sales"), timeout_s=5)
    new = make_database("CREATE TABLE sales AS SELECT 7 AS id", name="next.duckdb")
    new.replace(database)
    after = warehouse.run(governed("SELECT count(*) FROM main.sales"), timeout_s=5)
    assert (before.rows, after.rows) == (((1000,),), ((1,),))
    assert before.data_version != after.data_version


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(errors.WarehouseNotFound, match=r"no database at nope\.duckdb"):
        DuckDbWarehouse(tmp_path / "nope.duckdb")
    with pytest.raises(errors.WarehouseNotFound, match="folder"):
        DuckDbWarehouse(tmp_path)


@pytest.mark.parametrize("content", [b"", b"x", b"no database " * 1000])
def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.duckdb"
    path.write_bytes(content)
    with pytest.raises(errors.WarehouseCorrupt):
        DuckDbWarehouse(path)


@pytest.mark.parametrize("damage", ["cut", "scribbled"])
def test_a_damaged_database_is_corrupt(database: Path, damage: str) -> None:
    whole = database.read_bytes()
    scribbled = whole[:4096] + bytes(4096) + whole[8192:]
    database.write_bytes(whole[: len(whole) // 2] if damage == "cut" else scribbled)
    warehouse = DuckDbWarehouse(database, memory_mb=128)
    try:
        with pytest.raises(errors.WarehouseCorrupt):
            warehouse.run(governed("SELECT max(amount) FROM main.sales"), timeout_s=10)
    finally:
        warehouse.close()


@pytest.mark.slow
def test_a_writer_locks_the_file_and_readers_do_not(
    database: Path, warehouse: DuckDbWarehouse
) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    second = DuckDbWarehouse(database, memory_mb=128)
    assert second.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)
    second.close()
    warehouse.close()
    script = f"import duckdb; c = duckdb.connect({str(database)!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None and writer.stdin is not None
        writer.stdout.readline()
        locked = DuckDbWarehouse(database, memory_mb=128)
        with pytest.raises(errors.WarehouseLocked):
            locked.run(governed("SELECT 1"), timeout_s=5)
        writer.stdin.close()
        writer.wait()
        assert locked.run(governed("SELECT 1"), timeout_s=5).rows == ((1,),)
        locked.close()


def test_closing_leaves_no_process_and_can_be_done_twice(warehouse: DuckDbWarehouse) -> None:
    warehouse.run(governed("SELECT 1"), timeout_s=5)
    started = pids(warehouse)
    warehouse.close()
    warehouse.close()
    assert started and all(gone(pid) for pid in started)
    with pytest.raises(errors.WarehouseError):
        warehouse.run(governed("SELECT 1"), timeout_s=5)


@pytest.mark.slow
def test_it_closes_though_an_interrupt_came_while_a_worker_was_looked_at(database: Path) -> None:
    warehouse = DuckDbWarehouse(database, memory_mb=128)
    (worker,) = warehouse._all
    worker.process._waitpid_lock.acquire()  # type: ignore[attr-defined]  # as it leaves poll()
    closing = threading.Thread(target=warehouse.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
    worker.process._waitpid_lock.release()  # type: ignore[attr-defined]
    assert gone(worker.process.pid)


ASK_AND_WAIT = """
import sys, threading
from dataclasses import replace
from datamind.governance.seal import sealed
from datamind.adapters.warehouse.duckdb import DuckDbWarehouse
from datamind.records import Governed
w = DuckDbWarehouse(sys.argv[1], memory_mb=128)
def governed(sql):
    made = Governed(sql, (), "duckdb", "", "", ())
    return replace(made, fingerprint=sealed(made, "test"))
w.run(governed("SELECT 1"), timeout_s=10)
print(*(x.process.pid for x in w._all), flush=True)
if len(sys.argv) > 2:
    sql = "SELECT sum(a.id * b.id * c.id * d.id) FROM sales a, sales b, sales c, sales d"
    w.run(governed(sql), timeout_s=60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent_however_it_ends(
    database: Path, end: signal.Signals | None
) -> None:
    command = [sys.executable, "-c", ASK_AND_WAIT, str(database), *(["busy"] if end else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        (worker,) = map(int, parent.stdout.readline().split())
        if end:
            parent.send_signal(end)
        parent.wait(timeout=10)
    assert gone(worker)


# ---- a batch at a time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(9000, [2000] * 4 + [1000]), (4500, [2000, 2000, 500]), (4000, [2000, 2000, 0]), (3, [3])],
)
def test_rows_come_a_batch_at_a_time_and_the_last_tells_of_more(
    warehouse: DuckDbWarehouse, limit: int, sizes: list[int]
) -> None:
    # As the guard writes it: one row more than is given.
    sql = f"SELECT i AS id FROM range(9000) r(i) ORDER BY i LIMIT {limit + 1}"
    found = list(warehouse.batches(governed(sql, limit=limit), timeout_s=20))
    assert [len(part.rows) for part in found] == sizes
    assert [part.truncated for part in found] == [False] * (len(sizes) - 1) + [limit < 9000]
    assert [row[0] for part in found for row in part.rows] == list(range(limit))
    assert {part.columns[0].name for part in found} == {"id"}


def test_no_rows_are_one_batch_of_none(warehouse: DuckDbWarehouse) -> None:
    (only,) = warehouse.batches(governed("SELECT 1 AS n WHERE false"), timeout_s=20)
    assert ([c.name for c in only.columns], only.rows, only.truncated) == (["n"], (), False)


def test_who_stops_reading_leaves_a_warehouse_that_answers(warehouse: DuckDbWarehouse) -> None:
    many = governed("SELECT i AS id FROM range(9000) r(i)", limit=9000)
    for _ in range(2):
        reading = warehouse.batches(many, timeout_s=20)
        next(reading)
        reading.close()
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)


@pytest.mark.slow
def test_batches_end_when_they_are_called_off_or_late(warehouse: DuckDbWarehouse) -> None:
    many, stop = governed("SELECT i AS id FROM range(9000) r(i)", limit=9000), threading.Event()
    reading = warehouse.batches(many, timeout_s=20, stop=stop)
    next(reading)
    stop.set()
    with pytest.raises(errors.QueryCancelled):
        list(reading)
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)
    late = warehouse.batches(many, timeout_s=0.5)
    with pytest.raises(errors.QueryTimeout):  # on a busy machine the first batch may be late too
        next(late)
        time.sleep(0.7)
        list(late)
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)


def test_a_fault_of_the_statement_is_told_and_the_next_is_answered(
    warehouse: DuckDbWarehouse,
) -> None:
    with pytest.raises(errors.QueryFailed):
        list(warehouse.batches(governed("SELECT nothing FROM sales"), timeout_s=20))
    assert warehouse.run(governed("SELECT 7 AS n"), timeout_s=20).rows == ((7,),)
