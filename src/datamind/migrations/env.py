"""Alembic's environment: runs migrations on the store that the configuration names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from datamind.migrations.tables import metadata

# The same store, by a driver that waits.
SYNC = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def run() -> None:
    """Run them in one transaction."""
    url = make_url(context.config.attributes["url"])
    engine = create_engine(url.set(drivername=SYNC[url.get_backend_name()]))
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=metadata, render_as_batch=True,
            compare_type=True, user_module_prefix="",
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
