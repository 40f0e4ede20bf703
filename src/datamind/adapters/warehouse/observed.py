"""A warehouse that tells of each statement it ran: how long it took, and what came of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

from datamind.errors import DataMindError
from datamind.ports import Stop, Warehouse
from datamind.records import Governed, Ran, Result

log = logging.getLogger(__name__)

Told = Callable[[Ran, Warehouse], None]


def observed(warehouse: Warehouse, told: Told) -> Warehouse:
    """The same warehouse; `told` is called at the end of each statement, in the thread that ran it,
    and has to be quick."""
    return cast(Warehouse, _Observed(warehouse, told))


class _Observed:
    """Runs statements through, and hands on all else as it is."""

    def __init__(self, inner: Warehouse, told: Told) -> None:
        self._inner = inner
        self._told = told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Its rows, as of the warehouse."""
        watch = _Watch(governed)
        try:
            result = self._inner.run(governed, timeout_s=timeout_s, stop=stop)
            watch.rows = len(result.rows)
        except DataMindError as fault:
            watch.code = fault.code
            raise
        finally:
            self._tell(watch.ended())
        return result

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """Its rows, some at a time; what is told takes in how slowly they were taken."""
        watch = _Watch(governed)
        try:
            with closing(self._inner.batches(governed, timeout_s=timeout_s, stop=stop)) as parts:
                for part in parts:
                    watch.rows += len(part.rows)
                    yield part
        except DataMindError as fault:
            watch.code = fault.code
            raise
        finally:
            self._tell(watch.ended())

    def _tell(self, ran: Ran) -> None:
        try:
            self._told(ran, self._inner)
        except Exception:  # who asked is not to suffer from who looks on
            log.exception("what a statement came to could not be told")


@dataclass
class _Watch:
    """A statement on its way."""

    governed: Governed
    rows: int = 0
    code: str | None = None
    began: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)

    def ended(self) -> Ran:
        elapsed = time.perf_counter() - self.started
        return Ran(self.governed, self.began, elapsed, self.rows, self.code)
