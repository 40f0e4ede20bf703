"""Routes of health and metrics, at the root."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from datamind.errors import DataMindError, Unauthenticated
from datamind.rooms.http import TheParts, client_ip
from datamind.rooms.parts import Parts
from datamind.rooms.problems import problems
from datamind.rooms.system.schemas import HealthOut, LiveOut

router = APIRouter(tags=["system"])
_bearer = HTTPBearer(auto_error=False)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


@router.get("/health", response_model_exclude_none=True)
async def health(request: Request, parts: TheParts, credentials: _Credentials) -> HealthOut:
    """How the system is; with a token, how each part of it is. Answers at once, whatever hangs."""
    return request.app.state.watch.report(whole=_known(parts, credentials))  # type: ignore[no-any-return]


@router.get("/health/live")
async def live() -> LiveOut:
    """Whether the process answers."""
    return LiveOut(status="ok")


@router.get("/health/ready", responses=problems(503))
async def ready(request: Request) -> LiveOut:
    """Whether questions can be answered now."""
    request.app.state.parts.modes.must("execute")
    return LiveOut(status="ok")


@router.get("/metrics", response_class=Response, responses=problems(401))
async def metrics(request: Request, parts: TheParts, credentials: _Credentials) -> Response:
    """Counters for Prometheus: from this machine, or with API_TOKEN or an admin's token."""
    if not (_local(request, parts) or _known(parts, credentials, role="admin")):
        raise Unauthenticated("Metrics are for this machine, or with API_TOKEN.")
    scraped(parts)
    text = await asyncio.to_thread(parts.metrics.text)  # tens of milliseconds
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def scraped(parts: Parts) -> None:
    """What is known at once is told as it is at this moment."""
    told = parts.metrics
    told.running.set(len(parts.running))
    for queue, length in (
        ("engine", parts.engine.waiting), ("warehouse", parts.places.waiting),
        ("export", parts.export_places.waiting),
    ):  # fmt: skip
        told.waiting.labels(queue).set(length)
    told.pool_active.set(parts.database.active)
    told.pool_idle.set(parts.database.idle)


def _known(
    parts: Parts, credentials: HTTPAuthorizationCredentials | None, role: str | None = None
) -> bool:
    """Whether the token is the service's, or that of somebody signed in (of this role)."""
    if credentials is None:
        return False
    token, service = credentials.credentials, parts.settings.server.api_token
    if service is not None and hmac.compare_digest(token.encode(), service.encode()):
        return True
    try:
        claims = parts.tokens.read(token)
        parts.revocations.check(claims)
    except DataMindError:
        return False
    return role is None or claims.role == role


def _local(request: Request, parts: Parts) -> bool:
    """Without API_TOKEN, whoever is on this machine may look; not whom a proxy on it speaks for."""
    if parts.settings.server.api_token is not None or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(client_ip(request)).is_loopback
    except ValueError:
        return False
