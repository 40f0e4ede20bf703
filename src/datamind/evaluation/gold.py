"""Right answers: gold SQL run on a DuckDB file, its clock held still, and answers judged by it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from datamind.errors import BadInput
from datamind.evaluation.results import Row, another_cut, same_result
from datamind.evaluation.suite import Case

SECONDS = 20.0
# Further columns that an answer may show; more where the gold itself lists alternatives.
EXTRA, EXTRA_OF_SEVERAL = 2, 4
MOMENTS = frozenset({"now", "get_current_timestamp", "transaction_timestamp"})


def frozen(sql: str, today: dt.date) -> str:
    """The SQL with the day and moment of its run written out."""
    day = exp.cast(exp.Literal.string(today.isoformat()), "DATE")
    moment = exp.cast(exp.Literal.string(f"{today} 00:00:00"), "TIMESTAMP")

    def still(node: exp.Expr) -> exp.Expr:
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if isinstance(node, exp.CurrentDate) or name == "today":
            return day.copy()
        if isinstance(node, exp.CurrentTimestamp | exp.Localtimestamp) or name in MOMENTS:
            return moment.copy()
        return node

    tree = sqlglot.parse_one(sql, dialect="duckdb")
    made = tree.transform(still)
    return sql if made == tree else made.sql(dialect="duckdb")


class Golds:
    """The gold results of one database; each query is run once."""

    def __init__(self, file: Path, today: dt.date) -> None:
        if not file.is_file():
            raise BadInput(f"There is no database {file.name} to compare with.")
        config: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": False}
        self._connection = duckdb.connect(str(file), read_only=True, config=config)
        self._today = today
        self._kept: dict[str, list[tuple[object, ...]]] = {}

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of gold SQL; BadInput where it does not run."""
        if sql not in self._kept:
            timer = threading.Timer(SECONDS, self._connection.interrupt)
            timer.start()
            try:
                self._kept[sql] = self._connection.execute(frozen(sql, self._today)).fetchall()
            except (duckdb.Error, sqlglot.errors.SqlglotError) as fault:
                raise BadInput(f"Gold SQL does not run: {str(fault).splitlines()[0]}") from None
            finally:
                timer.cancel()
        return self._kept[sql]

    def judge(self, case: Case, found: Sequence[Row]) -> bool:
        """Whether the rows are those of one of the case's golds."""
        extra = EXTRA_OF_SEVERAL if len(case.golds) > 1 else EXTRA
        ran = 0
        for gold in case.golds:
            try:
                rows = self.rows(gold.sql)
            except BadInput:
                continue
            ran += 1
            order = gold.order if case.order_matters else None
            if same_result(rows, found, extra=extra, order=order):
                return True
            if gold.unlimited and another_cut(
                self.rows(gold.unlimited), rows, found, tied=gold.tied, extra=extra
            ):
                return True
        if not ran:
            raise BadInput(f"No gold SQL of {case.id} runs.")
        return False
