"""Text files: CSV for spreadsheets and programs, JSON as the API has it; in UTF-8."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TextIO

from datamind.adapters.exports.cells import shown_wherever_it_is_cut
from datamind.adapters.exports.pouring import Columns, pour
from datamind.records import Result, Scalar, Written
from datamind.values import plain


@contextmanager
def _text_file(path: str) -> Iterator[TextIO]:
    """A file for text; halves of letters, which UTF-8 can't hold, stand in it as escapes."""
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield file


class CsvFile:
    """RFC 4180: a line of names, then one for each row. Texts stand in quotes, numbers do not; what
    is null, or no number, is nothing at all."""

    def write(self, batches: Iterator[Result], path: str) -> Written:
        """Write all rows."""
        with _text_file(path) as file:

            def head(columns: Columns) -> None:
                file.write(_line([column.name for column in columns]))

            def body(part: Result) -> None:
                file.writelines(map(_line, part.rows))

            return pour(batches, head, body)


def _line(values: list[str] | tuple[Scalar, ...]) -> str:
    return ",".join(map(_cell, values)) + "\r\n"


def _cell(value: Scalar) -> str:
    match value:
        case str():
            return '"' + shown_wherever_it_is_cut(value).replace('"', '""') + '"'
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _number(value)
        case dt.timedelta():
            return str(value.total_seconds())
    return value.isoformat()


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


class JsonFile:
    """An array of objects, one a line, with the values that the API's other JSON has."""

    def write(self, batches: Iterator[Result], path: str) -> Written:
        """Write all rows."""
        with _text_file(path) as file:
            names: list[str] = []
            between = ""

            def head(columns: Columns) -> None:
                names.extend(column.name for column in columns)
                file.write("[")

            def body(part: Result) -> None:
                nonlocal between
                for row in part.rows:
                    said = dict(zip(names, map(plain, row), strict=True))
                    text = json.dumps(said, ensure_ascii=False, allow_nan=False)
                    file.write(f"{between}\n{text}")
                    between = ","

            made = pour(batches, head, body)
            file.write("\n]\n")
            return made
