"""Places: as many may be at work at once as there are, and those who wait are let in by turns."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from datamind.errors import Overloaded, QueryCancelled, TooManyRequests

MOST, MOST_EACH = 512, 64


class CallOff(threading.Event):
    """Set once by whoever calls a piece of work off; tells those who wait for it at once."""

    def __init__(self) -> None:
        super().__init__()
        self._hear: list[Callable[[], object]] = []

    def set(self) -> None:
        """The work is called off."""
        super().set()
        for tell in tuple(self._hear):
            tell()

    @contextmanager
    def heard_by(self, tell: Callable[[], object]) -> Iterator[None]:
        """`tell` is called when the work is called off, from whichever thread does that."""
        self._hear.append(tell)
        try:
            yield
        finally:
            self._hear.remove(tell)


async def landed(
    future: asyncio.Future[Any], stop: CallOff, *, limit_s: float | None = None
) -> bool:
    """Whether the future was done in time; QueryCancelled where it is called off before."""
    loop = asyncio.get_running_loop()
    off = asyncio.Event()
    with stop.heard_by(lambda: loop.call_soon_threadsafe(off.set)):
        if not (future.done() or stop.is_set()):
            waiting = asyncio.ensure_future(off.wait())
            try:
                await asyncio.wait(
                    (future, waiting), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                waiting.cancel()
    if stop.is_set():
        raise QueryCancelled("The query was called off.")
    return future.done()


class Places:
    """So many places, and a bounded queue before them; for one event loop.

    A place that becomes free goes to whoever of those who wait holds the fewest, and of these to
    the one whose turn is longest ago: one who asks for hundreds waits for the own ones, not the
    others for theirs. Nobody waits longer than `limit_s`.
    """

    def __init__(
        self, count: int, *, limit_s: float | None = None, most: int = MOST,
        most_each: int = MOST_EACH,
    ) -> None:  # fmt: skip
        self._free = count
        self._limit_s = limit_s
        self._most, self._most_each = most, most_each
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def wait(self, limit_s: float) -> None:
        """Who comes from now on waits for so long at most."""
        self._limit_s = limit_s

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def one(self, who: str, stop: CallOff | None = None) -> AsyncIterator[None]:
        """A place of one's own. TooManyRequests where this one waits for too many already,
        Overloaded where all do, or none became free in time; QueryCancelled once called off."""
        await self._enter(who, stop or CallOff())
        try:
            yield
        finally:
            self._leave(who)

    async def _enter(self, who: str, stop: CallOff) -> None:
        if stop.is_set():
            raise QueryCancelled("The query was called off.")
        if self._free and not self._waiting:
            self._free -= 1
            self._held[who] += 1
            return
        if len(self._waiting.get(who, ())) >= self._most_each:
            raise TooManyRequests("You ask too many things at once.", retry_after_s=2)
        if self.waiting >= self._most:
            raise _busy()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            if not await landed(turn, stop, limit_s=self._limit_s):
                raise _busy()
        except BaseException:
            if turn.done():
                self._leave(who)  # it was let in meanwhile
            else:
                self._give_up(who, turn)
            raise

    def _give_up(self, who: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting[who]
        queue.remove(turn)
        if not queue:
            del self._waiting[who]

    def _leave(self, who: str) -> None:
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        if not self._waiting:
            self._free += 1
            return
        if who in self._waiting:
            self._waiting.move_to_end(who)  # that was their turn
        following = min(self._waiting, key=lambda name: self._held[name])
        queue = self._waiting[following]
        self._held[following] += 1
        queue.popleft().set_result(None)
        if not queue:
            del self._waiting[following]


class Listeners:
    """How many follow something at this server, in all and of each user; nobody waits."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most, self._most_each = most, most_each
        self._held: Counter[str] = Counter()

    def check(self, who: str) -> None:
        """TooManyRequests or Overloaded where no more may listen."""
        if self._held[who] >= self._most_each:
            raise TooManyRequests("You follow too many things at once.", retry_after_s=30)
        if self._held.total() >= self._most:
            raise Overloaded("Too many things are followed at once.", retry_after_s=30)

    @contextmanager
    def one(self, who: str) -> Iterator[None]:
        """One more listens in here."""
        self.check(who)
        self._held[who] += 1
        try:
            yield
        finally:
            self._held[who] -= 1
            self._held += Counter()  # who holds none any more is forgotten


def _busy() -> Overloaded:
    return Overloaded("Too many questions are asked at once.", retry_after_s=2)
