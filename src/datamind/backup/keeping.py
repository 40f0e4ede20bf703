"""Which backups are kept, and whether there is room for another one."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from datamind import clock
from datamind.backup.manifest import AUDIT, FOLDERS
from datamind.errors import Unavailable
from datamind.migrations.stores import file_of, parsed
from datamind.rooms.system.backup_files import base_of, listed, made_at, states
from datamind.settings import Settings
from datamind.settings.backups import BackupSettings

MB = 1 << 20
TIMES = 2  # laid out once, and then packed


def tidy(folder: Path, kept: BackupSettings, now: dt.datetime) -> None:
    """Old ones of ours go, increments before the whole one that they go on from; what has another
    name is not ours. The newest whole one stays, with those of its increments that are young."""
    wholes = listed(folder)
    beyond = {path.name for path in wholes[kept.keep :]} if kept.keep else set()
    needed = {path.name for path in wholes[:1]}
    for path in states(folder):
        base = base_of(path)
        if base is None:
            continue
        if base in beyond or made_at(path) < now - dt.timedelta(days=kept.increment_days):
            path.unlink(missing_ok=True)
        else:
            needed.add(base)
    for path in wholes:
        is_old = made_at(path) < now - dt.timedelta(days=kept.keep_days)
        if path.name not in needed and (is_old or path.name in beyond):
            path.unlink(missing_ok=True)


def must_have_room(settings: Settings, folder: Path) -> None:
    """Unavailable where the disk has no room for another one, even after old ones went: a disk that
    a backup fills would stop the questions, which can't be audited then."""
    needed = TIMES * _bytes_of(settings)
    if shutil.disk_usage(folder).free >= needed:
        return
    tidy(folder, settings.backups, clock.now())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Unavailable(
            f"There is no room for a backup in {folder}: it takes about {needed // MB + 1:,} MB,"
            f" and {free // MB:,} MB are free.",
            hint="Make room, name another BACKUP_FOLDER, or lower BACKUP_KEEP_DAYS.",
        )


def _bytes_of(settings: Settings) -> int:
    """What is to be laid out; a store in PostgreSQL is as the last whole backup has it."""
    home, store = settings.home, file_of(parsed(settings.database_url))
    found = [home / name for name in (*AUDIT, *FOLDERS)]
    found += [store] if store else listed(settings.backup_folder)[:1]
    return sum(
        path.stat().st_size
        for part in found
        for path in ([part] if part.is_file() else part.rglob("*"))
        if path.is_file()
    )
