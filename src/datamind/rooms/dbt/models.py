"""Table: dbt_runs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base


class DbtRun(Base):
    """A run of dbt: what was asked for, and how it ended.

    `job_id` is who does it; `version` the build in use since, `artifacts` and `log` where its
    files lie on the machine that ran it.
    """

    __tablename__ = "dbt_runs"
    __table_args__ = (
        CheckConstraint("command IN ('run', 'test', 'build', 'docs', 'sync')", name="command"),
        CheckConstraint(
            "status IN ('queued', 'running', 'success', 'failed', 'error', 'cancelled',"
            " 'timed_out')",
            name="status",
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(40), index=True)
    command: Mapped[str] = mapped_column(String(20))
    selectors: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20), index=True)
    message: Mapped[str] = mapped_column(Text, default="")
    counts: Mapped[dict[str, Any]]
    failed: Mapped[list[Any]]
    warnings: Mapped[list[Any]]
    version: Mapped[str] = mapped_column(String(100), default="")
    artifacts: Mapped[str] = mapped_column(Text, default="")
    log: Mapped[str] = mapped_column(Text, default="")
    requested_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
