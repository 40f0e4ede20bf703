"""The life of a server: its parts, from the first that is opened to the last that is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from datamind import tracing
from datamind.adapters.alerts import notifiers
from datamind.adapters.dbt.configured import dbt_of
from datamind.adapters.exports import EXPORTERS
from datamind.adapters.jobs.celery import CeleryJobs
from datamind.adapters.jobs.local import LocalJobs
from datamind.adapters.warehouse.observed import Told
from datamind.api.data import Data, Following, Source, open_data
from datamind.api.jobs import open_jobs, start_jobs
from datamind.api.secrets import Secrets, secrets_of
from datamind.api.shared import Shared, open_shared
from datamind.api.starting import PASSING, Starting
from datamind.api.store import Store, open_store
from datamind.api.tuning import Tuning
from datamind.breakers import Breaker, Breakers
from datamind.errors import DataMindError
from datamind.log import Threads
from datamind.ports import Jobs
from datamind.rooms.auth.passwords import Passwords
from datamind.rooms.auth.restrictions import IpRules
from datamind.rooms.auth.service import load_revocations
from datamind.rooms.auth.tokens import Revocations, Tokens
from datamind.rooms.parts import Parts
from datamind.rooms.places import Places
from datamind.rooms.policies.rights import RightsBook
from datamind.rooms.questions.results import Results
from datamind.rooms.questions.waiting import Streams
from datamind.rooms.system.figures import Figures
from datamind.rooms.system.metrics import Metrics
from datamind.rooms.system.service import Watch
from datamind.rooms.system.slow import SlowLog, file_of
from datamind.rooms.system.statements import Names, Statements
from datamind.semantics.catalog import Catalog
from datamind.settings import Settings

log = logging.getLogger(__name__)
THREADS = 4  # beside those that wait for the warehouse
WITHOUT = "Its catalog as it was kept is read, and nothing is run, until it is there."


@dataclass(frozen=True)
class Start:
    """What a server is started with; tests have clocks and cheap passwords of their own."""

    settings: Settings
    source: Source
    demo_questions: tuple[str, ...]
    today: Callable[[], Any]
    now: Callable[[], Any]
    password_rounds: int
    starting: Starting = field(default_factory=Starting)


@asynccontextmanager
async def life(app: FastAPI, start: Start) -> AsyncIterator[None]:
    """The server's life: its parts are open in it. Where one is down that may come back, and the
    start `waits`, it is waited for in here, and health alone is answered meanwhile."""
    app.state.starting = starting = start.starting
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(_parts(app, start))
        except PASSING as fault:
            if not starting.waits:
                raise
            starting.missing = fault
            stack.push_async_callback(_ended, asyncio.create_task(_retried(app, start, stack)))
        yield


async def _retried(app: FastAPI, start: Start, stack: AsyncExitStack) -> None:
    """Try again until all parts are there."""
    fault: DataMindError | None = start.starting.missing
    while fault is not None:
        await start.starting.waited(fault)
        try:
            await stack.enter_async_context(_parts(app, start))
        except PASSING as again:
            fault = again
        except Exception as other:
            log.exception("the start failed")
            ours = DataMindError("Something went wrong inside DataMind.")
            fault = other if isinstance(other, DataMindError) else ours
        else:
            return


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _parts(app: FastAPI, start: Start) -> AsyncIterator[None]:
    """The server's parts, from the first that is opened to the last that is closed. What ends a
    part is known before it starts: it may fail half-way."""
    async with AsyncExitStack() as stack:
        opened = await _opened(app, start, stack)
        app.state.following = opened.following
        jobs = open_jobs(start.settings)
        app.state.parts = parts = await _put_together(start, opened, jobs, stack)
        tuning = Tuning(app, start.settings, opened.statements.slow)
        await _set_going(app, start, tuning, jobs, stack)
        start.starting.done(parts.modes.standing, app.state.watch.health.score)
        yield


@dataclass(frozen=True)
class _Opened:
    """What lies outside of this process, or is shared with others, open; and what all of it is
    opened with."""

    secrets: Secrets
    breakers: Breakers
    metrics: Metrics
    store: Store
    shared: Shared
    data: Data
    following: Following
    statements: Statements


async def _opened(app: FastAPI, start: Start, stack: AsyncExitStack) -> _Opened:
    """The data, and at the same time the stores."""
    settings, breakers, metrics = start.settings, Breakers(), Metrics()
    stack.callback(tracing.start(settings.telemetry, "datamind"))
    secrets = secrets_of(settings)
    kept = breakers.add(Breaker("metadata"))
    statements = _statements(app, settings, metrics, stack)
    told = statements.told
    opening = asyncio.create_task(_data(start, secrets.masks, breakers, told))
    try:
        async with start.starting.part("metadata store and audit log"):
            store = await stack.enter_async_context(open_store(settings, secrets, kept))
        shared = await stack.enter_async_context(open_shared(settings, secrets))
    except BaseException:
        opening.cancel()
        with suppress(DataMindError, asyncio.CancelledError):
            (await opening).close()
        raise
    data = await opening
    following = Following(app, settings, start.source, data, secrets.masks, breakers, told)
    stack.push_async_callback(following.end)
    return _Opened(secrets, breakers, metrics, store, shared, data, following, statements)


async def _data(start: Start, mask_key: str, breakers: Breakers, told: Told) -> Data:
    """The data; without their warehouse, where that is down and what was kept will do."""
    async with start.starting.part("catalog and warehouse") as part:
        data = await open_data(
            start.settings, start.source, mask_key, breakers, told=told,
            without=start.starting.waits,
        )  # fmt: skip
        if data.missing is not None:
            part.goes_without = (data.missing, WITHOUT)
        return data


async def _put_together(start: Start, opened: _Opened, jobs: Jobs, stack: AsyncExitStack) -> Parts:
    """What services work with; what they remember of the store is read."""
    settings, now = start.settings, start.now
    server, shared, store, data = settings.server, opened.shared, opened.store, opened.data
    exports = max(1, server.query_workers // 2)
    threads = Threads(server.query_workers + exports + THREADS, "asks")
    stack.callback(threads.shutdown, wait=False, cancel_futures=True)
    passwords = Passwords(rounds=start.password_rounds)
    stack.callback(passwords.close)
    ip_rules = IpRules(store.database, lasts_s=server.policy_cache_s)
    stack.push_async_callback(ip_rules.end)
    await ip_rules.start()
    rights = RightsBook(store.database, lasts_s=server.policy_cache_s)
    revocations = Revocations(now)
    parts = Parts(
        settings=settings, database=store.database, audit=store.audit, engine=data.engine,
        warehouse=data.warehouse, bindings=data.bindings, excess=data.excess,
        stored_bytes=data.stored_bytes, looked_at=data.missing is None, beside=data.beside,
        passwords=passwords, jobs=jobs, dbt=dbt_of(settings),
        rights=rights, ip_rules=ip_rules, tokens=Tokens(opened.secrets.jwt, now),
        revocations=revocations, streams=Streams(shared.tickets, revocations, now),
        signals=shared.signals, redis=shared.redis, limits=shared.limits,
        metrics=opened.metrics, job_metrics=opened.metrics.jobs, threads=threads, now=now,
        today=start.today, results=Results(shared.cache, threads, ttl_s=server.cache_s, now=now),
        started=now(), places=_places(settings, server.query_workers), exporters=EXPORTERS,
        export_places=_places(settings, exports),
        demo_questions=start.demo_questions, breakers=opened.breakers,
    )  # fmt: skip
    stack.push_async_callback(parts.running.end)
    parts.revocations.on_user(parts.running.stop_of)
    await load_revocations(parts)
    _listen(shared, parts, rights, ip_rules)
    return parts


async def _set_going(
    app: FastAPI,
    start: Start,
    tuning: Tuning,
    jobs: LocalJobs | CeleryJobs,
    stack: AsyncExitStack,
) -> None:
    """What looks after the parts in the background."""
    settings = start.settings

    def parts() -> Parts:
        now: Parts = app.state.parts  # they change with the data
        return now

    app.state.watch = watch = Watch(parts, notifiers(settings.alerts), tuning.tune)
    stack.push_async_callback(watch.end)
    async with start.starting.part("looks at all parts"):
        await watch.start()
    app.state.figures = figures = Figures(parts)
    stack.push_async_callback(figures.end)
    await figures.start()
    app.state.following.start()
    stack.push_async_callback(jobs.end)
    await start_jobs(jobs, settings, parts)


def _places(settings: Settings, count: int) -> Places:
    """Whoever waits as long as a query may run is told to come again."""
    server = settings.server
    return Places(
        count, limit_s=settings.query_timeout_s, most=server.queue, most_each=server.queue_each
    )


def _statements(
    app: FastAPI, settings: Settings, metrics: Metrics, stack: AsyncExitStack
) -> Statements:
    """What hears of each statement that the warehouse runs."""
    slow = SlowLog(file_of(settings), slow_ms=settings.telemetry.slow_ms)
    stack.callback(slow.close)

    def catalog() -> Catalog | None:
        parts: Parts | None = getattr(app.state, "parts", None)
        return parts.bindings.catalog if parts is not None else None

    return Statements(metrics, slow, Names(catalog))


def _listen(shared: Shared, parts: Parts, rights: RightsBook, ip_rules: IpRules) -> None:
    """What other servers change holds here as soon as they say so; what they said while nobody
    heard is in the store."""
    for part in (parts.running, parts.revocations, rights, ip_rules):
        part.told_by(shared.signals)

    async def look() -> None:
        rights.forget_here()
        await ip_rules.load()
        await load_revocations(parts)

    shared.signals.on_gap(look)
    shared.signals.start()
