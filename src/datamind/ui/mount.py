"""Mounting: the pages become part of the server, beside the API that they call."""

from __future__ import annotations

import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from datamind.settings import Settings
from datamind.ui import assets, doors
from datamind.ui.client import Api
from datamind.ui.sessions import Sessions

PAGES = (
    "ask", "history", "catalog", "users", "system", "jobs", "dbt", "backups", "audit", "config",
)  # fmt: skip
API_PATHS = ("/api/", "/health", "/metrics", "/docs", "/openapi.json")
MOST_SOCKET_BYTES = 256 * 1024  # a corrected SQL of 64 kB, escaped, and room
# How the framework is started in the browser: light or dark as our theme.js has it.
START = """
    app.use(Quasar, {config: vue_config});
    applyColors(vue_config.brand);
    darkSetter = datamind.onTheme = () => Quasar.Dark.set(datamind.isDark());
    setDark(None);
"""
# Clients and other servers that the framework's socket library brings along wherever they are
# installed, 20 MB of them; all are optional there.
UNUSED = ("aiohttp", "redis", "requests", "tornado", "websocket")
FOREVER = "public, max-age=31536000, immutable"


def mount(app: FastAPI, settings: Settings) -> None:
    """Serve the pages from `app`. They share a secret with the API's gate: with it they say for
    which browser they ask."""
    # Late, for it takes a second that the API alone need not pay.
    with _without(UNUSED):
        from nicegui import app as live
        from nicegui import core, ui

    for name in PAGES:
        import_module(f"datamind.ui.pages.{name}")
    app.state.pages_secret = secrets.token_urlsafe(32)
    server = settings.server
    pages = doors.Pages(Api(server, app.state.pages_secret), Sessions(), server.production)
    # The framework keeps one application for the whole process; it is set up anew for this one.
    live.user_middleware.clear()
    live.middleware_stack = None
    live.exception_handlers[404] = _nothing_here
    core.sio.eio.max_http_buffer_size = MOST_SOCKET_BYTES
    core.sio.eio.cors_allowed_origins = None  # the same origin only; the gate says so too
    live.config.vue_config_script = START
    ui.run_with(
        app, title="DataMind", dark=None, language="en-US", tailwind=False, favicon=None,
        show_welcome_message=False, reconnect_timeout=5.0,
    )  # fmt: skip
    app.router.routes.pop()  # its own mount, which would also take the API's unknown paths
    app.router.routes += [
        Route("/signin", _with(pages, doors.sign_in), methods=["GET", "POST"]),
        Route("/signin/note", _with(pages, doors.sign_in_note)),
        Route("/signout", _with(pages, doors.sign_out), methods=["POST"]),
        Mount(assets.PATH, _Assets(directory=assets.FOLDER)),
        _Pages("/", _Dressed(live, pages)),
    ]
    _close_with(app, pages.api)


@contextmanager
def _without(packages: tuple[str, ...]) -> Iterator[None]:
    """What is imported in here finds none of these, but for those that are there already."""
    hidden: dict[str, Any] = dict.fromkeys(name for name in packages if name not in sys.modules)
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _Assets(StaticFiles):
    """Our files; their names change with what they hold, so a browser may keep them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = FOREVER
        return response


class _Pages(Mount):
    """Everything that is not the API's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and scope["path"].startswith(API_PATHS):
            return Match.NONE, {}
        return super().matches(scope)


class _Dressed:
    """The live pages, told whose server they are part of."""

    def __init__(self, app: ASGIApp, pages: doors.Pages) -> None:
        self.app = app
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["pages"] = self.pages
        await self.app(scope, receive, send)


def _with(pages: doors.Pages, door: Any) -> Any:
    async def opened(request: Any) -> Response:
        request.state.pages = pages
        response: Response = await door(request)
        return response

    return opened


async def _nothing_here(request: Any, fault: Exception) -> Response:
    from datamind.ui.plain import message_page

    return message_page("Nothing here", "There is no page at this address.", 404)


def _close_with(app: FastAPI, api: Api) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[Any]:
        async with inner(app) as state:
            yield state
        await api.close()

    app.router.lifespan_context = life
