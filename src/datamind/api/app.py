"""The application: the one place where the parts of a server are chosen and wired."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from datamind import __version__, clock
from datamind.api.data import Source
from datamind.api.life import Start, life
from datamind.api.middleware import Gate, problem_response
from datamind.api.starting import Starting
from datamind.errors import (
    AccessDenied,
    BadInput,
    DataMindError,
    NotFound,
    QueryCancelled,
    Unavailable,
)
from datamind.rooms.audit import routes as audit
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth import routes as auth
from datamind.rooms.auth import security
from datamind.rooms.catalog import routes as catalog
from datamind.rooms.dbt import routes as dbt
from datamind.rooms.feedback import routes as feedback
from datamind.rooms.jobs import routes as jobs
from datamind.rooms.policies import routes as policies
from datamind.rooms.problems import MEDIA_TYPE, Problem, problem
from datamind.rooms.questions import routes as questions
from datamind.rooms.questions import socket
from datamind.rooms.system import admin_routes as operating
from datamind.rooms.system import backup_routes, config_routes, slow_routes
from datamind.rooms.system import routes as system
from datamind.rooms.users import routes as users
from datamind.settings import Settings

ABOUT = """Ask a company's data in plain English, governed and audited.

Sign in at `auth/login`, send the access token as `Authorization: Bearer …`; programs send an API
key of `auth/keys` in its place. Errors are problem details (RFC 9457); every answer carries
`X-Correlation-ID`."""
API = "/api/v1"
ROUTERS = (
    auth.router, auth.of_keys, auth.of_sessions, *security.routers, questions.router,
    questions.queries, questions.public, socket.router, feedback.router, catalog.router,
    users.router, users.of_groups, *policies.routers, audit.router, jobs.router,
    slow_routes.router, config_routes.router, backup_routes.router,
    operating.router,
)  # fmt: skip


def create_app(
    settings: Settings, source: Source, *,
    demo_questions: tuple[str, ...] = (), today: Callable[[], Any] = clock.today,
    now: Callable[[], Any] = clock.now, password_rounds: int = 12,
    starting: Starting | None = None,
) -> FastAPI:  # fmt: skip
    """The application for the data that `source` names; its parts start and end with it."""
    start = Start(
        settings, source, demo_questions, today, now, password_rounds, starting or Starting()
    )
    app = FastAPIOffline(
        title="DataMind", version=__version__, description=ABOUT,
        lifespan=partial(life, start=start),
        responses={500: {"model": Problem, "description": "A fault of ours"}},
        redoc_url=None, docs_url="/docs", redirect_slashes=False,
    )  # fmt: skip
    app.include_router(system.router)
    app.include_router(dbt.router)
    # Not by a router of all: FastAPI would work out each route to check it, in 0.36 s.
    app.include_router(dbt.router, prefix=API, include_in_schema=False)
    for router in ROUTERS:
        app.include_router(router, prefix=API)
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
        if isinstance(fault, QueryCancelled) and request.app.state.parts.running.is_ending:
            fault = Unavailable("This server is stopping.", retry_after_s=1)  # another may do it
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
