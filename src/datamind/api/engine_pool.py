"""The engine pool: the language engine and the guard in processes that hold the catalog.

The event loop is left to I/O. Each process has one time limit a task, ends with its parent, and is
nicer than the server, so that /health answers while all of them are busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import copyreg
import datetime as dt
import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver, resource_tracker
from typing import NoReturn, TypeVar

from datamind.errors import DataMindError, Overloaded
from datamind.governance.bound import Bindings
from datamind.governance.rules import Rights
from datamind.language.engine import BuiltinPlanner
from datamind.language.fiscal import FiscalYear
from datamind.log import carried, json_logs, restored
from datamind.pipeline.ask import said_of
from datamind.pipeline.elsewhere import Beside, routed
from datamind.pipeline.engine import Reports
from datamind.pipeline.interpret import interpret
from datamind.pipeline.prepare import Prepared, prepare, prepare_sql
from datamind.pipeline.stages import Stages
from datamind.records import (
    Candidate,
    Draft,
    Governed,
    Identity,
    Interpretation,
    Lineage,
    Link,
    Question,
    StageReport,
    Target,
)
from datamind.rooms.places import Places
from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, View
from datamind.semantics.routing import Copies, Second
from datamind.semantics.walk import NODES, field_names
from datamind.settings import LogSettings

log = logging.getLogger(__name__)

TASK_S = 10.0
NICER = 5
MOST_READ = 256  # interpretations that are remembered: some 20 kB each
T = TypeVar("T")


def _by_place(record: object) -> tuple[type, tuple[object, ...]]:
    """How it is pickled: frozen records with slots would be by name, at twice the cost."""
    kind: type = type(record)
    return kind, tuple(getattr(record, name) for name in field_names(kind))


_SENT: tuple[type, ...] = (
    *NODES, Candidate, Draft, Governed, Interpretation, Lineage, Link, Prepared,
)  # fmt: skip
for _kind in _SENT:
    copyreg.pickle(_kind, _by_place)


class _Room:
    """What an engine process holds."""

    bindings: Bindings
    planner: BuiltinPlanner
    target: Target
    second: Second | None = None
    there: Bindings | None = None


class EnginePool:
    """Interprets and prepares for many askers, by turns; Overloaded where too many wait."""

    def __init__(
        self, catalog: Catalog, target: Target, *, workers: int, key: str,
        fiscal: FiscalYear | None = None, logs: LogSettings | None = None,
        places: Callable[[int], Places] = Places, second: Second | None = None,
        copies: Callable[[], Copies] | None = None,
    ) -> None:  # fmt: skip
        # One more than there are processes: it is at hand when one of them is done.
        self._places = places(workers + 1)
        self._arguments = (catalog, target, key, fiscal, logs or LogSettings(), second)
        self._copies = copies
        self._workers = workers
        self._pool = self._start()
        self._under_way = 0
        self._read: OrderedDict[tuple[object, ...], Interpretation] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait for a process."""
        return max(0, self._under_way - self._workers)

    async def interpret(self, question: Question, rights: Rights) -> tuple[Interpretation, Reports]:
        """Stage 1, remembered by all that it depends on; the catalog is this pool's own."""
        started = time.perf_counter()
        said = (question.text, question.evidence, question.today, question.locale)
        key = (*said, repr(question.earlier), rights.key)
        known = self._read.get(key)
        if known is not None:
            self._read.move_to_end(key)
            elapsed = round(1000 * (time.perf_counter() - started), 2)
            return known, (StageReport("interpret", elapsed, said_of(known)),)
        read, reports = await self._placed(rights, _interpret, question, rights)
        self._read[key] = read
        while len(self._read) > MOST_READ:
            self._read.popitem(last=False)
        return read, reports

    async def prepare(
        self, readings: Sequence[Candidate], rights: Rights, *, row_limit: int
    ) -> tuple[Prepared, Reports]:
        """Stages 2 to 5 for readings."""
        copies = self._copies() if self._copies is not None else None
        return await self._placed(rights, _prepare, tuple(readings), rights, row_limit, copies)

    async def prepare_sql(
        self, sql: str, rights: Rights, *, row_limit: int, plan: P.Query | None = None
    ) -> tuple[Prepared, Reports]:
        """Stages 3 to 5 for SQL that somebody sent."""
        return await self._placed(rights, _prepare_sql, sql, rights, row_limit, plan)

    async def warm_up(self) -> None:
        """Return once the processes have read the catalog and compiled what they look up in."""
        ready = [self._pool.submit(_ready) for _ in range(self._workers)]
        await asyncio.gather(*map(asyncio.wrap_future, ready))

    def close(self) -> None:
        """End all processes, busy ones too."""
        processes = list(getattr(self._pool, "_processes", None) or {})
        self._pool.shutdown(wait=False, cancel_futures=True)
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _placed(self, rights: Rights, task: Callable[..., T], *arguments: object) -> T:
        async with self._places.one(rights.asker.user):
            return await self._run(task, *arguments)

    async def _run(self, task: Callable[..., T], *arguments: object) -> T:
        """A process that died takes the pool with it: a new pool gets the task once more."""
        pool, ours = self._pool, carried()
        self._under_way += 1
        try:
            return await asyncio.wrap_future(pool.submit(_carrying, ours, task, *arguments))
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = self._start()
            try:
                again = self._pool.submit(_carrying, ours, task, *arguments)
                return await asyncio.wrap_future(again)
            except BrokenProcessPool:
                raise DataMindError("The language engine ended in the middle of this.") from None
        finally:
            self._under_way -= 1

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("forkserver")
        target = self._arguments[1]  # its dialect is a module of sqlglot: one for all processes
        context.set_forkserver_preload(
            ["datamind.collecting", __name__, f"sqlglot.dialects.{target.dialect}"]
        )
        resource_tracker.ensure_running()  # before, for it lets interrupts in again
        with _uninterrupted():
            forkserver.ensure_running()
        return ProcessPoolExecutor(
            self._workers, mp_context=context, initializer=_move_in, initargs=self._arguments
        )


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C is for the server alone, which ends the rest: what is started in here, and what that
    starts, never hears of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _move_in(
    catalog: Catalog, target: Target, key: str, fiscal: FiscalYear | None, logs: LogSettings,
    second: Second | None,
) -> None:  # fmt: skip
    """Make this process ready: nothing of the server's signals, and the catalog looked up once."""
    gc.freeze()  # a collection writes to all it looks at, and what is written to is shared no more
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, _over_time)
    os.nice(NICER)
    json_logs(logs)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Room.bindings = Bindings(catalog, target.dialect, key)
    _Room.planner = BuiltinPlanner(fiscal=fiscal)
    _Room.target = target
    if second is not None:
        _Room.second = second
        _Room.there = Bindings(second.catalog, second.target.dialect, key)
    warm = Question("how many are there", Identity("system"), dt.date(2000, 1, 1))
    with contextlib.suppress(DataMindError):
        _Room.planner.interpret(warm, View.open(catalog))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)


def _over_time(signum: int, frame: object) -> NoReturn:
    raise Overloaded("Reading this took too long, and was stopped.")


@contextlib.contextmanager
def _limited() -> Iterator[Stages]:
    """The stages of one task, which may take TASK_S seconds."""
    signal.setitimer(signal.ITIMER_REAL, TASK_S)
    try:
        yield Stages(time.perf_counter)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _carrying(ours: dict[str, str], task: Callable[..., T], *arguments: object) -> T:
    """The task, done as a part of what whoever sent it works on."""
    started = time.perf_counter()
    with restored(ours):
        try:
            return task(*arguments)
        finally:
            elapsed = round(1000 * (time.perf_counter() - started), 2)
            log.debug("a task of the engine", extra={"task": task.__name__, "elapsed_ms": elapsed})


def _ready() -> None:
    """Another process takes the next one while this one is held up."""
    time.sleep(0.05)


def _interpret(question: Question, rights: Rights) -> tuple[Interpretation, Reports]:
    with _limited() as stages:
        view = _Room.bindings.of(rights).view
        read = stages.run("interpret", lambda: interpret(question, view, _Room.planner), said_of)
        return read, tuple(stages.reports)


def _prepare(
    readings: tuple[Candidate, ...], rights: Rights, row_limit: int, copies: Copies | None
) -> tuple[Prepared, Reports]:
    with _limited() as stages:
        bound = _Room.bindings.of(rights)
        made = prepare(
            readings, bound.view, _Room.target, stages, row_limit=row_limit, policy=bound
        )
        second, there = _Room.second, _Room.there
        if copies is not None and second is not None and there is not None:
            bound = there.of(rights)
            beside = Beside(second, bound.view, bound, lambda: copies)
            made = routed(made, beside, row_limit=row_limit)
        return made, tuple(stages.reports)


def _prepare_sql(
    sql: str, rights: Rights, row_limit: int, plan: P.Query | None
) -> tuple[Prepared, Reports]:
    with _limited() as stages:
        bound = _Room.bindings.of(rights)
        made = prepare_sql(
            sql, bound.view, _Room.target, stages, row_limit=row_limit, plan=plan, policy=bound
        )
        return made, tuple(stages.reports)
