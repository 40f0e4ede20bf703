"""A warehouse behind its breaker: once it is down, nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

from datamind.breakers import Breaker, unavailable
from datamind.errors import (
    QueryCancelled,
    QueryTimeout,
    WarehouseCorrupt,
    WarehouseError,
    WarehouseLocked,
    WarehouseNotFound,
    WorkerLost,
)
from datamind.ports import Stop, Warehouse
from datamind.records import Dialect, Estimate, Governed, Result

# Who answered so lately is not asked again whether it answers.
ANSWERED_S = 1.0
# What tells of the warehouse and not of the statement.
OUTAGES = (WarehouseNotFound, WarehouseLocked, WarehouseCorrupt)
# What tells of neither: one that hangs and one that has much to do look the same from here.
SILENT = (QueryTimeout, QueryCancelled)


def is_outage(dialect: Dialect) -> Callable[[Exception], bool | None]:
    """Whether a warehouse of this kind itself failed; None where that can't be known. A query
    process of ours is lost by its statement's doing; the connection to a server is not."""

    def told(fault: Exception) -> bool | None:
        if isinstance(fault, SILENT):
            return None
        if isinstance(fault, WorkerLost):
            return dialect != "duckdb"
        return isinstance(fault, OUTAGES) or type(fault) is WarehouseError

    return told


class GuardedWarehouse:
    """The warehouse inside, through its breaker.

    One that is `missing` could not be looked at when it was opened: what is known of it may be long
    past, so that it is asked for nothing, even where it answers again. One that `has_a_stand_in` is
    asked first whether it answers at all: one that hangs looks like one that has much to do, and
    would take the time in which the other could have answered.
    """

    def __init__(
        self, inside: Warehouse, breaker: Breaker, *, missing: bool = False,
        has_a_stand_in: bool = False,
    ) -> None:  # fmt: skip
        self.inside = inside
        self.breaker = breaker
        self.missing = missing
        self._has_a_stand_in = has_a_stand_in
        self._answered = -ANSWERED_S

    @property
    def dialect(self) -> Dialect:
        """That of the one inside, as all below."""
        return self.inside.dialect

    @property
    def name(self) -> str:
        """How people know it."""
        return self.inside.name

    @property
    def session(self) -> str:
        """Which database it is, and what its sessions add."""
        return self.inside.session

    def estimate(self, governed: Governed) -> Estimate:
        """What running this would cost."""
        with self._asked():
            return self.inside.estimate(governed)

    def plan(self, governed: Governed) -> str:
        """How it means to run this."""
        with self._asked():
            return self.inside.plan(governed)

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Rows; Unavailable while the breaker is open."""
        with self._asked():
            return self.inside.run(governed, timeout_s=timeout_s, stop=stop)

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """The same, a batch at a time."""
        with self._asked():
            yield from self.inside.batches(governed, timeout_s=timeout_s, stop=stop)

    def ping(self) -> None:
        """Past the breaker: looks are how it is found well again."""
        self._must_be_there()
        self.inside.ping()

    def data_version(self) -> str:
        """The version of the data."""
        return self.inside.data_version()

    def close(self) -> None:
        """End it."""
        self.inside.close()

    def _asked(self) -> AbstractContextManager[None]:
        self._must_be_there()
        if self._has_a_stand_in:
            self._must_answer()
        return self.breaker.guarding(is_outage(self.dialect))

    def _must_answer(self) -> None:
        self.breaker.check()
        if time.monotonic() - self._answered < ANSWERED_S:
            return
        try:
            self.inside.ping()
        except WarehouseError:
            self.breaker.trip()
            raise unavailable(self.breaker.name) from None
        self._answered = time.monotonic()

    def _must_be_there(self) -> None:
        if self.missing:
            raise unavailable(self.breaker.name)
