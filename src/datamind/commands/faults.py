"""Faults on the command line: a message with its code and a hint, as text or as JSON."""

from __future__ import annotations

import json
import sys

from datamind.errors import DataMindError

# Joins letters and picture signs; all else that can't be printed could steer the terminal.
KEPT = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """Text that a terminal only shows: no escape sequences, no line breaks, no reordering."""
    return "".join(c if c.isprintable() or c in KEPT else " " for c in text)


def tell(message: str, code: str, hint: str | None) -> None:
    """On standard error, where it is in nobody's way."""
    print(f"{printable(message)} ({code})", file=sys.stderr)
    if hint:
        print(printable(hint), file=sys.stderr)


def as_record(fault: DataMindError) -> dict[str, object]:
    """The fault as `--json` prints it."""
    error = {"code": fault.code, "message": fault.message, "hint": fault.hint}
    return {"status": "error", "error": error}


def print_json(value: object) -> None:
    """On standard output, indented; halves of letters, which UTF-8 can't hold, as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    print(text.encode("utf-8", "backslashreplace").decode())
