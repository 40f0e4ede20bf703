"""Sessions of browsers: tokens in the server's memory, found by a random id in a cookie."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from datamind.ui.client import JSON, Api, Events, File, Trouble

LASTS_S = 7 * 24 * 3600  # as long as a refresh token
MOST = 10_000
MOST_ANSWERS, MOST_CELLS = 10, 2_000
EARLY_S = 60  # tokens are renewed this long before they end
Clock = Callable[[], float]
T = TypeVar("T")


class Ended(Exception):
    """The session is over: its person has to sign in again."""


@dataclass
class Session:
    """Tokens of one sign-in, and whose they are; `access` is empty once it is over."""

    access: str
    refresh: str
    until: float
    seen: float
    me: JSON = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    # By query id, for a page that is loaded again; those who shut the session forget them.
    answers: OrderedDict[str, JSON] = field(default_factory=OrderedDict)
    # Who is who, as an admin knew it last: it is asked for in vain while the system rests.
    people: dict[str, str] = field(default_factory=dict)

    def keep(self, answer: JSON) -> None:
        """Keep one of the last answers, if it is small."""
        cells = len(answer.get("results") or ()) * len(answer.get("columns") or ())
        if cells <= MOST_CELLS:
            self.answers[answer["query_id"]] = answer
            while len(self.answers) > MOST_ANSWERS:
                self.answers.popitem(last=False)

    def take(self, tokens: JSON, now: float) -> None:
        """The next tokens."""
        self.access = tokens["access_token"]
        self.refresh = tokens["refresh_token"]
        self.until = now + tokens["expires_in"]

    def end(self) -> None:
        """Forget the tokens, also for pages that are still open, the answers and the people."""
        self.access = self.refresh = ""
        self.answers.clear()
        self.people = {}


class Sessions:
    """All sessions; past `MOST`, the one that was idle longest makes room."""

    def __init__(self, clock: Clock = time.monotonic, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._all: dict[str, Session] = {}  # longest idle first

    def open(self, tokens: JSON, me: JSON) -> str:
        """A new session; its id is new at each sign-in, so none can be planted beforehand."""
        self._forget_idle()
        while len(self._all) >= self._most:
            self._all.pop(next(iter(self._all))).end()
        now = self._clock()
        session = Session("", "", 0.0, now, me)
        session.take(tokens, now)
        key = secrets.token_urlsafe(32)
        self._all[key] = session
        return key

    def find(self, key: str | None) -> Session | None:
        """The session of this id, if it is still alive."""
        session = self._all.pop(key, None) if key else None
        if session is None or key is None:
            return None
        now = self._clock()
        if not session.access or now - session.seen > LASTS_S:
            session.end()
            return None
        session.seen = now
        self._all[key] = session
        return session

    def close(self, key: str | None) -> None:
        """Forget it."""
        session = self._all.pop(key, None) if key else None
        if session is not None:
            session.end()

    def _forget_idle(self) -> None:
        now = self._clock()
        for key, session in list(self._all.items()):
            if now - session.seen <= LASTS_S:
                return
            self.close(key)

    def __len__(self) -> int:
        return len(self._all)


class Person:
    """Whoever is signed in: calls the API in their name, with tokens that are renewed in time."""

    def __init__(self, api: Api, session: Session, ip: str, clock: Clock = time.monotonic) -> None:
        self.api = api
        self.session = session
        self.ip = ip
        self._clock = clock

    @property
    def id(self) -> str:
        """Their id."""
        return str(self.session.me.get("id", ""))

    @property
    def name(self) -> str:
        """What they are called."""
        return str(self.session.me.get("name", ""))

    @property
    def email(self) -> str:
        """Their address."""
        return str(self.session.me.get("email", ""))

    @property
    def role(self) -> str:
        """viewer, analyst or admin."""
        return str(self.session.me.get("role", "viewer"))

    @property
    def is_admin(self) -> bool:
        """Whether they may do everything."""
        return self.role == "admin"

    @property
    def may_ask(self) -> bool:
        """Whether questions are answered for them."""
        return self.role in ("analyst", "admin")

    async def look_again(self) -> None:
        """Who they are by now: the role may have changed since they signed in."""
        self.session.me = await self.get("/auth/me")

    async def get(self, path: str, **params: object) -> JSON:
        """What the API has there."""
        found: JSON = await self.call("GET", path, params=params)
        return found

    async def post(self, path: str, body: JSON | None = None, **params: object) -> JSON:
        """What the API says to this."""
        found: JSON = await self.call("POST", path, body=body or {}, params=params)
        return found

    async def call(
        self, method: str, path: str, *, params: JSON | None = None, body: JSON | None = None,
        headers: dict[str, str] | None = None,
    ) -> JSON:  # fmt: skip
        """One call. Ended where they have to sign in again."""

        async def call(token: str) -> JSON:
            found: JSON = await self.api.call(
                method, path, ip=self.ip, token=token, params=params, body=body, headers=headers
            )
            return found

        return await self._in_their_name(call)

    async def health(self) -> JSON:
        """How the system is, with its parts."""
        return await self.get(f"{self.api.root}/health")

    async def file(self, path: str, **params: object) -> File:
        """The file that the API has there."""
        return await self._in_their_name(
            lambda token: self.api.file(path, ip=self.ip, token=token, params=params)
        )

    @asynccontextmanager
    async def follow(self, path: str, after: int) -> AsyncIterator[Events]:
        """The events of the log there from this line on."""
        token = await self._token()
        async with self.api.follow(path, ip=self.ip, token=token, after=after) as found:
            yield found

    async def _in_their_name(self, call: Callable[[str], Awaitable[T]]) -> T:
        """What comes of the call; a token that counts no more is renewed, once."""
        token = await self._token()
        for again in (False, True):
            try:
                return await call(token)
            except Trouble as told:
                if told.status != 401 or again:
                    raise
            token = await self._renewed(token)
        raise AssertionError("unreachable")

    async def _token(self) -> str:
        token = self.session.access
        if not token:
            raise Ended
        return await self._renewed(token) if self.session.until - self._clock() < EARLY_S else token

    async def _renewed(self, old: str) -> str:
        """The token after `old`: a refresh token counts once, so one page asks for all."""
        session = self.session
        async with session.lock:
            if session.access != old:
                if not session.access:
                    raise Ended
                return session.access
            try:
                tokens = await self.api.call(
                    "POST", "/auth/refresh", ip=self.ip, body={"refresh_token": session.refresh}
                )
                session.take(tokens, self._clock())
                # The role may have changed meanwhile.
                session.me = await self.api.call(
                    "GET", "/auth/me", ip=self.ip, token=session.access
                )
            except Trouble as told:
                if told.status == 401:
                    session.end()
                    raise Ended from None
                raise
            return session.access
