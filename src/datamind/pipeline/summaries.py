"""Summaries: a paragraph about a result, every figure in it computed from the rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from datamind.records import Result, ResultColumn, Scalar

_CURRENCIES = {"usd": "$", "eur": "€", "gbp": "£"}


def spoken(name: str) -> str:
    """A column name as words."""
    return name.replace("_", " ").strip()


def shown(value: Scalar, column: ResultColumn | None = None) -> str:
    """A value as people read it: thousands separated, units and currencies, dates in ISO form."""
    if value is None:
        return "nothing"
    unit = (column.unit or "").lower() if column is not None else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        text = _number(value)
        if unit in _CURRENCIES:
            return f"{_CURRENCIES[unit]}{text}"
        if unit in ("percent", "pct", "%"):
            return f"{text} %"
        return f"{text} {unit}".strip()
    if isinstance(value, dt.datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date().isoformat()
    return str(value)


def _number(value: float | Decimal) -> str:
    value = float(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 0.01 else f"{value:.3g}"


def summary(result: Result) -> str:
    """What the result says, in one to three sentences."""
    rows, columns = result.rows, result.columns
    if not rows:
        return "No rows match the question."
    if len(rows) == 1:
        return _single(result)
    measure = _measure_place(result)
    if measure is None:
        return _listing(result)
    day = next((i for i, c in enumerate(columns) if c.type in ("date", "timestamp")), None)
    return _series(result, day, measure) if day is not None else _breakdown(result, measure)


def _measure_place(result: Result) -> int | None:
    """The last column of numbers that is no key."""
    places = [
        i for i, c in enumerate(result.columns)
        if c.type in ("integer", "decimal", "float") and not c.name.lower().endswith("id")
        and "year" not in c.name.lower()
    ]  # fmt: skip
    return places[-1] if places and len(result.columns) > 1 else None


def _single(result: Result) -> str:
    parts = [
        f"{spoken(c.name)} is {shown(v, c)}"
        for c, v in zip(result.columns, result.rows[0], strict=True)
    ]
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _listing(result: Result) -> str:
    count = f"{len(result.rows):,}{' or more' if result.truncated else ''}"
    names = [shown(row[-1], result.columns[-1]) for row in result.rows[:3]]
    more = ", and more" if len(result.rows) > 3 else ""
    return f"There are {count} rows: {', '.join(names)}{more}."


def _label(result: Result, row: tuple[Scalar, ...], skip: int) -> str:
    """What a row is called: its texts, else its first column."""
    texts = [
        shown(v) for i, (c, v) in enumerate(zip(result.columns, row, strict=True))
        if i != skip and c.type in ("text", "boolean")
    ]  # fmt: skip
    return " ".join(texts[:3]) or shown(row[0], result.columns[0])


def _numbers(result: Result, place: int) -> list[tuple[float, tuple[Scalar, ...]]]:
    found = []
    for row in result.rows:
        value = row[place]
        if isinstance(value, int | float | Decimal):
            found.append((float(value), row))
    return found


def _breakdown(result: Result, place: int) -> str:
    column = result.columns[place]
    found = _numbers(result, place)
    if not found:
        return _listing(result)
    high = max(found, key=lambda f: f[0])
    low = min(found, key=lambda f: f[0])
    name = spoken(column.name)
    text = f"{len(result.rows):,} rows. The highest {name} is {shown(high[1][place], column)}"
    text += f" ({_label(result, high[1], place)})"
    total = sum(value for value, _ in found)
    adds_up = name.startswith(("number of", "sum", "count", "total")) and not result.truncated
    if adds_up and total > 0 and min(v for v, _ in found) >= 0:
        text += f", {100 * high[0] / total:.0f} % of all {shown(_whole(total), column)} shown"
    return (
        f"{text}; the lowest is {shown(low[1][place], column)} ({_label(result, low[1], place)})."
    )


def _whole(total: float) -> float:
    return int(total) if total == int(total) else total


def _series(result: Result, day: int, place: int) -> str:
    column = result.columns[place]
    found = sorted(
        (f for f in _numbers(result, place) if f[1][day] is not None), key=lambda f: str(f[1][day])
    )
    if len({f[1][day] for f in found}) < 2 or len(found) != len({f[1][day] for f in found}):
        return _breakdown(result, place)
    first, last = found[0], found[-1]
    peak = max(found, key=lambda f: f[0])
    name = spoken(column.name)
    text = (
        f"From {shown(first[1][day])} to {shown(last[1][day])}, {name} went from"
        f" {shown(first[1][place], column)} to {shown(last[1][place], column)}"
    )
    if first[0] > 0:
        text += f" ({100 * (last[0] - first[0]) / first[0]:+.0f} %)"
    return f"{text}. The peak was {shown(peak[1][place], column)} on {shown(peak[1][day])}."
