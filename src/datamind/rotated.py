"""A file that several processes append lines to, and that is moved on once it is full."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

OWNER_ONLY = 0o600


class RotatedFile:
    """Holds `most` bytes at most; `kept` full ones stand beside it as `NAME.1` (the newest) and so
    on. Each line is one write, so that those of several processes never mix."""

    def __init__(self, path: Path, *, most: int, kept: int) -> None:
        self.path = path
        self._most = most
        self._kept = kept
        self._lock = threading.Lock()
        self._fd: int | None = None

    def append(self, line: str) -> None:
        """Write the line; OSError where that can't be done."""
        text = f"{line}\n".encode()
        with self._lock:
            fd = self._opened()
            if os.fstat(fd).st_size + len(text) > self._most:
                fd = self._moved_on(len(text))
            os.write(fd, text)

    def close(self) -> None:
        """Let go of the file; it is opened again by the next line."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _opened(self) -> int:
        """The file that has the name now: another process may have moved on what we had open."""
        if self._fd is not None:
            try:
                now, ours = os.stat(self.path), os.fstat(self._fd)
                if (now.st_dev, now.st_ino) == (ours.st_dev, ours.st_ino):
                    return self._fd
            except FileNotFoundError:
                pass
            self._let_go()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self.path, flags, OWNER_ONLY)
        return self._fd

    def _moved_on(self, more: int) -> int:
        """A file with room, whichever process makes it."""
        lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fd = self._opened()
            size = os.fstat(fd).st_size
            if size and size + more > self._most:
                for number in range(self._kept, 0, -1):
                    older = self._numbered(number - 1) if number > 1 else self.path
                    if older.exists():
                        os.replace(older, self._numbered(number))
                fd = self._opened()
            return fd
        finally:
            os.close(lock)

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def paths(self) -> list[Path]:
        """What there is of it, the newest first."""
        named = [self.path, *(self._numbered(n) for n in range(1, self._kept + 1))]
        return [path for path in named if path.exists()]
