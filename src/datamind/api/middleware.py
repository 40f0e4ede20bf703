"""What every request passes: correlation ids, origins, sizes, limits, headers, counting.

Plain ASGI, so that streams stay streams and clients that go away are noticed.
"""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datamind import clock, tracing
from datamind.api.bodies import MOST_BYTES, Bodies
from datamind.api.starting import Starting, answered
from datamind.errors import (
    AccessDenied,
    BadInput,
    BodyTooLarge,
    DataMindError,
    HttpsNeeded,
    Overloaded,
    TooManyRequests,
    TurnedAway,
)
from datamind.log import correlation, user
from datamind.records import Identity
from datamind.rooms.addresses import forwarded_ip, is_within, plain
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.auth.restrictions import ShutOut
from datamind.rooms.caller import Caller
from datamind.rooms.problems import MEDIA_TYPE, problem
from datamind.rooms.system.modes import group_of
from datamind.settings import ServerSettings

log = logging.getLogger(__name__)

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
OVERLOADED = 503  # said for every turned-away request; the metrics have the number
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
PROBES = ("/health", "/metrics")
UNRESTRICTED = ("/health/live", "/health/ready")  # for whatever starts and watches the server
NOTED = "1/minute"
# Our styles are shut to whoever sees it.
SHUT_OUT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Not from this network · DataMind</title></head>
<body>
<h1>Not from this network</h1>
<p>DataMind can't be used from the network that you are on. Use your company's network or VPN, or
ask an admin to let this one in.</p>
</body>
</html>
"""
FREE = (*PROBES, "/_nicegui/", "/assets/")


class Gate:
    """The one middleware: lets a request in, or answers it with a problem."""

    def __init__(self, app: ASGIApp, *, server: FastAPI, settings: ServerSettings) -> None:
        self.app = app
        self.server = server
        self.settings = settings
        self._requests = self._sockets = 0  # that are under way
        self._bodies = Bodies(max(1, settings.requests // 2))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        identity = given if WELL_FORMED.fullmatch(given) else clock.new_id("corr")
        peer = plain((scope.get("client") or ("", 0))[0])
        state = scope.setdefault("state", {})
        state["correlation_id"] = identity
        pages = self._are_our_pages(headers)
        state["client_ip"] = self._client(peer, headers, pages=pages)
        state["secure"] = pages or self._is_secure(scope, peer, headers)
        if state["secure"] and not pages:
            scope["scheme"] = "https" if scope["type"] == "http" else "wss"
        token, nobody = correlation.set(identity), user.set(None)
        try:
            if scope["type"] == "websocket":
                await self._socket(scope, receive, send, headers)
            else:
                await self._request(scope, receive, send, headers)
        finally:
            correlation.reset(token)
            user.reset(nobody)

    def _are_our_pages(self, headers: Headers) -> bool:
        """Whether our own pages ask, for somebody: they share a secret with us."""
        secret: str | None = getattr(self.server.state, "pages_secret", None)
        given = headers.get("x-datamind-pages", "")
        return secret is not None and hmac.compare_digest(given.encode(), secret.encode())

    def _client(self, peer: str, headers: Headers, *, pages: bool) -> str:
        """Whose requests these are, for limits and the audit."""
        forwarded = ",".join(headers.getlist("x-forwarded-for"))
        if not forwarded:
            return peer
        if pages:
            return plain(forwarded.split(",")[-1].strip())
        trusted = self.settings.trusted_proxies
        return plain(forwarded_ip(peer, forwarded, trusted)) if trusted else peer

    def _is_secure(self, scope: Scope, peer: str, headers: Headers) -> bool:
        """Whether it came by HTTPS, to us or to a proxy that we trust."""
        if scope["scheme"] in ("https", "wss"):
            return True
        # A proxy that adds a line of its own adds it last.
        forwarded = ",".join(headers.getlist("x-forwarded-proto")).rpartition(",")[2]
        secure = forwarded.strip().lower() in ("https", "wss")
        return secure and is_within(peer, self.settings.trusted_proxies)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        foreign = self._is_foreign(scope, headers)
        if foreign or self._needs_https(scope):
            log.warning("a WebSocket of a foreign origin, or over plain HTTP, was refused")
            await receive()  # the handshake
            await send({"type": "websocket.close", "code": 1008})
            return
        parts = getattr(self.server.state, "parts", None)
        if parts is not None:
            try:
                await self._let_in(scope)
                most = parts.settings.server.ip_limit
                await parts.limits.spend(most, "ip", scope["state"]["client_ip"])
                await self._by_mode("WS", scope["path"])
                if self._sockets >= self.settings.requests:
                    raise Overloaded("Too many connections are open.")
            except (TurnedAway, AccessDenied) as fault:
                await receive()
                code = 1013 if isinstance(fault, TurnedAway) else 1008
                await send({"type": "websocket.close", "code": code})
                return
        self._sockets += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._sockets -= 1

    async def _request(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        with tracing.span(
            _method(scope), kind="server",
            carried={"traceparent": headers.get("traceparent", "")},
        ) as span:  # fmt: skip
            status = await self._answered(scope, receive, send, headers)
            method, endpoint = _method(scope), _template(scope)
            span.tell(
                name=f"{method} {endpoint}", http__request__method=method, http__route=endpoint,
                http__response__status_code=status, enduser__id=user.get(),
                failed=str(status) if status >= 500 else None,
            )  # fmt: skip

    async def _answered(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> int:
        """The status of what was answered; 499 where nobody waited for it."""
        started = time.perf_counter()
        sent = 0

        async def answer(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                sent = message["status"]
                self._dress(scope, message)
            await send(message)

        try:
            starting: Starting | None = getattr(self.server.state, "starting", None)
            if starting is not None and starting.missing is not None:
                await answered(scope["path"], starting, clock.now())(scope, receive, answer)
                return sent
            await self._let_in(scope)
            if self._goes_to_https(scope):
                url = URL(scope=scope).replace(scheme="https")
                await RedirectResponse(url, 308)(scope, receive, answer)
                return sent
            await self._admit(scope, headers)
            await self._by_mode(scope["method"], scope["path"])
            heads = scope["method"] == "HEAD" and scope["path"].startswith(PROBES)
            inner = {**scope, "method": "GET"} if heads else scope  # the server leaves the body out
            bodies = self._bodies.of(receive, scope["state"]["client_ip"])
            with self._under_way(scope), bodies as body:
                await self.app(inner, body, answer)
            scope["route"] = inner.get("route")
        except DataMindError as fault:
            if sent:
                raise
            shut_out = isinstance(fault, ShutOut) and _is_for_eyes(scope, headers)
            told = HTMLResponse(SHUT_OUT, 403) if shut_out else problem_response(fault, scope)
            await told(scope, receive, answer)
        except Exception:
            # Here and not in an exception handler: those stand outside, and what they answer has
            # no id, no headers and no place in the metrics.
            log.exception("a request failed")
            if sent:
                raise
            ours = DataMindError("Something went wrong inside DataMind.")
            await problem_response(ours, scope)(scope, receive, answer)
        finally:
            self._count(scope, sent, time.perf_counter() - started)
        return sent or 499

    async def _admit(self, scope: Scope, headers: Headers) -> None:
        """Turn away what no route needs to see."""
        path = scope["path"]
        if self._needs_https(scope):
            raise HttpsNeeded("This is taken over HTTPS only.")
        foreign = self._is_foreign(scope, headers)
        if foreign and (scope["method"] not in SAFE or _is_live(path)):
            raise AccessDenied(
                "Requests from pages of other origins are refused.",
                hint="An admin can list the origin in CORS_ORIGINS.",
            )
        if "\0" in path or b"%00" in scope["query_string"]:
            raise BadInput("The address holds bytes that are no text.", hint="Leave them out.")
        length = headers.get("content-length", "0")
        if not length.isdigit() or len(length) > 10 or int(length) > MOST_BYTES:
            raise BodyTooLarge("The request is too large.")
        parts = getattr(self.server.state, "parts", None)
        if parts is not None and not path.startswith(FREE):
            most = parts.settings.server.ip_limit
            await parts.limits.spend(most, "ip", scope["state"]["client_ip"])

    @contextmanager
    def _under_way(self, scope: Scope) -> Iterator[None]:
        """One more of the requests that are answered now; Overloaded where there are too many.
        Probes are always answered."""
        if scope["path"].startswith(PROBES):
            yield
            return
        if self._requests >= self.settings.requests:
            raise Overloaded("Too many requests are answered at once.", retry_after_s=2)
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def _let_in(self, scope: Scope) -> None:
        """ShutOut where IP restrictions keep the address out; only probes of whether the
        server lives and is ready are answered all the same, for they tell nothing else."""
        parts = getattr(self.server.state, "parts", None)
        if parts is None or scope["path"] in UNRESTRICTED:
            return
        state = scope["state"]
        try:
            parts.ip_rules.check(state["client_ip"])
        except ShutOut:
            with suppress(TooManyRequests):  # nobody may fill the audit log
                await parts.limits.spend(NOTED, "ip-denied", state["client_ip"])
                who = Caller(Identity("", "viewer"), state["client_ip"], state["correlation_id"])
                await note(parts, who, "ip_denied", Outcome.blocked, path=scope["path"])
            raise

    async def _by_mode(self, method: str, path: str) -> None:
        """Unavailable for what the mode that holds forbids."""
        parts = getattr(self.server.state, "parts", None)
        if parts is None or parts.modes.works(group := group_of(method, path)):
            return
        if parts.modes.standing.mode == "CONFIGURATION":  # perhaps it was set up just now
            await self.server.state.watch.look_at_setup()
        parts.modes.must(group)

    def _needs_https(self, scope: Scope) -> bool:
        """In production all but probes of this machine's own."""
        insecure = self.settings.production and not scope["state"]["secure"]
        return insecure and not scope["path"].startswith(PROBES)

    def _goes_to_https(self, scope: Scope) -> bool:
        return self._needs_https(scope) and scope["method"] in ("GET", "HEAD")

    def _is_foreign(self, scope: Scope, headers: Headers) -> bool:
        """Whether a page of another origin sent it; programs send no origin."""
        origin = headers.get("origin")
        if origin is None:
            return False
        if origin in self.settings.cors_origins:
            return False
        try:
            return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
        except ValueError:
            return True

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
        method, endpoint = _method(scope), _template(scope)
        parts.metrics.requested(method, endpoint, status or 499, seconds)
        level = logging.ERROR if status >= 500 and status != OVERLOADED else logging.INFO
        elapsed = {"elapsed_s": round(seconds, 3)}
        log.log(level, "%s %s: %s", method, endpoint, status or 499, extra=elapsed)


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


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in METHODS else "other"


def _template(scope: Scope) -> str:
    """The path of the route, with its parameters' names: there are only so many.

    A route knows the end of its path alone; what stands before it was matched letter by letter.
    """
    route = scope.get("route")
    shape: str | None = getattr(route, "path", None)
    if shape is None:
        return "unmatched"
    path, own = scope["path"].split("/"), shape.split("/")[1:]
    if ":path" in shape or len(path) <= len(own):
        return shape
    return "/".join([*path[: -len(own)], *own])


def _is_for_eyes(scope: Scope, headers: Headers) -> bool:
    """Whether a browser asks for a page."""
    return "text/html" in headers.get("accept", "") and not scope["path"].startswith(API_PATHS)


def _is_live(path: str) -> bool:
    """Streams, and the pages' own channel where it falls back to polling."""
    return "/stream/" in path or path.startswith("/_nicegui_ws")
