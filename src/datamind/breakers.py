"""Circuit breakers: a part that failed is not asked for a while, and who needs it is told at once.

The library counts and times (it is one object without an await, so that threads and the event loop
may share it); here stand what counts as a failure, what people are told, and who hears of a change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from circuitbreaker import CircuitBreaker

from datamind.errors import Unavailable

log = logging.getLogger(__name__)

Circuit = Literal["closed", "half_open", "open"]
FAILURES = 2  # in a row
REST_S = 15
NAMES = {
    "metadata": "the metadata store", "warehouse": "the warehouse", "redis": "Redis",
    "clickhouse": "ClickHouse", "llm": "the language model", "vector_db": "the vector store",
    "webhook": "the alert webhook", "email": "the mail server",
}  # fmt: skip


class Breaker:
    """The breaker of one outside part: open after so many failures in a row, tried again after
    `rest_s` seconds, closed by a success."""

    def __init__(self, part: str, *, failures: int = FAILURES, rest_s: int = REST_S) -> None:
        self.part = part
        self.name = NAMES.get(part, part)
        self._failures = failures
        self._circuit = CircuitBreaker(failures, rest_s, name=part)
        self._listeners: list[Callable[[Breaker], None]] = []

    @property
    def state(self) -> Circuit:
        """Closed, open, or half open: the next call is let through to see."""
        found: Circuit = self._circuit.state
        return found

    @property
    def opened(self) -> bool:
        """Whether the part is not to be asked now, or was not well when it was asked last."""
        return self.state != "closed"

    @property
    def suspect(self) -> bool:
        """Whether the part failed when it was asked last."""
        return bool(self._circuit.failure_count)

    def on_change(self, tell: Callable[[Breaker], None]) -> None:
        """`tell` hears of each failure and each change of state; from any thread."""
        self._listeners.append(tell)

    def check(self) -> None:
        """Unavailable while the breaker is open."""
        if self._circuit.opened:
            raise unavailable(self.name, retry_after_s=max(1, int(self._circuit.open_remaining)))

    def failed(self, fault: BaseException | None = None) -> None:
        """The part did not do what it was asked for."""
        was, fault = self.state, fault or Unavailable(self.name)
        self._circuit.__exit__(type(fault), fault, None)
        if was == "closed" and self.opened:
            log.warning("%s is not asked for a while: it failed", self.name)
        self._tell()

    def succeeded(self) -> None:
        """It did."""
        was = self.state
        if was == "closed" and not self._circuit.failure_count:
            return
        self._circuit.reset()
        if was != "closed":
            log.warning("%s is asked again", self.name)
        self._tell()

    def trip(self) -> None:
        """Open now, whatever was counted."""
        while not self.opened:
            self.failed()

    @contextmanager
    def guarding(
        self, outage: Callable[[Exception], bool | None] = lambda fault: True
    ) -> Iterator[None]:
        """A call of the part: not made while the breaker is open; `outage` says which errors are
        the part's own, None of those that say nothing of it. Who is called off half-way learnt
        nothing of it."""
        self.check()
        try:
            yield
        except Exception as fault:
            failed = outage(fault)
            if failed:
                self.failed(fault)
            elif failed is not None:
                self.succeeded()
            raise
        else:
            self.succeeded()

    def _tell(self) -> None:
        for tell in self._listeners:
            tell(self)


class Breakers(Mapping[str, Breaker]):
    """The breakers of all outside parts that there are, by part."""

    def __init__(self) -> None:
        self._kept: dict[str, Breaker] = {}

    def add(self, breaker: Breaker) -> Breaker:
        """Take it in; one of the same part is the same breaker."""
        return self._kept.setdefault(breaker.part, breaker)

    def __getitem__(self, part: str) -> Breaker:
        return self._kept[part]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._kept))

    def __len__(self) -> int:
        return len(self._kept)


def unavailable(name: str, *, retry_after_s: int = 5) -> Unavailable:
    """The part is down; it is named."""
    return Unavailable(f"{name[0].upper()}{name[1:]} is down.", retry_after_s=retry_after_s)
