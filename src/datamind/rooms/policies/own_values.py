"""Values that were read for those who may read them, remembered until the data change."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine

from datamind.semantics.catalog import Values

LASTS_S = 600.0  # where the data have no version
AGAIN_S = 30.0  # after a reading in which something failed
MOST_KEPT = 200
Key = tuple[str, str]  # what their readers may see, and the version of the data


class OwnValues:
    """Each key's values are read once, however many wait for them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[asyncio.Task[Values], float]] = OrderedDict()

    def of(
        self, key: Key, read: Callable[[], Coroutine[object, object, Values]]
    ) -> asyncio.Task[Values]:
        """The reading of these values, begun now if need be."""
        found = self._kept.get(key)
        if found is not None and found[1] > self._clock() and not _failed(found[0]):
            self._kept.move_to_end(key)
            return found[0]
        reading = asyncio.create_task(read())
        self._kept[key] = reading, math.inf if key[1] else self._clock() + LASTS_S
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return reading

    def for_now(self, key: Key) -> None:
        """What is read of this key lacks something: it holds for a moment only."""
        if key in self._kept:
            self._kept[key] = self._kept[key][0], self._clock() + AGAIN_S


def _failed(reading: asyncio.Task[Values]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
