"""Places are given by turns, and the queue before them is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from datamind.errors import Overloaded, QueryCancelled, TooManyRequests
from datamind.rooms.places import CallOff, Places


class Desk:
    """People who work at places; what each did is told in order."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.done: list[str] = []
        self.at_work = 0
        self.most_at_work = 0

    async def work(self, who: str, stop: CallOff | None = None) -> None:
        async with self.places.one(who, stop):
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
            await asyncio.sleep(0)
            self.at_work -= 1
            self.done.append(who)


async def started(*work: Awaitable[None]) -> list[asyncio.Task[None]]:
    """Each began, in this order, and waits."""
    tasks = [asyncio.ensure_future(one) for one in work]
    await asyncio.sleep(0)
    return tasks


def test_one_who_asks_for_hundreds_does_not_starve_the_others() -> None:
    async def ask() -> list[str]:
        desk = Desk(Places(2, most_each=200))
        greedy = [desk.work("greedy") for _ in range(200)]
        tasks = await started(*greedy, *(desk.work(name) for name in ("ana", "ben", "eve")))
        await asyncio.gather(*tasks)
        assert desk.most_at_work == 2
        return desk.done

    done = asyncio.run(ask())
    assert len(done) == 203
    assert set(done[:8]) == {"greedy", "ana", "ben", "eve"}


def test_those_who_each_want_much_take_turns() -> None:
    async def ask() -> list[str]:
        desk = Desk(Places(1))
        wanted = [desk.work(who) for who in ("ana", "ben", "eve") for _ in range(5)]
        await asyncio.gather(*await started(*wanted))
        return desk.done

    done = asyncio.run(ask())
    assert all(len(set(done[at : at + 3])) == 3 for at in range(3, 15, 3)), done


@pytest.mark.parametrize(
    ("places", "who", "fault"),
    [
        (lambda: Places(1, most_each=3), "ana", TooManyRequests),
        (lambda: Places(1, most_each=3), "ben", None),
        (lambda: Places(1, most=3), "ben", Overloaded),
    ],
)
def test_the_queue_is_bounded_for_each_and_for_all(
    places: Callable[[], Places], who: str, fault: type[Exception] | None
) -> None:
    async def ask() -> None:
        desk = Desk(places())
        async with desk.places.one("first"):
            tasks = await started(*(desk.work("ana") for _ in range(3)))
            late = asyncio.ensure_future(desk.work(who))
            await asyncio.sleep(0)
            assert late.done() == (fault is not None)
        if fault is None:
            await late
        else:
            with pytest.raises(fault) as told:
                await late
            assert told.value.retry_after_s >= 1  # type: ignore[attr-defined]
        await asyncio.gather(*tasks)

    asyncio.run(ask())


def test_nobody_waits_for_ever_and_who_left_leaves_no_place_empty() -> None:
    async def ask() -> None:
        places = Places(1, limit_s=0.05)
        async with places.one("ana"):
            with pytest.raises(Overloaded):
                async with places.one("ben"):
                    pass
            stop = CallOff()
            called_off, gone = await started(
                Desk(places).work("ben", stop), Desk(places).work("eve")
            )
            stop.set()
            gone.cancel()
            with pytest.raises(QueryCancelled):
                await called_off
            with pytest.raises(asyncio.CancelledError):
                await gone
            assert places.waiting == 0
        async with places.one("ben"):
            pass

    asyncio.run(ask())


def test_who_is_let_in_and_called_off_at_once_hands_the_place_on() -> None:
    async def ask() -> None:
        places = Places(1)
        stop = CallOff()
        async with places.one("ana"):
            first, second = await started(Desk(places).work("ben", stop), Desk(places).work("eve"))
        stop.set()  # after the place became ben's, before ben knows
        with pytest.raises(QueryCancelled):
            await first
        await asyncio.wait_for(second, 5)

    asyncio.run(ask())
