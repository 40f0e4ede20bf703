"""Summaries: a paragraph about a result, every figure in it computed from the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from datamind.pipeline.figures import (
    DATES,
    is_figure,
    is_percent,
    number_of,
    places_of,
    shown,
    spoken,
)
from datamind.records import Result, ResultColumn, Scalar

Row = tuple[Scalar, ...]
LEAST_PERCENT = 1  # a smaller share of a total says nothing


def summary(result: Result, additive: Collection[str] = ()) -> str:
    """What the result says, in one or two sentences.

    `additive` names the columns whose values may be added up over the rows.
    """
    if not result.rows:
        return "No rows match the question."
    if len(result.rows) == 1:
        return _single(result)
    figures = [i for i, c in enumerate(result.columns) if is_figure(c)]
    if not figures or len(result.columns) == 1:
        return _listing(result)
    day = next((i for i, c in enumerate(result.columns) if c.type in DATES), None)
    if day is not None and not result.truncated:
        told = _series(result, day, figures[-1])
        if told:
            return told
    return _breakdown(result, figures[-1], additive)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _single(result: Result) -> str:
    """`Number of orders: 12.` or, where the row has a name, `Store 3: number of orders 250.`"""
    row, columns = result.rows[0], result.columns
    if len(columns) == 1:
        return _sentence(f"{spoken(columns[0].name)}: {shown(row[0], columns[0])}")
    texts = [i for i, c in enumerate(columns) if c.type == "text" and row[i] is not None]
    figures = [i for i, c in enumerate(columns) if is_figure(c)]
    told = figures if texts and figures else [i for i in range(len(columns)) if i not in texts]
    said = ", ".join(f"{spoken(columns[i].name)} {shown(row[i], columns[i])}" for i in told)
    name = " ".join(shown(row[i], columns[i]) for i in texts[:3])
    return _sentence(": ".join(part for part in (name, said) if part))


def _count(result: Result) -> str:
    count = f"{len(result.rows):,}"
    return f"The first {count} of more rows" if result.truncated else f"{count} rows"


def _listing(result: Result) -> str:
    names = list(dict.fromkeys(_label(result, row, None) for row in result.rows[:4]))
    more = ", and more" if len(result.rows) > 3 or result.truncated else ""
    return f"{_count(result)}: {', '.join(names[:3])}{more}."


def _label(result: Result, row: Row, skip: int | None) -> str:
    """What a row is called: its texts, else its first column that is not `skip`."""
    texts = [
        shown(v, c) for i, (c, v) in enumerate(zip(result.columns, row, strict=True))
        if i != skip and c.type in ("text", "boolean")
    ]  # fmt: skip
    first = next(i for i in range(len(row)) if i != skip or len(row) == 1)
    return " ".join(texts[:3]) or shown(row[first], result.columns[first])


def _figures(result: Result, place: int) -> list[tuple[float, Row]]:
    found = [(number_of(row[place]), row) for row in result.rows]
    return [(number, row) for number, row in found if number is not None]


def _breakdown(result: Result, place: int, additive: Collection[str]) -> str:
    column, found = result.columns[place], _figures(result, place)
    if not found:
        return _listing(result)
    places = places_of(row[place] for row in result.rows)
    high, low = max(n for n, _ in found), min(n for n, _ in found)
    name = spoken(column.name)
    if high == low and len(found) == len(result.rows):
        return f"{_count(result)}, each with the same {name}: {shown(found[0][1][place], column)}."
    text = f"{_count(result)}. The highest {name} is {_extreme(result, place, high, found, places)}"
    whole = sum(n for n, _ in found)
    told = low >= 0 and whole > 0 and 100 * high / whole >= LEAST_PERCENT
    if column.name in additive and not result.truncated and told:
        total = shown(int(whole) if whole == int(whole) else whole, column, places)
        text += f", {100 * high / whole:.0f} % of their total, {total}"
    return f"{text}; the lowest is {_extreme(result, place, low, found, places)}."


def _extreme(
    result: Result, place: int, value: float, found: Sequence[tuple[float, Row]], places: int
) -> str:
    """The value, and the row that has it; how many others have it too."""
    rows = [row for number, row in found if number == value]
    others = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
    label = _label(result, rows[0], place)
    return f"{shown(rows[0][place], result.columns[place], places)} ({label}{others})"


def _series(result: Result, day: int, place: int) -> str:
    """How a figure went over time; empty where days repeat."""
    column, when = result.columns[place], result.columns[day]
    found = sorted(
        (f for f in _figures(result, place) if f[1][day] is not None), key=lambda f: str(f[1][day])
    )
    days = {f[1][day] for f in found}
    if len(days) < 2 or len(found) != len(days):
        return ""
    places = places_of(row[place] for row in result.rows)
    (first, start), (last, end) = found[0], found[-1]
    high, peak = max(found, key=lambda f: f[0])
    text = (
        f"From {shown(start[day], when)} to {shown(end[day], when)}, {spoken(column.name)}"
        f" {_moved(column, start[place], end[place], places)}"
    )
    if first > 0 and first != last and not is_percent(column):
        text += f" ({100 * (last - first) / first:+,.0f} %)"
    moment = shown(peak[day], when)
    at = f"{shown(peak[place], column, places)} {'on' if moment.count('-') > 1 else 'in'} {moment}"
    return f"{text}. The peak was {at}." if high > max(first, last) else f"{text}."


def _moved(column: ResultColumn, start: Scalar, end: Scalar, places: int) -> str:
    if start == end:
        return f"began and ended at {shown(start, column, places)}"
    return f"went from {shown(start, column, places)} to {shown(end, column, places)}"
