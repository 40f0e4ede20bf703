"""Rendering: answers, tables and progress on a terminal; plain where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamind.pipeline.figures import shown
from datamind.records import Answer, StageReport

MOST_ROWS = 20
WIDTH_OF_FILES = 160
_STATUS = {
    "answered": "green",
    "clarify": "yellow",
    "refused": "yellow",
    "forbidden": "red",
    "error": "red",
}


class Screen:
    """Where people read."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        if not self.console.is_terminal:
            self.console.width = WIDTH_OF_FILES

    @contextmanager
    def progress(self, *, show: bool) -> Iterator[Callable[[StageReport], None]]:
        """A spinner that names the stage at work; nothing off a terminal."""
        if not show or not self.console.is_terminal:
            yield lambda report: None
            return
        with self.console.status("reading the catalog") as status:
            yield lambda report: status.update(f"{report.stage} done")

    def say(self, text: str, style: str = "") -> None:
        """A line of text."""
        self.console.print(escape(text), style=style or None)

    def answer(self, answer: Answer) -> None:
        """The sentence first, then the rows, then how it came about."""
        self.console.print(escape(answer.summary), style=f"bold {_STATUS[answer.status]}")
        if answer.status != "answered":
            self._unanswered(answer)
            return
        if len(answer.rows) > 1 or len(answer.columns) > 2:
            self.rows([c.name for c in answer.columns], self._cells(answer), len(answer.rows))
        self._section("How it was understood", [answer.explanation, *answer.assumptions])
        self._section("Words", [f"{link.text} → {link.item}" for link in answer.links])
        self._section("SQL", [answer.sql or ""])
        badges = f"trust {answer.trust} · confidence {answer.confidence:.0%}"
        self.say(f"\n{badges} · {answer.elapsed_ms:,.0f} ms · {answer.warehouse}", "dim")
        for warning in answer.warnings:
            self.say(f"Warning: {warning}", "yellow")
        self._section("Ask next", answer.follow_ups)

    def _cells(self, answer: Answer) -> Iterator[list[str]]:
        for row in answer.rows[:MOST_ROWS]:
            yield [
                "" if v is None else shown(v, c) for c, v in zip(answer.columns, row, strict=True)
            ]

    def _unanswered(self, answer: Answer) -> None:
        if answer.unresolved:
            self.say(f"Not understood: {', '.join(answer.unresolved)}")
        for choice in answer.choices:
            self.say(f"  · {choice.label}")
        if answer.error_code:
            self.say(f"({answer.error_code})", "dim")
        if answer.hint:
            self.say(answer.hint)

    def _section(self, title: str, lines: Iterable[str]) -> None:
        found = [line for line in lines if line]
        if found:
            self.console.print(f"\n[bold]{title}[/bold]")
            for line in found:
                self.say(f"  {line}")

    def rows(self, names: Sequence[str], rows: Iterable[Sequence[str]], total: int = 0) -> None:
        """A table, its first rows; how many there are in all where some are left out."""
        table = Table(show_edge=False, pad_edge=False)
        for name in names:
            table.add_column(escape(name))
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self.console.print(table)
        if total > MOST_ROWS:
            self.say(f"… {total - MOST_ROWS:,} more rows", "dim")
