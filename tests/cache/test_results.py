"""Reading through the cache: once however many ask, and nothing that does not hold."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from datamind.adapters.cache import MemoryCache
from datamind.errors import DataMindError, Overloaded, QueryCancelled, QueryTimeout
from datamind.pipeline.kept import Read
from datamind.records import Governed, Result, ResultColumn
from datamind.rooms.places import CallOff
from datamind.rooms.questions.results import Results

GOVERNED = Governed(
    'SELECT "id" FROM "orders"', (), "duckdb", "shop", "v-1", ("orders",), volatile=False
)
NOW = dt.datetime(2026, 3, 15, 9, tzinfo=dt.UTC)


class Shop:
    """A warehouse that counts how often it was asked; `gate` holds it up."""

    session = "shop as reader"

    def __init__(self, version: str = "1") -> None:
        self.version = version
        self.runs = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: BaseException | None = None

    def data_version(self) -> str:
        return self.version

    async def run(self) -> Result:
        self.runs += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return Result((ResultColumn("id", "integer"),), ((self.runs,),), 1.0, False, self.version)


class Desk:
    """Results over a shop."""

    def __init__(self, version: str = "1", *, ttl_s: float = 30, most: int = 1 << 20) -> None:
        self.shop = Shop(version)
        self.at = 0.0
        cache = MemoryCache(most, clock=lambda: self.at) if most else None
        threads = ThreadPoolExecutor(1)
        self.results = Results(cache, threads, ttl_s=ttl_s, now=lambda: NOW)

    def read(
        self, governed: Governed = GOVERNED, *, fresh: bool = False,
        stop: CallOff | None = None,
    ) -> Coroutine[Any, Any, Read]:  # fmt: skip
        return self.results.of(
            governed, self.shop, self.shop.run,  # type: ignore[arg-type]
            stop=stop or CallOff(), fresh=fresh,
        )  # fmt: skip

    async def told(self, **more: Any) -> tuple[int, bool]:
        read = await self.read(**more)
        return int(str(read.result.rows[0][0])), read.cached


def test_the_second_reads_what_the_first_read() -> None:
    async def told() -> list[tuple[int, bool]]:
        desk = Desk()
        return [await desk.told() for _ in range(3)]

    assert asyncio.run(told()) == [(1, False), (1, True), (1, True)]


@pytest.mark.parametrize(
    ("desk", "governed"),
    [
        ({}, replace(GOVERNED, volatile=True)),
        ({"most": 0}, GOVERNED),
        ({"version": "", "ttl_s": 0}, GOVERNED),
    ],
)
def test_what_must_not_be_kept_is_run_each_time(desk: dict[str, Any], governed: Governed) -> None:
    async def told() -> list[tuple[int, bool]]:
        one = Desk(**desk)
        together = await asyncio.gather(*(one.told(governed=governed) for _ in range(2)))
        return [*together, await one.told(governed=governed)]

    assert asyncio.run(told()) == [(1, False), (2, False), (3, False)]


def test_newer_data_makes_old_rows_count_no_more() -> None:
    async def told() -> list[tuple[int, bool]]:
        desk = Desk()
        found = [await desk.told()]
        desk.shop.version = "2"
        found += [await desk.told(), await desk.told()]
        desk.at = 10_000_000.0
        return [*found, await desk.told()]

    assert asyncio.run(told()) == [(1, False), (2, False), (2, True), (3, False)]


def test_rows_are_kept_under_the_version_that_they_were_read_off() -> None:
    """A build that took the old one's place in the middle of a query must not pass for the old."""

    async def told() -> list[tuple[int, bool]]:
        desk = Desk()
        desk.shop.gate.clear()
        task = asyncio.create_task(desk.told())
        await asyncio.sleep(0)
        desk.shop.version = "2"
        desk.shop.gate.set()
        found = [await task, await desk.told()]
        desk.shop.version = "1"
        return [*found, await desk.told()]

    assert asyncio.run(told()) == [(1, False), (1, True), (2, False)]


def test_where_no_version_tells_time_does() -> None:
    async def told() -> list[tuple[int, bool]]:
        desk = Desk("", ttl_s=30)
        found = [await desk.told()]
        desk.at = 29.0
        found.append(await desk.told())
        desk.at = 30.0
        return [*found, await desk.told()]

    assert asyncio.run(told()) == [(1, False), (1, True), (2, False)]


def test_who_asks_past_the_cache_is_given_new_rows_and_so_is_everybody_after() -> None:
    async def told() -> list[tuple[int, bool]]:
        desk = Desk()
        return [await desk.told(), await desk.told(fresh=True), await desk.told()]

    assert asyncio.run(told()) == [(1, False), (2, False), (2, True)]


def test_a_stampede_runs_once() -> None:
    async def told() -> tuple[int, list[bool]]:
        desk = Desk()
        desk.shop.gate.clear()
        tasks = [asyncio.create_task(desk.read()) for _ in range(50)]
        await asyncio.sleep(0.05)
        desk.shop.gate.set()
        found = await asyncio.gather(*tasks)
        return desk.shop.runs, sorted(read.cached for read in found)

    assert asyncio.run(told()) == (1, [False] + [True] * 49)


def test_a_fault_is_everybodys_who_waited_and_is_not_kept() -> None:
    async def told() -> tuple[int, set[str], int]:
        desk = Desk()
        desk.shop.gate.clear()
        desk.shop.fault = QueryTimeout("Too long.")
        tasks = [asyncio.create_task(desk.read()) for _ in range(5)]
        await asyncio.sleep(0.05)
        desk.shop.gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        runs, desk.shop.fault = desk.shop.runs, None
        return runs, {type(f).__name__ for f in found}, (await desk.told())[0]

    assert asyncio.run(told()) == (1, {"QueryTimeout"}, 2)


@pytest.mark.parametrize("how", ["cancelled", "called off", "turned away", "broken"])
def test_where_the_first_is_called_off_the_next_runs(how: str) -> None:
    async def told() -> list[object]:
        desk = Desk()
        desk.shop.gate.clear()
        first = asyncio.create_task(desk.read())
        await asyncio.sleep(0.02)
        others = [asyncio.create_task(desk.told()) for _ in range(3)]
        await asyncio.sleep(0.02)
        if how == "cancelled":
            first.cancel()
        else:
            faults = {"called off": QueryCancelled("Off."), "turned away": Overloaded("Full.")}
            desk.shop.fault = faults.get(how, RuntimeError("x"))
            desk.shop.gate.set()
        with pytest.raises((asyncio.CancelledError, DataMindError, RuntimeError)):
            await first
        desk.shop.fault = None
        desk.shop.gate.set()
        return sorted(await asyncio.gather(*others))

    assert asyncio.run(told()) == [(2, False), (2, True), (2, True)]


def test_who_waits_for_anothers_rows_can_be_called_off() -> None:
    async def told() -> None:
        desk = Desk()
        desk.shop.gate.clear()
        first = asyncio.create_task(desk.told())
        await asyncio.sleep(0.02)
        stop = CallOff()
        second = asyncio.create_task(desk.read(stop=stop))
        await asyncio.sleep(0.02)
        stop.set()
        with pytest.raises(QueryCancelled):
            await asyncio.wait_for(second, 2)
        desk.shop.gate.set()
        assert await first == (1, False)

    asyncio.run(told())
