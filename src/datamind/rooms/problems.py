"""Problems: how errors look on the wire (RFC 9457, `application/problem+json`)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from datamind.errors import DataMindError
from datamind.personal import masked

USUAL = (401, 403, 413, 422, 429, 503)  # what most routes may answer beside their answer
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


# What to do about an error, for who can't run commands on this machine.
HINTS = {
    "internal": "Report this with its correlation id.",
    "bad_input": "See /docs for what is expected.",
    "unknown_table": "Search the catalog for what there is.",
    "unknown_column": "Look at the table in the catalog for its columns.",
    "plan_invalid": "Take a `plan` of `alternatives` as it is.",
    "warehouse_error": "Try again; if it lasts, an operator can run `datamind doctor`.",
}


def hint_of(fault: DataMindError) -> str:
    """The error's own hint, or what the usual one of its kind says here."""
    usual = fault.hint == fault.default_hint
    return HINTS.get(fault.code, fault.hint) if usual else fault.hint


def problem(fault: DataMindError, *, instance: str, correlation_id: str) -> Problem:
    """The error as it is told; `instance` is the path that was asked for."""
    return Problem(
        type=f"urn:datamind:error:{fault.code}",
        title=HTTPStatus(fault.status).phrase,
        status=fault.status,
        detail=masked(fault.message),
        instance=instance,
        code=fault.code,
        hint=hint_of(fault),
        correlation_id=correlation_id,
        errors=[dict(e) for e in fault.errors] or None,
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with a problem."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }
