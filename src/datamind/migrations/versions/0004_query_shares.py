"""Queries that their owners share.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from datamind.database import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "query_shares",
        sa.Column("query_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.CheckConstraint(
            "kind IN ('user', 'group', 'everybody')", name=op.f("ck_query_shares_kind")
        ),
        sa.ForeignKeyConstraint(
            ["query_id"], ["queries.id"], ondelete="CASCADE",
            name=op.f("fk_query_shares_query_id_queries"),
        ),
        sa.PrimaryKeyConstraint("query_id", "kind", "subject", name=op.f("pk_query_shares")),
    )  # fmt: skip
    op.create_index("ix_query_shares_kind_subject", "query_shares", ["kind", "subject"])


def downgrade() -> None:
    op.drop_index("ix_query_shares_kind_subject", "query_shares")
    op.drop_table("query_shares")
