"""Migrations of the metadata store, by Alembic."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from datamind.errors import BadInput, Unavailable

DRIVERS = ("sqlite+aiosqlite", "postgresql+psycopg", "postgresql")


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the store at this SQLAlchemy URL to the revision; its folder is made where missing.

    BadInput for an address that can't be used and for a store of a newer version, Unavailable for
    one that is down or damaged.
    """
    parsed = _parsed(url)
    try:
        with _alone(parsed):
            command.upgrade(config(url), revision)
    except (DBAPIError, OSError):
        raise Unavailable(
            f"The metadata store {parsed.render_as_string()} can't be opened or written.",
            hint="Is it down or damaged, the disk full, or the folder read-only?",
        ) from None
    except CommandError:
        raise BadInput(
            f"The metadata store {parsed.render_as_string()} was made by a newer DataMind.",
            hint="Install that version again, or go back to a backup of the store.",
        ) from None
    except SQLAlchemyError:
        raise BadInput("DATABASE_URL can't be used.", hint=_hint()) from None


def downgrade(url: str, revision: str) -> None:
    """Take the store back to the revision."""
    command.downgrade(config(url), revision)


def config(url: str) -> Config:
    """Alembic's configuration: no file, so that it works from an installed package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["url"] = url
    return made


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadInput("DATABASE_URL is no address of a database.", hint=_hint()) from None
    if parsed.drivername not in DRIVERS:
        raise BadInput(f"DATABASE_URL can't be {parsed.drivername}.", hint=_hint())
    return parsed


def _hint() -> str:
    return f"Write it as {DRIVERS[0]}:///path/to/file.db or {DRIVERS[1]}://user@host/database."


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """One process at a time brings a file to a revision."""
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
