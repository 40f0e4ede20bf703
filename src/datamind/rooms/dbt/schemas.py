"""Wire shapes of dbt's runs and models."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from datamind.dbt_records import MOST_SELECTORS, Command, checked
from datamind.errors import BadInput
from datamind.rooms.bodies import Body
from datamind.rooms.paging import Page

Status = Literal["queued", "running", "success", "failed", "error", "cancelled", "timed_out"]
UNDER_WAY: tuple[Status, ...] = ("queued", "running")


class DbtIn(Body):
    """What dbt is to do: `models` and `exclude` are selectors of dbt's (`orders`, `+orders+`,
    `tag:nightly`, `state:modified+`); all nodes where there are none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"models": ["+fct_orders"], "full_refresh": False}]},
    )

    models: list[str] = Field(default=[], max_length=MOST_SELECTORS)
    exclude: list[str] = Field(default=[], max_length=MOST_SELECTORS)
    full_refresh: bool = False

    @field_validator("models", "exclude")
    @classmethod
    def _selectors(cls, given: list[str]) -> list[str]:
        try:
            return list(checked(given))
        except BadInput as fault:
            raise ValueError(f"{fault.message} {fault.hint}") from None


class StartedOut(BaseModel):
    """A run is asked for."""

    job_id: str
    run_id: str
    status: Literal["running"] = "running"


class WaitedOut(BaseModel):
    """A run is over; `output` are the lines of its log."""

    status: Literal["success", "failed"]
    output: str
    run_id: str


class RunOut(BaseModel):
    """A run of dbt. `failed` are the models and tests that failed."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    job_id: str
    command: Command
    selectors: dict[str, Any]
    status: Status
    message: str
    counts: dict[str, int]
    failed: list[dict[str, Any]]
    warnings: list[str]
    version: str
    artifacts: str
    log: str
    requested_by: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None


class RunsPage(Page):
    """A page of runs, newest first."""

    items: list[RunOut]


class LogLine(BaseModel):
    """A line of a run's log."""

    seq: int
    at: dt.datetime
    line: str


class RunDetail(RunOut):
    """A run with its log from the line asked for on; ask again with `after` the last one's `seq`
    for what comes. `progress` is 0 to 1."""

    progress: float
    lines: list[LogLine]


class TestOut(BaseModel):
    """A test's last result, and since when it has been so."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    status: str
    rows: int | None
    at: str
    since: str


class ModelOut(BaseModel):
    """A model of the build in use."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    kind: str
    materialized: str
    relation: str
    description: str
    owner: str
    tags: list[str]
    status: str
    built_at: str
    elapsed_s: float | None
    rows: int | None
    tests: list[TestOut]
    parents: list[str]
    children: list[str]


class ModelsOut(BaseModel):
    """All models, by name."""

    items: list[ModelOut]
    total: int
