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
    ip_address: str | None
    correlation_id: str | None
    details: dict[str, Any]


class AuditPage(Page):
    """A page of records, newest first."""

    items: list[AuditOut]


class VerdictOut(BaseModel):
    """Whether the chain holds. `anchored` is the last record that an anchor vouches for; whether
    records after it were cut off can't be known."""

    model_config = ConfigDict(from_attributes=True)

    holds: bool
    records: int
    anchored: int
    faults: list[str]
