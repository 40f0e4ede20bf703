"""Asking over a WebSocket: the token in the first message, asks and calls off in the next ones.

Messages are JSON objects with a `type`: `token` (first, and again before it ends), `ask` (the body
of `sql/ask`) and `cancel` (`query_id`). What comes back has `event` and `data`, as in the streams.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from datamind import clock
from datamind.errors import BadInput, DataMindError, TooManyRequests, Unauthenticated
from datamind.log import user
from datamind.records import Identity
from datamind.rooms.auth.tokens import ACCESS
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Parts
from datamind.rooms.problems import problem
from datamind.rooms.questions import asking
from datamind.rooms.questions.schemas import AskIn
from datamind.rooms.questions.streams import events
from datamind.rooms.questions.waiting import Waiting
from datamind.rooms.text import plain

FIRST_S = 10.0
SEND_S = 30.0  # whoever reads no more is let go of
MOST_AT_ONCE = 4
POLICY = 1008  # RFC 6455: what was sent breaks the rules
router = APIRouter()


@dataclass
class _Talk:
    """One connection: who it is for now, and what it asked."""

    socket: WebSocket
    path: str
    caller: Caller | None = None
    token: str = ""
    asks: set[asyncio.Task[None]] = field(default_factory=set)
    ends: asyncio.TimerHandle | None = None

    @property
    def parts(self) -> Parts:
        return self.socket.app.state.parts  # type: ignore[no-any-return]

    async def say(self, event: str, data: Any) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self.socket.send_text(json.dumps({"event": event, "data": data}))
        except TimeoutError:
            raise WebSocketDisconnect(POLICY, "Whoever asked reads no more.") from None

    def sign_in(self, token: str) -> None:
        """The caller is whom the token names; until it ends, or the next one comes."""
        claims = self.parts.tokens.read(token)
        self.parts.revocations.check(claims)
        if self.caller is not None and claims.user != self.caller.identity.user:
            raise Unauthenticated("The token is somebody else's.")
        state = self.socket.state
        self.token = token
        user.set(claims.user)
        self.caller = Caller(
            Identity(claims.user, claims.role), state.client_ip, state.correlation_id,
            claims.email, claims.session,
        )  # fmt: skip
        if self.ends is not None:
            self.ends.cancel()
        left = (claims.issued + ACCESS - self.parts.now()).total_seconds()
        loop = asyncio.get_running_loop()
        self.ends = loop.call_later(left, lambda: loop.create_task(self.over()))

    async def check(self) -> Caller:
        """The caller, whose token has to be good still, and whose address let in."""
        claims = self.parts.tokens.read(self.token)
        self.parts.revocations.check(claims)
        await self.parts.limits.spend(self.parts.settings.server.user_limit, "user", claims.user)
        assert self.caller is not None
        self.parts.ip_rules.check(self.caller.ip)
        return self.caller

    async def over(self) -> None:
        """The token ended, and no other came."""
        self.stop()
        await self.socket.close(POLICY, "The access token is over.")

    def stop(self) -> None:
        """Call off all that was asked here."""
        if self.ends is not None:
            self.ends.cancel()
        for task in list(self.asks):
            task.cancel()


@router.websocket("/ws/ask")
async def ws_ask(socket: WebSocket) -> None:
    """Ask, follow the stages, and call off, over one connection."""
    await socket.accept()
    talk = _Talk(socket, socket.url.path)
    try:
        await _first(talk)
        while True:
            await _next(talk)
    except WebSocketDisconnect:
        pass
    finally:
        talk.stop()


async def _first(talk: _Talk) -> None:
    """The token, or the end of it."""
    try:
        message = await asyncio.wait_for(_message(talk), FIRST_S)
        if message.get("type") != "token":
            raise Unauthenticated("The first message holds the token.")
        talk.sign_in(str(message.get("token", "")))
    except (DataMindError, TimeoutError) as fault:
        known = fault if isinstance(fault, DataMindError) else Unauthenticated("No token came.")
        await _tell(talk, known)
        await talk.socket.close(POLICY)
        raise WebSocketDisconnect(POLICY) from None
    await talk.say("ready", {"correlation_id": talk.socket.state.correlation_id})


async def _next(talk: _Talk) -> None:
    try:
        message = await _message(talk)
        kind = message.pop("type", None)
        if kind == "token":
            talk.sign_in(str(message.get("token", "")))
        elif kind == "cancel":
            caller, query = await talk.check(), str(message.get("query_id", ""))
            done = await asking.cancel(talk.parts, caller, query)
            await talk.say("cancelled", {"query_id": query, "cancelled": done})
        elif kind == "ask":
            await _ask(talk, message)
        else:
            raise BadInput("A message is of type token, ask or cancel.")
    except DataMindError as fault:
        await _tell(talk, fault)


async def _ask(talk: _Talk, message: dict[str, Any]) -> None:
    """Answer beside what else is asked here."""
    caller = await talk.check()
    if len(talk.asks) >= MOST_AT_ONCE:
        raise TooManyRequests(retry_after_s=1)
    try:
        wanted = AskIn.model_validate(message)
    except ValidationError as fault:
        where = ".".join(map(str, fault.errors()[0]["loc"]))
        raise BadInput(f"The field {where} does not fit.", hint="See sql/ask in /docs.") from None
    waiting = Waiting(caller, wanted, clock.new_id("qry"))

    async def answer() -> None:
        with suppress(RuntimeError, WebSocketDisconnect):  # nobody is there any more
            async for event in events(talk.parts, waiting, talk.path):
                await talk.say(event["event"], json.loads(event["data"]))

    task = asyncio.create_task(answer())
    talk.asks.add(task)
    task.add_done_callback(talk.asks.discard)


async def _message(talk: _Talk) -> dict[str, Any]:
    received = await talk.socket.receive()
    if received["type"] != "websocket.receive":
        raise WebSocketDisconnect
    try:
        message = json.loads(plain(received.get("text") or ""))
    except (ValueError, RecursionError):
        raise BadInput("A message is a JSON object.") from None
    if not isinstance(message, dict):
        raise BadInput("A message is a JSON object.")
    return message


async def _tell(talk: _Talk, fault: DataMindError) -> None:
    told = problem(fault, instance=talk.path, correlation_id=talk.socket.state.correlation_id)
    await talk.say("problem", told.model_dump(exclude_none=True))
