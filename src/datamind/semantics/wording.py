"""The words for plans: values, names, lists and periods as people write them."""

from __future__ import annotations

import datetime as dt
import re
from calendar import month_name
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from decimal import Decimal

from datamind.semantics import plan as P

# What warehouses put in front of a table's name: its layer, which nobody says.
LAYERS = ("dim", "fct", "fact", "stg", "int", "raw", "mart", "tbl", "tb", "vw")
_LAYER = re.compile(rf"(?:{'|'.join(LAYERS)})_(?=[a-z])", re.IGNORECASE)


def said(value: object) -> str:
    """A value as people write it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "minutes" if not value.second else "auto")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return f"{value:,}"
    return f"'{' '.join(str(value).split())}'" if "\n" in str(value) else f"'{value}'"


def words(name: str) -> str:
    """`order_date` and `orderDate` as `order date`; odd scripts as they are."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ")
    return " ".join(split.split()).lower() or name


def spoken(name: str, schema: str, taken: Container[str]) -> str:
    """A table's name as people say it: `fct_sales` is sales, unless another table is that too.

    `taken` holds the ids of the visible tables, `schema` is what stands before the name in its id.
    """
    base = _LAYER.sub("", name, count=1) if _LAYER.match(name) else name
    rivals = {base, *(f"{layer}_{base}" for layer in LAYERS)} - {name}
    return words(name if any(schema + rival in taken for rival in rivals) else base)


def listed(items: list[str], last: str = "and") -> str:
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


@dataclass(slots=True)
class Phrase:
    """What is shown, for each of what, of which rows, and how these are chosen and ordered."""

    subject: str
    what: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    grouped: bool = False
    distinct: bool = False
    tells: bool = False  # whether what is shown says by itself of what it is

    @property
    def plain(self) -> bool:
        """Whether rows were only filtered so far."""
        return not self.what and not self.grouped and all(r.startswith("where") for r in self.rest)

    def text(self) -> str:
        """The phrase."""
        text = listed(self.what)
        if self.keys:
            text = f"{text} for each {listed(self.keys)}" if text else f"each {listed(self.keys)}"
        if not text:
            text = self.subject
        elif self._needs_subject(text):
            text += f" of {self.subject}"
        rest = [r for r in self.rest if r.removeprefix("with ") not in self.what]
        return ("distinct " if self.distinct else "") + ", ".join([text, *rest])

    def _needs_subject(self, text: str) -> bool:
        if self.tells or text.endswith(f" of {self.subject}"):
            return False
        return not self.grouped or self.subject not in text


AGGREGATES = {
    "sum": "total", "avg": "average", "min": "smallest", "max": "largest", "median": "median",
    "stddev": "standard deviation of", "count": "number of",
}  # fmt: skip
COMPARED = {
    "=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than",
    ">=": "is at least",
}  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COMPARED_DATES = {
    "=": "is on", "!=": "is not on", "<": "is before", "<=": "is on or before", ">": "is after",
    ">=": "is on or after",
}  # fmt: skip
MATCHES = {
    "equals": "is", "contains": "contains", "starts": "starts with", "ends": "ends with",
    "pattern": "is like",
}  # fmt: skip
OPERATORS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
SET_OPERATIONS = {
    "union": "together with", "union_all": "followed by", "intersect": "that are also among",
    "except": "that are not among",
}  # fmt: skip
WINDOWS = {
    "rank": "rank", "dense_rank": "rank without gaps", "row_number": "row number",
    "lag": "the previous", "lead": "the next", "sum": "running total of",
    "avg": "moving average of", "min": "smallest so far of", "max": "largest so far of",
    "count": "running count of",
}  # fmt: skip
WHOLE = {"sum": "total of", "avg": "average of", "min": "smallest", "max": "largest",
          "count": "count of"}  # fmt: skip


def period(low: object, high: object) -> str:
    """`in 2025`, `in 2025-03` or `on 2025-03-01` for a whole year, month or day."""
    if not isinstance(low, dt.date) or not isinstance(high, dt.date):
        return ""
    start, end = (
        v.date() if isinstance(v, dt.datetime) and v.time() == dt.time() else v for v in (low, high)
    )
    if isinstance(start, dt.datetime) or isinstance(end, dt.datetime):
        return ""
    if start.day == start.month == end.day == end.month == 1 and end.year == start.year + 1:
        return f"in {start.year}"
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == end.day == 1 and months == 1:
        return f"in {start:%Y-%m}"
    if (end - start).days == 1:
        return f"on {start.isoformat()}"
    return f"from {start.isoformat()} to before {end.isoformat()}"


def singular(name: str) -> str:
    """`orders` as `order`, for the name of one row."""
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if name.endswith("s") and not name.endswith(("ss", "us", "is")) and len(name) > 3:
        return name[:-1]
    return name


def part_said(expr: P.DatePart, subject: Callable[[P.Expr], str]) -> str:
    """A part of a date in words; a year moved by months is a fiscal one."""
    match expr:
        case P.DatePart("year", P.DateAdd("month", ahead, of)):
            return f"fiscal year (from {month_name[(12 - ahead) % 12 + 1]} on) of {subject(of)}"
    return f"{words(expr.part)} of {subject(expr.of)}"
