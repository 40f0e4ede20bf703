"""Right answers: gold SQL run with its clock held still, and answers judged by it."""

from __future__ import annotations

import datetime as dt
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from datamind.errors import (
    BadInput,
    DataMindError,
    QueryFailed,
    QueryTimeout,
    ResultTooLarge,
    WarehouseError,
)
from datamind.evaluation.results import Row, another_cut, same_result
from datamind.evaluation.suite import Case, Gold
from datamind.pipeline.ask import run_sql
from datamind.pipeline.context import AskContext
from datamind.records import Dialect

SECONDS = 20.0
# Further columns that an answer may show; more where the gold itself lists alternatives.
EXTRA, EXTRA_OF_SEVERAL = 2, 4
MOMENTS = frozenset({"now", "get_current_timestamp", "transaction_timestamp"})
TODAY = "{today}"
OF_THE_SQL = (QueryFailed, QueryTimeout, ResultTooLarge)  # for else the database is to blame


def frozen(sql: str, today: dt.date, dialect: Dialect = "duckdb") -> str:
    """The SQL with the day and moment of its run, and {today}, written out."""
    day = exp.cast(exp.Literal.string(today.isoformat()), "DATE")
    moment = exp.cast(exp.Literal.string(f"{today} 00:00:00"), "TIMESTAMP")

    def still(node: exp.Expr) -> exp.Expr:
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if isinstance(node, exp.CurrentDate) or name == "today":
            return day.copy()
        if isinstance(node, exp.CurrentTimestamp | exp.Localtimestamp) or name in MOMENTS:
            return moment.copy()
        return node

    sql = sql.replace(TODAY, f"DATE '{today.isoformat()}'")
    tree = sqlglot.parse_one(sql, dialect=dialect)
    made = tree.transform(still)
    return sql if made == tree else made.sql(dialect=dialect)


class Golds(ABC):
    """What gold SQL gives on one database, for one asker; each query is run once."""

    dialect: Dialect = "duckdb"

    def __init__(self, today: dt.date) -> None:
        self._today = today
        self._kept: dict[str, Sequence[Row]] = {}

    @abstractmethod
    def _run(self, sql: str) -> Sequence[Row]:
        """The rows; DataMindError where there are none."""

    def close(self) -> None:
        """Let go of what was opened for it."""
        return

    def frozen(self, gold: Gold) -> str:
        """Its SQL as it is run."""
        return frozen(gold.sql, self._today, self.dialect)

    def rows(self, sql: str) -> Sequence[Row]:
        """The rows of gold SQL; BadInput where it does not run, or may not."""
        if sql not in self._kept:
            try:
                self._kept[sql] = self._run(frozen(sql, self._today, self.dialect))
            except sqlglot.errors.SqlglotError as fault:
                raise BadInput(f"Gold SQL does not run: {_first_line(fault)}") from None
        return self._kept[sql]

    def broken(self, cases: Sequence[Case]) -> list[tuple[str, str]]:
        """Place and fault of each case whose gold SQL does not run, or may not."""
        found = []
        for case in cases:
            for gold in case.golds:
                try:
                    self.rows(gold.sql)
                except DataMindError as fault:
                    if isinstance(fault, WarehouseError) and not isinstance(fault, OF_THE_SQL):
                        raise
                    found.append((case.place, f"({case.id}) can't be judged: {fault.message}"))
        return found

    def judge(self, case: Case, found: Sequence[Row]) -> bool:
        """Whether the rows are those that the case expects, or those of one of its golds."""
        if case.rows is not None:
            order = () if case.order_matters else None
            return same_result(case.rows, found, extra=EXTRA, order=order, tolerance=case.tolerance)
        extra = EXTRA_OF_SEVERAL if len(case.golds) > 1 else EXTRA
        return any(self._fits(gold, case, found, extra) for gold in case.golds)

    def _fits(self, gold: Gold, case: Case, found: Sequence[Row], extra: int) -> bool:
        rows = self.rows(gold.sql)
        order = gold.order if case.order_matters else None
        if same_result(rows, found, extra=extra, order=order, tolerance=case.tolerance):
            return True
        return gold.unlimited is not None and another_cut(
            self.rows(gold.unlimited), rows, found, tied=gold.tied, extra=extra
        )


class GovernedGolds(Golds):
    """Gold SQL run where the questions are asked, governed as its asker's own SQL would be."""

    def __init__(self, context: AskContext, today: dt.date) -> None:
        super().__init__(today)
        self._context = context
        self.dialect = context.target.dialect

    def _run(self, sql: str) -> Sequence[Row]:
        result = run_sql(sql, self._context)
        if result.truncated:
            raise BadInput(f"Gold SQL gives more than {self._context.row_limit:,} rows.")
        return result.rows


class FileGolds(Golds):
    """Gold SQL run on a DuckDB file as it stands, wherever the questions are asked."""

    def __init__(self, file: Path, today: dt.date) -> None:
        super().__init__(today)
        if not file.is_file():
            raise BadInput(f"There is no database {file.name} to compare with.")
        config: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": False}
        self._connection = duckdb.connect(str(file), read_only=True, config=config)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _run(self, sql: str) -> Sequence[Row]:
        timer = threading.Timer(SECONDS, self._connection.interrupt)
        timer.start()
        try:
            return self._connection.execute(sql).fetchall()
        except duckdb.Error as fault:
            raise BadInput(f"Gold SQL does not run: {_first_line(fault)}") from None
        finally:
            timer.cancel()


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0]
