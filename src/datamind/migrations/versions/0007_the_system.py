"""What the system remembers of itself, and alerts."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from alembic import op

from datamind.database import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    state = op.create_table(
        "system_state",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("changed_by", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_system_state")),
    )
    now = dt.datetime.now(dt.UTC)
    op.bulk_insert(state, [{"name": "heartbeat", "value": None, "changed_at": now}])
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("acknowledged_at", Moment(), nullable=True),
        sa.Column("acknowledged_by", sa.String(40), nullable=True),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["users.id"], name=op.f("fk_alerts_acknowledged_by_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )  # fmt: skip
    for column in ("kind", "opened_at", "ended_at"):
        op.create_index(op.f(f"ix_alerts_{column}"), "alerts", [column])
    still = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_alerts_open", "alerts", ["kind", "subject"], unique=True, sqlite_where=still,
        postgresql_where=still,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("alerts")
    op.drop_table("system_state")
