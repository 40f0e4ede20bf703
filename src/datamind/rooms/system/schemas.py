"""Wire shapes of health (api.md, section 2), mode, alerts and settings."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from datamind.rooms.bodies import Body
from datamind.rooms.jobs.schemas import JobOut
from datamind.rooms.paging import Page
from datamind.rooms.text import Text, plain


class HealthOut(BaseModel):
    """How the system is: the status and mode of the whole, the score of its parts. The others are
    for those who are signed in."""

    status: Literal["healthy", "degraded", "down"]
    operational_mode: str
    health_score: int
    timestamp: dt.datetime
    mode_because: str | None = None
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


# Blanks alone are no reason: they are taken away before it is measured.
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(plain),
]


class ModeIn(BaseModel):
    """The mode that an admin wants, for so many minutes."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["FULL_OPERATIONAL", "LIMITED_AI", "READ_ONLY", "EMERGENCY"]
    reason: Reason
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


class TakesOut(BaseModel):
    """What a setting takes that may be changed while servers run: a whole number, a number, or a
    rate as `60/minute`; `least` and `most` count in `unit`."""

    kind: Literal["whole", "number", "rate"]
    unit: str
    least: float
    most: float


class SettingOut(BaseModel):
    """A setting by its name in the environment: `value` is what was said, null where nothing was
    and the usual holds. Of those that may be changed while servers run, `holds` is what holds, and
    `takes` what may be given; `changed_by` (a user id) and `changed_at` tell of the change."""

    name: str
    value: str | None
    secret: bool
    source: Literal["default", "environment", "changed"]
    holds: int | float | str | None = None
    takes: TakesOut | None = None
    changed_by: str | None = None
    changed_at: dt.datetime | None = None


class ConfigOut(BaseModel):
    """What the server was started with, and what was changed since; `revision` counts the changes
    and is the ETag."""

    environment: str
    revision: int
    settings: list[SettingOut]


class BackupOut(BaseModel):
    """A backup in this node's folder; one that is not encrypted holds no secrets, and of one that
    the server may not read it is not known (null). An increment names the whole one that it goes on
    from (`base`)."""

    name: str
    bytes: int
    made_at: dt.datetime
    base: str | None
    encrypted: bool | None


class BackupsOut(BaseModel):
    """The backups of this node, newest first, kept for so many days and never more whole ones than
    `keep`, if that is set; `last` is the last that was asked for on any node, with how it went."""

    items: list[BackupOut]
    total: int
    keep_days: int
    keep: int | None
    last: JobOut | None


class ConfigIn(Body):
    """Settings to change, by name; null takes a change back."""

    settings: Annotated[
        dict[Annotated[Text, Field(max_length=60)], Any], Field(min_length=1, max_length=50)
    ]
