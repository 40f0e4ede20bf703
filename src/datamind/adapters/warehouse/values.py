"""Values as every part of DataMind knows them: moments in UTC, what isn't plain as text."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

from datamind.records import Scalar

SCALARS = (str, int, float, bool, decimal.Decimal, dt.date, dt.time, dt.timedelta)


class JsonText:
    """JSON as the database wrote it: read as Python's numbers it would lose digits."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def rows_of(rows: list[tuple[Any, ...]]) -> tuple[tuple[Scalar, ...], ...]:
    """A driver's rows, plain."""
    return tuple(tuple(map(plain, row)) for row in rows)


def plain(value: Any) -> Scalar:
    """A driver's value; lists and the like become JSON, bytes hexadecimal digits."""
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC) if value.tzinfo else value
    if isinstance(value, SCALARS):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, default=_within, ensure_ascii=False)
    if isinstance(value, JsonText):
        return value.text
    return str(value)


def _within(value: Any) -> Any:
    """A value of a list, as JSON has it."""
    return json.loads(value.text) if isinstance(value, JsonText) else str(plain(value))
