"""Tables: jobs, job_lines and schedules."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base

RUNNING = text("status = 'running'")


class Job(Base):
    """One piece of work; the row is the truth, whatever messages say.

    Whoever runs it holds a lease on it: `worker` until `lease_until`, for the attempt that
    `attempts` counts. Of those with one `exclusive` key one runs at a time.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'dead')",
            name="status",
        ),
        UniqueConstraint("owner", "kind", "idempotency_key"),
        Index("ix_jobs_status_available_at", "status", "available_at"),
        Index(
            "uq_jobs_running_exclusive", "exclusive", unique=True,
            sqlite_where=RUNNING, postgresql_where=RUNNING,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(100), index=True)
    payload: Mapped[dict[str, Any]]
    # No foreign key: schedules and the machine's operator ask for jobs, too.
    owner: Mapped[str] = mapped_column(String(40))
    correlation_id: Mapped[str] = mapped_column(String(100))
    traceparent: Mapped[str | None] = mapped_column(String(100))  # W3C's, of what asked for it
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    exclusive: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(default=0)
    attempts_most: Mapped[int]
    timeout_s: Mapped[int]
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    available_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[dt.datetime | None]
    heartbeat_at: Mapped[dt.datetime | None]
    progress: Mapped[float] = mapped_column(default=0.0)
    message: Mapped[str] = mapped_column(Text, default="")
    lines: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None] = mapped_column(String(100))
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]


class JobLine(Base):
    """A line of a job's log, in the order in which it was written."""

    __tablename__ = "job_lines"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
    line: Mapped[str] = mapped_column(Text)


class Schedule(Base):
    """When a job is asked for: by `cron` in UTC or each `every_s` seconds; `next_at` moves on by
    compare-and-set, so that a time that is due is taken once, whoever looks."""

    __tablename__ = "schedules"
    __table_args__ = (CheckConstraint("(cron IS NULL) <> (every_s IS NULL)", name="when"),)

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(100))
    payload: Mapped[dict[str, Any]]
    cron: Mapped[str | None] = mapped_column(String(100))
    every_s: Mapped[int | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[dt.datetime] = mapped_column(index=True)
    last_at: Mapped[dt.datetime | None]
    last_job: Mapped[str | None] = mapped_column(String(40))
