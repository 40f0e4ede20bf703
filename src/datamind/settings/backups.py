"""Where backups are, how long they are kept, and how old the newest may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datamind.errors import BadInput
from datamind.settings.reading import days, path, whole


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The folder (None: `backups` in the home folder). There the newest stays whatever its age;
    others stay for `keep_days`, increments for `increment_days`, and of whole ones no more than
    `keep`. One that is older than `wanted_minutes` is alerted of (0: none is)."""

    folder: Path | None = None
    keep_days: int = 30
    increment_days: int = 7
    keep: int | None = None
    wanted_minutes: int = 60


def backups(env: Mapping[str, str]) -> BackupSettings:
    """BACKUP_FOLDER and the others, which docs/server.md lists."""
    usual = BackupSettings()
    made = BackupSettings(
        folder=path(env, "BACKUP_FOLDER"),
        keep_days=days(env, "BACKUP_KEEP_DAYS", usual.keep_days),
        increment_days=days(env, "BACKUP_INCREMENT_DAYS", usual.increment_days),
        keep=whole(env, "BACKUP_KEEP", 1) if env.get("BACKUP_KEEP") else None,
        wanted_minutes=whole(env, "BACKUP_WANTED_MINUTES", usual.wanted_minutes, least=0),
    )
    if made.increment_days > made.keep_days:
        raise BadInput(
            "BACKUP_INCREMENT_DAYS is more than BACKUP_KEEP_DAYS.",
            hint="An increment is of no use without the whole backup that it goes on from.",
        )
    return made
