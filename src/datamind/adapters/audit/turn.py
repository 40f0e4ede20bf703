"""Whose turn it is to write the audit log, among threads and processes; and how far it goes."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datamind.adapters.audit.chain import START, Head
from datamind.errors import Unavailable

WAIT_S = 30.0  # sealing a large log keeps others waiting
LOOK_S = 0.002
HEAD = re.compile(rb"(\d{20}) ([0-9a-f]{64})\n")


class Turn:
    """A small file that is locked by whoever writes, and names the last record.

    It is written in place, which a full disk does not hinder, after the copies: where a copy that
    holds the end of the chain can't be read, nobody goes on from an older end.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if read_only:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise Unavailable(
                f"The audit log's {path} can't be opened or written: {fault.strerror}.",
                hint="Is the disk full, or the folder not ours to write?",
            ) from None

    @contextmanager
    def held(self, wait_s: float = WAIT_S) -> Iterator[None]:
        """It is ours alone within this block; Unavailable if nobody lets go of it."""
        until = time.monotonic() + wait_s
        while not self._taken():
            if time.monotonic() > until:
                raise Unavailable("The audit log is held by another process.")
            time.sleep(LOOK_S)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def head(self) -> Head:
        """The last record that was written, as far as is known."""
        found = HEAD.fullmatch(os.pread(self._file, 86, 0))
        return (int(found[1]), found[2].decode()) if found else START

    def name(self, head: Head) -> None:
        """Name the last record."""
        os.pwrite(self._file, f"{head[0]:020} {head[1]}\n".encode(), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
