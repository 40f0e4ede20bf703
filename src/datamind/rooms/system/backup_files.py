"""The files of backups: what they are named, which there are, and of when they are.

It imports nothing of ours but errors: the command line starts with it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

from datamind.errors import NotFound

# A whole one names its moment, an increment that of the whole one before its own.
NAME = re.compile(r"datamind-(?:\d{8}T\d{6}Z\.backup|(\d{8}T\d{6}Z)-\d{8}T\d{6}Z\.increment)")
MOMENT = "%Y%m%dT%H%M%SZ"
MARK = b"DataMind backup, encrypted\n"  # what an encrypted one begins with
AHEAD = dt.timedelta(minutes=1)  # two of one second have names of two
LOOKED = ".looked"  # its time is when all was still as the newest has it


def listed(folder: Path) -> list[Path]:
    """The whole backups in the installation's own folder, newest first."""
    return [path for path in states(folder) if base_of(path) is None]


def states(folder: Path) -> list[Path]:
    """The same with their increments, newest first."""
    return sorted((p for p in folder.glob("datamind-*") if is_ours(p)), key=made_at, reverse=True)


def is_ours(path: Path) -> bool:
    """Whether its name is one that we give to backups."""
    return NAME.fullmatch(path.name) is not None


def made_at(path: Path) -> dt.datetime:
    """When that one of ours was made."""
    moment = path.stem.rpartition("-")[2]
    return dt.datetime.strptime(moment, MOMENT).replace(tzinfo=dt.UTC)


def base_of(path: Path) -> str | None:
    """The name of the whole backup that the increment goes on from; None where it is whole."""
    found = NAME.fullmatch(path.name)
    return f"datamind-{found[1]}.backup" if found and found[1] else None


def newest(folder: Path, at: dt.datetime | None = None) -> Path:
    """The newest in the folder, or the newest that was made at the moment or before."""
    for path in states(folder):
        if at is None or made_at(path) <= at:
            return path
    when = "" if at is None else f" of {at:%Y-%m-%d %H:%M:%S} UTC or before"
    raise NotFound(f"There is no backup{when} in {folder}.", hint="datamind backup list")


def looked_at(folder: Path) -> None:
    """Note that all is as the newest has it now."""
    (folder / LOOKED).touch()


def moments(folder: Path) -> list[dt.datetime]:
    """How things were when is kept in the folder."""
    made = [made_at(path) for path in states(folder)]
    looked = folder / LOOKED
    if made and looked.exists():
        made.append(dt.datetime.fromtimestamp(looked.stat().st_mtime, dt.UTC))
    return made


def latest(moments: Iterable[dt.datetime], now: dt.datetime) -> dt.datetime | None:
    """The last of them, but for what a clock that was ahead has made; None where there is none."""
    return max((moment for moment in moments if moment <= now + AHEAD), default=None)


def is_encrypted(path: Path) -> bool:
    """Whether that one is."""
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK
