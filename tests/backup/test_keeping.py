"""Which backups are kept, by their age, and by their number where one is set."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from datamind.backup.keeping import tidy
from datamind.errors import BadInput
from datamind.rooms.system.backup_files import MOMENT, states
from datamind.settings.backups import BackupSettings, backups

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)


def moment(days: float) -> str:
    return f"{NOW - dt.timedelta(days=days):{MOMENT}}"


def kept(folder: Path, there: list[str], settings: BackupSettings) -> list[str]:
    """Ages in days, an increment after that of its whole one (`1-0.5`), of those that stay."""
    names = {}
    for one in there:
        parts = [moment(float(days)) for days in one.split("-")]
        end = "increment" if len(parts) == 2 else "backup"
        names[f"datamind-{'-'.join(parts)}.{end}"] = one
    for name in (*names, "datamind-mine.backup", "datamind-20200101T000000Z.backup.old"):
        (folder / name).write_text("x")
    tidy(folder, settings, NOW)
    assert (folder / "datamind-mine.backup").exists()
    return [names[path.name] for path in states(folder)]


@pytest.mark.parametrize(
    ("settings", "there", "stays"),
    [
        (BackupSettings(), ["0", "1", "29.9", "30.1", "400"], ["0", "1", "29.9"]),
        # The newest stays, however old.
        (BackupSettings(), ["90", "91"], ["90"]),
        (BackupSettings(keep_days=1, increment_days=1), ["0", "1.1"], ["0"]),
        (BackupSettings(keep=2), ["0", "1", "2", "3"], ["0", "1"]),
        (BackupSettings(keep=2), ["0", "31"], ["0"]),
        # Increments go sooner, and never after the one that they go on from.
        (BackupSettings(), ["1", "1-0.5", "9", "9-8.9", "9-6.9"], ["1-0.5", "1", "9-6.9", "9"]),
        (BackupSettings(), ["0", "31", "31-6"], ["0", "31-6", "31"]),
        (BackupSettings(keep=1), ["0", "1", "1-0.5"], ["0"]),
        (BackupSettings(), ["40", "40-39", "40-1"], ["40-1", "40"]),
        (BackupSettings(), [], []),
    ],
)
def test_what_stays(
    tmp_path: Path, settings: BackupSettings, there: list[str], stays: list[str]
) -> None:
    assert kept(tmp_path, there, settings) == stays


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"BACKUP_KEEP_DAYS": "3"}, "BACKUP_INCREMENT_DAYS is more"),
        ({"BACKUP_KEEP_DAYS": "0"}, "more than 0"),
        ({"BACKUP_KEEP": "many"}, "no number"),
        ({"BACKUP_WANTED_MINUTES": "1.5"}, "whole number"),
    ],
)
def test_a_setting_that_is_none_is_told(env: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        backups(env)


def test_what_is_set_holds() -> None:
    assert backups({}) == BackupSettings(None, 30, 7, None, 60)
    env = {"BACKUP_KEEP_DAYS": "90", "BACKUP_INCREMENT_DAYS": "90", "BACKUP_KEEP": "5",
           "BACKUP_WANTED_MINUTES": "0", "BACKUP_FOLDER": "/x"}  # fmt: skip
    assert backups(env) == BackupSettings(Path("/x"), 90, 90, 5, 0)
