"""The REST API as the pages call it: over HTTP, each problem read into one typed error."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from datamind.settings import ServerSettings

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# A stream is quiet while a query runs, but for the server's ping each 15 s.
STREAM_TIMEOUT = httpx.Timeout(45.0, connect=5.0)
FILE_TIMEOUT = httpx.Timeout(180.0, connect=5.0)  # an export is whole before it is sent
MOST_BYTES = 16 << 20  # of a file, which is held in memory on its way
TOO_LARGE = "The file is too large to be handed over by the page."
NARROW = "Ask for less, or take it from the API."
LIMITS = httpx.Limits(max_connections=500, max_keepalive_connections=50)
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (what listens there is asked here)
STANDING_S = 2.0  # for which all live pages believe the same
NO_ANSWER = "The server does not answer."
JSON = dict[str, Any]


class Trouble(Exception):
    """A problem that the API told, or that kept it from telling anything."""

    def __init__(
        self, code: str, detail: str, *, hint: str = "", status: int = 500,
        correlation_id: str = "", retry_after_s: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
        self.status = status
        self.correlation_id = correlation_id
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class File:
    """A file as it came; `truncated` says that there were more rows than it holds."""

    name: str
    media_type: str
    body: bytes
    rows: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event."""

    name: str
    data: JSON


@dataclass(frozen=True, slots=True)
class Standing:
    """The system's mode; where questions can't be answered, why not and what to do."""

    mode: str
    detail: str = ""
    hint: str = ""


class Api:
    """The one client of all pages; `secret` proves that they may say for whom they ask."""

    def __init__(self, server: ServerSettings, secret: str) -> None:
        host = ANYWHERE.get(server.host, server.host)
        base = f"http://[{host}]" if ":" in host else f"http://{host}"
        self._secret = secret
        self._standing = Standing("FULL_OPERATIONAL")
        self._standing_at = -STANDING_S
        self._asking_standing = asyncio.Lock()
        # No proxy of the environment: this is the server asking itself. And no cookies: one client
        # serves everybody.
        self.root = f"{base}:{server.port}"
        self._http = httpx.AsyncClient(
            base_url=f"{self.root}/api/v1", timeout=TIMEOUT, limits=LIMITS,
            trust_env=False, cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )  # fmt: skip

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def call(
        self, method: str, path: str, *, ip: str, token: str | None = None,
        params: JSON | None = None, body: JSON | None = None, headers: dict[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """The answer's JSON, None where there is none; Trouble for a problem."""
        given = {k: v for k, v in (params or {}).items() if v is not None}
        try:
            response = await self._http.request(
                method, path, params=given, json=body,
                headers={**self._headers(ip, token), **(headers or {})},
            )  # fmt: skip
        except httpx.HTTPError:
            raise Trouble("unavailable", NO_ANSWER, hint="Try again.", status=503) from None
        if response.is_error:
            raise trouble_of(response)
        return parsed(response.text) if response.content else None

    async def standing(self, *, ip: str, known_s: float = STANDING_S) -> Standing:
        """How the system is, or was `known_s` ago at most; asked once for all pages that want to
        know at the same time."""
        earliest = time.monotonic() - known_s
        async with self._asking_standing:
            if self._standing_at < earliest:
                asked_at = time.monotonic()
                self._standing = await self._stands(ip)
                self._standing_at = asked_at
            return self._standing

    async def _stands(self, ip: str) -> Standing:
        try:
            mode = str((await self.call("GET", f"{self.root}/health", ip=ip))["operational_mode"])
        except Trouble:
            return self._standing  # no news
        try:
            await self.call("GET", f"{self.root}/health/ready", ip=ip)
        except Trouble as told:
            return Standing(mode, told.detail, told.hint)
        return Standing(mode)

    async def file(self, path: str, *, ip: str, token: str, params: JSON) -> File:
        """The file there; Trouble where it is too large to be handed on from memory."""
        try:
            async with self._http.stream(
                "GET", path, params=params, headers=self._headers(ip, token), timeout=FILE_TIMEOUT
            ) as response:
                if response.is_error:
                    await response.aread()
                    raise trouble_of(response)
                body = await _body(response)
        except httpx.HTTPError:
            raise Trouble("unavailable", NO_ANSWER, hint="Try again.", status=503) from None
        headers = response.headers
        return File(
            name=headers["Content-Disposition"].partition('filename="')[2].rstrip('"'),
            media_type=headers["Content-Type"], body=body, rows=int(headers.get("X-Rows", 0)),
            truncated=headers.get("X-Truncated") == "true",
        )  # fmt: skip

    @asynccontextmanager
    async def stream(self, stream_id: str, ticket: str, *, ip: str) -> AsyncIterator[Events]:
        """The events of a stream; to leave the block is to call the ask off."""
        headers = {**self._headers(ip, None), "X-Stream-Ticket": ticket}
        async with self._events(f"/sql/stream/{stream_id}", headers) as found:
            yield found

    @asynccontextmanager
    async def follow(self, path: str, *, ip: str, token: str, after: int) -> AsyncIterator[Events]:
        """The events of a log from this line on."""
        async with self._events(f"{path}?after={after}", self._headers(ip, token)) as found:
            yield found

    @asynccontextmanager
    async def _events(self, path: str, headers: dict[str, str]) -> AsyncIterator[Events]:
        try:
            async with self._http.stream(
                "GET", path, headers=headers, timeout=STREAM_TIMEOUT
            ) as response:
                if response.is_error:
                    await response.aread()
                    raise trouble_of(response)
                yield events(response)
        except httpx.HTTPError:
            raise Trouble("unavailable", NO_ANSWER, hint="Try again.", status=503) from None

    def _headers(self, ip: str, token: str | None) -> dict[str, str]:
        headers = {"X-Forwarded-For": ip, "X-DataMind-Pages": self._secret}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return headers


Events = AsyncIterator[Event]


async def _body(response: httpx.Response) -> bytes:
    """What it holds, whether or not it says beforehand how much that is."""
    told = int(response.headers.get("Content-Length", 0))
    body = bytearray()
    if told <= MOST_BYTES:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                break
    if max(told, len(body)) > MOST_BYTES:
        raise Trouble("too_large", TOO_LARGE, hint=NARROW, status=413)
    return bytes(body)


async def events(response: httpx.Response) -> Events:
    """Server-sent events as they come; comments (pings) are passed over."""
    name, data = "message", list[str]()
    async for line in response.aiter_lines():
        if not line:
            if data:
                yield Event(name, parsed("\n".join(data)))
            name, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


def parsed(text: str) -> Any:
    """JSON, with a mark in place of halves of letters: no page could be sent with one in it."""
    found = json.loads(text)
    return _whole(found) if "\\ud" in text.lower() else found


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(v) for v in value]
    if isinstance(value, dict):
        return {_whole(k): _whole(v) for k, v in value.items()}
    return value


def trouble_of(response: httpx.Response) -> Trouble:
    """The problem that a response tells."""
    try:
        told = parsed(response.text)
    except ValueError:
        told = None
    after = response.headers.get("Retry-After", "")
    return trouble(
        told if isinstance(told, dict) else {}, status=response.status_code,
        retry_after_s=int(after) if after.isdigit() else None,
    )  # fmt: skip


def trouble(told: JSON, *, status: int = 500, retry_after_s: int | None = None) -> Trouble:
    """A problem document as an error; of what did not fit, the first field is named."""
    detail = str(told.get("detail") or "Something went wrong.")
    for error in told.get("errors") or ():
        detail = f"{str(error['loc'][-1]).replace('_', ' ')}: {error['msg']}".capitalize()
        break
    return Trouble(
        str(told.get("code", "internal")), detail, hint=str(told.get("hint", "")),
        status=int(told.get("status", status)), retry_after_s=retry_after_s,
        correlation_id=str(told.get("correlation_id", "")),
    )  # fmt: skip
