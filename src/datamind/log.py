"""Logs: JSON lines with the correlation id, personal data masked, no traceback unless asked for."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from contextvars import ContextVar

from datamind.personal import masked, masked_in

correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
# What a log record has by itself; all else was given as `extra`.
OWN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


class JsonLines(logging.Formatter):
    """`timestamp, level, service, component, correlation_id, message, details` (api.md, 5)."""

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
        line: dict[str, object] = {
            "timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname,
            "service": "datamind",
            "component": record.name,
            "correlation_id": correlation.get(),
            "message": masked(record.getMessage()),
        }
        if details:
            line["details"] = masked_in(details)
        return json.dumps(line, default=lambda value: masked(str(value)), ensure_ascii=False)


def no_statements() -> None:
    """The SQL parser warns of statements that it gives up, with their text, which is for the audit
    alone: from now on it does not."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)


def json_logs(*, debug: bool) -> None:
    """From now on logs are JSON lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(tracebacks=debug))
    no_statements()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
