"""Table: users."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base


class User(Base):
    """A person who may sign in.

    Access tokens issued before `access_valid_from`, and sessions begun before
    `sessions_valid_from`, no longer count.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'analyst', 'admin')", name="role"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime]
    access_valid_from: Mapped[dt.datetime]
    sessions_valid_from: Mapped[dt.datetime]
    last_login_at: Mapped[dt.datetime | None]
    # History keeps its people: who is deleted loses name, address and password, not the row.
    deleted_at: Mapped[dt.datetime | None]
