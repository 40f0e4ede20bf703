"""The file .env: found, read, and rewritten value by value, comments and order left as they are."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from datamind.errors import BadInput

NAMED = "DATAMIND_ENV_FILE"
MARK = "# DataMind"  # how the first line of a .env of ours begins
_HEAD = re.compile(r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=\#\s]+)[^\S\r\n]*=[^\S\r\n]*")
_VALUE = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?:(?!\s+\#|\s*[\r\n]|\s*$).)*""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The file, and its values as they stand there."""

    path: Path
    values: Mapping[str, str]

    @property
    def readable_by_others(self) -> bool:
        """Whether other users of the machine may read it."""
        return bool(self.path.stat().st_mode & 0o077)


def find(env: Mapping[str, str]) -> Path | None:
    """DATAMIND_ENV_FILE; else .env here, if it is ours; else that in DATAMIND_HOME; if any.

    Other programs have a .env too, with a DATABASE_URL that is not for us.
    """
    if named := env.get(NAMED):
        return Path(named).expanduser()
    if _is_ours(Path(".env")):
        return Path(".env").resolve()
    home = Path(env.get("DATAMIND_HOME") or Path.home() / ".datamind").expanduser()
    # os.path, unlike Path, takes a folder that may not be looked into as one that holds nothing.
    return home / ".env" if os.path.isfile(home / ".env") else None


def _is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline().startswith(MARK)
    except OSError:
        return False


def read(path: Path) -> EnvFile:
    """The file; BadInput where it can't be read, or a line in it."""
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    for binding in parse_stream(StringIO(_text(path))):
        if binding.error:
            raise BadInput(
                f"Line {binding.original.line} of {path} can't be read.",
                hint="Write it as NAME=value, the value in quotes where it holds spaces or #.",
            )
        if binding.key is not None:
            values[binding.key] = binding.value or ""
    return EnvFile(path, values)


def rewritten(path: Path, change: Callable[[str, str], str]) -> str:
    """The file's text with each value as `change` of name and value gives it, and all else as it
    was."""
    from dotenv.parser import parse_stream

    found = []
    for binding in parse_stream(StringIO(_text(path))):
        text = binding.original.string
        if binding.key is not None and binding.value:
            new = change(binding.key, binding.value)
            head = _HEAD.match(text)
            if new != binding.value and head is not None:
                old = _VALUE.match(text, head.end())
                end = old.end() if old is not None else head.end()
                text = text[: head.end()] + new + text[end:]
        found.append(text)
    return "".join(found)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            f"The file {path} can't be read.", hint=f"Mend it, or set {NAMED} to another one."
        ) from None


def put(path: Path, text: str) -> None:
    """The file with this text, whole or not at all, for its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = path.resolve()  # what a link points to stays the file
        handle, beside = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, place)
        finally:
            Path(beside).unlink(missing_ok=True)
    except OSError as fault:
        raise BadInput(f"{path} can't be written: {fault.strerror}.") from None
