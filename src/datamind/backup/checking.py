"""Proves that a backup can be restored: in a scratch place, touching nothing."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as audit_verified
from datamind.api.secrets import FILE, read_secrets
from datamind.backup import archive, increments
from datamind.backup.manifest import MANIFEST, SECRETS, SETTINGS, STORE, Manifest, members_of
from datamind.errors import DataMindError
from datamind.migrations import upgrade
from datamind.migrations.snapshots import counts
from datamind.settings import Settings
from datamind.settings.encrypted import keys_of
from datamind.settings.environment import current

MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a backup, if anything; `chain` says whether the audit log's chain could be
    checked: that takes the key, which is in the backup or in this installation."""

    manifest: Manifest
    encrypted: bool
    faults: tuple[str, ...]
    chain: bool


def verify(file: Path, settings: Settings) -> Verdict:
    """Look at every file's hash, open the store, count its rows, bring it to this version, and
    follow the audit log's chain. BadInput where the file can't be read at all."""
    with tempfile.TemporaryDirectory(prefix="datamind-verify-") as scratch:
        folder = Path(scratch, "files")
        folder.mkdir()
        manifest = increments.unpack(file, folder, keys_of(current()))
        faults = different(manifest, folder)
        if not faults:  # else the rest only repeats it
            faults = store_faults(manifest, folder / STORE)
        chain, more = _chain(folder, settings, manifest)
        return Verdict(manifest, archive.is_encrypted(file), (*faults, *more)[:MOST_FAULTS], chain)


def different(manifest: Manifest, folder: Path) -> list[str]:
    """Files that are not as the manifest has them."""
    found = {name: one for name, one in members_of(folder).items() if name != MANIFEST}
    wanted = manifest.members
    if not {STORE, SETTINGS} <= set(wanted):
        return ["The store is not in it."]
    return [
        f"{name} {_how(name in found, name in wanted)}."
        for name in sorted({*found, *wanted})
        if found.get(name) != wanted.get(name)
    ]


def _how(is_there: bool, is_wanted: bool) -> str:
    if is_there and is_wanted:
        return "was changed"
    return "is missing" if is_wanted else "does not belong"


def store_faults(manifest: Manifest, path: Path) -> list[str]:
    """What is wrong with the store, which is brought to this version."""
    try:
        with closing(sqlite3.connect(path)) as db:
            (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            return ["The store is damaged."]
        found = counts(path)
        wrong = [name for name in {*found, *manifest.tables}
                 if found.get(name) != manifest.tables.get(name)]  # fmt: skip
        if wrong:
            return [f"{name} does not hold the rows that it should." for name in sorted(wrong)]
        upgrade(f"sqlite+aiosqlite:///{path}")
    except sqlite3.Error:
        return ["The store is damaged."]
    except DataMindError as fault:
        return [fault.message]
    return []


def _chain(folder: Path, settings: Settings, manifest: Manifest) -> tuple[bool, tuple[str, ...]]:
    for place in (folder / SECRETS, settings.home / FILE):
        if place.exists():
            key = read_secrets(place).audit
            break
    else:
        return False, ()
    if not manifest.audit_records:
        return True, ()
    told = audit_verified(AuditPlaces.of(folder), key)
    short = told.records != manifest.audit_records
    said = (f"The audit log ends at {told.records:,}, not {manifest.audit_records:,}.",)
    return True, (*(f"The audit log: {fault}" for fault in told.faults), *(said if short else ()))
