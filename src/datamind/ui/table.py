"""Tables: the rows of an answer, sorted by their values and written for people."""

from __future__ import annotations

from nicegui import ui

from datamind.ui.client import JSON
from datamind.ui.figures import is_number, places_of, sendable, unit_of, written
from datamind.ui.pieces import box, named, text
from datamind.ui.words import spoken

MOST_ROWS = 1_000
PER_PAGE = 25  # two years of months in one view
# Values are sorted as they are and shown as they were written; both are text to the browser.
LABEL = "(first, last, all) => datamind.range(first, last, all)"
CELL = """
<q-td :props="props">
  <span v-if="props.value === null" class="null" title="no value">—</span>
  <span v-else>{{ props.row['shown_' + props.col.name] }}</span>
</q-td>
"""


def result_table(columns: list[JSON], rows: list[JSON], *, total: int) -> None:
    """The rows, at most `MOST_ROWS` of them, and what is not shown."""
    sent = rows[:MOST_ROWS]
    places = [places_of(row[c["name"]] for row in sent) for c in columns]
    lines = []
    for number, row in enumerate(sent):
        line: JSON = {"key": number}
        for at, column in enumerate(columns):
            value = row[column["name"]]
            line[f"c{at}"] = sendable(value)
            line[f"shown_c{at}"] = written(value, column, places[at])
        lines.append(line)
    heads = [
        {
            "name": f"c{at}", "field": f"c{at}", "label": _head(column), "sortable": True,
            "align": "right" if is_number(column) else "left",
        }
        for at, column in enumerate(columns)
    ]  # fmt: skip
    with box("div", "rows"):
        table = ui.table(
            rows=lines, columns=heads, row_key="key",
            pagination=PER_PAGE if len(lines) > PER_PAGE else None,
        )  # fmt: skip
        table.props("flat dense").classes("result")
        table.props[":pagination-label"] = LABEL
        named(table, "Rows of the answer")
        table.add_slot("body-cell", CELL)
    if total > MOST_ROWS:
        text("p", f"The first {MOST_ROWS:,} of {total:,} rows are shown.", "small muted")


def _head(column: JSON) -> str:
    parts = [spoken(column["name"]), unit_of(column), "(masked)" if column.get("masked") else ""]
    return " ".join(part for part in parts if part)
