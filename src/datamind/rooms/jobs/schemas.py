"""Wire shapes of jobs and schedules."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from datamind.rooms.bodies import Body
from datamind.rooms.jobs.kinds import TELL_AT_LAST
from datamind.rooms.paging import Page
from datamind.rooms.text import Text

Status = Literal["queued", "running", "succeeded", "failed", "cancelled", "dead"]
ENDED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled", "dead"})


class JobOut(BaseModel):
    """A job. `failed` said itself that it can't be done; `dead` was tried as often as it may be;
    `progress` is 0 to 1, `message` what is done now, `lines` how many lines its log has."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str
    payload: dict[str, Any]
    owner: str
    correlation_id: str
    exclusive: str | None
    status: Status
    attempts: int
    attempts_most: int
    timeout_s: int
    cancel_asked: bool
    available_at: dt.datetime
    worker: str | None
    lease_until: dt.datetime | None
    heartbeat_at: dt.datetime | None
    progress: float
    message: str
    lines: int
    result: dict[str, Any] | None
    error_code: str | None
    error_message: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    @model_validator(mode="after")
    def _does_nothing_any_more(self) -> Self:
        """Of one that is over, what it did last is not told as if it still did."""
        told = self.status == "succeeded" and self.kind in TELL_AT_LAST
        if self.status in ENDED and not told:
            self.message = ""
        return self


class JobsPage(Page):
    """A page of jobs, newest first."""

    items: list[JobOut]


class LineOut(BaseModel):
    """A line of a job's log."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    at: dt.datetime
    line: str


class JobDetail(JobOut):
    """A job with its log from the line asked for on; ask again with `after` the last one's `seq`
    for what comes."""

    log: list[LineOut]


class ScheduleOut(BaseModel):
    """A schedule: `cron` is in UTC; `every_s` are seconds."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    kind: str
    payload: dict[str, Any]
    cron: str | None
    every_s: int | None
    enabled: bool
    next_at: dt.datetime
    last_at: dt.datetime | None
    last_job: str | None


class SchedulesOut(BaseModel):
    """All schedules, by name."""

    items: list[ScheduleOut]
    total: int


class SchedulePatch(Body):
    """What is to change of a schedule: `cron` takes the place of `every_s`, and the other way
    round; `now` asks for its job at once, besides its usual times."""

    cron: Text | None = Field(default=None, max_length=100)
    every_s: int | None = Field(default=None, ge=10, le=366 * 86_400)
    enabled: bool | None = None
    now: bool = False

    @model_validator(mode="after")
    def _something_is_said(self) -> Self:
        if not (self.now or self.cron is not None or self.every_s is not None
                or self.enabled is not None):  # fmt: skip
            raise ValueError("nothing is to change: give `cron`, `every_s`, `enabled` or `now`")
        return self
