"""Wire shapes of health (api.md, section 2)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from datamind.rooms.paging import Page
from datamind.rooms.text import Text


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


class ModeIn(BaseModel):
    """The mode that an admin wants, for so many minutes."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["FULL_OPERATIONAL", "LIMITED_AI", "READ_ONLY", "EMERGENCY"]
    reason: Annotated[Text, Field(min_length=1, max_length=500)]
    minutes: int = Field(default=60, ge=1, le=7 * 24 * 60)


class OverrideOut(BaseModel):
    """What an admin wants of the mode."""

    model_config = ConfigDict(from_attributes=True)

    mode: str
    reason: str
    by: str
    until: dt.datetime


class ModeOut(BaseModel):
    """The mode that holds, what the parts alone would make of it, and an admin's word. What is down
    outweighs that word: nothing makes a dead database answer."""

    mode: str
    computed: str
    down: list[str]
    override: OverrideOut | None = None


class AlertOut(BaseModel):
    """An alert; `kept` is false while the store could not take it yet."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    subject: str
    severity: str
    message: str
    opened_at: dt.datetime
    ended_at: dt.datetime | None = None
    acknowledged_at: dt.datetime | None = None
    acknowledged_by: str | None = None
    kept: bool = True


class AlertsPage(Page):
    """Alerts, newest first."""

    items: list[AlertOut]


class SettingOut(BaseModel):
    """A setting by its name in the environment; null where nothing is set and the usual holds."""

    name: str
    value: str | None
    secret: bool


class ConfigOut(BaseModel):
    """What the server was started with."""

    environment: str
    settings: list[SettingOut]
