"""Problems: how errors look on the wire (RFC 9457, `application/problem+json`)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from datamind.errors import DataMindError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error: `code` names it for programs, `hint` says what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    hint: str
    correlation_id: str
    errors: list[dict[str, Any]] | None = None


def problem(fault: DataMindError, *, instance: str, correlation_id: str) -> Problem:
    """The error as it is told; `instance` is the path that was asked for."""
    return Problem(
        type=f"urn:datamind:error:{fault.code}",
        title=HTTPStatus(fault.status).phrase,
        status=fault.status,
        detail=fault.message,
        instance=instance,
        code=fault.code,
        hint=fault.hint,
        correlation_id=correlation_id,
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with a problem."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }
