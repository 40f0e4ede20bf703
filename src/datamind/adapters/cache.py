"""A cache in this process: bytes by key, the longest unused forgotten first."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

LARGEST = 8  # no value may take more than this part of the room
BESIDE = 300  # bytes that an entry takes beside its value


class MemoryCache:
    """Keeps `most` bytes in all; for one thread."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._held = 0
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # longest unused first

    async def get(self, key: str) -> bytes | None:
        """What is kept under the key, which was used just now."""
        value, until = self._kept.get(key, (None, 0.0))
        if value is None:
            return None
        if until <= self._clock():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep it; what was unused for longest makes room."""
        self._drop(key)
        if len(value) + BESIDE > self._most // LARGEST:
            return
        self._kept[key] = (value, self._clock() + ttl_s)
        self._held += len(value) + BESIDE
        while self._held > self._most:
            self._drop(next(iter(self._kept)))

    async def claim(self, key: str, *, ttl_s: float) -> bool:
        """There is no other process."""
        return True

    async def let_go(self, key: str) -> None:
        """Nothing to do."""

    def _drop(self, key: str) -> None:
        value, _ = self._kept.pop(key, (None, 0.0))
        if value is not None:
            self._held -= len(value) + BESIDE
