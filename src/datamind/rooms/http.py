"""What routes share: the session of a request, its caller, and the parts of the server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import Unauthenticated
from datamind.records import Identity
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Parts

_bearer = HTTPBearer(auto_error=False, description="The access token of `auth/login`.")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def the_parts(request: Request) -> Parts:
    """The server's parts."""
    return cast(Parts, request.app.state.parts)


TheParts = Annotated[Parts, Depends(the_parts)]


async def _unit(parts: TheParts) -> AsyncIterator[AsyncSession]:
    async with parts.database.unit() as session:
        yield session


# With FastAPI's default scope the client would have its 200 before the commit, and a commit that
# fails would be lost.
Unit = Annotated[AsyncSession, Depends(_unit, scope="function")]


def anybody(request: Request) -> Caller:
    """Whoever calls, signed in or not."""
    return Caller(Identity("", "viewer"), client_ip(request), request.state.correlation_id)


def signed_in(request: Request, parts: TheParts, credentials: _Credentials) -> Caller:
    """The signed-in caller; Unauthenticated without a valid access token."""
    if credentials is None:
        raise Unauthenticated("Nobody is signed in.")
    claims = parts.tokens.read(credentials.credentials)
    parts.revocations.check(claims)
    parts.limits.spend(parts.settings.server.user_limit, "user", claims.user)
    caller = Caller(
        Identity(claims.user, claims.role), client_ip(request), request.state.correlation_id,
        claims.email, claims.session,
    )  # fmt: skip
    request.state.caller = caller  # for the audit, where they are denied something
    return caller


Anybody = Annotated[Caller, Depends(anybody)]
SignedIn = Annotated[Caller, Depends(signed_in)]


def client_ip(request: Request) -> str:
    """Where the request comes from, as the middleware found out."""
    return cast(str, request.state.client_ip)


def forwarded_ip(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The address that the nearest untrusted hop has: X-Forwarded-For is believed from trusted
    proxies only, read from its end."""
    hops = [peer, *(_bare(h) for h in reversed(forwarded.split(",")) if h.strip())]
    for at, hop in enumerate(hops):
        if not _is_address(hop):
            return hops[at - 1] if at else peer
        if not is_within(hop, trusted):
            return hop
    return hops[-1]


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether the address is in one of these networks (CIDR)."""
    if not _is_address(address):
        return False
    return any(
        ipaddress.ip_address(address) in ipaddress.ip_network(n, strict=False) for n in networks
    )


def _bare(hop: str) -> str:
    """The address without the port that some proxies add."""
    hop = hop.strip()
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](?::\d+)?", hop)
    if bracketed:
        return bracketed[1]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _is_address(text: str) -> bool:
    """Whether it is an address and nothing else: a zone id could hold anything."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
