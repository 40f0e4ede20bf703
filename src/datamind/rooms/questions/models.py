"""Tables: queries, the history of what was asked and run, and query_shares, who may read of it; no
row of the data is in either."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base

STATEMENT = 200  # characters, in lists


class QueryRow(Base):
    """One question or statement, and how it went."""

    __tablename__ = "queries"
    __table_args__ = (Index("ix_queries_user_id_created_at", "user_id", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    # Who asks on the public page is nobody.
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(20))  # ask, generate or execute
    question: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), index=True)
    conversation_id: Mapped[str | None] = mapped_column(String(64), index=True)
    project_id: Mapped[str | None] = mapped_column(String(64))
    sql: Mapped[str | None] = mapped_column(Text)
    governed_sql: Mapped[str | None] = mapped_column(Text)
    plan: Mapped[dict[str, Any] | None]
    explanation: Mapped[str] = mapped_column(Text)
    interpretation: Mapped[dict[str, Any]]
    confidence: Mapped[float]
    trust: Mapped[str | None] = mapped_column(String(20))
    origin: Mapped[str | None] = mapped_column(String(20))
    warnings: Mapped[list[Any]]
    columns: Mapped[list[Any]]
    rows_returned: Mapped[int]
    error_code: Mapped[str | None] = mapped_column(String(40))
    message: Mapped[str | None] = mapped_column(Text)
    stages: Mapped[list[Any]]
    elapsed_ms: Mapped[float]
    warehouse: Mapped[str | None] = mapped_column(String(200))
    data_version: Mapped[str | None] = mapped_column(String(100))
    correlation_id: Mapped[str] = mapped_column(String(64))
    flagged: Mapped[bool] = mapped_column(default=False)

    @property
    def statement(self) -> str | None:
        """How the SQL that a person sent begins."""
        return self.sql[:STATEMENT] if self.kind == "execute" and self.sql else None


class QueryShare(Base):
    """A query that its owner lets others read: a user, a group (by id), or everybody signed in.

    `names` are the tables and columns that its SQL names.
    """

    __tablename__ = "query_shares"
    __table_args__ = (
        CheckConstraint("kind IN ('user', 'group', 'everybody')", name="kind"),
        Index("ix_query_shares_kind_subject", "kind", "subject"),
    )

    query_id: Mapped[str] = mapped_column(
        ForeignKey("queries.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject: Mapped[str] = mapped_column(String(40), primary_key=True)  # empty for everybody
    names: Mapped[list[Any]]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str] = mapped_column(String(40))
