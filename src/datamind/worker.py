"""`datamind worker` and `datamind beat`: Celery's processes over the queue of record.

A worker's processes make their event loop and what they work with after they were forked, and
when their first job comes: a connection does not survive a fork, and a store that is down must not
end them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import math
import mmap
import os
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from celery import Celery, signals
from celery.beat import Scheduler

from datamind import clock, tracing
from datamind.adapters.jobs.celery import TASK, CeleryJobs, celery_app
from datamind.adapters.redis.reaching import must_not_refuse
from datamind.api.jobs import USUAL, handlers_of, tend_and_send, worker_name
from datamind.api.scraping import Scraped
from datamind.api.secrets import secrets_of
from datamind.api.store import open_store
from datamind.commands.people import ground_of
from datamind.errors import DataMindError
from datamind.log import json_logs
from datamind.rooms.jobs import schedules
from datamind.rooms.jobs.figures import figures, gauges
from datamind.rooms.jobs.running import Handler, run_job
from datamind.rooms.parts import Ground
from datamind.rooms.system import changing
from datamind.settings import Settings
from datamind.settings.changeable import changed

log = logging.getLogger(__name__)

Now = Callable[[], dt.datetime]
GRACE_S = 8.0  # how long running jobs have before they are handed back: `docker stop` waits 10
AGAIN_S = 2.0
MOMENT = struct.Struct("d")


class _Process:
    """What one process works with, opened when it is first needed and kept."""

    def __init__(
        self, settings: Settings, app: Celery, now: Now, counts: Scraped,
        service: str = "datamind-worker",
    ) -> None:  # fmt: skip
        self._service = service
        self._settings = settings
        self._app = app
        self._now = now
        self._counts = counts
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._ground: Ground | None = None
        self.name = worker_name()

    def run(self, work: Callable[[Ground, CeleryJobs], Any]) -> Any:
        """What the coroutine of this work gives."""

        async def working() -> Any:
            ground = await self._tuned(self._ground or await self._open())
            return await work(ground, self._jobs)

        return self._runner.run(working())

    async def _open(self) -> Ground:
        self._jobs = CeleryJobs(self._settings.redis, self._app)
        store = await self._stack.enter_async_context(
            open_store(self._settings, secrets_of(self._settings))
        )
        self._stack.push_async_callback(self._jobs.end)
        self._stack.callback(tracing.start(self._settings.telemetry, self._service))
        more = {"jobs": self._jobs, "now": self._now, "job_metrics": self._counts.jobs}
        self._ground = Ground(**{**ground_of(self._settings, store), **more})
        return self._ground

    async def _tuned(self, ground: Ground) -> Ground:
        """With the settings as admins changed them."""
        async with ground.database.unit() as session:
            changes = await changing.read(session)
        return replace(ground, settings=changed(self._settings, changes.values))

    def close(self) -> None:
        """End all that was opened."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


def make_worker(
    settings: Settings, handlers: Mapping[str, Handler] | None = None, now: Now = clock.now
) -> Celery:
    """Celery's application with its one task, which runs a job by its id."""
    known = handlers_of(settings) if handlers is None else handlers
    app = celery_app(settings.redis)
    counts = Scraped(settings, settings.telemetry.worker_port, known, shared=True)
    ending = mmap.mmap(-1, MOMENT.size)  # when what runs is handed back; shared with those forked
    processes: dict[int, _Process] = {}

    def stopping() -> float | None:
        (until,) = MOMENT.unpack_from(ending)
        return until - time.monotonic() if until else None

    def run(job_id: str) -> None:
        process = processes.get(os.getpid())
        if process is None:
            processes.clear()  # those of the process that this one was forked from
            process = processes[os.getpid()] = _Process(settings, app, now, counts)
        name = process.name
        try:
            process.run(lambda ground, _: run_job(ground, known, job_id, name, stopping=stopping))
        except DataMindError as fault:  # it waits in the table, and will be told of again
            log.warning("a job can't be run now: %s", fault.message)
        except Exception:
            log.exception("a job can't be run")

    app.task(name=TASK)(run)

    def begin_to_end(**_: object) -> None:
        MOMENT.pack_into(ending, 0, time.monotonic() + GRACE_S)

    def over(**_: object) -> None:
        process = processes.pop(os.getpid(), None)
        if process is not None:
            process.close()

    def forked(**_: object) -> None:
        counts.leave()

    def ended(**_: object) -> None:
        counts.end()

    signals.worker_process_init.connect(forked, weak=False)
    signals.worker_shutdown.connect(ended, weak=False)
    signals.worker_shutting_down.connect(begin_to_end, weak=False)
    signals.worker_process_shutdown.connect(over, weak=False)
    return app


def work(settings: Settings, concurrency: int, app: Celery | None = None) -> int:
    """Run jobs until SIGTERM or Ctrl-C; what runs then has GRACE_S before it is handed back."""
    must_not_refuse(settings.redis)
    made = app or make_worker(settings)
    _logs(settings)
    os.umask(0o077)  # what is kept is for its owner alone
    worker = made.Worker(
        concurrency=concurrency, loglevel="WARNING", quiet=True, without_mingle=True,
        without_gossip=True, pool="prefork", optimization="fair",
    )  # fmt: skip
    worker.start()
    return int(worker.exitcode or 0)


def beat(
    settings: Settings, handlers: Mapping[str, Handler] | None = None, now: Now = clock.now,
    usual: tuple[schedules.Usual, ...] = USUAL,
) -> int:  # fmt: skip
    """Ask for what is due by the clock, and look after the queue, until SIGTERM or Ctrl-C."""
    must_not_refuse(settings.redis)
    known = handlers_of(settings) if handlers is None else handlers
    app = celery_app(settings.redis)
    counts = Scraped(settings, settings.telemetry.beat_port, known)
    opened = _Process(settings, app, now, counts, "datamind-beat")

    class Table(_TableScheduler):
        process = opened
        scraped = counts
        figures_s = settings.telemetry.figures_s
        wanted = tuple(one for one in usual if one.kind in known)

    _logs(settings)
    os.umask(0o077)
    try:
        app.Beat(scheduler_cls=Table, quiet=True, loglevel="WARNING", socket_timeout=30).run()
    finally:
        counts.end()
        opened.close()
    return 0


class _TableScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Celery's scheduler over the table of schedules. Several may run: a time that is due is taken
    by one of them."""

    process: _Process
    scraped: Scraped
    figures_s: float
    wanted: tuple[schedules.Usual, ...]
    _put_in = False
    _figures_at = -math.inf

    def setup_schedule(self) -> None:
        """The table is read at each tick."""
        self.schedule: dict[str, object] = {}

    def tick(self, *_: object, **__: object) -> float:
        """Ask for what is due; the seconds until the next look."""
        try:
            return float(self.process.run(self._look))
        except DataMindError as fault:
            log.warning("schedules can't be looked at: %s", fault.message)
        except Exception:
            log.exception("a look at the schedules failed")
        self.scraped.look(())  # what can't be looked up is not told as it was
        return AGAIN_S

    async def _look(self, ground: Ground, jobs: CeleryJobs) -> float:
        if not self._put_in:
            await schedules.put_in(ground, self.wanted)
            self._put_in = True
        await tend_and_send(ground, jobs)
        if time.monotonic() - self._figures_at >= self.figures_s:
            async with ground.database.unit() as session:
                self.scraped.look(gauges(await figures(session, ground.now())))
            self._figures_at = time.monotonic()
        soonest = await schedules.next_due(ground)
        left = AGAIN_S if soonest is None else (soonest - ground.now()).total_seconds()
        return min(AGAIN_S, max(0.05, left))

    def close(self) -> None:
        """Nothing: a signal may come in the midst of a look. `beat` closes what was opened."""


def _logs(settings: Settings) -> None:
    json_logs(settings.logs)
    logging.captureWarnings(True)  # they are lines of JSON, too
    for name in ("celery", "celery.beat", "celery.worker", "kombu"):
        logging.getLogger(name).handlers.clear()

    def ours(**_: object) -> None:
        """Celery leaves logging alone where somebody else has seen to it."""

    signals.setup_logging.connect(ours, weak=False)
