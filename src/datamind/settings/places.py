"""Looks at the folders that settings name: which are not there, and which can't be written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from datamind.settings import Settings
from datamind.settings.checking import Problem

ANOTHER = "Make it one that may be written to, or name another."


def places(settings: Settings) -> Iterator[Problem]:
    """All that is wrong with them; fatal where no server starts so. Nothing stays made."""
    for name, folder, fatal in (
        ("DATAMIND_HOME", settings.home, True),
        ("BACKUP_FOLDER", settings.backups.folder, False),
    ):
        if folder is not None and (why := _unwritable(folder)):
            said = f"{name} is {folder}, where nothing can be written: {why}."
            yield Problem(name, said, ANOTHER, fatal)
    yield from log_place(settings)


def log_place(settings: Settings) -> Iterator[Problem]:
    """What is wrong with where the log file is. A folder that is not there is made, and is often
    a slip; but for that in the home folder, which nobody had to name."""
    name, file = "DATAMIND_LOG_FILE", settings.logs.file
    if file is None:
        return
    folder = file.absolute().parent
    if why := _unwritable(folder):
        said = f"{name} is in {folder}, where nothing can be written: {why}."
        yield Problem(name, said, ANOTHER, fatal=False)
    elif not folder.is_dir() and not folder.is_relative_to(settings.home.absolute()):
        said = f"{name} is in {folder}, which is not there, and is made at the start."
        yield Problem(name, said, "Is it the folder that was meant?", fatal=False)


def _unwritable(folder: Path) -> str | None:
    """Why nothing can be put into the folder, or it can't be made, if so. It is tried: what may be
    written by its mode may be read-only all the same, or no place for files."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".datamind-look-"):
            return None
    except OSError as fault:
        return fault.strerror or "the disk failed"
