"""JSON Lines: written line by line, so that what is done is never lost."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from datamind.errors import BadInput


class LinesFile:
    """A file that takes records; each is in it, whole, when `write` returns."""

    def __init__(self, path: Path, *, read: Path) -> None:
        """Opens `path` anew; BadInput where that can't be, or where it is the file `read`."""
        self.path = path
        self.count = 0
        try:
            if path.exists() and path.samefile(read):
                raise BadInput(f"{path} would be overwritten.", hint="Name another --out.")
            self._file: FileIO = path.open("wb", buffering=0)
        except OSError:
            raise BadInput(
                f"{path} can't be written.",
                hint="Name a file in a folder that exists and may be written to.",
            ) from None

    def __enter__(self) -> LinesFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        self._file.close()

    def write(self, record: dict[str, object]) -> None:
        """One line more, or none of it."""
        rest = memoryview(_line(record))
        written = 0
        try:
            while rest:
                done = self._file.write(rest) or 0
                written, rest = written + done, rest[done:]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._file.tell() - written)
            raise BadInput(
                f"{self.path} can't be written any more.",
                hint="Is the disk full? What was written is kept.",
            ) from None
        self.count += 1


class Printed(nullcontext[Any]):
    """Standard output, which takes records as a file does."""

    def __enter__(self) -> Printed:
        return self

    def write(self, record: dict[str, object]) -> None:
        """One line more."""
        print(_line(record).decode(), end="", flush=True)


def lines_to(out: Path | None, *, read: Path) -> LinesFile | Printed:
    """The file, or without one, or for `-`, standard output."""
    return Printed() if out is None or str(out) == "-" else LinesFile(out, read=read)


def _line(record: dict[str, object]) -> bytes:
    text = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
    # Halves of letters stand as JSON escapes, for UTF-8 has none for them.
    return text.encode("utf-8", errors="backslashreplace")
