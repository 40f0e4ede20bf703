"""Runs of dbt.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from datamind.database import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
COMMANDS = "command IN ('run', 'test', 'build', 'docs', 'sync')"
STATES = "status IN ('queued', 'running', 'success', 'failed', 'error', 'cancelled', 'timed_out')"


def upgrade() -> None:
    op.create_table(
        "dbt_runs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("command", sa.String(length=20), nullable=False),
        sa.Column("selectors", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("failed", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("artifacts", sa.Text(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint(COMMANDS, name=op.f("ck_dbt_runs_command")),
        sa.CheckConstraint(STATES, name=op.f("ck_dbt_runs_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dbt_runs")),
    )
    for column in ("job_id", "status", "created_at"):
        op.create_index(f"ix_dbt_runs_{column}", "dbt_runs", [column])


def downgrade() -> None:
    for column in ("created_at", "status", "job_id"):
        op.drop_index(f"ix_dbt_runs_{column}", "dbt_runs")
    op.drop_table("dbt_runs")
