"""DuckDB as a warehouse: governed statements run in worker processes that can be killed."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
import weakref
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datamind.adapters.warehouse.duckdb_faults import FATAL, query_fault
from datamind.adapters.warehouse.process import Opening, Worker
from datamind.adapters.warehouse.stopping import may_go_on
from datamind.adapters.warehouse.types import duckdb_type
from datamind.adapters.warehouse.worker import AFTER_OPENING, BATCH, SETTINGS, Reply, Request
from datamind.errors import (
    BadInput,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    WarehouseCorrupt,
    WarehouseError,
    WarehouseNotFound,
    WorkerLost,
)
from datamind.governance.seal import must_be_sealed
from datamind.ports import Stop
from datamind.records import Dialect, Estimate, Governed, Result, ResultColumn

ESTIMATE_S = 5.0
MAGIC = (8, b"DUCK")  # where in a file DuckDB writes its mark


class DuckDbWarehouse:
    """A DuckDB file, asked through a pool of workers, each with a memory limit of its own."""

    dialect: Dialect = "duckdb"

    def __init__(self, path: str | Path, *, workers: int = 1, memory_mb: int = 1024) -> None:
        if workers < 1 or memory_mb < 64:
            raise BadInput("A warehouse needs at least one worker and 64 MB of memory.")
        self.path = Path(path)
        self.name = self.path.name
        _look_at(self.path)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._opening = Opening(
            path=str(self.path.resolve()),
            name=self.name,
            threads=cores or 1,  # one query alone is as fast as the machine; several share it
            memory_mb=memory_mb,
        )
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._all: set[Worker] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._finalizer = weakref.finalize(self, _end, self._all, os.getpid())
        for _ in range(workers):
            self._idle.put(self._start())

    def ping(self) -> None:
        """Look at the file; a busy worker is none of a probe's business."""
        _look_at(self.path)

    @cached_property
    def session(self) -> str:
        """The file, the engine's version and what each worker sets."""
        return repr(
            (self._opening.path, version("duckdb"), sorted(SETTINGS.items()), AFTER_OPENING)
        )

    def data_version(self) -> str:
        """The file's identity: it changes when the file is written to or replaced."""
        try:
            found = self.path.stat()
        except OSError:
            return ""
        return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"

    def estimate(self, governed: Governed) -> Estimate:
        """The most rows that any step of DuckDB's plan is expected to handle."""
        return Estimate(rows=_most_rows(json.loads(self.plan(governed))), note="DuckDB's plan")

    def plan(self, governed: Governed) -> str:
        """DuckDB's plan, a tree in JSON."""
        reply, _ = self._ask("explain", governed, ESTIMATE_S)
        return str(reply[1])

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Rows of a governed statement, cut at its row limit."""
        started = time.perf_counter()
        (_, columns, rows), read = self._ask("run", governed, timeout_s, stop)
        limit = governed.row_limit
        return Result(
            columns=_columns(columns),
            rows=tuple(rows[:limit]),
            elapsed_ms=(time.perf_counter() - started) * 1000,
            truncated=len(rows) > limit,
            data_version=read,
        )

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """The rows a batch at a time; the worker waits with the next until it is asked for."""
        self._must_be_ours(governed, stop)
        started, left = time.perf_counter(), governed.row_limit
        deadline = time.monotonic() + timeout_s
        with self._worker(deadline) as worker:
            over = False
            try:
                reply = worker.ask(_request("stream", governed), deadline, stop)
                while not over:
                    over = reply[0] == "fault" or len(reply[2]) < BATCH
                    _, columns, rows = self._told(worker, reply)
                    yield Result(
                        columns=_columns(columns),
                        rows=tuple(rows[:left]),
                        elapsed_ms=(time.perf_counter() - started) * 1000,
                        truncated=len(rows) > left,
                        data_version=worker.version,
                    )
                    left -= len(rows)
                    if not over:
                        may_go_on(deadline, stop)
                        reply = worker.more(deadline, stop)
            finally:
                if not over:  # it would answer the next question with the rest of this one
                    worker.kill()

    def close(self) -> None:
        """End all workers, busy ones too."""
        with self._lock:
            self._closed.set()
        self._finalizer()

    def _must_be_ours(self, governed: Governed, stop: Stop | None) -> None:
        must_be_sealed(governed)
        if governed.dialect != self.dialect:
            raise QueryFailed(f"A statement in {governed.dialect} can't run on DuckDB.")
        if stop is not None and stop.is_set():
            raise QueryCancelled("The query was called off.")

    def _ask(
        self, kind: str, governed: Governed, timeout_s: float, stop: Stop | None = None
    ) -> tuple[Any, str]:
        """A worker's reply, and the version of the data that it read."""
        self._must_be_ours(governed, stop)
        deadline = time.monotonic() + timeout_s
        with self._worker(deadline) as worker:
            reply = worker.ask(_request(kind, governed), deadline, stop)
            return self._told(worker, reply), worker.version

    def _told(self, worker: Worker, reply: Reply) -> Reply:
        """The reply, if it is no fault."""
        if reply[0] == "fault":
            if reply[1] in FATAL:
                worker.kill()
            raise query_fault(reply[1], reply[2], self.name)
        return reply

    @contextmanager
    def _worker(self, deadline: float) -> Iterator[Worker]:
        """A worker that has the present data open; whatever happens to it, the pool is whole after.

        One that died while idle is replaced before it is asked; one that could not open the file
        is tried again at the next question.
        """
        if self._closed.is_set():
            raise WarehouseError(f"{self.name} was closed.")
        try:
            worker = self._idle.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise QueryTimeout("All query processes were busy until the time was over.") from None
        worker.held = True
        try:
            if not worker.alive or worker.version != self.data_version():
                worker = self._replace(worker)
                worker.held = True
            try:
                worker.wait_ready()
                yield worker
            except (WorkerLost, QueryTimeout) as error:
                if isinstance(error, WorkerLost):
                    worker.kill()
                raise
        finally:
            worker.held = False
            try:
                if self._closed.is_set():
                    worker.kill()
                elif worker.ready and not worker.alive:
                    worker = self._replace(worker)
            finally:  # a dead one is replaced when it is asked
                self._idle.put(worker)

    def _start(self) -> Worker:
        with self._lock:
            if self._closed.is_set():
                raise WarehouseError(f"{self.name} was closed.")
            try:
                worker = Worker(self._opening, self.data_version())
            except OSError:  # no memory, no files
                raise WorkerLost("No new query process could be started.") from None
            self._all.add(worker)
            return worker

    def _replace(self, worker: Worker) -> Worker:
        worker.kill()
        with self._lock:
            self._all.discard(worker)
        return self._start()


def _request(kind: str, governed: Governed) -> Request:
    return kind, governed.sql, governed.parameters, governed.row_limit


def _columns(described: list[tuple[str, str]]) -> tuple[ResultColumn, ...]:
    return tuple(ResultColumn(name, duckdb_type(native)) for name, native in described)


def _end(workers: set[Worker], owner: int) -> None:
    """At close, at garbage collection and at the interpreter's exit; never by a forked child."""
    if os.getpid() != owner:
        return
    for worker in list(workers):
        if worker.held:
            worker.process.kill()
        else:
            worker.kill()
    workers.clear()


def _look_at(path: Path) -> None:
    """Say at once what can be seen of a file without opening it as a database."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise WarehouseNotFound(f"There is no database at {path.name}.") from None
    except IsADirectoryError:
        raise WarehouseNotFound(f"{path.name} is a folder, not a database file.") from None
    except OSError:
        raise WarehouseError(f"{path.name} may not be read by this user.") from None
    at, mark = MAGIC
    if head[at : at + len(mark)] != mark:
        what = "is not a DuckDB database" if head else "is empty"
        raise WarehouseCorrupt(f"{path.name} {what}.")


def _most_rows(plan: Any) -> float | None:
    """The largest estimate in a plan, which is a tree in JSON."""
    largest: float | None = None
    steps = list(plan) if isinstance(plan, list) else [plan]
    while steps:
        step = steps.pop()
        steps.extend(step.get("children", ()))
        found = step.get("extra_info", {}).get("Estimated Cardinality")
        if found is not None:
            largest = max(largest or 0.0, float(found))
    return largest
