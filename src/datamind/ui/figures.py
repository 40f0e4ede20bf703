"""Figures: how values of a result are written in cells, tiles and charts."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterable
from typing import Any

from datamind.ui.client import JSON

NUMBERS = ("integer", "decimal", "float")
SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}
PERCENT = ("percent", "pct", "%")
SHARE = "share"  # of one; people read it as percent
# Whole numbers whose name ends so are names of things, and are written without separators.
_NAMES = re.compile(
    r"^(?!number_of_)(?:.*_)?(id|key|code|number|no|nr|zip|postcode|year|quarter|pk)$"
)
DASH = "—"
MOST_EXACT = 2**53


def is_number(column: JSON) -> bool:
    """Whether its values are set to the right."""
    return column["type"] in NUMBERS


def sendable(value: Any) -> Any:
    """The value to sort and draw by; a browser knows no longer whole numbers."""
    return float(value) if isinstance(value, int) and abs(value) > MOST_EXACT else value


def places_of(values: Iterable[Any]) -> int:
    """How many decimals a column is written with, so that its points line up."""
    found = [
        float(v) for v in values
        if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
    ]  # fmt: skip
    if all(n == int(n) for n in found):
        return 0
    largest = max(map(abs, found))
    return 2 if largest >= 1 else min(8, 3 - math.floor(math.log10(largest)))


def written(value: Any, column: JSON, places: int) -> str:
    """A value as a cell shows it."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and is_number(column):
        return _number(value, column, places)
    if column["type"] in ("date", "timestamp"):
        return _moment(str(value), column["name"])
    return str(value)


def _label(value: float, name: str) -> str:
    """The name of a quarter or a calendar month; other labels as they are."""
    if name.endswith("quarter") and value in (1, 2, 3, 4):
        return f"Q{value}"
    if name == "month_of_year" and value in range(1, 13):
        return calendar.month_name[int(value)]
    return str(value)


def _number(value: float, column: JSON, places: int) -> str:
    if column["type"] == "integer" and _NAMES.search(column["name"].lower()):
        return _label(value, column["name"].lower())
    unit = (column.get("unit") or "").strip()
    if unit == SHARE:
        return f"{100 * value:,.{max(1, places - 4) if places else 0}f} %"
    if isinstance(value, int):  # exactly, however long
        text = f"{value:,}" + (f".{'0' * places}" if places else "")
    else:
        text = f"{value:,.{places}f}"
    if unit.lower() in SIGNS:
        return f"-{SIGNS[unit.lower()]}{text[1:]}" if value < 0 else SIGNS[unit.lower()] + text
    return f"{text} %" if unit.lower() in PERCENT else text


def unit_of(column: JSON) -> str:
    """The unit as a heading says it."""
    unit = (column.get("unit") or "").strip()
    if unit == SHARE or unit.lower() in PERCENT:
        return "%"
    return unit.upper() if unit.lower() in SIGNS else unit


def _moment(text: str, name: str) -> str:
    """Dates by the name of their period where the column is called so."""
    day, _, time = text.partition("T")
    grain = name.lower().rsplit("_", 1)[-1]
    if time and time[:8] != "00:00:00":
        return f"{day} {time[:8].removesuffix(':00')}"
    year, _, rest = day.partition("-")
    if grain == "year" and rest == "01-01":
        return year
    if grain == "quarter" and rest in ("01-01", "04-01", "07-01", "10-01"):
        return f"{year}-Q{(int(rest[:2]) + 2) // 3}"
    if grain == "month" and rest.endswith("-01"):
        return day[:7]
    return day
