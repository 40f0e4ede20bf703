"""Pouring: what all formats share in going through the batches of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from datamind.records import Result, ResultColumn, Written

Columns = tuple[ResultColumn, ...]


def pour(
    batches: Iterator[Result], head: Callable[[Columns], object], body: Callable[[Result], object]
) -> Written:
    """Call `head` once, and `body` for each batch; how much that was."""
    rows, truncated, begun = 0, False, False
    for part in batches:
        if not begun:
            head(part.columns)
            begun = True
        body(part)
        rows += len(part.rows)
        truncated = part.truncated
    return Written(rows, truncated)
