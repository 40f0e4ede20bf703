"""Point in time for a store in PostgreSQL, by what docs/operations.md says to do."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from datamind.settings import Settings
from tests.servers import Postgres, eventually

from .conftest import add, at, people

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
DOC = Path(__file__).parents[2] / "docs" / "operations.md"


def block(beginning: str, wal: Path, moment: str = "") -> str:
    """The settings of the guide that begin so, for this place and time."""
    found = DOC.read_text().partition(f"```ini\n{beginning}")[2].partition("```")[0]
    text = f"{beginning}{found}"
    assert "/mnt/wal" in text
    return text.replace("/mnt/wal", str(wal)).replace("2026-11-27 14:10:00+00", moment)


@pytest.fixture
def place() -> Iterator[Path]:
    """Not in pytest's own folder, which is shut to the user that PostgreSQL runs under."""
    with tempfile.TemporaryDirectory(prefix="datamind-pitr-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def ours(server: Postgres) -> Settings:
    return at(Path(tempfile.mkdtemp(dir=server.folder.parent)), server.url())


def test_a_store_comes_back_as_it_was_at_the_moment_before_a_mistake(place: Path) -> None:
    wal, base = place / "wal", place / "base"
    server = Postgres(place / "data")
    try:
        _owned_by(server, wal)
        _configure(server.folder, block("wal_level", wal))
        server.start()
        settings = ours(server)
        add(settings, "ann")
        _base_backup(server, base)
        add(settings, "bob")
        with psycopg.connect(server.url(), autocommit=True) as db:
            (moment,) = db.execute("SELECT now()::text").fetchone() or ("",)
            time.sleep(0.05)
            db.execute("DELETE FROM users")
            db.execute("SELECT pg_switch_wal()")
            (last,) = db.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone() or ()
            assert eventually(lambda: _archived(server) not in (None, last), 30)
    finally:
        server.kill()
    again = Postgres(base)
    try:
        _configure(base, block("restore_command", wal, moment))
        (base / "recovery.signal").touch()
        again.start()
        assert eventually(lambda: not _recovering(again), 30)
        assert people(ours(again)) == {"Ann", "Bob"}
        add(ours(again), "new")  # it goes on from there
    finally:
        again.remove()
        server.remove()


def _owned_by(server: Postgres, folder: Path) -> None:
    """A folder that the server's user may write to."""
    folder.mkdir(mode=0o700)
    if server.user:
        shutil.chown(folder, server.user)


def _configure(folder: Path, text: str) -> None:
    with (folder / "postgresql.conf").open("a") as file:
        file.write(f"\n{text}\n")


def _base_backup(server: Postgres, folder: Path) -> None:
    words = DOC.read_text().partition("\npg_basebackup ")[2].partition("\n")[0].split()
    given = {'"$REPLICATION_URL"': server.url(), "/mnt/base/monday": str(folder)}
    command = [str(server.programs / "pg_basebackup"), *(given.get(word, word) for word in words)]
    _owned_by(server, folder)
    subprocess.run(
        command, check=True, capture_output=True, user=server.user, cwd=server.folder, timeout=120
    )


def _archived(server: Postgres) -> str | None:
    with psycopg.connect(server.url(), autocommit=True) as db:
        found = db.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()
        return found[0] if found else None


def _recovering(server: Postgres) -> bool:
    with psycopg.connect(server.url(), autocommit=True) as db:
        found = db.execute("SELECT pg_is_in_recovery()").fetchone()
        return bool(found and found[0])
