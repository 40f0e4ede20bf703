"""Kept results: what the key depends on, and rows that come back as they were."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamind.adapters.cache import BESIDE, MemoryCache
from datamind.pipeline.kept import Read, key_of, packed, unpacked
from datamind.records import Governed, Result, ResultColumn

MOMENT = dt.datetime(2026, 3, 15, 9, tzinfo=dt.UTC)
GOVERNED = Governed(
    'SELECT "id" FROM "orders" LIMIT 11', ("k",), "duckdb", "shop.duckdb", "v-1", ("orders",),
    row_limit=10, volatile=False,
)  # fmt: skip


CHANGES: tuple[dict[str, Any], ...] = (
    {}, {"sql": 'SELECT "id" FROM "orders" LIMIT 12'}, {"parameters": ("K",)}, {"parameters": ()},
    {"parameters": (1,)}, {"parameters": (True,)}, {"parameters": (1.0,)}, {"parameters": ("1",)},
    {"parameters": (Decimal(1),)}, {"dialect": "postgres"}, {"target": "other.duckdb"},
    {"row_limit": 9}, {"relations": ("orders", "stores")},
)  # fmt: skip


def test_all_that_rows_depend_on_is_in_the_key() -> None:
    keys = {key_of(replace(GOVERNED, **change), "s", "1") for change in CHANGES}
    keys |= {key_of(GOVERNED, "s", "2"), key_of(GOVERNED, "t", "1")}
    assert len(keys) == len(CHANGES) + 2


def test_who_asks_is_not_in_the_key_and_neither_is_what_else_they_may_read() -> None:
    other = replace(GOVERNED, fingerprint="v-2")
    assert key_of(GOVERNED, "s", "1") == key_of(other, "s", "1")


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.decimals(allow_nan=False) | st.dates() | st.times() | st.timedeltas() | st.datetimes()
    | st.datetimes(timezones=st.just(dt.UTC))
)  # fmt: skip


@pytest.mark.slow
@given(st.integers(0, 4).flatmap(lambda n: st.lists(st.tuples(*[VALUES] * n), max_size=5)))
def test_every_value_comes_back_as_it_was(rows: list[tuple[Any, ...]]) -> None:
    width = len(rows[0]) if rows else 2
    columns = tuple(ResultColumn(f"c{n}", "other") for n in range(width))
    read = Read(Result(columns, tuple(rows), 3.0, True, "v"), MOMENT)
    found = unpacked("k", packed("k", read))
    assert found == replace(read, result=replace(read.result, elapsed_ms=0.0), cached=True)
    types = [[type(v) for v in row] for row in found.result.rows]
    assert types == [[type(v) for v in row] for row in rows]


def test_what_is_no_number_comes_back_and_so_do_halves_of_letters() -> None:
    row = (math.nan, math.inf, "\ud800", "\0", "'\"=1")
    columns = tuple(ResultColumn(f"c{n}", "text") for n in range(len(row)))
    found = unpacked("k", packed("k", Read(Result(columns, (row,), 0.0), MOMENT)))
    assert found is not None
    assert repr(found.result.rows[0]) == repr(row)


@pytest.mark.parametrize(
    "kept",
    [b"", b"\x80\x04.", b"[]", b"{}", b'{"key": "k"}', b'{"key": "other"}', b"[" * 100_000,
     b'{"key":"k","as_of":"x","columns":[],"values":[["n",["x"]]],"rows":1}',
     b'{"key":"k","as_of":"x","columns":[],"values":[["q",[1]]],"rows":1}'],
)  # fmt: skip
def test_what_is_none_of_ours_is_nothing(kept: bytes) -> None:
    assert unpacked("k", kept) is None


def test_a_result_of_another_key_is_not_taken_for_this_one() -> None:
    made = packed("one", Read(Result((), (), 0.0), MOMENT))
    assert unpacked("one", made) is not None
    assert unpacked("other", made) is None


def test_the_longest_unused_makes_room_and_what_is_too_large_is_not_kept() -> None:
    now = [0.0]
    cache = MemoryCache(10 * (BESIDE + 100), clock=lambda: now[0])

    async def put(*keys: str, size: int = 100, ttl_s: float = 60) -> None:
        for key in keys:
            await cache.put(key, bytes(size), ttl_s=ttl_s)

    async def there() -> str:
        return "".join([key for key in "abcdefghijkl" if key in cache._kept])

    async def told() -> None:
        await put(*"abcdefghij")
        assert await cache.get("a") is not None  # used, so b is the longest unused
        await put("k")
        assert await there() == "acdefghijk"
        await put("l", size=1000)
        assert await there() == "acdefghijk"
        await put("a", size=1000)  # the older value does not stay either
        assert await there() == "cdefghijk"
        await put("a", ttl_s=5)
        now[0] = 5.0
        assert await cache.get("a") is None
        assert await there() == "cdefghijk"
        for key in "cdefghijk":
            cache._drop(key)
        assert cache._held == 0

    asyncio.run(told())
