"""Excel files: one sheet of typed cells, written row by row in little memory."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from datamind.adapters.exports.cells import shown
from datamind.adapters.exports.pouring import Columns, pour
from datamind.errors import ResultTooLarge
from datamind.records import Result, Scalar, Written

# What a sheet holds, whoever writes it.
MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 1_048_576, 16_384, 32_767
MOST_DIGITS, LARGEST = 15, 2**53  # past these Excel would round
FIRST_DAY = dt.date(1900, 1, 1)
# Nothing is guessed from a text: not a formula, not a link, not a number.
PLAIN = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
    "strings_to_numbers": False,
}  # fmt: skip
NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
FORMATS = {
    dt.date: "yyyy-mm-dd",
    dt.datetime: "yyyy-mm-dd hh:mm:ss",
    dt.time: "hh:mm:ss",
}


class ExcelFile:
    """The sheet is called Result; its first row, which stays in sight, holds the names."""

    def write(self, batches: Iterator[Result], path: str) -> Written:
        """Write all rows; ResultTooLarge where they are more than a sheet holds."""
        import xlsxwriter

        options = {**PLAIN, "tmpdir": str(Path(path).parent)}
        with xlsxwriter.Workbook(path, options) as book:
            sheet = book.add_worksheet("Result")
            bold = book.add_format({"bold": True})
            formats = {kind: book.add_format({"num_format": f}) for kind, f in FORMATS.items()}
            at = 0

            def head(columns: Columns) -> None:
                if len(columns) > MOST_COLUMNS:
                    raise _too_large(f"{MOST_COLUMNS:,} columns")
                sheet.freeze_panes(1, 0)
                for place, column in enumerate(columns):
                    sheet.write_string(0, place, _text(column.name), bold)

            def body(part: Result) -> None:
                nonlocal at
                for row in part.rows:
                    at += 1
                    if at >= MOST_ROWS:
                        raise _too_large(f"{MOST_ROWS:,} rows")
                    for place, value in enumerate(row):
                        _put(sheet, at, place, value, formats)

            return pour(batches, head, body)


def _too_large(what: str) -> ResultTooLarge:
    return ResultTooLarge(
        f"A sheet of Excel has {what} at most.", hint="Take csv or parquet, or ask for less."
    )


def _put(sheet: Any, row: int, place: int, value: Scalar, formats: dict[type, Any]) -> None:
    """One cell, of the type that its value has."""
    match value:
        case None:
            return
        case str():
            sheet.write_string(row, place, _text(value))
        case bool():
            sheet.write_boolean(row, place, value)
        case int() | float() | Decimal():
            if not math.isfinite(value):
                return
            if _fits(value):
                sheet.write_number(row, place, float(value))
            else:
                text = f"{value:f}" if isinstance(value, Decimal) else str(value)
                sheet.write_string(row, place, text)
        case dt.timedelta():
            sheet.write_number(row, place, value.total_seconds())
        case _:
            _put_moment(sheet, row, place, value, formats)


def _put_moment(
    sheet: Any, row: int, place: int, value: dt.date | dt.time, formats: dict[type, Any]
) -> None:
    """A day or time as such; as text where Excel's calendar has none. Moments are in UTC."""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    day = value.date() if isinstance(value, dt.datetime) else value
    zoned = isinstance(value, dt.time) and value.tzinfo is not None
    if zoned or (isinstance(day, dt.date) and day < FIRST_DAY):
        sheet.write_string(row, place, value.isoformat())
    else:
        sheet.write_datetime(row, place, value, formats[type(value)])


def _fits(value: float | Decimal) -> bool:
    """Whether Excel keeps the number as it is."""
    if isinstance(value, int):
        return abs(value) <= LARGEST
    if isinstance(value, float):
        return True
    digits = "".join(map(str, value.as_tuple().digits))
    return len(digits.strip("0")) <= MOST_DIGITS


def _text(text: str) -> str:
    text = NOT_IN_XML.sub("\ufffd", shown(text))
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
