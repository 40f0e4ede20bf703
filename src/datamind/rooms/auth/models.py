"""Tables: sessions and their refresh tokens, tries to sign in, IP restrictions, API keys."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base


class Session(Base):
    """A sign-in: the family that its refresh tokens make up."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    revoked_because: Mapped[str | None] = mapped_column(String(40))
    ip_address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(200))


class RefreshToken(Base):
    """A refresh token by its SHA-256; used once, but for ten seconds' grace."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    issued_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class LoginAttempt(Base):
    """A try to sign in: when, as whom, from where, and how it ended. Never the password."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_address_network", "address", "network"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(254))
    ip_address: Mapped[str] = mapped_column(String(45), index=True)
    network: Mapped[str] = mapped_column(String(45))
    outcome: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class LoginCounter(Base):
    """Wrong passwords since a moment, and tries under way: of an account from a network, of a
    network (`address` is `*`), or of an account from anywhere (`network` is `*`)."""

    __tablename__ = "login_counters"

    address: Mapped[str] = mapped_column(String(254), primary_key=True)
    network: Mapped[str] = mapped_column(String(45), primary_key=True)
    failures: Mapped[int]
    trying: Mapped[int]
    since: Mapped[dt.datetime]
    blocked_until: Mapped[dt.datetime | None]
    told_at: Mapped[dt.datetime | None]


class IpRestriction(Base):
    """A network whose requests are let in, or are not."""

    __tablename__ = "ip_restrictions"
    __table_args__ = (CheckConstraint("action IN ('allow', 'deny')", name="action"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    action: Mapped[str] = mapped_column(String(10))
    network: Mapped[str] = mapped_column(String(50))
    note: Mapped[str] = mapped_column(String(500))
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime]
    # No foreign key: it may be the operator of the machine.
    created_by: Mapped[str] = mapped_column(String(40))


class ApiKey(Base):
    """A key for a program, by the SHA-256 of its secret."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[Any]]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))
