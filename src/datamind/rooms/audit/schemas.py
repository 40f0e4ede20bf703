"""Wire shapes of the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict

from datamind.rooms.paging import Page


class AuditOut(BaseModel):
    """One record; `seq` is its place in the chain."""

    seq: int
    timestamp: dt.datetime
    event_type: str
    component: str
    status: str
    user_id: str | None
    user_email: str | None
    session_id: str | None = None
    ip_address: str | None
    correlation_id: str | None
    details: dict[str, Any]


class AuditPage(Page):
    """A page of live records, newest first. Those up to `sealed` are no longer among them: an
    export has them too."""

    items: list[AuditOut]
    sealed: int


class VerdictOut(BaseModel):
    """Whether the chain holds. `anchored` is the last record that an anchor vouches for; whether
    records after it were cut off can't be known. Records up to `sealed` are in segments, those up
    to `deleted` were deleted by retention."""

    model_config = ConfigDict(from_attributes=True)

    holds: bool
    records: int
    anchored: int
    sealed: int
    deleted: int
    faults: list[str]
