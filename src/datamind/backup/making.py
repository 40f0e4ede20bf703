"""Makes backups, while servers run or not."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from datamind import __version__, clock
from datamind.adapters.audit.database import read_only
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.turn import Turn
from datamind.api.secrets import FILE as SECRETS_FILE
from datamind.backup import archive
from datamind.backup.manifest import (
    AUDIT,
    ENV,
    FOLDERS,
    FORMAT,
    SECRETS,
    SETTINGS,
    STORE,
    Manifest,
    members_of,
)
from datamind.errors import Conflict, Unavailable
from datamind.migrations import head
from datamind.migrations.snapshots import snapshot
from datamind.migrations.stores import file_of, parsed
from datamind.rooms.system.backups import listed
from datamind.settings import Settings
from datamind.settings.encrypted import keys_of
from datamind.settings.environment import current
from datamind.settings.environment import file_of as env_file

SCRATCH = ".making-"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: its file, its size, whether it is encrypted and so holds secrets."""

    file: Path
    bytes: int
    encrypted: bool
    manifest: Manifest


def create(settings: Settings, to: Path | None = None) -> Made:
    """Make a backup of what is there now: into the file, which must not be there yet, or into the
    installation's own folder, where the newest BACKUP_KEEP are kept. Blocks. Unavailable where
    there is no room or the store is down."""
    now = clock.now()
    folder = settings.backup_folder if to is None else to.absolute().parent
    keys = keys_of(current())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone_in(folder) as scratch:
            file = to.absolute() if to is not None else _free(folder, now)
            if file.exists():
                raise Conflict(f"There is {file} already.", hint="Name another file.")
            manifest = _gathered(settings, scratch, now, secrets=bool(keys))
            archive.write(scratch, manifest, file, keys)
            if to is None:
                _tidy(folder, settings.backups.keep)
    except OSError as fault:
        raise Unavailable(
            f"The backup could not be written: {fault.strerror or 'the disk failed'}.",
            hint="It takes twice the room of what it holds: make room, or name another folder.",
        ) from None
    return Made(file, file.stat().st_size, bool(keys), manifest)


def _free(folder: Path, now: dt.datetime) -> Path:
    """A name that none has yet: another one may have been made within the same second."""
    while (file := folder / f"datamind-{now:%Y%m%dT%H%M%SZ}.backup").exists():
        now += dt.timedelta(seconds=1)
    return file


@contextmanager
def _alone_in(folder: Path) -> Iterator[Path]:
    """A scratch folder in there; backups are made one after the other, and what one left that was
    killed is taken away."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for left in (*folder.glob(f"{SCRATCH}*"), *folder.glob(".*.part")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
            yield Path(scratch)
    finally:
        os.close(handle)


def _gathered(settings: Settings, scratch: Path, now: dt.datetime, *, secrets: bool) -> Manifest:
    home, address = settings.home, parsed(settings.database_url)
    # The store first: whatever is in it was audited before.
    tables = snapshot(settings.database_url, scratch / STORE)
    records = _audit(AuditPlaces.of(home, settings.server.audit_anchors), scratch)
    for name in FOLDERS:
        if (home / name).is_dir():
            shutil.copytree(home / name, scratch / name)
    given = {name: value for name, value in settings.given if value is not None}
    (scratch / SETTINGS).write_text(json.dumps(given, indent=1))  # secrets are masked in there
    if secrets:
        env = env_file(os.environ)
        for source, name in ((home / SECRETS_FILE, SECRETS), (env, ENV)):
            if source is not None and source.exists():
                shutil.copyfile(source, scratch / name)
    return Manifest(
        format=FORMAT, version=__version__, made_at=now.isoformat(), revision=head(),
        store="sqlite" if file_of(address) else "postgresql", tables=tables,
        audit_records=records, secrets=(scratch / SECRETS).exists(),
        members=members_of(scratch),
    )  # fmt: skip


def _audit(places: AuditPlaces, scratch: Path) -> int:
    """Both copies of the log as they are at one moment, while nobody writes; the place of the last
    record. A copy that can't be read is left out: the other one has all."""
    if not places.turn.exists():
        return 0
    database, turn, segments, file, anchors = (scratch / name for name in AUDIT)
    file.parent.mkdir()
    with closing(Turn(places.turn)) as taken, taken.held():
        with (
            contextlib.suppress(sqlite3.Error),
            closing(read_only(places.database)) as source,
            closing(sqlite3.connect(database)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        for one, copy in ((places.turn, turn), (places.file, file), (places.anchors, anchors)):
            if one.exists():
                shutil.copyfile(one, copy)
        if places.segments.is_dir():
            shutil.copytree(places.segments, segments)
        return taken.head()[0]


def _tidy(folder: Path, keep: int) -> None:
    """The oldest of ours beyond so many are deleted; what has another name is not ours."""
    for old in listed(folder)[keep:]:
        old.unlink(missing_ok=True)
