"""Two warehouses as one: each statement runs in the one that it was governed for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

from datamind.ports import Stop, Warehouse
from datamind.records import Dialect, Estimate, Governed, Result


class RoutedWarehouse:
    """PostgreSQL first, which is what people know; ClickHouse for what was routed there.

    What runs in the second may be run again in the first, so that it has half the time. `on_close`
    ends what watches over the copies.
    """

    def __init__(
        self, first: Warehouse, second: Warehouse, *, on_close: Callable[[], None]
    ) -> None:
        self.first = first
        self.second = second
        self._on_close = on_close

    @property
    def dialect(self) -> Dialect:
        """That of the first, in which people write."""
        return self.first.dialect

    @property
    def name(self) -> str:
        """How people know the first."""
        return self.first.name

    @property
    def session(self) -> str:
        """Both: a statement says by its target which of them it is for."""
        return f"{self.first.session} {self.second.session}"

    def estimate(self, governed: Governed) -> Estimate:
        """What running this would cost where it runs."""
        return self._of(governed).estimate(governed)

    def plan(self, governed: Governed) -> str:
        """How it would be run where it runs."""
        return self._of(governed).plan(governed)

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Rows, from where it was governed for. What the second says of its version says nothing
        of the first's, by which rows are kept."""
        if governed.dialect == self.dialect:
            return self.first.run(governed, timeout_s=timeout_s, stop=stop)
        result = self.second.run(governed, timeout_s=timeout_s / 2, stop=stop)
        return replace(result, data_version="")

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """The same, some rows at a time."""
        yield from self._of(governed).batches(governed, timeout_s=timeout_s, stop=stop)

    def ping(self) -> None:
        """The first: without the second all is answered."""
        self.first.ping()

    def data_version(self) -> str:
        """That of the first, of which the second is a copy."""
        return self.first.data_version()

    def close(self) -> None:
        """End both."""
        self._on_close()
        self.first.close()
        self.second.close()

    def _of(self, governed: Governed) -> Warehouse:
        return self.first if governed.dialect == self.dialect else self.second
