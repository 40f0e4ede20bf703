"""Alembic's environment: runs migrations on the connection that the configuration holds."""

from __future__ import annotations

from alembic import context

from datamind.migrations.tables import metadata


def run() -> None:
    """Run them in the transaction that was begun, which whoever began it commits."""
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=metadata,
        render_as_batch=True, compare_type=True, user_module_prefix="",
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()


run()
