"""The bodies of requests: no larger than any request needs, and whole in time.

A client that sends a body slowly holds one of the places for requests meanwhile, so there is a
time for it, and one address may send so many at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Message, Receive

from datamind.errors import BodyTooLarge, BodyTooSlow, TooManyRequests

MOST_BYTES = 512 * 1024
BODY_S = 30.0
# Bodies that come with their request, as nearly all do, are not counted among these.
UNFINISHED = 50


class Bodies:
    """Those that are being received, by the address that they come from."""

    def __init__(self) -> None:
        self._unfinished: Counter[str] = Counter()

    @contextmanager
    def of(self, receive: Receive, address: str) -> Iterator[Receive]:
        """The request's body, cut off where it grows larger than it said or may be, or takes
        longer."""
        body = _Body(receive, self._unfinished, address)
        try:
            yield body.part
        finally:
            body.done()


class _Body:
    def __init__(self, receive: Receive, unfinished: Counter[str], address: str) -> None:
        self._receive = receive
        self._unfinished = unfinished
        self._address = address
        self._size = 0
        self._until: float | None = None  # by the loop's clock, once it was asked for
        self._counted = self._whole = False

    async def part(self) -> Message:
        """The next part; what comes after the whole body has all the time."""
        if self._whole:
            return await self._receive()
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + BODY_S
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow("The request did not come whole in time.") from None
        self._size += len(message.get("body", b""))
        if self._size > MOST_BYTES:
            raise BodyTooLarge("The request is too large.")
        if not message.get("more_body", False):
            self.done()
        elif not self._counted:
            self._begin()
        return message

    def _begin(self) -> None:
        if self._unfinished[self._address] >= UNFINISHED:
            raise TooManyRequests(
                "Too many requests of this address are not whole yet.", retry_after_s=5
            )
        self._counted = True
        self._unfinished[self._address] += 1

    def done(self) -> None:
        """It is whole, or nobody waits for it any more."""
        self._whole = True
        if self._counted:
            self._counted = False
            self._unfinished[self._address] -= 1
            if not self._unfinished[self._address]:
                del self._unfinished[self._address]
