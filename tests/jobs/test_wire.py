"""Jobs and schedules as they are told and taken over the API and the command line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from datamind.rooms.jobs.schemas import JobOut, SchedulePatch

NOW = dt.datetime(2026, 3, 15, tzinfo=dt.UTC)
JOB: dict[str, Any] = {
    **dict.fromkeys("worker lease_until heartbeat_at result error_code error_message".split()),
    **dict.fromkeys("available_at created_at started_at ended_at".split(), NOW),
    "id": "job-1", "payload": {}, "owner": "", "correlation_id": "corr-1", "exclusive": None,
    "attempts": 1, "attempts_most": 1, "timeout_s": 60, "cancel_asked": False, "progress": 0.1,
    "lines": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("backup_create", "running", True),
        ("backup_create", "queued", True),  # it is tried again
        ("backup_create", "succeeded", False),
        ("backup_create", "failed", False),
        ("backup_create", "cancelled", False),
        ("backup_create", "dead", False),
        ("dbt.run", "succeeded", True),  # how many were built
        ("dbt.run", "failed", False),
    ],
)
def test_what_a_job_did_last_is_not_told_of_one_that_is_over(
    kind: str, status: str, told: bool
) -> None:
    job = JobOut(**JOB, kind=kind, status=status, message="copying")  # type: ignore[arg-type]
    assert job.message == ("copying" if told else "")


@pytest.mark.parametrize("patch", [{}, {"cron": None}, {"enabled": None}, {"now": False}])
def test_a_change_of_a_schedule_says_what_is_to_change(patch: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="nothing is to change"):
        SchedulePatch.model_validate(patch)
