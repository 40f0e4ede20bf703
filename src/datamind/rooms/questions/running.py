"""What runs now: each query can be called off by the one who asked it, or by an admin."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from datamind.errors import Overloaded, TooManyRequests
from datamind.ports import Signals
from datamind.rooms.places import CallOff

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """A query that runs: whose it is, and how it is stopped."""

    user: str
    stop: CallOff = field(default_factory=CallOff)


class Running:
    """The queries that run in this process, by id, and the tasks that see to them."""

    def __init__(self) -> None:
        self.is_ending = False
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._keeping: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._runs)

    def start(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """A task of its own for the work: it outlives a request whose client went away by just
        what it takes to stop the query and to remember that."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def keep(self, work: Coroutine[object, object, None]) -> None:
        """Do the work to its end, also where who waits for it is called off meanwhile."""
        task = asyncio.create_task(work)
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        await asyncio.shield(task)

    @contextmanager
    def entered(
        self, query_id: str, user: str, *, most: int, most_each: int | None = None
    ) -> Iterator[CallOff]:
        """The query is among those that run; whatever ends this block stops it.

        Where `most` run already, or `most_each` of this user's, it is turned away before it costs
        anything.
        """
        if len(self._runs) >= most:
            raise Overloaded("Too many questions are asked at once.", retry_after_s=2)
        if most_each is not None:
            own = sum(run.user == user for run in self._runs.values())
            if own >= most_each:
                raise TooManyRequests("You ask too many questions at once.", retry_after_s=2)
        run = self._runs[query_id] = Run(user)
        try:
            yield run.stop
        finally:
            run.stop.set()
            del self._runs[query_id]

    def stop_of(self, user: str) -> None:
        """Call off all that this user runs."""
        for run in self._runs.values():
            if run.user == user:
                run.stop.set()

    def stop_all(self) -> None:
        """Call off all that runs: the server ends."""
        self.is_ending = True
        for run in self._runs.values():
            run.stop.set()

    def told_by(self, signals: Signals) -> None:
        """Other servers may call off what runs here."""

        async def called_off(said: Mapping[str, str]) -> bool:
            run = self.find(said["query"])
            if run is None or not (said["admin"] or run.user == said["user"]):
                return False
            run.stop.set()
            return True

        signals.hear("cancel", called_off)

    def find(self, query_id: str) -> Run | None:
        """The run of this query, while it runs."""
        return self._runs.get(query_id)

    async def end(self) -> None:
        """Stop all that runs, and wait until that is done."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._keeping, return_exceptions=True)
