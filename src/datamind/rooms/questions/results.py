"""Results: rows that were read before where they still hold, else read once however many ask."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import replace

from datamind.errors import DataMindError, QueryCancelled, TurnedAway
from datamind.pipeline.kept import Read, key_of, packed, unpacked
from datamind.ports import Cache, Warehouse
from datamind.records import Governed, Result
from datamind.rooms.places import CallOff, landed

CLAIM_S = 5.0  # how long another server is left to read the same
LOOK_S = 0.05  # how often is looked whether it has
VERSIONED_S = 24 * 3600  # where a version tells of changes, time only makes room
# Who waits for a flight gets its rows or its fault; None where it was called off.
Flight = asyncio.Future[Read | DataMindError | None]
LARGE = 64 * 1024  # bytes that are read off the event loop


class Results:
    """Reads through a cache. `ttl_s` is how long rows hold of a database that does not say when it
    changes; `now` is the clock."""

    def __init__(
        self, cache: Cache | None, threads: Executor, *, ttl_s: float,
        now: Callable[[], dt.datetime],
    ) -> None:  # fmt: skip
        self._cache = cache
        self._threads = threads
        self._ttl_s = ttl_s
        self._now = now
        self._flights: dict[str, Flight] = {}

    def hold(self, ttl_s: float) -> None:
        """What is read from now on holds for so long."""
        self._ttl_s = ttl_s

    async def of(
        self, governed: Governed, warehouse: Warehouse, run: Callable[[], Awaitable[Result]], *,
        stop: CallOff, fresh: bool = False,
    ) -> Read:  # fmt: skip
        """The rows, by `run` where none are kept; `fresh` reads past what is kept, and keeps."""
        # In a thread: some warehouses have to be asked for it.
        version = await asyncio.get_running_loop().run_in_executor(
            self._threads, warehouse.data_version
        )
        if self._cache is None or governed.volatile or not (version or self._ttl_s):
            return await self._run(run)
        key = key_of(governed, warehouse.session, version)
        while not fresh:
            kept = await self._kept(self._cache, key)
            if kept is not None:
                return kept
            flight = self._flights.get(key)
            if flight is None:
                break
            await landed(flight, stop)
            others = flight.result()
            if isinstance(others, DataMindError):
                raise others
            if others is not None:
                return replace(others, cached=True)
        async with self._flight(key) as land:
            elsewhere = None if fresh else await self._elsewhere(self._cache, key, stop)
            if elsewhere is not None:
                land(elsewhere)
                return elsewhere
            try:
                read = await self._run(run)
                land(read)
                await self._keep(self._cache, governed, warehouse.session, read)
            finally:
                if not fresh:  # else the claim, if there is one, is somebody else's
                    await self._cache.let_go(key)
        return read

    async def _elsewhere(self, cache: Cache, key: str, stop: CallOff) -> Read | None:
        """What another server reads now; None where none does, or not in CLAIM_S, or in vain."""
        never = asyncio.get_running_loop().create_future()
        while not await cache.claim(key, ttl_s=CLAIM_S):
            await landed(never, stop, limit_s=LOOK_S)
            kept = await self._kept(cache, key)
            if kept is not None:
                return kept
        return None

    async def _run(self, run: Callable[[], Awaitable[Result]]) -> Read:
        as_of = self._now()
        return Read(await run(), as_of)

    @asynccontextmanager
    async def _flight(self, key: str) -> AsyncIterator[Callable[[Read], None]]:
        """Others wait for what is read in here; who reads past it has no others."""
        flight: Flight = asyncio.get_running_loop().create_future()
        if self._flights.setdefault(key, flight) is not flight:
            yield lambda read: None
            return
        try:
            yield flight.set_result
        except (QueryCancelled, TurnedAway):
            raise  # the others have turns of their own
        except DataMindError as fault:
            flight.set_result(fault)
            raise
        finally:
            del self._flights[key]
            if not flight.done():
                flight.set_result(None)

    async def _kept(self, cache: Cache, key: str) -> Read | None:
        found = await cache.get(key)
        if found is None:
            return None
        if len(found) < LARGE:
            return unpacked(key, found)
        return await asyncio.get_running_loop().run_in_executor(self._threads, unpacked, key, found)

    async def _keep(self, cache: Cache, governed: Governed, session: str, read: Read) -> None:
        """Keep the rows under the version of the data that they were read off."""
        version = read.result.data_version
        key = key_of(governed, session, version)
        made = await asyncio.get_running_loop().run_in_executor(self._threads, packed, key, read)
        await cache.put(key, made, ttl_s=VERSIONED_S if version else self._ttl_s)
