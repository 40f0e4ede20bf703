"""Where backups are, and how many are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datamind.settings.reading import path, whole


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The folder (None: `backups` in the home folder), of whose backups the newest `keep` stay."""

    folder: Path | None = None
    keep: int = 30


def backups(env: Mapping[str, str]) -> BackupSettings:
    """BACKUP_FOLDER and BACKUP_KEEP."""
    usual = BackupSettings()
    return BackupSettings(path(env, "BACKUP_FOLDER"), whole(env, "BACKUP_KEEP", usual.keep))
