"""Statements: each that a warehouse ran is counted and traced; slow ones are kept, with plans."""

from __future__ import annotations

from collections.abc import Callable, Set

from datamind import tracing
from datamind.governance.plain_form import plain_form
from datamind.ports import Warehouse
from datamind.records import Ran
from datamind.rooms.system.metrics import Metrics
from datamind.rooms.system.slow import SlowLog
from datamind.semantics.catalog import Catalog


class Names:
    """The names of the present catalog's tables and columns: none of them is a value."""

    def __init__(self, catalog: Callable[[], Catalog | None]) -> None:
        self._catalog = catalog
        self._of: Catalog | None = None
        self._names: frozenset[str] = frozenset()

    def __call__(self) -> Set[str]:
        """All of them."""
        catalog = self._catalog()
        if catalog is not self._of:
            tables = catalog.tables if catalog is not None else ()
            self._names = frozenset(
                name for table in tables
                for name in (table.schema, table.name, *(c.name for c in table.columns))
            )  # fmt: skip
            self._of = catalog
        return self._names


class Statements:
    """Told of each statement, in the thread that ran it."""

    def __init__(self, metrics: Metrics, slow: SlowLog, names: Names) -> None:
        self._metrics = metrics
        self.slow = slow
        self._names = names

    def told(self, ran: Ran, warehouse: Warehouse) -> None:
        """A statement ended."""
        self._metrics.ran(ran)
        if tracing.is_on():
            governed = ran.governed
            form = plain_form(governed.sql, governed.dialect, self._names())
            tracing.note(
                "statement", ran.began, ran.seconds, failed=ran.code,
                db__system__name=governed.dialect, db__namespace=governed.target,
                db__query__text=form.text, db__response__returned_rows=ran.rows,
                datamind__fingerprint=form.fingerprint,
            )  # fmt: skip
        self.slow.told(ran, warehouse, self._names())
