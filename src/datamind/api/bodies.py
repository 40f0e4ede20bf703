"""The bodies of requests: no larger than any request needs, and whole in time.

A client that sends a body slowly holds one of the places for requests meanwhile. So there is a
time for it, which grows with what came of it, one address may send so many at once, and those of
all addresses may take a part of the places.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.types import Message, Receive

from datamind.errors import BodyTooLarge, BodyTooSlow, Overloaded, TooManyRequests

MOST_BYTES = 512 * 1024
BODY_S = 30.0
# Whatever came by then, and bytes a second after it: slower than any network that people use.
FIRST_S = 5.0
RATE = 8_000
# Bodies that come with their request, as nearly all do, are not counted among these.
PROMPT_S = 0.5
UNFINISHED = 50


class Bodies:
    """Those that are being received, `most` at once, by the address that they come from."""

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._unfinished: Counter[str] = Counter()

    @contextmanager
    def of(self, receive: Receive, address: str) -> Iterator[Receive]:
        """The request's body, cut off where it grows larger than it said or may be, or comes too
        slowly."""
        body = _Body(receive, self, address)
        try:
            yield body.part
        finally:
            body.done()

    def begin(self, address: str) -> None:
        """One more of the address; refused where it, or all together, have too many."""
        if self._unfinished[address] >= UNFINISHED:
            raise TooManyRequests(
                "Too many requests of this address are not whole yet.", retry_after_s=5
            )
        if self._unfinished.total() >= self._most:
            raise Overloaded("Too many requests are not whole yet.", retry_after_s=5)
        self._unfinished[address] += 1

    def end(self, address: str) -> None:
        """One less."""
        self._unfinished[address] -= 1
        if not self._unfinished[address]:
            del self._unfinished[address]


class _Body:
    def __init__(self, receive: Receive, among: Bodies, address: str) -> None:
        self._receive = receive
        self._among = among
        self._address = address
        self._size = 0
        self._began: float | None = None  # by the loop's clock, once it was asked for
        self._counted = self._whole = False

    async def part(self) -> Message:
        """The next part; what comes after the whole body has all the time."""
        if self._whole:
            return await self._receive()
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
        message = await self._next(self._began)
        self._size += len(message.get("body", b""))
        if self._size > MOST_BYTES:
            raise BodyTooLarge("The request is too large.")
        if not message.get("more_body", False):
            self.done()
        else:
            self._count()
        return message

    async def _next(self, began: float) -> Message:
        until = began + min(BODY_S, FIRST_S + self._size / RATE)
        if not self._counted:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(until, began + PROMPT_S)):
                    return await self._receive()
            self._count()
        try:
            async with asyncio.timeout_at(until):
                return await self._receive()
        except TimeoutError:
            raise BodyTooSlow("The request did not come whole in time.") from None

    def _count(self) -> None:
        if not self._counted:
            self._among.begin(self._address)
            self._counted = True

    def done(self) -> None:
        """It is whole, or nobody waits for it any more."""
        self._whole = True
        if self._counted:
            self._counted = False
            self._among.end(self._address)
