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
