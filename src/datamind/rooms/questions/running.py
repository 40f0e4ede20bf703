"""What runs now: each query can be called off by the one who asked it, or by an admin."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """A query that runs: whose it is, and how it is stopped."""

    user: str
    stop: threading.Event = field(default_factory=threading.Event)


class Running:
    """The queries that run in this process, by id, and the tasks that see to them."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    def __len__(self) -> int:
        return len(self._runs)

    def start(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """A task of its own for the work: it outlives a request whose client went away by just
        what it takes to stop the query and to remember that."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @contextmanager
    def entered(self, query_id: str, user: str) -> Iterator[threading.Event]:
        """The query is among those that run; whatever ends this block stops it."""
        run = self._runs[query_id] = Run(user)
        try:
            yield run.stop
        finally:
            run.stop.set()
            del self._runs[query_id]

    def find(self, query_id: str) -> Run | None:
        """The run of this query, while it runs."""
        return self._runs.get(query_id)

    async def end(self) -> None:
        """Stop all that runs, and wait until that is done."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
