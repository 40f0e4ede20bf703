"""Wire shapes of health (api.md, section 2)."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel


class HealthOut(BaseModel):
    """How the system is. Version, components and uptime are for those who are signed in."""

    status: Literal["healthy", "degraded", "down"]
    operational_mode: str
    health_score: int
    timestamp: dt.datetime
    version: str | None = None
    components: dict[str, dict[str, Any]] | None = None
    uptime_seconds: float | None = None


class LiveOut(BaseModel):
    """Whether the process lives, or is ready."""

    status: Literal["ok"]


class SlowQueryOut(BaseModel):
    """One form of a statement that was slow: literals are `?`, names that are none of the
    catalog's `n1`, `n2`. `correlation_id` and `rows` are those of the longest."""

    fingerprint: str
    target: str
    dialect: str
    count: int
    total_ms: float
    mean_ms: float
    longest_ms: float
    failed: int
    rows: int
    last_at: dt.datetime
    sql: str
    plan: list[str]
    correlation_id: str | None = None


class SlowQueriesOut(BaseModel):
    """Those that took most time in all, of this node; from `slow_ms` on a statement is slow."""

    items: list[SlowQueryOut]
    slow_ms: int
