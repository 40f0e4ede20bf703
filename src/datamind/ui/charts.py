"""Charts: the options that ECharts draws an answer with; colours of text come from the page."""

from __future__ import annotations

import json
from typing import Any

from datamind.ui.client import JSON
from datamind.ui.figures import SHARE, places_of, sendable, unit_of, written
from datamind.ui.words import spoken

MOST_CATEGORIES = 40
MOST_SERIES = 8
MOST_POINTS = 2_000
LONG_LABEL = 11
# Told apart in light and dark, and by people who see red and green alike.
COLOURS = ["#12877c", "#e08a3c", "#5b7fde", "#c25b8f", "#87963a", "#7a6bc9", "#4aa3c7", "#b0685a"]
FAINT = "#8892a04d"  # lines that are seen on white and on black
# The page's font. Labels of axes need it told of their own: room is made for them before ECharts
# looks at what holds for the whole chart.
FONT: JSON = {"fontFamily": 'system-ui, -apple-system, "Segoe UI", sans-serif'}
LOOK: JSON = {
    "color": COLOURS,
    "textStyle": FONT,
    "animation": False,  # people who ask for less motion get the same picture
}
# Where an axis that lies has its name: at its end it would stand on the last figure.
BELOW: JSON = {"nameLocation": "middle", "nameGap": 28, "nameTextStyle": {"align": "center"}}
Rows = list[JSON]


def options_of(chart: JSON, columns: list[JSON], rows: Rows) -> JSON | None:
    """What ECharts is told; None where the result is better read as a table."""
    by_name = {c["name"]: c for c in columns}
    x, ys = chart.get("x"), [y for y in chart.get("y", []) if y in by_name]
    if x not in by_name or not ys or not rows:
        return None
    rows = [{name: sendable(value) for name, value in row.items()} for row in rows]
    match chart["kind"]:
        case "line" if len(rows) <= MOST_POINTS:
            return _over(chart, by_name, rows, "line")
        case "bar" if len(rows) <= MOST_CATEGORIES * MOST_SERIES:
            return _over(chart, by_name, rows, "bar")
        case "pie":
            return _pie(by_name[x], by_name[ys[0]], rows)
        case "scatter" if len(rows) <= MOST_POINTS:
            return _scatter(by_name[x], by_name[ys[0]], rows)
    return None


def height_of(options: JSON) -> int:
    """Pixels: bars that lie need room for each."""
    axis = options.get("yAxis", {})
    if axis.get("type") == "category":
        return int(max(240, 70 + 30 * len(axis["data"])))
    return 320


def _over(chart: JSON, by_name: dict[str, JSON], rows: Rows, kind: str) -> JSON | None:
    x = by_name[chart["x"]]
    names, series = _series(chart, by_name, rows)
    if len(names) > MOST_CATEGORIES and kind == "bar":
        return None
    unit = by_name[chart["y"][0]]
    drawn = [
        {
            "type": kind, "name": name, "data": values, "barMaxWidth": 34, "smooth": False,
            "symbolSize": 6, "showSymbol": len(names) <= MOST_CATEGORIES,
            "itemStyle": {"borderRadius": 3}, "emphasis": {"focus": "series"},
        }
        for name, values in series
    ]  # fmt: skip
    labels = [written(n, x, places_of([n])) for n in names]
    lying = kind == "bar" and (len(labels) > 8 or max(map(len, labels)) > LONG_LABEL)
    category = {
        "type": "category", "data": labels, "boundaryGap": kind == "bar", "inverse": lying,
        "axisLine": {"lineStyle": {"color": FAINT}}, "axisTick": {"show": False},
        "axisLabel": {**FONT, "width": 140, "overflow": "truncate"},
    }  # fmt: skip
    value = _value_axis(unit) | (BELOW if lying else {})
    return {
        **_frame([name for name, _ in series], unit, below=lying and bool(value["name"])),
        "xAxis": value if lying else category,
        "yAxis": category if lying else value,
        "series": drawn,
    }


def _series(
    chart: JSON, by_name: dict[str, JSON], rows: Rows
) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
    """The categories, and for each series its name and values."""
    x, ys, split = chart["x"], chart["y"], chart.get("series")
    names = list(dict.fromkeys(row[x] for row in rows))
    if split in by_name:
        groups = list(dict.fromkeys(row[split] for row in rows))[:MOST_SERIES]
        cells = {(row[split], row[x]): row[ys[0]] for row in rows}
        return names, [
            (written(g, by_name[split], 0), [cells.get((g, n)) for n in names]) for g in groups
        ]
    drawn = [y for y in ys if y in by_name and _fit_together(by_name[ys[0]], by_name[y], rows)]
    return names, [(spoken(y), [row[y] for row in rows]) for y in drawn]


def _fit_together(first: JSON, other: JSON, rows: Rows) -> bool:
    """Whether both can be read off one axis: the same unit, sizes not worlds apart."""
    if first["name"] == other["name"]:
        return True
    sizes = [
        max((abs(r[c["name"]]) for r in rows if isinstance(r[c["name"]], int | float)), default=0)
        for c in (first, other)
    ]
    return first.get("unit") == other.get("unit") and min(sizes) * 50 > max(sizes)


def _pie(x: JSON, y: JSON, rows: Rows) -> JSON:
    data = [
        {"name": written(r[x["name"]], x, 0), "value": r[y["name"]]} for r in rows
    ]  # fmt: skip
    return {
        **LOOK,
        "tooltip": {"trigger": "item", "className": "chart-tip", ":valueFormatter": _tip(y)},
        "series": [
            {
                "type": "pie", "radius": ["48%", "74%"], "data": data, "minAngle": 2,
                "label": {"formatter": "{b}  {d} %"},
            }
        ],
    }  # fmt: skip


def _scatter(x: JSON, y: JSON, rows: Rows) -> JSON:
    points = [[r[x["name"]], r[y["name"]]] for r in rows]
    return {
        **_frame([spoken(y["name"])], y, below=True),
        "tooltip": {"trigger": "item", "className": "chart-tip"},
        "xAxis": {**_value_axis(x), "name": _titled(x), **BELOW},
        "yAxis": {**_value_axis(y), "name": _titled(y)},
        "series": [{"type": "scatter", "symbolSize": 8, "data": points}],
    }  # fmt: skip


def _frame(names: list[str], column: JSON, *, below: bool = False) -> JSON:
    """What charts with axes share; `below`: the lower axis has a name."""
    several = len(names) > 1
    return {
        **LOOK,
        "grid": {
            "left": 8, "right": 40, "top": 44 if several else 28,
            "bottom": 30 if below else 8, "containLabel": True,
        },
        "legend": {"show": several, "type": "scroll", "top": 0, "icon": "roundRect"},
        "tooltip": {
            "trigger": "axis", "className": "chart-tip", "confine": True,
            "axisPointer": {"type": "line"}, ":valueFormatter": _tip(column),
        },
    }  # fmt: skip


def _value_axis(column: JSON) -> JSON:
    return {
        "type": "value",
        "name": unit_of(column),
        "nameTextStyle": {"align": "right"},
        "axisLabel": {
            **FONT, ":formatter": f"(value) => datamind.compact({_drawn(column)})",
            "hideOverlap": True,
        },
        "splitNumber": 4,
        "splitLine": {"lineStyle": {"color": FAINT}},
    }  # fmt: skip


def _titled(column: JSON) -> str:
    unit = unit_of(column)
    return spoken(column["name"]) + (f" ({unit})" if unit else "")


def _tip(column: JSON) -> str:
    """Code of ours; the unit goes in as a JSON string, whatever it holds."""
    return f"(value) => datamind.figure({_drawn(column)}, {json.dumps(unit_of(column))})"


def _drawn(column: JSON) -> str:
    """A value as it is told, in code: shares in percent."""
    share = column.get("unit") == SHARE
    return "value === null || value === undefined ? value : 100 * value" if share else "value"
