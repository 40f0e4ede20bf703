"""Summaries: a paragraph about a result, every figure in it computed from the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from datamind.language.calendar import move
from datamind.pipeline.figures import (
    DATES,
    called,
    is_figure,
    is_percent,
    is_period,
    is_plural,
    number_of,
    places_of,
    shown,
    words,
)
from datamind.records import Result, ResultColumn, Scalar

Row = tuple[Scalar, ...]
GRAINS = frozenset({"day", "week", "month", "quarter", "year"})
LEAST_PERCENT = 1  # a smaller share of a total says nothing


def summary(
    result: Result, additive: Collection[str] = (), today: dt.date | None = None,
    since: dt.date | None = None,
) -> str:  # fmt: skip
    """What the result says, in one or two sentences.

    `additive` names the columns whose values may be added up over the rows. A period that `today`
    lies in is not over, one that holds the day `since` which the rows begin is not whole: neither
    is a figure to compare with others.
    """
    if not result.rows:
        return "No rows match the question."
    if len(result.rows) == 1:
        return _single(result)
    figures = [i for i, c in enumerate(result.columns) if is_figure(c) and c.name != "rank"]
    if not figures or len(result.columns) == 1:
        return _listing(result)
    day = next((i for i, c in enumerate(result.columns) if c.type in DATES or _is_year(c)), None)
    if day is not None and not result.truncated:
        told = _series(result, day, figures[-1], today, since)
        if told:
            return told
    return _breakdown(result, figures[-1], additive)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _single(result: Result) -> str:
    """`Number of orders: 12.` or, where the row has a name, `Store 3: number of orders 250.`"""
    row, columns = result.rows[0], result.columns
    set_against = _now_and_before(result)
    if set_against:
        return set_against
    if len(columns) == 1:
        return _sentence(f"{called(columns[0])}: {shown(row[0], columns[0])}")
    texts = [i for i, c in enumerate(columns) if c.type == "text" and row[i] is not None]
    texts = texts or [i for i, c in enumerate(columns) if row[i] is not None and is_period(c)]
    figures = [i for i, c in enumerate(columns) if is_figure(c)]
    told = figures if texts and figures else [i for i in range(len(columns)) if i not in texts]
    said = ", ".join(f"{called(columns[i])} {shown(row[i], columns[i])}" for i in told)
    name = " ".join(shown(row[i], columns[i]) for i in texts[:3])
    return _sentence(": ".join(part for part in (name, said) if part))


def _now_and_before(result: Result) -> str:
    """`Revenue: $120 now, $100 before (+20 %).` of a figure that is told for both; else empty."""
    row, columns = result.rows[0], result.columns
    at = [n for n, c in enumerate(columns[:2]) if words(c.name)[-1] == ("now", "before")[n]]
    now, before = (number_of(row[n]) for n in at) if len(at) == 2 else (None, None)
    if now is None or before is None:
        return ""
    name = called(columns[0]).removesuffix(" now")
    places = places_of([now, before])
    text = f"{name}: {shown(row[0], columns[0], places)} now"
    text += f", {shown(row[1], columns[1], places)} before"
    if before > 0 and not is_percent(columns[0]):
        text += f" ({100 * (now - before) / before:+,.1f} %)"
    return _sentence(text)


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
        _flag(v, c) if c.type == "boolean" else shown(v, c)
        for i, (c, v) in enumerate(zip(result.columns, row, strict=True))
        if i != skip and c.type in ("text", "boolean")
    ]  # fmt: skip
    if texts:  # and when, where each has several periods
        texts = texts[:3] + [
            shown(v, c) for i, (c, v) in enumerate(zip(result.columns, row, strict=True))
            if i != skip and is_period(c) and c.name in GRAINS
        ]  # fmt: skip
        return " ".join(texts)
    first = next(i for i in range(len(row)) if i != skip or len(row) == 1)
    return shown(row[first], result.columns[first])


def _flag(value: Scalar, column: ResultColumn) -> str:
    """`weekend` or `not weekend` of a column is_weekend; else the column with its yes or no."""
    first, *rest = words(column.name) or [""]
    if first == "is" and rest and isinstance(value, bool):
        return " ".join([*([] if value else ["not"]), *rest])
    return f"{called(column)}: {shown(value, column)}"


def _figures(result: Result, place: int) -> list[tuple[float, Row]]:
    found = [(number_of(row[place]), row) for row in result.rows]
    return [(number, row) for number, row in found if number is not None]


def _breakdown(result: Result, place: int, additive: Collection[str]) -> str:
    column, found = result.columns[place], _figures(result, place)
    if not found:
        return _listing(result)
    places = places_of(row[place] for row in result.rows)
    high, low = max(n for n, _ in found), min(n for n, _ in found)
    name = called(column)
    if high == low and len(found) == len(result.rows):
        return f"{_count(result)}, each with the same {name}: {shown(found[0][1][place], column)}."
    verb = "are" if is_plural(name.split(" of ")[0].split()[-1]) else "is"
    if verb == "are" and column.type == "integer":
        name, verb = f"number of {name}", "is"
    text = (
        f"{_count(result)}. The highest {name} {verb}"
        f" {_extreme(result, place, high, found, places)}"
    )
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


def _series(
    result: Result, day: int, place: int, today: dt.date | None, since: dt.date | None
) -> str:
    """How a figure went over time, in whole periods; empty where days repeat."""
    column, when = result.columns[place], result.columns[day]
    found = sorted(
        (f for f in _figures(result, place) if f[1][day] is not None), key=lambda f: str(f[1][day])
    )
    days = {f[1][day] for f in found}
    if len(days) < 2 or len(found) != len(days):
        return ""
    places = places_of(row[place] for row in result.rows)
    running = found.pop()[1] if _is_on(found[-1][1][day], when, today) else None
    begun = found.pop(0)[1] if len(found) > 1 and _is_cut(found[0][1][day], when, since) else None
    text = _course(result, day, place, found, places)
    if begun is not None and since is not None:
        part = shown(begun[place], column, places)
        text += f" {shown(begun[day], when)} is counted from {since.isoformat()} on: {part}."
    if running is not None:
        so_far = shown(running[place], column, places)
        text += f" {shown(running[day], when)} is not over: {so_far} so far."
    return text


def _course(
    result: Result, day: int, place: int, found: Sequence[tuple[float, Row]], places: int
) -> str:
    """How the figure went from the first of these periods to the last, or what it was in one."""
    column, when = result.columns[place], result.columns[day]
    (first, start), (last, end) = found[0], found[-1]
    if len(found) == 1:
        told = f"{called(column)} {shown(start[place], column, places)}"
        return _sentence(f"{shown(start[day], when)}: {told}")
    high, peak = max(found, key=lambda f: f[0])
    text = (
        f"From {shown(start[day], when)} to {shown(end[day], when)}, {called(column)}"
        f" {_moved(column, start[place], end[place], places)}"
    )
    if first > 0 and first != last and not is_percent(column):
        text += f" ({100 * (last - first) / first:+,.0f} %)"
    moment = shown(peak[day], when)
    at = f"{shown(peak[place], column, places)} {'on' if moment.count('-') > 1 else 'in'} {moment}"
    return text + (f". The peak was {at}." if high > max(first, last) else ".")


def _is_on(start: Scalar, column: ResultColumn, today: dt.date | None) -> bool:
    """Whether today lies in the period that begins then, and is not its last day."""
    first, end = _day(start), _end(start, column)
    if today is None or first is None or end is None:
        return False
    return first <= today < max(end - dt.timedelta(1), first + dt.timedelta(1))


def _is_cut(start: Scalar, column: ResultColumn, since: dt.date | None) -> bool:
    """Whether the rows begin after the first day of the period that begins then."""
    first, end = _day(start), _end(start, column)
    return bool(since and first and end and first < since < end)


def _end(start: Scalar, column: ResultColumn) -> dt.date | None:
    """The day after the period that begins then; None where it is no period."""
    grain, first = words(column.name)[-1], _day(start)
    return move(first, grain, 1) if first and grain in GRAINS else None


def _is_year(column: ResultColumn) -> bool:
    """Whether its whole numbers are the years that rows are grouped by."""
    return column.type == "integer" and column.name == "year"


def _day(moment: Scalar) -> dt.date | None:
    """The first day of a period, of a year told by its number too."""
    if isinstance(moment, int) and not isinstance(moment, bool) and 0 < moment < dt.MAXYEAR:
        return dt.date(moment, 1, 1)
    return (
        moment.date()
        if isinstance(moment, dt.datetime)
        else (moment if isinstance(moment, dt.date) else None)
    )


def _moved(column: ResultColumn, start: Scalar, end: Scalar, places: int) -> str:
    if start == end:
        return f"began and ended at {shown(start, column, places)}"
    return f"went from {shown(start, column, places)} to {shown(end, column, places)}"
