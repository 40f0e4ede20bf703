"""Logs: JSON lines with the correlation id, personal data masked, no traceback unless asked for.

Whatever hands work to a thread or another process takes along whose it is: threads by `Threads`,
processes by a mapping that `carried` makes and `restored` reads.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from datamind import tracing
from datamind.personal import masked, masked_in
from datamind.rotated import RotatedFile
from datamind.settings.logs import LogSettings
from datamind.whose import correlation, user

__all__ = ["Threads", "carried", "correlation", "json_logs", "restored", "user"]

T = TypeVar("T")
P = ParamSpec("P")
CARRIED = {"correlation_id": correlation, "user_id": user}
# What a log record has by itself; all else was given as `extra`.
OWN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
OURS = ("datamind", "uvicorn")
# The start says where a part should be: addresses there are ours, and whoever mends it needs them.
UNMASKED = frozenset({"datamind.api.starting"})


def carried() -> dict[str, str]:
    """What a message to another process takes along, so that the work there is known as ours."""
    known = {name: value for name, of in CARRIED.items() if (value := of.get()) is not None}
    return known | tracing.carry()


@contextmanager
def restored(known: Mapping[str, str]) -> Iterator[None]:
    """In here the work is that of whoever `carried` this; nobody's where nothing was."""
    tokens = [(of, of.set(known.get(name))) for name, of in CARRIED.items()]
    try:
        with tracing.below(known):
            yield
    finally:
        for of, token in tokens:
            of.reset(token)


class Threads(ThreadPoolExecutor):
    """Threads that know whose work they do."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it later, as a part of what whoever asks works on now."""
        ours = copy_context()
        return super().submit(lambda: ours.run(fn, *args, **kwargs))


class JsonLines(logging.Formatter):
    """`timestamp, level, service, component, correlation_id, user_id, message, details` (api.md,
    5)."""

    def __init__(self, *, tracebacks: bool = False) -> None:
        super().__init__()
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        details = {k: v for k, v in vars(record).items() if k not in OWN}
        if record.exc_info and record.exc_info[0] is not None:
            # The text of an exception may hold values of the data; its kind does not.
            details["exception"] = record.exc_info[0].__name__
            if self._tracebacks:
                details["traceback"] = self.formatException(record.exc_info)
        message = record.getMessage()
        if not record.name.startswith(OURS):
            message = message.partition("\n")[0]  # what follows tells of exceptions, with texts
        line: dict[str, object] = {
            "timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname,
            "service": "datamind",
            "component": record.name,
            "correlation_id": correlation.get(),
            "user_id": user.get(),
            "message": message if record.name in UNMASKED else masked(message),
        }
        if details:
            line["details"] = masked_in(details)
        return json.dumps(line, default=lambda value: masked(str(value)), ensure_ascii=False)


class PeopleLines(logging.Formatter):
    """The same for whoever sits at a terminal: what is told, and how bad it is."""

    def __init__(self, *, tracebacks: bool = False) -> None:
        super().__init__()
        self._json = JsonLines(tracebacks=tracebacks)

    def format(self, record: logging.LogRecord) -> str:
        line = json.loads(self._json.format(record))
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        details = line.get("details", {})
        kind = f" ({details['exception']})" if "exception" in details else ""
        traceback = f"\n{details['traceback']}" if "traceback" in details else ""
        return f"{level}{line['message']}{kind}{traceback}"


class FileLines(logging.Handler):
    """Lines into a file that is rotated; where it can't be written they are on standard error."""

    def __init__(self, file: RotatedFile) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        try:
            self._file.append(self.format(record))
        except Exception:  # noqa: BLE001 (as the library's own handlers do)
            self.handleError(record)


def no_statements() -> None:
    """The SQL parser warns of statements that it gives up, with their text, which is for the audit
    alone: from now on it does not."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)


def json_logs(settings: LogSettings) -> None:
    """From now on logs are JSON lines on standard error, and in a file where one is set; at a
    terminal they are lines for people.

    Libraries tell their warnings alone: below that they tell statements with their parameters.
    """
    told: logging.Handler = logging.StreamHandler(sys.stderr)
    lines = PeopleLines if sys.stderr.isatty() else JsonLines
    told.setFormatter(lines(tracebacks=settings.tracebacks))
    handlers = [told]
    if settings.file is not None:
        most = settings.file_mb << 20
        kept = FileLines(RotatedFile(settings.file, most=most, kept=settings.files))
        kept.setFormatter(JsonLines(tracebacks=settings.tracebacks))
        handlers.append(kept)
    logging.raiseExceptions = False  # it would print what can't be formatted as it is
    no_statements()
    root = logging.getLogger()
    root.handlers[:] = handlers
    level = settings.level.upper()
    root.setLevel(max(logging.WARNING, getattr(logging, level)))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
