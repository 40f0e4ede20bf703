"""Folders for a process and those that it forks; whoever makes one clears away the dead's.

A process that is killed cleans up nothing. Its folder holds a file that it has locked, and a lock
ends with the last process that has it, however that ended; numbers of processes are used again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "owner.lock"


@contextmanager
def owned_folder(prefix: str) -> Iterator[Path]:
    """A folder of the system's for such, with this prefix, until the end of this process."""
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):
            _clear(left)
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        new = Path(name, f"{LOCK}.new")
        with new.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(Path(name, LOCK))  # not before it is locked
            yield Path(name)


def _clear(folder: Path) -> None:
    """Delete it if it is ours and nobody lives who has it; OSError where somebody does."""
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return
    with (folder / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
