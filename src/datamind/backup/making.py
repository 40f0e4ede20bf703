"""Makes backups, while servers run or not."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from datamind import __version__, clock
from datamind.adapters.audit.database import read_only
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.turn import Turn
from datamind.api.secrets import FILE as SECRETS_FILE
from datamind.backup import archive, increments
from datamind.backup.keeping import must_have_room, tidy
from datamind.backup.manifest import (
    AUDIT,
    BLOCKS,
    ENV,
    FOLDERS,
    FORMAT,
    SECRETS,
    SETTINGS,
    STORE,
    Manifest,
    Member,
    digest_of,
    members_of,
)
from datamind.errors import BadInput, Conflict, Unavailable
from datamind.migrations import head
from datamind.migrations.snapshots import snapshot
from datamind.migrations.stores import file_of, parsed
from datamind.rooms.system.backup_files import MOMENT, listed, looked_at, made_at, states
from datamind.settings import Settings
from datamind.settings.encrypted import keys_of
from datamind.settings.environment import current
from datamind.settings.environment import file_of as env_file

SCRATCH = ".making-"
LOOK_S = 0.2  # how soon a turn is taken that came, or one that was called off is told
YOUNG = dt.timedelta(days=2)  # increments of an older whole one would hold more and more
PASSING = {"jobs", "job_lines", "schedules"}  # which the making of a backup alone changes


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: its file, its size, whether it is encrypted and so holds secrets."""

    file: Path
    bytes: int
    encrypted: bool
    manifest: Manifest


def create(
    settings: Settings, to: Path | None = None, *, stop: threading.Event | None = None
) -> Made:
    """Make a backup of what is there now: into the file, which must not be there yet, or into the
    installation's own folder, where old ones then go. Blocks. Unavailable where there is no room
    or the store is down, Conflict once it is to `stop`."""
    folder = settings.backup_folder if to is None else to.absolute().parent
    if to is not None and not folder.is_dir():  # a disk that is not mounted is none of ours to make
        raise BadInput(f"There is no folder {folder}.", hint="Make it, or mount the disk of it.")
    with _making(settings, folder, stop or threading.Event()) as it:
        file = to.absolute() if to is not None else it.free("datamind-{}.backup")
        if file.exists():
            raise Conflict(f"There is {file} already.", hint="Name another file.")
        return it.whole(file, tidied=to is None)


def increment(settings: Settings, *, stop: threading.Event | None = None) -> Made | None:
    """Make an increment of the newest whole backup, or a whole one where there is none to go on
    from; None where nothing changed since the newest of them. Otherwise as above."""
    with _making(settings, settings.backup_folder, stop or threading.Event()) as it:
        young = (path for path in listed(it.folder) if made_at(path) > it.now - YOUNG)
        newest = next(young, None)
        held = increments.whole(newest, it.keys) if newest else None
        if held is None:
            return it.whole(it.free("datamind-{}.backup"), tidied=True)
        return it.increment(held)


@dataclass(frozen=True, slots=True)
class _Making:
    """One backup that is being made: alone in its folder, in a scratch folder of its own."""

    settings: Settings
    folder: Path
    scratch: Path
    keys: Sequence[str]
    now: dt.datetime
    stop: threading.Event

    def whole(self, file: Path, *, tidied: bool) -> Made:
        """All that there is."""
        must_have_room(self.settings, self.folder)
        manifest = self._gathered(self.scratch)
        blocks = self.scratch / BLOCKS
        blocks.write_bytes(increments.digests(self.scratch, sorted(manifest.members)))
        noted = Member(blocks.stat().st_size, digest_of(blocks))
        manifest = replace(manifest, members={**manifest.members, BLOCKS: noted})
        return self._written(self.scratch, manifest, file, tidied=tidied)

    def increment(self, held: increments.Whole) -> Made | None:
        """What changed since that whole one; None where it is as the newest has it."""
        must_have_room(self.settings, self.folder)
        state, parts = self.scratch / "state", self.scratch / "parts"
        state.mkdir()
        parts.mkdir()
        manifest = self._gathered(state)
        if manifest.state == self._newest_state():
            looked_at(self.folder)
            return None
        increments.difference(state, sorted(manifest.members), held, parts)
        file = self.free(held.base.name.replace(".backup", "-{}.increment"))
        return self._written(parts, replace(manifest, base=held.base), file, tidied=True)

    def _gathered(self, folder: Path) -> Manifest:
        made = _gathered(self.settings, folder, self.now, secrets=bool(self.keys))
        may_go_on(self.stop)
        return made

    def free(self, name: str) -> Path:
        """A name that none has yet: a clock that was ahead may have made another one of now."""
        moment, taken = self.now, {path.stem.rpartition("-")[2] for path in states(self.folder)}
        while f"{moment:{MOMENT}}" in taken:
            moment += dt.timedelta(seconds=1)
        return self.folder / name.format(f"{moment:{MOMENT}}")

    def _newest_state(self) -> str:
        try:
            return archive.beginning(states(self.folder)[0], self.keys).manifest.state
        except BadInput:
            return ""

    def _written(self, folder: Path, manifest: Manifest, file: Path, *, tidied: bool) -> Made:
        """Read back before any older one goes: what the disk took is not yet what it gives."""
        may_go_on(self.stop)
        archive.write(folder, manifest, file, self.keys)
        try:
            archive.read_through(file, self.keys)
        except BadInput:
            file.unlink()
            raise Unavailable(
                "The backup can't be read back as it was written.", hint="Look at the disk."
            ) from None
        if tidied:
            tidy(self.folder, self.settings.backups, self.now)
        return Made(file, file.stat().st_size, bool(self.keys), manifest)


def may_go_on(stop: threading.Event) -> None:
    """Conflict once it is called off."""
    if stop.is_set():
        raise Conflict("The backup was called off, and none was made.")


@contextmanager
def _making(settings: Settings, folder: Path, stop: threading.Event) -> Iterator[_Making]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone_in(folder, stop) as scratch:
            yield _Making(settings, folder, scratch, keys_of(current()), _moment(folder), stop)
    except OSError as fault:
        hint = f"Let DataMind's user write to {folder}, or name another folder (BACKUP_FOLDER)."
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "It takes twice the room of what it holds: make room, or name another folder."
        why = fault.strerror or "the disk failed"
        raise Unavailable(f"The backup could not be written: {why}.", hint=hint) from None


def _moment(folder: Path) -> dt.datetime:
    """Now, which is the backup's name; in the second of another one, the next second: a backup of a
    moment to come would be taken for newer than it is."""
    now = clock.now()
    if any(made_at(path) == now.replace(microsecond=0) for path in states(folder)):
        time.sleep(1 - now.microsecond / 1_000_000)
        now = clock.now()
    return now


@contextmanager
def _alone_in(folder: Path, stop: threading.Event) -> Iterator[Path]:
    """A scratch folder in there; backups are made one after the other, and what one left that was
    killed is taken away."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _held(handle):
            stop.wait(LOOK_S)
            may_go_on(stop)
        for left in (*folder.glob(f"{SCRATCH}*"), *folder.glob(".*.part")):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as scratch:
            yield Path(scratch)
    finally:
        os.close(handle)


def _held(handle: int) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
    members = members_of(scratch)
    return Manifest(
        format=FORMAT, version=__version__, made_at=now.isoformat(), revision=head(),
        store="sqlite" if file_of(address) else "postgresql", tables=tables,
        audit_records=records, secrets=(scratch / SECRETS).exists(), members=members,
        state=_state(scratch / STORE, tables, records, members),
    )  # fmt: skip


def _state(
    store: Path, tables: Mapping[str, int], records: int, members: Mapping[str, Member]
) -> str:
    """A digest of all that is worth an increment of its own."""
    kept = {name: one.sha256 for name, one in members.items()
            if name.split("/")[0] in (*FOLDERS, SETTINGS, SECRETS, ENV)}  # fmt: skip
    digest = hashlib.sha256(json.dumps([records, kept], sort_keys=True).encode())
    with closing(sqlite3.connect(store)) as db:
        for table in sorted(set(tables) - PASSING):
            digest.update(table.encode())
            for row in db.execute(f'SELECT * FROM "{table}"'):
                digest.update(repr(row).encode())
    return digest.hexdigest()


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
