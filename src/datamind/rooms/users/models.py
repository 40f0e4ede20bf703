"""Tables: users, user_groups and who is in them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
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
    # What row predicates may ask for as {user.x}.
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # History keeps its people: who is deleted loses name, address and password, not the row.
    deleted_at: Mapped[dt.datetime | None]


class UserGroup(Base):
    """Users whom policies concern together."""

    __tablename__ = "user_groups"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    description: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]


class UserGroupMembership(Base):
    """Who is in which group."""

    __tablename__ = "user_group_memberships"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    group_id: Mapped[str] = mapped_column(
        ForeignKey("user_groups.id", ondelete="CASCADE"), primary_key=True
    )
