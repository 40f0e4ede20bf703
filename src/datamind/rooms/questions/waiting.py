"""Asks that wait for somebody to listen: each is taken once, with its ticket."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from dataclasses import dataclass

from datamind import clock
from datamind.errors import NotFound, Overloaded, TooManyRequests
from datamind.rooms.caller import Caller, need
from datamind.rooms.questions.schemas import AskIn

LASTS_S = 60
MOST, MOST_EACH = 2_000, 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An ask that nobody listens to yet."""

    caller: Caller
    wanted: AskIn
    ticket: str
    query_id: str
    until: float


class Streams:
    """The asks that wait for a listener."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}

    def open(self, caller: Caller, wanted: AskIn) -> tuple[str, str]:
        """The id of a new stream, and its ticket."""
        need(caller, "analyst")
        now = time.monotonic()
        own = sum(w.caller.identity.user == caller.identity.user for w in self._waiting.values())
        if own >= MOST_EACH:
            raise TooManyRequests(retry_after_s=LASTS_S)
        if len(self._waiting) >= MOST:
            raise Overloaded("Too many questions wait to be listened to.", retry_after_s=5)
        stream, ticket = clock.new_id("str"), secrets.token_urlsafe(32)
        asyncio.get_running_loop().call_later(LASTS_S, self._forget, stream)
        self._waiting[stream] = Waiting(caller, wanted, ticket, clock.new_id("qry"), now + LASTS_S)
        return stream, ticket

    def _forget(self, stream: str) -> None:
        self._waiting.pop(stream, None)

    def drop_of(self, user: str) -> None:
        """Nobody listens to this user's any more."""
        self._waiting = {k: w for k, w in self._waiting.items() if w.caller.identity.user != user}

    def take(self, stream_id: str, ticket: str | None) -> Waiting:
        """The ask of this stream, once; NotFound for a wrong ticket too."""
        found = self._waiting.get(stream_id)
        if (
            found is None
            or found.until <= time.monotonic()
            or ticket is None
            or not hmac.compare_digest(ticket.encode(), found.ticket.encode())
        ):
            raise NotFound("There is no such stream.", hint="Ask anew: a stream is read once.")
        return self._waiting.pop(stream_id)
