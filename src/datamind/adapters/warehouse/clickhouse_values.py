"""ClickHouse's values as every part of DataMind knows them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

from datamind.adapters.warehouse.values import plain
from datamind.records import Scalar
from datamind.semantics.traits import unwrapped

Shape = Callable[[Any], Scalar]
Rows = list[tuple[Any, ...]]
INTERVALS = {
    "IntervalSecond": "seconds", "IntervalMinute": "minutes", "IntervalHour": "hours",
    "IntervalDay": "days", "IntervalWeek": "weeks", "IntervalMillisecond": "milliseconds",
    "IntervalMicrosecond": "microseconds",
}  # fmt: skip


# What the driver gives as it should be; nothing is done for columns of these.
AS_THEY_ARE = re.compile(
    r"(U?Int\d+|Decimal\d*|B?Float\d+|Bool|String|Enum\d*|Date|Date32|Nothing)\b.*"
    r"|DateTime(32)?|DateTime64\(\d+\)"
)


def row_shape(kinds: Sequence[str]) -> Callable[[Rows], Rows]:
    """What makes rows of these types plain ones."""
    shapes = [(place, shape) for place, kind in enumerate(kinds) if (shape := _shape_of(kind))]
    if not shapes:
        return list

    def shaped(row: tuple[Any, ...]) -> tuple[Scalar, ...]:
        made = list(row)
        for place, shape in shapes:
            made[place] = shape(made[place])
        return tuple(made)

    return lambda rows: list(map(shaped, rows))


def _shape_of(native: str) -> Shape | None:
    kind = unwrapped(native)
    if AS_THEY_ARE.fullmatch(kind):
        return None
    if kind.startswith("Interval"):
        return _interval(kind)
    if kind.partition("(")[0] in ("Time", "Time64"):
        return _time
    return _text if kind.startswith("FixedString") else plain


def _interval(kind: str) -> Shape:
    unit = INTERVALS.get(kind)
    if unit is None:  # months and the like are of no length
        return lambda n: None if n is None else f"{n} {kind.removeprefix('Interval').lower()}s"
    return lambda n: None if n is None else dt.timedelta(**{unit: n})


def _time(value: dt.timedelta | None) -> Scalar:
    """A time of the day; ClickHouse's may be longer than one, or negative."""
    if value is None or not dt.timedelta(0) <= value < dt.timedelta(days=1):
        return value
    return (dt.datetime(1, 1, 1, tzinfo=dt.UTC) + value).time()


def _text(value: bytes | None) -> Scalar:
    """Text without the zeros that fill it up; hexadecimal digits where it is none."""
    if value is None:
        return None
    try:
        return value.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return value.hex()
