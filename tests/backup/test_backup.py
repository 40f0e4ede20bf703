"""Backups: made while people work, proved, put back whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datamind import clock
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as audit_verified
from datamind.api.secrets import audit_key_of
from datamind.backup import archive, checking, keeping, making, restoring
from datamind.backup.manifest import members_of
from datamind.commands.people import with_people
from datamind.errors import BadInput, Conflict, Unavailable
from datamind.migrations import downgrade, head, state
from datamind.migrations.snapshots import counts
from datamind.rooms.system.backup_files import listed, made_at
from datamind.rooms.users import service as users
from datamind.settings import Settings
from datamind.settings.backups import BackupSettings

from .conftest import KEY, OTHER, add, at, holds, people

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("key", [None, KEY])
def test_what_was_backed_up_can_be_proved_and_is_back_in_an_empty_place(
    used: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key:
        monkeypatch.setenv("ENCRYPTION_KEY", key)
    (tmp_path / "out").mkdir()
    file = making.create(used, tmp_path / "out" / "b.backup").file
    assert file.stat().st_mode & 0o777 == 0o600
    verdict = checking.verify(file, used)
    assert (verdict.faults, verdict.chain, verdict.encrypted) == ((), True, bool(key))
    assert verdict.manifest.tables["users"] == 3 and verdict.manifest.audit_records == 3
    if key:
        assert b"example.com" not in file.read_bytes() and not tarfile.is_tarfile(file)
    else:
        with tarfile.open(file) as tar:
            assert "secrets.json" not in tar.getnames()
    there = at(tmp_path / "there")
    if not key:
        with pytest.raises(BadInput, match="no secrets"):
            restoring.restore(file, there, replace=False, force=False, without_audit=False)
        assert not [p for p in there.home.iterdir() if p.name != restoring.LOCK]
        shutil.copy(used.home / "secrets.json", there.home)
    done = restoring.restore(file, there, replace=False, force=False, without_audit=False)
    assert done.before is None
    assert people(there) == {"Ann", "Bob", "Eve"}
    assert holds(there) and (there.home / "catalogs" / "one.json").exists()
    assert (there.home / "secrets.json").read_text() == (used.home / "secrets.json").read_text()
    add(there, "new")  # both the store and the log go on
    assert holds(there) and not (there.home / restoring.STAGE).exists()


def test_an_installation_is_replaced_only_if_told_and_kept_beside(
    used: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    file = making.create(used).file
    add(used, "new")
    with pytest.raises(Conflict, match="There is an installation"):
        restoring.restore(file, used, replace=False, force=False, without_audit=False)
    assert people(used) == {"Ann", "Bob", "Eve", "New"}
    done = restoring.restore(file, used, replace=True, force=False, without_audit=False)
    assert people(used) == {"Ann", "Bob", "Eve"} and holds(used)
    assert done.before is not None and (done.before / "audit.db").exists()
    if used.server.database_url is None:
        with closing(sqlite3.connect(done.before / "datamind.db")) as db:
            assert db.execute("SELECT count(*) FROM users").fetchone() == (4,)


def test_one_that_runs_is_not_restored_over(used: Settings, tmp_path: Path) -> None:
    file = making.create(used).file

    async def work(ground: Any, session: Any, me: Any) -> None:
        with pytest.raises(Conflict, match=r"in use|connected"):
            restoring.restore(file, used, replace=True, force=False, without_audit=False)

    with_people(used, work)
    if used.server.database_url is not None:  # another machine's server, over the same store
        other = replace(used, home=tmp_path / "other")

        async def elsewhere(ground: Any, session: Any, me: Any) -> None:
            await users.by_email(session, "ann@example.com")
            with pytest.raises(Conflict, match="connected to the metadata store"):
                restoring.restore(file, used, replace=True, force=False, without_audit=False)

        with_people(other, elsewhere)


MOMENTS = ("unpack", "_prove", "_sync", "prepared", "_finish", "_placed")
RESTORE = """
import os, sys, signal, json
from pathlib import Path
from datamind.backup import archive, restoring
from datamind.settings import Settings, ServerSettings
home, url, file, moment, nth = sys.argv[1:]
left = int(nth)
def killing(of, name):
    real = getattr(of, name)
    def stand_in(*args, **more):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*args, **more)
    setattr(of, name, stand_in)
if moment == "prepared":
    killing(Path, "rename")
else:
    killing(archive if moment == "unpack" else restoring, moment)
settings = Settings(home=Path(home), server=ServerSettings(database_url=url or None))
restoring.restore(Path(file), settings, replace=True, force=True, without_audit=False)
"""


@pytest.mark.parametrize(
    ("moment", "nth"),
    [("unpack", 0), ("_prove", 0), ("_sync", 0), ("_finish", 1),
     *(("_placed", n) for n in (0, 1, 3)), *(("prepared", n) for n in range(0, 9, 2))],
)  # fmt: skip
def test_killed_at_any_moment_it_is_what_was_or_what_was_backed_up_never_a_mixture(
    used: Settings, monkeypatch: pytest.MonkeyPatch, moment: str, nth: int
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    file = making.create(used).file
    records = 3
    add(used, "new")
    words = [str(used.home), used.server.database_url or "", str(file), moment, str(nth)]
    killed = subprocess.run([sys.executable, "-c", RESTORE, *words], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    found = people(used)  # whoever opens it first finishes what was decided
    told = audit_verified(AuditPlaces.of(used.home), audit_key_of(used))
    assert told.faults == ()
    if "New" in found:
        assert told.records == records + 1
    else:
        assert told.records == records and moment not in ("unpack", "_prove", "_sync")
    assert restoring.restore(file, used, replace=True, force=False, without_audit=False)
    assert people(used) == {"Ann", "Bob", "Eve"}


@pytest.mark.parametrize("nth", [1, 5, 6])
def test_what_was_killed_goes_on_with_the_secrets_of_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    one, other = at(tmp_path / "one"), at(tmp_path / "other")
    add(one, "ann")
    add(other, "bob")
    file = making.create(one).file
    words = [str(other.home), "", str(file), "_placed", str(nth)]
    killed = subprocess.run([sys.executable, "-c", RESTORE, *words], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    add(other, "new")
    assert people(other) == {"Ann", "New"}
    assert audit_key_of(other) == audit_key_of(one) and holds(other)


def half_restored(tmp_path: Path, url: str, **more: str) -> tuple[Settings, Path]:
    """An installation whose restore ended as the database was to hold it, and where that is."""
    settings = at(tmp_path / "home", url)
    stage = settings.home / restoring.STAGE
    stage.mkdir(parents=True)
    plan = {"id": "x", "before": "b", "parts": {}, **more}
    (stage / restoring.PREPARED).write_text(json.dumps(plan))
    return settings, stage


@pytest.mark.postgres
def test_what_was_decided_in_a_database_that_is_empty_again_was_not_decided(
    tmp_path: Path, new_postgres_url: str
) -> None:
    settings, stage = half_restored(tmp_path, new_postgres_url)
    add(settings, "ann")
    assert people(settings) == {"Ann"} and not stage.exists()


@pytest.mark.postgres
def test_another_database_says_nothing_of_the_one_that_was_restored_into(
    tmp_path: Path, new_postgres_url: str
) -> None:
    settings, stage = half_restored(
        tmp_path, new_postgres_url, store="postgresql://db.example/datamind"
    )
    with pytest.raises(Conflict, match=r"db\.example/datamind was stopped half done"):
        restoring.finish(settings)
    assert stage.exists()


def told(file: Path, settings: Settings) -> tuple[str, ...]:
    """What is wrong with it, whether it can be read to its end or not."""
    try:
        return checking.verify(file, settings).faults
    except BadInput as fault:
        return (fault.message,)


def test_what_is_damaged_is_told_and_never_restored(tmp_path: Path) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    file = making.create(settings).file
    whole = file.read_bytes()
    there = at(tmp_path / "there")
    for broken in (
        whole[: len(whole) // 2],
        whole[:-9],
        b"",
        b"x" * 900,
        *(whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :] for n in (300, 900, len(whole) // 2)),
    ):
        file.write_bytes(broken)
        assert told(file, settings)
        with pytest.raises(BadInput):
            restoring.restore(file, there, replace=False, force=False, without_audit=False)
    with pytest.raises(BadInput):
        checking.verify(Path(__file__), settings)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "audit.head").unlink(), "audit.head is missing"),
        (lambda folder: (folder / "settings.json").write_text("{ }"), "settings.json was changed"),
        (lambda folder: (folder / "more").write_text("x"), "more does not belong"),
    ],
)
def test_a_file_that_is_not_as_it_was_is_named(tmp_path: Path, harm: Any, said: str) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    file = making.create(settings).file
    folder = tmp_path / "unpacked"
    folder.mkdir()
    manifest = archive.unpack(file, folder, ())
    harm(folder)
    archive.write(folder, manifest, file, ())
    assert any(said in fault for fault in checking.verify(file, settings).faults)
    with pytest.raises(BadInput, match=said):
        restoring.restore(file, at(tmp_path / "x"), replace=False, force=False, without_audit=False)


def test_an_audit_log_that_was_changed_before_is_told(tmp_path: Path) -> None:
    settings = at(tmp_path / "home")
    for name in ("ann", "bob"):
        add(settings, name)
    with closing(sqlite3.connect(settings.home / "audit.db")) as db:
        db.execute("UPDATE audit_log SET record = replace(record, 'user_create', 'user_delete')")
        db.commit()
    file = making.create(settings).file
    assert any("audit log" in fault for fault in checking.verify(file, settings).faults)


def test_parts_of_an_encrypted_one_can_t_be_left_out_moved_or_opened_with_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    (settings.home / "catalogs").mkdir()
    (settings.home / "catalogs" / "big").write_bytes(os.urandom(3 << 20))
    monkeypatch.setenv("ENCRYPTION_KEY", KEY)
    file = making.create(settings).file
    mark, *lines = file.read_bytes().splitlines(keepends=True)
    assert len(lines) > 3 and checking.verify(file, settings).faults == ()
    for broken in (lines[:-1], [lines[1], lines[0], *lines[2:]], [*lines[:1], *lines[2:]]):
        file.write_bytes(b"".join([mark, *broken]))
        with pytest.raises(BadInput, match=r"damaged|another key"):
            checking.verify(file, settings)
    file.write_bytes(b"".join([mark, *lines]))
    monkeypatch.setenv("ENCRYPTION_KEY", OTHER)
    with pytest.raises(BadInput, match="another key"):
        checking.verify(file, settings)
    monkeypatch.setenv("ENCRYPTION_KEY", f"{OTHER},{KEY}")  # after a rotation
    assert checking.verify(file, settings).faults == ()


def test_an_older_version_s_backup_is_brought_to_this_one(tmp_path: Path) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    file = making.create(settings).file
    manifest = archive.unpack(file, folder, ())
    downgrade(f"sqlite+aiosqlite:///{folder / 'datamind.db'}", "0005")
    for left in folder.glob("datamind.db.*"):
        left.unlink()
    tables = counts(folder / "datamind.db")
    old = replace(manifest, revision="0005", tables=tables, members=members_of(folder))
    (folder / "manifest.json").unlink()
    old = replace(old, members=members_of(folder))
    archive.write(folder, old, file, ())
    assert checking.verify(file, settings).faults == ()
    there = at(tmp_path / "there")
    there.home.mkdir()
    shutil.copy(settings.home / "secrets.json", there.home)
    restoring.restore(file, there, replace=False, force=False, without_audit=False)
    assert state(there.database_url)[0] == head() and people(there) == {"Ann"}


def test_what_a_killed_one_left_is_taken_away_and_what_is_there_is_never_overwritten(
    tmp_path: Path,
) -> None:
    settings = replace(at(tmp_path / "home"), backups=BackupSettings(tmp_path / "kept"))
    add(settings, "ann")
    folder = tmp_path / "kept"
    (folder / ".making-dead").mkdir(parents=True)
    (folder / ".making-dead" / "x").write_text("x")
    (folder / "datamind-mine.backup").write_text("not ours")
    made = making.create(settings)
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [".lock", "datamind-mine.backup", made.file.name]
    )
    with pytest.raises(Conflict, match="already"):
        making.create(settings, made.file)
    files = {made.file, making.create(settings).file, making.create(settings).file}
    assert len(files) == 3
    assert max(map(made_at, files)) <= clock.now()  # none is of a moment to come


@pytest.mark.parametrize(
    ("code", "hint"), [(errno.ENOSPC, "make room"), (errno.EROFS, "BACKUP_FOLDER")]
)
def test_where_it_can_t_be_written_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, hint: str
) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")

    def full(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(archive, "write", full)
    with pytest.raises(Unavailable, match=os.strerror(code)) as told:
        making.create(settings)
    assert hint in told.value.hint
    assert [p.name for p in (settings.home / "backups").iterdir()] == [".lock"]


def test_a_disk_that_is_short_is_told_before_it_is_filled_and_what_is_too_old_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    newest = making.create(settings).file
    old = newest.with_name("datamind-20200101T000000Z.backup")
    shutil.copy(newest, old)

    def usage(free: int, more: int) -> Any:
        return lambda _: SimpleNamespace(free=free if old.exists() else more)

    monkeypatch.setattr(keeping.shutil, "disk_usage", usage(1 << 10, 2 << 10))
    with pytest.raises(Unavailable, match=r"it takes about \d+ MB, and 0 MB are free"):
        making.create(settings)
    assert listed(newest.parent) == [newest]
    shutil.copy(newest, old)
    monkeypatch.setattr(keeping.shutil, "disk_usage", usage(1 << 10, 1 << 40))
    made = making.create(settings)
    assert listed(newest.parent) == [made.file, newest]


def test_one_that_can_t_be_read_back_is_none_and_takes_no_older_one_s_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = at(tmp_path / "home")
    add(settings, "ann")
    old = making.create(settings).file.rename(
        settings.backup_folder / "datamind-20200101T000000Z.backup"
    )
    real = archive.write

    def badly(folder: Path, manifest: Any, file: Path, keys: Any) -> None:
        real(folder, manifest, file, keys)
        file.write_bytes(file.read_bytes()[:-9])

    with monkeypatch.context() as patched:
        patched.setattr(archive, "write", badly)
        with pytest.raises(Unavailable, match="can't be read back"):
            making.create(settings)
    assert listed(old.parent) == [old]
    made = making.create(settings)
    assert listed(old.parent) == [made.file]
