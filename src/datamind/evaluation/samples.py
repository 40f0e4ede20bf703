"""The first rows of a result, fit to be shown to people who did not ask: nothing personal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datamind.errors import DataMindError
from datamind.evaluation.results import Row
from datamind.pipeline.ask import prepared_sql
from datamind.pipeline.context import AskContext
from datamind.pipeline.figures import written
from datamind.records import ResultColumn, Scalar

ROWS = 5
MOST_COLUMNS = 12
MOST_LETTERS = 80
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as texts, of `total`. `hidden` are the positions of the columns that are not shown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    hidden: frozenset[int] = frozenset()


def sample(
    rows: Sequence[Row], sql: str | None, context: AskContext,
    columns: Sequence[ResultColumn] = (),
) -> Sample:  # fmt: skip
    """The first rows of what this SQL gave; without SQL, of what somebody wrote."""
    width = len(rows[0]) if rows else len(columns)
    names, hidden = _columns(sql, context, width) if sql is not None else ((), frozenset[int]())
    shown = tuple(
        tuple(HIDDEN if at in hidden else _cell(v, columns, at) for at, v in enumerate(row))[
            :MOST_COLUMNS
        ]
        for row in rows[:ROWS]
    )
    names = tuple(c.name for c in columns) or names or ("",) * width
    return Sample(names[:MOST_COLUMNS], shown, len(rows), hidden)


def _columns(
    sql: str, context: AskContext, width: int
) -> tuple[tuple[str, ...], frozenset[int]]:  # fmt: skip
    """The columns' names, and which of them come from personal data; all, where nobody knows."""
    try:
        lineage = prepared_sql(sql, context).governed.lineage
    except DataMindError:
        lineage = ()
    if len(lineage) != width:
        return (), frozenset(range(width))
    known = context.view.catalog.columns_by_id
    personal = {
        at for at, line in enumerate(lineage)
        if any(source not in known or known[source].pii for source in line.sources)
    }  # fmt: skip
    return tuple(line.output for line in lineage), frozenset(personal)


def _cell(value: object, columns: Sequence[ResultColumn], at: int) -> str:
    column = columns[at] if columns else None
    scalar: Scalar = value if isinstance(value, Scalar) else str(value)
    text = "NULL" if scalar is None else written(scalar, column)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"
