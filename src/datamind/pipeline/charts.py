"""Charts: how a result is best drawn, by the types of its columns."""

from __future__ import annotations

from datamind.pipeline.figures import DATES, is_figure, is_period, number_of
from datamind.records import Chart, Result, ResultColumn

MOST_BARS = 40
MOST_SLICES = 6
MOST_LINES = 3


def chart_of(result: Result) -> Chart:
    """One number, a line over time, bars or slices over categories, points, else a table."""
    columns = result.columns
    figures = [c.name for c in columns if is_figure(c)]
    if len(result.rows) == 1 and len(columns) == 1:
        return Chart("number", y=(columns[0].name,))
    if len(result.rows) < 2 or not figures or len({c.name for c in columns}) < len(columns):
        return Chart("table")
    dates = [c.name for c in columns if c.type in DATES]
    names = [c.name for c in columns if _is_name(c)]
    if dates:
        return _over_time(result, dates[0], names, figures)
    if names:
        return _over_names(result, names, figures)
    if len(figures) == 2:
        return Chart("scatter", figures[0], (figures[1],))
    return Chart("table")


def _is_name(column: ResultColumn) -> bool:
    """Whether its values name groups: texts, yes and no, years, quarters; keys name single rows."""
    return column.type in ("text", "boolean") or (column.type not in DATES and is_period(column))


def _over_time(result: Result, day: str, names: list[str], figures: list[str]) -> Chart:
    """A line, or one for each name; a list of dated rows is no line."""
    if _tell_apart(result, day):
        return Chart("line", day, tuple(figures[:MOST_LINES]))
    if len(names) == 1 and _tell_apart(result, day, names[0]):
        return Chart("line", day, (figures[-1],), names[0])
    return Chart("table")


def _over_names(result: Result, names: list[str], figures: list[str]) -> Chart:
    if len(result.rows) > MOST_BARS:
        return Chart("table")
    alone = next((n for n in names if _tell_apart(result, n)), None)
    if alone is not None:
        kind = "pie" if _is_whole(result, figures) else "bar"
        return Chart(kind, alone, tuple(figures[:2]))
    if len(names) == 2 and _tell_apart(result, *names):
        return Chart("bar", names[0], (figures[-1],), names[1])
    return Chart("table")


def _values(result: Result, name: str) -> list[object]:
    place = next(i for i, c in enumerate(result.columns) if c.name == name)
    return [row[place] for row in result.rows]


def _tell_apart(result: Result, *names: str) -> bool:
    """Whether these columns are different in every row."""
    found = list(zip(*(_values(result, name) for name in names), strict=True))
    return len(set(found)) == len(found)


def _is_whole(result: Result, figures: list[str]) -> bool:
    """A few parts that make a whole of one."""
    if len(figures) != 1 or len(result.rows) > MOST_SLICES:
        return False
    place = next(i for i, c in enumerate(result.columns) if c.name == figures[0])
    parts = [number_of(row[place]) for row in result.rows]
    known = [p for p in parts if p is not None and p >= 0]
    return len(known) == len(parts) and abs(sum(known) - 1) < 1e-6
