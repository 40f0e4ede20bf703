"""Figures of the jobs, off the queue of record, for the metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.rooms.gauges import gauge
from datamind.rooms.jobs.models import Job, Schedule

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled", "dead")
LAST = dt.timedelta(hours=1)
OLDEST = dt.timedelta(days=7)  # jobs that were asked for before then are not looked at


@dataclass(frozen=True, slots=True)
class JobFigures:
    """How many there are by status, and ended within the last hour by kind and status; for how
    long the one that is due has waited, the one that runs has run, a schedule has been late."""

    count: dict[str, int]
    waiting_s: float
    running_s: float
    schedule_late_s: float
    ended: dict[tuple[str, str], int] = field(default_factory=dict)


async def figures(session: AsyncSession, now: dt.datetime) -> JobFigures:
    """The figures at this moment."""
    counted = await session.execute(select(Job.status, func.count()).group_by(Job.status))
    due = select(func.min(Job.available_at)).where(
        Job.status == "queued", Job.available_at <= now
    )  # fmt: skip
    running = select(func.min(Job.started_at)).where(Job.status == "running")
    late = select(func.min(Schedule.next_at)).where(Schedule.enabled, Schedule.next_at <= now)
    ended = await session.execute(
        select(Job.kind, Job.status, func.count())
        .where(Job.created_at > now - OLDEST, Job.ended_at > now - LAST)
        .group_by(Job.kind, Job.status)
    )

    def since(moment: dt.datetime | None) -> float:
        return max(0.0, (now - moment).total_seconds()) if moment is not None else 0.0

    return JobFigures(
        dict.fromkeys(STATUSES, 0) | {row[0]: row[1] for row in counted},
        since(await session.scalar(due)),
        since(await session.scalar(running)),
        since(await session.scalar(late)),
        {(kind, status): count for kind, status, count in ended},
    )


def gauges(jobs: JobFigures) -> Iterator[Metric]:
    """The same for Prometheus."""
    by_status = {(status,): count for status, count in jobs.count.items()}
    yield gauge("jobs_count", "Jobs in the queue of record.", by_status, ("status",))
    yield gauge("jobs_waiting_seconds", "For how long the first that is due waits.", jobs.waiting_s)
    yield gauge("jobs_running_seconds", "For how long the oldest that runs does.", jobs.running_s)
    yield gauge("schedule_late_seconds", "How late the latest schedule is.", jobs.schedule_late_s)
    yield gauge(
        "jobs_ended_last_hour", "Jobs that ended within the last hour.", jobs.ended,
        ("kind", "status"),
    )  # fmt: skip
