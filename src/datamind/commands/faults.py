"""Faults on the command line: a message with its code and a hint, as text or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

import typer

from datamind.errors import DataMindError

# Joins letters and picture signs; all else that can't be printed could steer the terminal.
KEPT = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """Text that a terminal only shows: no escape sequences, no line breaks, no reordering."""
    return "".join(c if c.isprintable() or c in KEPT else " " for c in text)


def tell(
    message: str, code: str, hint: str | None, errors: Sequence[Mapping[str, object]] = ()
) -> None:
    """On standard error, where it is in nobody's way."""
    print(f"{printable(message)} ({code})", file=sys.stderr)
    for one in errors:
        print(printable(f"  {'.'.join(_place(one))}: {one['msg']}"), file=sys.stderr)
    if hint:
        print(printable(hint), file=sys.stderr)


def _place(one: Mapping[str, object]) -> list[str]:
    place = one.get("loc")
    return [str(part) for part in place] if isinstance(place, list) else []


def as_record(fault: DataMindError) -> dict[str, object]:
    """The fault as `--json` prints it."""
    error: dict[str, object] = {
        "code": fault.code, "message": fault.message, "hint": fault.hint
    }  # fmt: skip
    if fault.errors:
        error["errors"] = list(fault.errors)
    return {"status": "error", "error": error}


def print_json(value: object) -> None:
    """On standard output, indented; halves of letters, which UTF-8 can't hold, as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    print(text.encode("utf-8", "backslashreplace").decode())


def finish(run: Callable[[], int], *, as_json: bool) -> NoReturn:
    """End with the run's exit code; a fault is told in JSON where JSON was asked for."""
    try:
        code = run()
    except DataMindError as fault:
        if not as_json:
            raise
        print_json(as_record(fault))
        code = fault.exit_code
    raise typer.Exit(code)
