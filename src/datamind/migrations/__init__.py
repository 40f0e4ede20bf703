"""Migrations of the metadata store, by Alembic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from datamind.errors import BadInput
from datamind.migrations.stores import (
    LOOK,
    alone,
    backed_up,
    file_of,
    open_engine,
    parsed,
    reached,
    revision_in,
    shown,
)

MOVED = "moved"  # the revision of a store whose rows are in another one now


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done: from which revision to which (None: an empty store), and the copy of the file
    that was made before."""

    before: str | None
    after: str | None
    backup: Path | None = None


def upgrade(url: str, revision: str = "head") -> Migrated:
    """Bring the store at this SQLAlchemy URL to the revision, if it is not beyond it; its folder is
    made where missing, and a file that has something in it is copied first.

    Servers that start at once do it one after the other. BadInput for an address that can't be
    used and for a store of a newer version, Unavailable for one that is down or damaged.
    """
    address, wanted = parsed(url), _named(revision)
    found, _ = state(url)
    if found == wanted:  # as at most starts: nobody waits for anybody
        return Migrated(found, found)
    with reached(address), alone(address) as connection:
        before = known(connection, address)
        if before == wanted:
            return Migrated(before, before)
        if before is not None and _number(before) > _number(wanted):
            raise BadInput(
                f"The store is at {before}, which is newer than {wanted}.",
                hint="`datamind migrate --to REVISION --down` goes back, and loses what is newer.",
            )
        backup = _backup(address, before)
        command.upgrade(config(connection), wanted)
        return Migrated(before, wanted, backup)


def downgrade(url: str, revision: str) -> Migrated:
    """Take the store back to the revision (`base`: empty); what only newer ones keep is lost."""
    address = parsed(url)
    with reached(address), alone(address) as connection:
        before = known(connection, address)
        wanted = None if revision == "base" else _named(revision)
        if before is None or (wanted is not None and _number(wanted) > _number(before)):
            raise BadInput(f"The store is at {before or 'no revision'}: there is no way down.")
        backup = _backup(address, before)
        command.downgrade(config(connection), revision)
        return Migrated(before, wanted, backup)


def state(url: str) -> tuple[str | None, str]:
    """The revision of the store (None: there is nothing in it), and the newest there is."""
    address = parsed(url)
    path = file_of(address)
    if path is not None and not path.exists():
        return None, head()
    with reached(address), open_engine(address) as engine:
        return _revision(engine), head()


def head() -> str:
    """The newest revision."""
    return str(_scripts().get_current_head())


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration: no file, so that it works from an installed package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _revision(engine: Engine) -> str | None:
    with engine.connect().execution_options(**{LOOK: True}) as connection:
        return revision_in(connection)


def known(connection: Connection, address: URL) -> str | None:
    """The store's revision; BadInput for one that this version does not know."""
    found = revision_in(connection)
    if found == MOVED:
        raise BadInput(
            f"What was in {shown(address)} was moved to another store.",
            hint="Set DATABASE_URL, or DB_HOST and the others, to where it is now.",
        )
    if found is not None and found not in revisions():
        raise BadInput(
            f"The metadata store {shown(address)} was made by a newer DataMind.",
            hint="Install that version again, or go back to a backup of the store.",
        )
    return found


def _named(revision: str) -> str:
    """The revision by its whole number; BadInput where there is none."""
    wanted = head() if revision == "head" else revision.zfill(4)
    if wanted not in revisions():
        raise BadInput(
            f"There is no revision {revision!r}.", hint=f"There are {', '.join(revisions())}."
        )
    return wanted


def _number(revision: str) -> int:
    return revisions().index(revision)


def _backup(address: URL, before: str | None) -> Path | None:
    path = file_of(address)
    return backed_up(path, before) if path is not None and before is not None else None
