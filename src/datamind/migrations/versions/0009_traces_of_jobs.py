"""Jobs know the trace in which they were asked for.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("traceparent", sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "traceparent")
