"""Looks at parts: what they find is told once, in our words."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

from datamind.errors import WarehouseNotFound
from datamind.rooms.system.looks import Threaded


def test_what_a_look_finds_after_it_was_given_up_is_told_nowhere() -> None:
    told: list[dict[str, Any]] = []
    given_up = threading.Event()

    def probe() -> dict[str, Any]:
        given_up.wait(10)
        raise WarehouseNotFound("No PostgreSQL answers at db.internal:5432.")

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, heard: told.append(heard))
        look = asyncio.ensure_future(Threaded(probe)())
        while not (found := [t for t in threading.enumerate() if t.name == "probe"]):
            await asyncio.sleep(0)
        look.cancel()
        await asyncio.gather(look, return_exceptions=True)
        del look
        given_up.set()
        found[0].join(10)
        for _ in range(3):  # the loop hears of it
            await asyncio.sleep(0)
        gc.collect()

    asyncio.run(story())
    assert not told
