"""Tables: data_policies, policy_bindings, policy_versions and policy_state."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from datamind.database import Base


class DataPolicy(Base):
    """A grant or a restriction; `document` is the rule without whom it concerns."""

    __tablename__ = "data_policies"
    __table_args__ = (CheckConstraint("kind IN ('grant', 'restriction')", name="kind"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    relation: Mapped[str] = mapped_column(String(400), index=True)
    document: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    updated_at: Mapped[dt.datetime]


class PolicyBinding(Base):
    """Whom a policy concerns: a role, a group, or a user by address."""

    __tablename__ = "policy_bindings"
    __table_args__ = (CheckConstraint("kind IN ('roles', 'groups', 'users')", name="kind"),)

    policy_id: Mapped[str] = mapped_column(
        ForeignKey("data_policies.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject: Mapped[str] = mapped_column(String(254), primary_key=True)


class PolicyVersion(Base):
    """What a policy said from then on; None where it was taken away."""

    __tablename__ = "policy_versions"

    policy_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    said: Mapped[dict[str, Any] | None]
    changed_at: Mapped[dt.datetime]
    # No foreign key: the first one is of the installation itself.
    changed_by: Mapped[str] = mapped_column(Text)


class PolicyState(Base):
    """The one row that every change of policies moves on: two at once can't both find it as they
    read it."""

    __tablename__ = "policy_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
