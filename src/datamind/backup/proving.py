"""Proves a backup by doing it: restores it into an installation of its own, and looks at that."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as audit_verified
from datamind.api.secrets import FILE, read_secrets
from datamind.backup import archive, restoring
from datamind.backup.manifest import STORE, Manifest
from datamind.migrations.snapshots import counts
from datamind.settings import Settings
from datamind.settings.encrypted import keys_of
from datamind.settings.environment import current


@dataclass(frozen=True, slots=True)
class Proof:
    """What was restored, in how many seconds, and what was wrong with it then; `chain` says whether
    the audit log came back, too: that takes its key."""

    manifest: Manifest
    seconds: float
    chain: bool
    faults: tuple[str, ...]


def prove(file: Path, settings: Settings) -> Proof:
    """Restore it as into an empty machine, with the secrets that are in it or else those here, and
    compare rows and audit records with what it should hold. This installation is left alone.
    BadInput where it can't be restored at all."""
    with tempfile.TemporaryDirectory(prefix="datamind-prove-") as scratch:
        there = Settings(home=Path(scratch, "home"))
        there.home.mkdir(mode=0o700)
        if (settings.home / FILE).exists():
            shutil.copyfile(settings.home / FILE, there.home / FILE)
        begun = time.monotonic()
        secrets = archive.beginning(file, keys_of(current())).manifest.secrets
        chain = secrets or (there.home / FILE).exists()
        manifest = restoring.restore(
            file, there, replace=False, force=False, without_audit=not chain
        ).manifest
        seconds = time.monotonic() - begun
        faults = _rows(manifest, there.home / STORE)
        if chain:
            faults += _audit(manifest, there.home)
        return Proof(manifest, seconds, chain, tuple(faults))


def _rows(manifest: Manifest, store: Path) -> list[str]:
    found = counts(store)
    return [
        f"{name} holds {found.get(name, 0):,} rows, not {rows:,}."
        for name, rows in manifest.tables.items() if found.get(name) != rows
    ]  # fmt: skip


def _audit(manifest: Manifest, home: Path) -> list[str]:
    if not manifest.audit_records:
        return []
    told = audit_verified(AuditPlaces.of(home), read_secrets(home / FILE).audit)
    faults = [f"The audit log: {fault}" for fault in told.faults]
    if told.records != manifest.audit_records:
        faults.append(
            f"The audit log holds {told.records:,} records, not {manifest.audit_records:,}."
        )
    return faults
