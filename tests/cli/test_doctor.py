"""What `datamind doctor` says of backups: whether there is one as new as wanted."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from datamind.rooms.system.backup_files import LOOKED, MOMENT

from .conftest import Run

NOW = dt.datetime.now(dt.UTC)
HOUR = 3600


def aged(path: Path, seconds: float) -> None:
    """Make the file one of so long ago."""
    path.touch()
    os.utime(path, (NOW.timestamp() - seconds,) * 2)


@pytest.mark.parametrize(
    ("made", "looked", "begun", "wanted", "state", "said"),
    [
        (None, None, None, 60, "ok", "there is none in "),  # before its first start
        (None, None, HOUR / 2, 60, "ok", "there is none in "),
        (None, None, 2 * HOUR, 60, "warn", "there is none in "),
        (None, None, 2 * HOUR, 0, "ok", "there is none in "),
        (HOUR / 2, None, 2 * HOUR, 60, "ok", " is of "),
        (2 * HOUR, None, 9 * HOUR, 60, "warn", " is of "),
        (2 * HOUR, HOUR / 2, 9 * HOUR, 60, "ok", " is of "),  # nothing changed since
        (2 * HOUR, None, 9 * HOUR, 180, "ok", " is of "),
        (2 * HOUR, None, 9 * HOUR, 0, "ok", " is of "),
    ],
)
def test_a_backup_that_is_older_than_wanted_is_told(
    run: Run, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: float | None,
    looked: float | None, begun: float | None, wanted: int, state: str, said: str,
) -> None:  # fmt: skip
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BACKUP_FOLDER", str(folder))
    monkeypatch.setenv("BACKUP_WANTED_MINUTES", str(wanted))
    if made is not None:
        moment = NOW - dt.timedelta(seconds=made)
        (folder / f"datamind-{moment:{MOMENT}}.backup").touch()
    if looked is not None:
        aged(folder / LOOKED, looked)
    if begun is not None:
        (tmp_path / "home").mkdir()
        aged(tmp_path / "home" / "secrets.json", begun)
    found = {one["what"]: one for one in run("doctor", "--json", "--warehouse", shop).json}
    assert found["backups"]["state"] == state
    assert said in found["backups"]["detail"]
    assert bool(found["backups"]["hint"]) == (state == "warn")
