"""Migrations of the metadata store, by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the store at this SQLAlchemy URL to the revision; its folder is made where missing."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the store back to the revision."""
    command.downgrade(config(url), revision)


def config(url: str) -> Config:
    """Alembic's configuration: no file, so that it works from an installed package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["url"] = url
    return made
