"""Slots: a few connections to one server, each lent to one statement at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from datamind.errors import BadInput, QueryTimeout, WarehouseError

T = TypeVar("T")


class Slots(Generic[T]):
    """As many connections as there are slots, opened when first needed, the one used last first.

    `open` makes one by a moment of the monotonic clock; one that `is_broken` is left behind; `end`
    ends one, also while another thread uses it. `name` is how people know the server.
    """

    def __init__(
        self, name: str, count: int, *, open: Callable[[float], T],
        is_broken: Callable[[T], bool], end: Callable[[T], None],
    ) -> None:  # fmt: skip
        if count < 1:
            raise BadInput("A warehouse needs at least one connection.")
        self._name = name
        self._open = open
        self._is_broken = is_broken
        self._end = end
        self._closed = threading.Event()
        self._all: set[T] = set()
        self._free: queue.LifoQueue[T | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)

    @property
    def closed(self) -> bool:
        """Whether nobody gets one any more."""
        return self._closed.is_set()

    @contextmanager
    def one(self, deadline: float) -> Iterator[T]:
        """A connection of one's own; whatever happens to it, its slot is free after."""
        self._must_be_open()
        try:
            kept = self._free.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise QueryTimeout("All connections were busy until the time was over.") from None
        lent = self._sound(kept)
        try:
            if lent is None:
                lent = self._opened(deadline)
            yield lent
        finally:
            self._free.put(self._sound(lent))

    def close(self) -> None:
        """End all of them, busy ones too; safe to call twice."""
        self._closed.set()
        for lent in list(self._all):
            self._ended(lent)

    def _must_be_open(self) -> None:
        if self.closed:
            raise WarehouseError(f"{self._name} was closed.")

    def _opened(self, deadline: float) -> T:
        made = self._open(deadline)
        self._all.add(made)
        if self.closed:  # meanwhile, and perhaps it was not seen
            self._ended(made)
        self._must_be_open()
        return made

    def _sound(self, lent: T | None) -> T | None:
        """The connection, if it can be lent again; else it is ended."""
        if lent is None or not (self._is_broken(lent) or self.closed):
            return lent
        self._ended(lent)
        return None

    def _ended(self, lent: T) -> None:
        self._all.discard(lent)
        with suppress(Exception):
            self._end(lent)
