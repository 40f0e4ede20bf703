"""What every request passes: correlation ids, origins, sizes, limits, headers, counting.

Plain ASGI, so that streams stay streams and clients that go away are noticed.
"""

from __future__ import annotations

import logging
import re
import time
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datamind import clock
from datamind.errors import AccessDenied, BadInput, DataMindError, TooManyRequests
from datamind.log import correlation
from datamind.rooms.http import forwarded_ip
from datamind.rooms.problems import MEDIA_TYPE, problem
from datamind.settings import ServerSettings

log = logging.getLogger(__name__)

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
MOST_BYTES = 2 * 1024 * 1024
SAFE = ("GET", "HEAD", "OPTIONS")
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
# The pages' framework compiles its templates and handlers in the browser (`eval`), and writes its
# first elements as a script into the page; all of it is our own.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; object-src 'none';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " worker-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` a browser would send our own forms (sign in, sign out) with origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000; includeSubDomains"
API_PATHS = ("/api/", "/health", "/metrics", "/openapi.json")
# Asked often by machines, and cheap: they spend none of the address's limit.
FREE = ("/health", "/metrics", "/_nicegui/", "/assets/")


class TooLarge(BadInput):
    """The body is larger than any request needs."""

    code = "body_too_large"
    status = 413
    default_hint = f"Send {MOST_BYTES // 1024 // 1024} MB at most."


class Gate:
    """The one middleware: lets a request in, or answers it with a problem."""

    def __init__(self, app: ASGIApp, *, server: FastAPI, settings: ServerSettings) -> None:
        self.app = app
        self.server = server
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        identity = given if WELL_FORMED.fullmatch(given) else clock.new_id("corr")
        peer = (scope.get("client") or ("", 0))[0]
        state = scope.setdefault("state", {})
        state["correlation_id"] = identity
        state["client_ip"] = self._client(peer, headers)
        token = correlation.set(identity)
        try:
            if scope["type"] == "websocket":
                await self._socket(scope, receive, send, headers)
            else:
                await self._request(scope, receive, send, headers)
        finally:
            correlation.reset(token)

    def _client(self, peer: str, headers: Headers) -> str:
        """Whom to count: our own pages say for whom they ask, by the secret they share with us."""
        forwarded = headers.get("x-forwarded-for", "")
        if not forwarded:
            return peer
        secret = getattr(self.server.state, "pages_secret", None)
        trusted = self.settings.trusted_proxies
        if secret is not None and headers.get("x-datamind-pages") == secret:
            return forwarded.split(",")[-1].strip()
        return forwarded_ip(peer, forwarded, trusted) if trusted else peer

    async def _socket(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        if self._is_foreign(scope, headers):
            log.warning("a WebSocket from a foreign origin was refused")
            await receive()  # the handshake
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        started = time.perf_counter()
        sent = 0

        async def answer(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                sent = message["status"]
                self._dress(scope, message)
            await send(message)

        try:
            self._admit(scope, headers)
            await self.app(scope, _measured(receive), answer)
        except DataMindError as fault:
            if sent:
                raise
            response = problem_response(fault, scope)
            await response(scope, receive, answer)
        finally:
            self._count(scope, sent, time.perf_counter() - started)

    def _admit(self, scope: Scope, headers: Headers) -> None:
        """Turn away what no route needs to see."""
        path = scope["path"]
        foreign = self._is_foreign(scope, headers)
        if foreign and (scope["method"] not in SAFE or _is_live(path)):
            raise AccessDenied(
                "Requests from pages of other origins are refused.",
                hint="An admin can list the origin in CORS_ORIGINS.",
            )
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BYTES:
            raise TooLarge("The request is too large.")
        parts = getattr(self.server.state, "parts", None)
        if parts is not None and not path.startswith(FREE):
            parts.limits.spend(self.settings.ip_limit, "ip", scope["state"]["client_ip"])

    def _is_foreign(self, scope: Scope, headers: Headers) -> bool:
        """Whether a page of another origin sent it; programs send no origin."""
        origin = headers.get("origin")
        if origin is None:
            return False
        if origin in self.settings.cors_origins:
            return False
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()

    def _dress(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Correlation-ID"] = scope["state"]["correlation_id"]
        api = scope["path"].startswith(API_PATHS)
        headers.setdefault("Content-Security-Policy", API_POLICY if api else PAGE_POLICY)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self.settings.production:
            headers.setdefault("Strict-Transport-Security", HSTS)
        if api:
            headers.setdefault("Cache-Control", "no-store")

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        parts = getattr(self.server.state, "parts", None)
        if parts is None or scope["path"].startswith("/_nicegui"):
            return
        route = scope.get("route")
        endpoint = getattr(route, "path", None) or "unmatched"
        method = scope["method"] if scope["method"] in METHODS else "other"
        parts.metrics.requests.labels(method, endpoint, str(status or 499)).inc()
        if status >= 500:
            log.error("%s %s: %s", method, endpoint, status, extra={"elapsed_s": round(seconds, 3)})


METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())


def problem_response(fault: DataMindError, scope: Scope) -> Response:
    """The error as it goes out."""
    told = problem(fault, instance=scope["path"], correlation_id=scope["state"]["correlation_id"])
    response = Response(
        told.model_dump_json(exclude_none=True), fault.status, media_type=MEDIA_TYPE
    )
    if (seconds := getattr(fault, "retry_after_s", None)) is not None:
        response.headers["Retry-After"] = str(seconds)
    if fault.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _is_live(path: str) -> bool:
    """Streams, and the pages' own channel where it falls back to polling."""
    return "/stream/" in path or path.startswith("/_nicegui_ws")


def _measured(receive: Receive) -> Receive:
    """The body, cut off where it grows larger than it said or may be."""
    size = 0

    async def part() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise TooLarge("The request is too large.")
        return message

    return part


__all__ = ["Gate", "TooManyRequests", "problem_response"]
