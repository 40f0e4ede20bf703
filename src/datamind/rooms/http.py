"""What routes share: the session of a request, its caller, and the parts of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import Unauthenticated
from datamind.log import user
from datamind.records import Identity
from datamind.rooms.auth import keys
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Parts

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=300, description="`next_cursor` of the page before.")
]

_ABOUT = "The access token of `auth/login`, or an API key."
_bearer = HTTPBearer(auto_error=False, description=_ABOUT)
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


async def signed_in(
    request: Request, parts: TheParts, credentials: _Credentials, takes: SecurityScopes
) -> Caller:
    """The signed-in caller, by access token or, where the route takes their scope, by API key;
    Unauthenticated without a good one."""
    if credentials is None:
        raise Unauthenticated("Nobody is signed in.")
    if credentials.credentials.startswith(keys.PREFIX):
        return await _by_key(request, parts, credentials.credentials, takes.scopes)
    claims = parts.tokens.read(credentials.credentials)
    parts.revocations.check(claims)
    await parts.limits.spend(parts.settings.server.user_limit, "user", claims.user)
    caller = Caller(
        Identity(claims.user, claims.role), client_ip(request), request.state.correlation_id,
        claims.email, claims.session,
    )  # fmt: skip
    request.state.caller = caller  # for the audit, where they are denied something
    user.set(claims.user)
    return caller


async def _by_key(request: Request, parts: Parts, secret: str, takes: list[str]) -> Caller:
    caller, key = await keys.caller_of(
        parts, secret, client_ip(request), request.state.correlation_id
    )
    request.state.caller = caller
    user.set(caller.identity.user)
    await parts.limits.spend(parts.settings.server.user_limit, "user", caller.identity.user)
    request.state.caller = keys.scoped(caller, key, takes[0] if takes else None)
    return cast(Caller, request.state.caller)


Anybody = Annotated[Caller, Depends(anybody)]
# Somebody who signed in themselves: no API key is taken where a route says no more than this.
SignedIn = Annotated[Caller, Security(signed_in)]
# The same, or a program with an API key of this scope.
Reader = Annotated[Caller, Security(signed_in, scopes=["read"])]
Asker = Annotated[Caller, Security(signed_in, scopes=["ask"])]
Auditor = Annotated[Caller, Security(signed_in, scopes=["audit"])]
Admin = Annotated[Caller, Security(signed_in, scopes=["admin"])]


def client_ip(request: Request) -> str:
    """Where the request comes from, as the middleware found out."""
    return cast(str, request.state.client_ip)
