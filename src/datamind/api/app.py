"""The application: the one place where the parts of a server are chosen and wired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from datamind import __version__, clock
from datamind.adapters.cache import MemoryCache
from datamind.adapters.exports import EXPORTERS
from datamind.api.data import Following, Source, open_data
from datamind.api.middleware import Gate, problem_response
from datamind.api.secrets import secrets_of
from datamind.api.store import open_store
from datamind.errors import AccessDenied, BadInput, DataMindError, NotFound
from datamind.ports import Cache
from datamind.rooms.audit import retention
from datamind.rooms.audit import routes as audit
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth import routes as auth
from datamind.rooms.auth import security
from datamind.rooms.auth.passwords import Passwords
from datamind.rooms.auth.restrictions import IpRules
from datamind.rooms.auth.service import load_revocations
from datamind.rooms.auth.tokens import Revocations, Tokens
from datamind.rooms.catalog import routes as catalog
from datamind.rooms.feedback import routes as feedback
from datamind.rooms.limits import Limits
from datamind.rooms.parts import Parts
from datamind.rooms.policies import routes as policies
from datamind.rooms.policies.rights import RightsBook
from datamind.rooms.problems import MEDIA_TYPE, Problem, problem
from datamind.rooms.questions import routes as questions
from datamind.rooms.questions import socket
from datamind.rooms.questions.results import Results
from datamind.rooms.system import routes as system
from datamind.rooms.system.metrics import Metrics
from datamind.rooms.system.service import Watch
from datamind.rooms.users import routes as users
from datamind.settings import ServerSettings, Settings

ABOUT = """Ask a company's data in plain English, governed and audited.

Sign in at `auth/login`, send the access token as `Authorization: Bearer …`; programs send an API
key of `auth/keys` in its place. Errors are problem details (RFC 9457); every answer carries
`X-Correlation-ID`."""
API = "/api/v1"
ROUTERS = (
    auth.router, auth.of_keys, auth.of_sessions, *security.routers, questions.router,
    questions.queries, questions.public, socket.router, feedback.router, catalog.router,
    users.router, users.of_groups, *policies.routers, audit.router,
)  # fmt: skip
THREADS = 4  # beside those that wait for the warehouse


@dataclass(frozen=True)
class _Start:
    """What a server is started with; tests have clocks and cheap passwords of their own."""

    settings: Settings
    source: Source
    demo_questions: tuple[str, ...]
    today: Callable[[], Any]
    now: Callable[[], Any]
    password_rounds: int


def create_app(
    settings: Settings, source: Source, *,
    demo_questions: tuple[str, ...] = (), today: Callable[[], Any] = clock.today,
    now: Callable[[], Any] = clock.now, password_rounds: int = 12,
) -> FastAPI:  # fmt: skip
    """The application for the data that `source` names; its parts start and end with it."""
    start = _Start(settings, source, demo_questions, today, now, password_rounds)
    app = FastAPIOffline(
        title="DataMind", version=__version__, description=ABOUT,
        lifespan=partial(_life, start=start),
        responses={500: {"model": Problem, "description": "A fault of ours"}},
        redoc_url=None, docs_url="/docs", redirect_slashes=False,
    )  # fmt: skip
    app.include_router(system.router)
    api = APIRouter(prefix=API)
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)
    _tell_errors(app)
    app.add_middleware(Gate, server=app, settings=settings.server)
    if settings.server.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.server.cors_origins),
            allow_methods=["*"], allow_headers=["*"],
            expose_headers=[
                "X-Correlation-ID", "Retry-After", "Content-Disposition", "X-Rows", "X-Truncated",
            ],
        )  # fmt: skip
    if settings.server.ui:
        from datamind.ui.mount import mount

        mount(app, settings)
    return app


@asynccontextmanager
async def _life(app: FastAPI, start: _Start) -> AsyncIterator[None]:
    """The server's parts, from the first that is opened to the last that is closed."""
    async with AsyncExitStack() as stack:
        settings, now = start.settings, start.now
        secrets = secrets_of(settings)
        opening = asyncio.create_task(open_data(settings, start.source, secrets.masks))
        store = await stack.enter_async_context(open_store(settings, secrets))
        data = await opening
        app.state.following = following = Following(
            app, settings, start.source, data, secrets.masks
        )
        stack.push_async_callback(following.end)
        threads = ThreadPoolExecutor(settings.server.query_workers + THREADS, "asks")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        passwords = Passwords(rounds=start.password_rounds)
        stack.callback(passwords.close)
        ip_rules = IpRules(store.database, lasts_s=settings.server.policy_cache_s)
        await ip_rules.start()
        stack.push_async_callback(ip_rules.end)
        app.state.parts = parts = Parts(
            settings=settings, database=store.database, audit=store.audit, engine=data.engine,
            warehouse=data.warehouse, bindings=data.bindings, excess=data.excess,
            passwords=passwords,
            rights=RightsBook(store.database, lasts_s=settings.server.policy_cache_s),
            ip_rules=ip_rules, tokens=Tokens(secrets.jwt, now), revocations=Revocations(now),
            limits=Limits(), metrics=Metrics(), threads=threads, now=now, today=start.today,
            results=Results(
                _cache(settings.server), threads, ttl_s=settings.server.cache_s, now=now
            ),
            started=now(), places=asyncio.Semaphore(settings.server.query_workers),
            exporters=EXPORTERS,
            export_places=asyncio.Semaphore(max(1, settings.server.query_workers // 2)),
            demo_questions=start.demo_questions,
        )  # fmt: skip
        stack.push_async_callback(parts.running.end)
        parts.revocations.on_user(parts.running.stop_of)
        parts.revocations.on_user(parts.streams.drop_of)
        await load_revocations(parts)
        app.state.watch = Watch(lambda: app.state.parts)
        await app.state.watch.start()
        stack.push_async_callback(app.state.watch.end)
        following.start()
        keeping = asyncio.create_task(retention.keep(lambda: app.state.parts))
        stack.push_async_callback(_ended, keeping)
        yield


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _cache(server: ServerSettings) -> Cache | None:
    return MemoryCache(server.cache_mb << 20) if server.cache_mb else None


def _tell_errors(app: FastAPI) -> None:
    """Every error is told as a problem, whoever raised it."""

    @app.exception_handler(DataMindError)
    async def known(request: Request, fault: DataMindError) -> Response:
        caller = getattr(request.state, "caller", None)
        if isinstance(fault, AccessDenied) and caller is not None:
            await note(
                request.app.state.parts, caller, "access_denied", Outcome.blocked,
                method=request.method, path=request.url.path,
            )  # fmt: skip
        return problem_response(fault, request.scope)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, fault: RequestValidationError) -> Response:
        errors = [
            {
                "loc": [str(part) for part in e["loc"]],
                "msg": str(e["msg"]).removeprefix("Value error, "),  # pydantic's, of our own words
                "type": e["type"],
            }
            for e in fault.errors()
        ]
        told = problem(
            BadInput("The request does not fit.", hint="See `errors`, and /docs."),
            instance=request.url.path, correlation_id=request.state.correlation_id,
        )  # fmt: skip
        body = told.model_copy(update={"errors": errors}).model_dump_json(exclude_none=True)
        return Response(body, 422, media_type=MEDIA_TYPE)

    @app.exception_handler(HTTPException)
    async def http(request: Request, fault: HTTPException) -> Response:
        if isinstance(fault.__cause__, DataMindError):  # of the body, while it was read
            return problem_response(fault.__cause__, request.scope)
        if fault.status_code == 404:
            return problem_response(NotFound("There is nothing here."), request.scope)
        if fault.status_code == 400:
            return problem_response(BadInput("The body can't be read as JSON."), request.scope)
        told = problem(
            BadInput(str(fault.detail)), instance=request.url.path,
            correlation_id=request.state.correlation_id,
        )  # fmt: skip
        body = told.model_copy(update={"status": fault.status_code, "title": str(fault.detail)})
        return Response(
            body.model_dump_json(exclude_none=True), fault.status_code, media_type=MEDIA_TYPE,
            headers=fault.headers,
        )  # fmt: skip
