"""Rendering: answers, tables and progress on a terminal; plain where there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import sqlglot
from rich.cells import set_cell_size
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from datamind.commands.faults import printable
from datamind.pipeline.figures import heading, is_figure, is_label, places_of, written
from datamind.records import Answer, ResultColumn, Scalar, StageReport

MOST_ROWS = 20
WIDTH_OF_FILES = 160
NARROWEST = 12  # a column of texts is cut down to this before one is left out
WRAPPED = 24
GAP = 3
_STATUS = {"answered": "green", "clarify": "yellow", "refused": "yellow"}
NULL = Text("NULL", "dim italic")


class Screen:
    """Where people read: results on standard output, progress on standard error."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.aside = Console(stderr=True, highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDTH_OF_FILES

    @contextmanager
    def progress(
        self, *, show: bool = True, text: str = "reading the catalog"
    ) -> Iterator[Callable[[StageReport], None]]:
        """A spinner that names the stage at work; nothing off a terminal."""
        if not show or not self.aside.is_terminal:
            yield lambda report: None
            return
        with self.aside.status(text) as status:
            yield lambda report: status.update(f"{report.stage} done")

    def say(self, text: str, style: str = "") -> None:
        """Lines of text; the terminal wraps them, so that they are copied whole."""
        for line in text.split("\n"):
            self.console.print(Text(printable(line), style), soft_wrap=True)

    def answer(self, answer: Answer) -> None:
        """The sentence first, then the rows, then how it came about."""
        self.say(answer.summary, f"bold {_STATUS.get(answer.status, 'red')}")
        if answer.status != "answered":
            self._unanswered(answer)
            return
        self._rows_of(answer)
        understood = [*answer.explanation.split("\n"), *answer.assumptions]
        self._section("How it was understood", understood)
        self._section("Words", [f"{link.text} → {link.item}" for link in answer.links])
        self._section("SQL", pretty(answer.sql or "").split("\n"))
        badges = f"trust {answer.trust} · confidence {answer.confidence:.0%}"
        where = f"{answer.warehouse} ({answer.routed})" if answer.routed else answer.warehouse
        self.say(f"\n{badges} · {answer.elapsed_ms:,.0f} ms · {where}", "dim")
        for warning in answer.warnings:
            self.say(f"Warning: {warning}", "yellow")
        readings = [choice.label.replace("\n", " ") for choice in answer.choices]
        self._section("It could also be read as", readings)
        self._section("Ask next", answer.follow_ups)

    def _rows_of(self, answer: Answer) -> None:
        """The rows as a table, one wide row upright; what the summary said is not repeated."""
        columns, rows = answer.columns, answer.rows
        shown = [_cells(c, [row[i] for row in rows[:MOST_ROWS]]) for i, c in enumerate(columns)]
        heads = [heading(c) for c in columns]
        if len(rows) == 1 and len(columns) > 2:
            self.rows(["column", "value"], zip(heads, (cells[0] for cells in shown), strict=True))
        elif len(rows) > 1:
            right = [h for h, c in zip(heads, columns, strict=True) if is_figure(c) or is_label(c)]
            self.rows(heads, zip(*shown, strict=True), right=right)
            left = len(rows) - MOST_ROWS
            if left > 0:
                more = "more than " if answer.truncated else ""
                self.say(f"… {more}{counted(left, 'more row')}; --json gives them", "dim")

    def _unanswered(self, answer: Answer) -> None:
        for number, choice in enumerate(answer.choices, 1):
            label = choice.label.replace("\n", f"\n{' ' * len(f'  {number}. ')}")
            self.say(f"  {number}. {label}")
        refusal = answer.refusal
        missing = [w for w in answer.unresolved if w not in answer.summary]
        if missing:
            self.say(f"Not understood: {', '.join(missing)}")
        if refusal and refusal.nearest:
            self.say(f"Nearest in the data: {', '.join(refusal.nearest)}")
        if answer.error_code and answer.status != "clarify":
            self.say(f"({answer.error_code})", "dim")
        if answer.hint:
            self.say(answer.hint)

    def _section(self, title: str, lines: Iterable[str]) -> None:
        found = [line for line in lines if line]
        if found:
            self.say(f"\n{title}", "bold")
            for line in found:
                self.say(f"  {line}")

    def rows(
        self, names: Sequence[str], rows: Iterable[Sequence[str | Text]],
        right: Collection[str] = (), wrapped: Collection[str] = (),
    ) -> None:  # fmt: skip
        """A table as wide as the screen: texts are cut, then the last columns left out and told.

        Columns in `right` are figures and stay whole; those in `wrapped` go over several lines.
        """
        cells = [[_text(cell) for cell in row] for row in rows]
        heads = [_text(name) for name in names]
        widths = [
            max(cell.cell_len for cell in column) for column in zip(heads, *cells, strict=True)
        ]
        least = [
            width if name in right else min(width, WRAPPED if name in wrapped else NARROWEST)
            for name, width in zip(names, widths, strict=True)
        ]
        fit = _fitting(least, self.console.width)
        room = _shrunk(widths[:fit], least, self.console.width)
        table = Table(show_edge=False, pad_edge=False)
        for head, name, width in zip(heads, names, room, strict=False):
            side: JustifyMethod = "right" if name in right else "left"
            table.add_column(_cut(head, width), justify=side, width=width)
        for row in cells:
            table.add_row(
                *(
                    cell if name in wrapped else _cut(cell, width)
                    for cell, name, width in zip(row, names, room, strict=False)
                )
            )
        self.console.print(table)
        left = names[fit:]
        if left:
            self.say(f"… {counted(len(left), 'more column')}: {', '.join(left)}", "dim")


def counted(number: int, noun: str) -> str:
    """`1 table`, `1,200 tables`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _fitting(least: Sequence[int], width: int) -> int:
    """How many columns there is room for, at least one."""
    used = 0
    for at, column in enumerate(least):
        used += column + GAP
        if at and used - GAP > width:
            return at
    return len(least)


def _shrunk(widths: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """The widths, those of the widest columns made less until the table fits."""
    room = list(widths)
    over = sum(room) + GAP * (len(room) - 1) - width
    while over > 0:
        slack = [(r - least[at], at) for at, r in enumerate(room)]
        most, at = max(slack)
        if most <= 0:
            break
        room[at] -= 1
        over -= 1
    return room


def _cut(cell: Text, width: int) -> Text:
    if cell.cell_len <= width:
        return cell
    return Text(set_cell_size(cell.plain, width - 1).rstrip() + "…", cell.style)


def _text(cell: str | Text) -> Text:
    return cell if isinstance(cell, Text) else Text(printable(cell))


def _cells(column: ResultColumn, values: Sequence[Scalar]) -> list[str | Text]:
    """A column's values, the decimals of its figures below each other; null is not empty."""
    places = places_of(values) if is_figure(column) else None
    return [NULL if v is None else written(v, column, places) for v in values]


def pretty(sql: str) -> str:
    """The statement on several lines, where nothing but its white space changes by that."""
    for dialect in ("duckdb", "postgres"):
        try:
            made = sqlglot.parse_one(sql, dialect=dialect).sql(dialect=dialect, pretty=True)
        except sqlglot.errors.SqlglotError:
            continue
        if "".join(made.split()) == "".join(sql.split()):
            return made
    return sql
