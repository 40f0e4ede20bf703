"""Policies, their bindings and versions; groups and attributes of users."""

from __future__ import annotations

import datetime as dt
import json

import sqlalchemy as sa
from alembic import op

from datamind.database import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What everybody could see before there were policies: an installation that is brought up to date
# goes on, and whoever starts afresh has something to narrow down.
FIRST = {
    "kind": "grant", "name": "Everybody who signs in reads everything but secrets", "on": "*",
    "enabled": True, "rows": None, "columns": "*",
    "to": {"roles": ["admin", "analyst", "viewer"], "groups": [], "users": []},
}  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("attributes", sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "user_groups",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_user_groups_name")),
    )
    op.create_table(
        "user_group_memberships",
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("group_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_groups.id"], ondelete="CASCADE",
            name=op.f("fk_user_group_memberships_group_id_user_groups"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], ondelete="CASCADE",
            name=op.f("fk_user_group_memberships_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_user_group_memberships")),
    )  # fmt: skip
    policies = op.create_table(
        "data_policies",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("relation", sa.String(length=400), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint("kind IN ('grant', 'restriction')", name=op.f("ck_data_policies_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_policies")),
    )
    op.create_index(op.f("ix_data_policies_relation"), "data_policies", ["relation"])
    op.create_index(op.f("ix_data_policies_created_at"), "data_policies", ["created_at"])
    bindings = op.create_table(
        "policy_bindings",
        sa.Column("policy_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=254), nullable=False),
        sa.CheckConstraint(
            "kind IN ('roles', 'groups', 'users')", name=op.f("ck_policy_bindings_kind")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["data_policies.id"], ondelete="CASCADE",
            name=op.f("fk_policy_bindings_policy_id_data_policies"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "kind", "subject", name=op.f("pk_policy_bindings")),
    )  # fmt: skip
    versions = op.create_table(
        "policy_versions",
        sa.Column("policy_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "version", name=op.f("pk_policy_versions")),
    )
    now = dt.datetime.now(dt.UTC)
    op.bulk_insert(
        policies,
        [{
            "id": "pol-first", "kind": "grant", "name": FIRST["name"], "relation": "*",
            "document": {"rows": None, "columns": "*"}, "enabled": True, "version": 1,
            "created_at": now, "updated_at": now,
        }],
    )  # fmt: skip
    op.bulk_insert(
        bindings,
        [
            {"policy_id": "pol-first", "kind": "roles", "subject": role}
            for role in ("admin", "analyst", "viewer")
        ],
    )
    op.bulk_insert(
        versions,
        [{
            "policy_id": "pol-first", "version": 1, "said": json.loads(json.dumps(FIRST)),
            "changed_at": now, "changed_by": "datamind",
        }],
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("policy_versions")
    op.drop_table("policy_bindings")
    op.drop_index(op.f("ix_data_policies_created_at"), "data_policies")
    op.drop_index(op.f("ix_data_policies_relation"), "data_policies")
    op.drop_table("data_policies")
    op.drop_table("user_group_memberships")
    op.drop_table("user_groups")
    with op.batch_alter_table("users") as users:
        users.drop_column("attributes")
