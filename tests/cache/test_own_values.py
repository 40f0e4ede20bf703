"""Values that were read for those who may read them."""

from __future__ import annotations

import asyncio

import pytest

from datamind.rooms.policies.own_values import AGAIN_S, LASTS_S, OwnValues


@pytest.mark.parametrize(
    ("version", "lacking", "at", "reads"),
    [
        ("v1", False, 10 * LASTS_S, 1),
        ("", False, LASTS_S - 1, 1),
        ("", False, LASTS_S + 1, 2),
        ("v1", True, AGAIN_S - 1, 1),
        ("v1", True, AGAIN_S + 1, 2),
        ("", True, AGAIN_S + 1, 2),
    ],
)
def test_how_long_a_reading_holds(version: str, lacking: bool, at: float, reads: int) -> None:
    now, made = 0.0, 0
    values, key = OwnValues(clock=lambda: now), ("rows", version)

    async def read() -> dict[str, tuple[()]]:
        nonlocal made
        made += 1
        if lacking:
            values.for_now(key)
        return {}

    async def work() -> None:
        nonlocal now
        await values.of(key, read)
        now = at
        await values.of(key, read)
        await asyncio.sleep(0)  # what is begun now

    asyncio.run(work())
    assert made == reads
