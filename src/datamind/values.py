"""Values: how what a cell may hold is written where there are fewer types."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

from datamind.records import Scalar


def plain(value: Scalar) -> object:
    """A value as JSON has it: decimals as numbers, moments as ISO text, durations in seconds.

    What is no number (NaN, infinity) is null, for JSON has no word for it.
    """
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return value
