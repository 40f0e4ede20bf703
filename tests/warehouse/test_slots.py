"""Slots: a few connections, each lent to one statement at a time, whatever befalls them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import pytest

from datamind.adapters.warehouse.slots import Slots
from datamind.errors import BadInput, QueryTimeout, WarehouseError, WarehouseNotFound


@dataclass(eq=False)
class Line:
    """A connection that says what became of it."""

    broken: bool = False
    ended: bool = False


@dataclass
class Server:
    """Where they lead."""

    is_down: bool = False
    opened: list[Line] = field(default_factory=list)

    def open(self, deadline: float) -> Line:
        if self.is_down:
            raise WarehouseNotFound("Nobody answers.")
        self.opened.append(Line())
        return self.opened[-1]

    def slots(self, count: int = 1) -> Slots[Line]:
        def end(line: Line) -> None:
            line.ended = True

        return Slots(
            "shop on db", count, open=self.open, is_broken=lambda line: line.broken, end=end
        )


def in_s(seconds: float) -> float:
    return time.monotonic() + seconds


def test_they_open_when_first_needed_and_are_lent_again() -> None:
    server = Server()
    slots = server.slots(2)
    assert not server.opened
    with slots.one(in_s(1)) as first, slots.one(in_s(1)) as second:
        assert first is not second
    with slots.one(in_s(1)) as again:
        assert again is first, "the one that was used last"
    assert len(server.opened) == 2


@pytest.mark.parametrize("when", ["in use", "at rest"])
def test_a_broken_one_is_left_behind_and_its_slot_is_free(when: str) -> None:
    server = Server()
    slots = server.slots()
    with slots.one(in_s(1)) as first:
        first.broken = when == "in use"
    first.broken = True
    with slots.one(in_s(1)) as second:
        assert second is not first
    assert (first.ended, second.ended) == (True, False)


def test_what_fails_leaves_its_slot_free() -> None:
    server = Server(is_down=True)
    slots = server.slots()
    for _ in range(2):
        with pytest.raises(WarehouseNotFound), slots.one(in_s(1)):
            pass
    server.is_down = False
    with pytest.raises(ZeroDivisionError), slots.one(in_s(1)) as first:
        raise ZeroDivisionError
    with slots.one(in_s(1)) as again:
        assert again is first


def test_who_waits_longer_than_they_have_is_told_so() -> None:
    slots = Server().slots()
    with slots.one(in_s(1)), pytest.raises(QueryTimeout, match="busy"), slots.one(in_s(0)):
        pass


def test_closing_ends_those_in_use_too_and_nobody_gets_another() -> None:
    server = Server()
    slots = server.slots(2)
    with slots.one(in_s(1)), slots.one(in_s(1)):
        pass
    with slots.one(in_s(1)):
        slots.close()
        assert [line.ended for line in server.opened] == [True, True]
    with pytest.raises(WarehouseError, match=r"shop on db was closed\."), slots.one(in_s(1)):
        pass
    slots.close()


def test_one_that_opens_while_all_are_closed_is_ended() -> None:
    server, opening, closed = Server(), threading.Event(), threading.Event()
    line = Line()

    def slowly(deadline: float) -> Line:
        opening.set()
        closed.wait(10)
        return line

    server.open = slowly  # type: ignore[method-assign]
    slots, told = server.slots(), list[WarehouseError]()

    def use() -> None:
        try:
            with slots.one(in_s(10)):
                pass
        except WarehouseError as fault:
            told.append(fault)

    user = threading.Thread(target=use)
    user.start()
    opening.wait(10)
    slots.close()
    closed.set()
    user.join(10)
    assert line.ended and len(told) == 1


def test_there_is_one_at_least() -> None:
    with pytest.raises(BadInput):
        Server().slots(0)
