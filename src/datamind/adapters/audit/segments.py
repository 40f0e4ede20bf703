"""Sealed segments: old records in compressed files, and the chained list of what was sealed and
what was deleted, which stays."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path

from datamind.adapters.audit.chain import (
    START,
    Damaged,
    Head,
    Link,
    as_line,
    going_on,
    linked,
    of_use,
)
from datamind.adapters.audit.file import ChainFile, lines_of, sync_folder

MOST = 100_000  # records in one segment
PART = "next.part"
MOST_BYTES = 2**40  # unpacked, of one segment
LEVEL = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """Records `first` to `last`: what they go on from and end with, the moments of the oldest and
    the newest, and the SHA-256 of the file. `deleted` says when retention took it."""

    file: str
    first: int
    last: int
    before: str
    head: str
    since: str
    until: str
    sha256: str
    deleted: str | None = None


class Segments:
    """The segments in a folder."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self.key = of_use(key, "segments")
        self.listed = ChainFile(folder / "manifest.jsonl")

    def all(self) -> list[Segment]:
        """All that were ever sealed, oldest first; Damaged if the list was tampered with."""
        if not self.listed.path.exists():
            return []
        found: dict[str, Segment] = {}
        for link in going_on(self.key, START, self.listed.after(0)):
            segment = Segment(**json.loads(link.record))
            found[segment.file] = segment
        return list(found.values())

    def end(self) -> Head:
        """What the live records go on from."""
        found = self.all()
        return (found[-1].last, found[-1].head) if found else START

    def due(self, before: str) -> list[Segment]:
        """The oldest segments that are there, as far as they hold nothing of that moment on."""
        there = (segment for segment in self.all() if not segment.deleted)
        return list(takewhile(lambda segment: segment.until < before, there))

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Nobody else seals or deletes within this block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def seal(self, head: Head, links: Iterator[Link]) -> Segment | None:
        """A new segment of the links, which go on from that head; None if there are none. It counts
        from when the list names it; then it gets its name."""
        count, last, since, until = 0, head, "", ""
        part = self.folder / PART
        with part.open("wb") as raw:
            part.chmod(0o600)
            # Named and dated by nothing, so that the same records make the same file.
            with gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
                for link in links:
                    packed.write(as_line(link))
                    moment = str(json.loads(link.record)["timestamp"])
                    since, until = min(since or moment, moment), max(until, moment)
                    count, last = count + 1, link.head
            raw.flush()
            os.fsync(raw.fileno())
        if not count:
            part.unlink()
            return None
        first = head[0] + 1
        segment = Segment(
            f"{first:012}-{last[0]:012}.jsonl.gz", first, last[0], head[1], last[1], since, until,
            digest(part),
        )  # fmt: skip
        self._note(segment)
        part.replace(self.folder / segment.file)
        sync_folder(self.folder)
        return segment

    def delete(self, segment: Segment, now: dt.datetime) -> Segment:
        """Note that retention took it, then take it."""
        gone = Segment(**asdict(segment) | {"deleted": now.isoformat()})
        self._note(gone)
        (self.folder / gone.file).unlink(missing_ok=True)
        return gone

    def mend(self) -> None:
        """Finish what was noted and not done, for the machine stopped in the middle."""
        part = self.folder / PART
        for segment in self.all():
            path = self.folder / segment.file
            if segment.deleted:
                path.unlink(missing_ok=True)
            elif not path.exists() and part.exists() and digest(part) == segment.sha256:
                part.replace(path)

    def links(self, segment: Segment) -> Iterator[Link]:
        """Its records; Damaged where it can't be read."""
        try:
            with gzip.open(self.folder / segment.file, "rb") as file:
                yield from lines_of(file, MOST_BYTES)
        except (OSError, EOFError, zlib.error) as fault:
            raise Damaged("it is missing or can't be read") from fault

    def _note(self, segment: Segment) -> None:
        said = json.dumps(asdict(segment), sort_keys=True, separators=(",", ":"))
        self.listed.append(linked(self.key, self.listed.head() or START, [said]))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
