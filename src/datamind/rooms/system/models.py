"""Tables: what the system remembers of itself, and alerts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base

OPEN = text("ended_at IS NULL")


class SystemState(Base):
    """One thing by its name: `mode_override`, `settings` that were changed, and `heartbeat`, which
    looks write to see whether the store can be written."""

    __tablename__ = "system_state"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any] | None]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[str | None] = mapped_column(String(40))


class Alert(Base):
    """Something that somebody should look at; of one kind and subject at most one is open."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_open", "kind", "subject", unique=True, sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    severity: Mapped[str] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[dt.datetime] = mapped_column(index=True)
    ended_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
