"""Charts: how a result is best drawn, by the types of its columns."""

from __future__ import annotations

from datamind.records import Chart, Result

NUMBERS = frozenset({"integer", "decimal", "float"})
DATES = frozenset({"date", "timestamp"})
MOST_BARS = 40
MOST_SLICES = 6


def chart_of(result: Result) -> Chart:
    """One number, a line over time, bars or slices over categories, points, else a table."""
    columns, rows = result.columns, result.rows
    numbers = [c.name for c in columns if c.type in NUMBERS and not c.name.lower().endswith("id")]
    dates = [c.name for c in columns if c.type in DATES]
    names = [c.name for c in columns if c.type in ("text", "boolean")]
    if len(rows) == 1 and len(columns) == 1:
        return Chart("number", y=(columns[0].name,))
    if len(rows) < 2 or not numbers:
        return Chart("table")
    if dates:
        return Chart("line", dates[0], tuple(numbers[:3]), names[0] if names else None)
    if names and len(rows) <= MOST_BARS:
        kind = "pie" if _is_share(result, numbers) else "bar"
        return Chart(kind, names[-1], tuple(numbers[:2]))
    if not names and len(numbers) == 2 and len(rows) <= MOST_BARS:
        return Chart("bar", numbers[0], (numbers[1],))
    if len(numbers) >= 2:
        return Chart("scatter", numbers[0], (numbers[1],))
    return Chart("table")


def _is_share(result: Result, numbers: list[str]) -> bool:
    """A few parts that make a whole of one."""
    if len(numbers) != 1 or not 2 <= len(result.rows) <= MOST_SLICES:
        return False
    place = next(i for i, c in enumerate(result.columns) if c.name == numbers[0])
    values = [float(str(row[place])) for row in result.rows if row[place] is not None]
    return len(values) == len(result.rows) and min(values) >= 0 and abs(sum(values) - 1) < 1e-6
