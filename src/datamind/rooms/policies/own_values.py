"""Values that were read for those who may read them, remembered until the data change."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from datamind.semantics.catalog import Values

LASTS_S = 600.0  # where the data have no version
AGAIN_S = 30.0  # after a reading in which something failed; twice as long each time that it does
MOST_KEPT = 200
Key = tuple[str, str]  # what their readers may see, and the version of the data


@dataclass(slots=True)
class _Kept:
    """A reading, until when it holds, and the one that is to take its place."""

    reading: asyncio.Task[Values]
    until: float
    pause_s: float = AGAIN_S
    following: asyncio.Task[Values] | None = None


class OwnValues:
    """Each key's values are read once, however many wait for them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()

    def of(
        self, key: Key, read: Callable[[], Coroutine[object, object, Values]]
    ) -> asyncio.Task[Values]:
        """The reading of these values, begun now if need be. Of the same data, what was read holds
        until it is read again; without a version, rows may be others' by now."""
        kept = self._kept.get(key)
        if kept is not None and kept.following is not None and kept.following.done():
            if not _failed(kept.following):
                kept.reading = kept.following
            kept.following = None
        if kept is None or _failed(kept.reading) or (self._is_over(kept) and not key[1]):
            kept = self._kept[key] = _Kept(asyncio.create_task(read()), self._until(key))
        elif self._is_over(kept) and kept.following is None:
            kept.until = self._until(key)
            kept.following = asyncio.create_task(read())
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept.reading

    def for_now(self, key: Key) -> None:
        """What is read of this key lacks something: it holds for a moment only."""
        kept = self._kept.get(key)
        if kept is not None and kept.until - self._clock() > kept.pause_s:
            kept.until = self._clock() + kept.pause_s
            kept.pause_s = min(2 * kept.pause_s, LASTS_S)

    def _is_over(self, kept: _Kept) -> bool:
        return kept.reading.done() and kept.until <= self._clock()

    def _until(self, key: Key) -> float:
        return math.inf if key[1] else self._clock() + LASTS_S


def _failed(reading: asyncio.Task[Values]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
