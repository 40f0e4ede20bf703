"""A chain kept as lines of JSON in a file, on the disk before anybody is told so."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from gzip import GzipFile
from pathlib import Path
from typing import IO

from datamind.adapters.audit.chain import Damaged, Head, Link, as_line, read_line

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
COPY = 1024 * 1024


class ChainFile:
    """One such file. Who appends or trims sees to it that nobody else does so meanwhile."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, Link | None] | None = None  # inode, size, and the last then

    def head(self) -> Head | None:
        """The last record's; None if there is none."""
        last = self.last()
        return last.head if last else None

    def last(self) -> Link | None:
        """The last record. Half a line at the end, of a machine that stopped in the middle of it,
        is cut off."""
        with self._opened() as file:
            found = os.fstat(file)
            if self._seen is not None and self._seen[:2] == (found.st_ino, found.st_size):
                return self._seen[2]
            size, last = _last_line(file, found.st_size)
            if size != found.st_size:
                log.warning("half a line at the end of %s was cut off", self.path.name)
                os.ftruncate(file, size)
            link = read_line(last) if last else None
            if last and link is None:
                raise Damaged("its last line can't be read")
            self._seen = found.st_ino, size, link
            return self._seen[2]

    def append(self, links: Sequence[Link]) -> None:
        """Add the links, all of them or none."""
        text = memoryview(b"".join(map(as_line, links)))
        with self._opened() as file:
            found = os.fstat(file)
            try:
                written = 0
                while written < len(text):
                    written += os.write(file, text[written:])
                os.fdatasync(file)
            except OSError:
                self._seen = None
                with contextlib.suppress(OSError):
                    os.ftruncate(file, found.st_size)
                raise
            if links:
                self._seen = found.st_ino, found.st_size + len(text), links[-1]

    def after(self, seq: int) -> Iterator[Link]:
        """The links from after that place."""
        with self.path.open("rb") as file:
            yield from (link for link in _all(file) if link.seq > seq)

    def first(self) -> int | None:
        """The place of the first record."""
        return next((link.seq for link in self.after(0)), None)

    def trim(self, last: int) -> None:
        """Let go of what stands up to that place."""
        path = self.path.resolve()
        part = path.with_name(f"{path.name}.part")
        with path.open("rb") as old, part.open("wb") as new:
            part.chmod(0o600)
            for raw in old:
                link = read_line(raw)
                if link is None or link.seq > last:
                    new.write(raw)
                    break
            while chunk := old.read(COPY):
                new.write(chunk)
            new.flush()
            os.fsync(new.fileno())
        part.replace(path)
        sync_folder(path.parent)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The file, made where there is none; open no longer than this block, for another process
        may put a trimmed one in its place."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            file = os.open(self.path, flags)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, flags | os.O_CREAT, 0o600)
            sync_folder(self.path.parent)
        try:
            yield file
        finally:
            os.close(file)


def lines_of(file: IO[bytes] | GzipFile, size: int) -> Iterator[Link]:
    """The links in the file's first bytes; Damaged at a line that is none."""
    number, left = 0, size
    while raw := file.readline(left):
        number, left = number + 1, left - len(raw)
        link = read_line(raw)
        if link is None:
            raise Damaged(f"line {number} can't be read")
        yield link


def _all(file: IO[bytes]) -> Iterator[Link]:
    return lines_of(file, os.fstat(file.fileno()).st_size)


def sync_folder(folder: Path) -> None:
    """What was made or renamed in the folder outlives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _last_line(file: int, size: int) -> tuple[int, bytes]:
    """Where the last whole line ends, and the line."""
    tail, start = b"", size
    while start > 0 and tail.count(b"\n") < 2:
        step = min(CHUNK, start)
        start -= step
        tail = os.pread(file, step, start) + tail
    whole = tail[: tail.rfind(b"\n") + 1]
    end = start + len(whole)
    return end, whole[whole.rfind(b"\n", 0, -1) + 1 :]
