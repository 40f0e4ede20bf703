"""What logs are told from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datamind.settings.reading import one_of, path, whole

LEVELS = ("warning", "debug", "info", "error")
FILE = "datamind.log"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Our own lines of at least this `level` are logged; `tracebacks` may hold values of the data.

    With a `file` lines are written there too; past `file_mb` it is moved on, and as many old ones
    as `files` are kept.
    """

    level: str = "warning"
    tracebacks: bool = False
    file: Path | None = None
    file_mb: int = 20
    files: int = 5


def logs(env: Mapping[str, str], home: Path, *, debug: bool) -> LogSettings:
    """DATAMIND_LOG_LEVEL, DATAMIND_LOG_FILE (`1`: in the home folder) and how it is rotated."""
    usual = LogSettings()
    file = path(env, "DATAMIND_LOG_FILE")
    if file is not None and str(file) in ("0", "1"):
        file = home / "logs" / FILE if str(file) == "1" else None
    return LogSettings(
        level="debug" if debug else one_of(env, "DATAMIND_LOG_LEVEL", LEVELS),
        tracebacks=debug,
        file=file,
        file_mb=whole(env, "DATAMIND_LOG_FILE_MB", usual.file_mb, most=100_000),
        files=whole(env, "DATAMIND_LOG_FILES", usual.files, most=1_000),
    )
