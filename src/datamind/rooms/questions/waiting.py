"""Asks that wait for somebody to listen: each is taken once, with its ticket, on any server."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from datamind import clock
from datamind.errors import NotFound
from datamind.ports import Tickets
from datamind.records import Identity
from datamind.rooms.auth.tokens import Revocations
from datamind.rooms.caller import Caller, need
from datamind.rooms.questions.schemas import AskIn

LASTS_S = 60
MOST_EACH = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An ask that nobody listens to yet."""

    caller: Caller
    wanted: AskIn
    query_id: str


class Streams:
    """The asks that wait for a listener."""

    def __init__(
        self, tickets: Tickets, revocations: Revocations, now: Callable[[], dt.datetime]
    ) -> None:
        self._tickets = tickets
        self._revocations = revocations
        self._now = now

    async def open(self, caller: Caller, wanted: AskIn) -> tuple[str, str]:
        """The id of a new stream, and its ticket."""
        need(caller, "analyst")
        stream, ticket = clock.new_id("str"), secrets.token_urlsafe(32)
        said = {
            "caller": asdict(caller), "wanted": wanted.model_dump(mode="json"),
            "query_id": clock.new_id("qry"), "at": self._now().isoformat(),
        }  # fmt: skip
        await self._tickets.put(
            _key(stream, ticket), caller.identity.user, json.dumps(said).encode(), ttl_s=LASTS_S,
            most=MOST_EACH,
        )  # fmt: skip
        return stream, ticket

    async def take(self, stream_id: str, ticket: str | None) -> Waiting:
        """The ask of this stream, once; NotFound for a wrong ticket too, and for somebody whose
        tokens were revoked meanwhile."""
        found = None if ticket is None else await self._tickets.take(_key(stream_id, ticket))
        if found is not None:
            said = json.loads(found)
            caller = _caller(said["caller"])
            at = dt.datetime.fromisoformat(said["at"])
            if self._revocations.holds(caller.identity.user, caller.session, since=at):
                wanted = AskIn.model_validate(said["wanted"])
                return Waiting(caller, wanted, said["query_id"])
        raise NotFound("There is no such stream.", hint="Ask anew: a stream is read once.")


def _key(stream_id: str, ticket: str) -> str:
    return hashlib.sha256(f"{stream_id} {ticket}".encode()).hexdigest()


def _caller(said: dict[str, object]) -> Caller:
    identity = said.pop("identity")
    return Caller(Identity(**identity), **said)  # type: ignore[arg-type]  # as `open` wrote it
