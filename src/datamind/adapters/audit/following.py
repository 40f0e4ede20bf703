"""Following a chain that may have been tampered with: what was changed, left out, or moved."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

from datamind.adapters.audit.chain import Damaged, Head, Link, chained

MOST_MOVED = 20  # wrong records that are looked for in each other's places


class Follower:
    """Takes links one after another, keeps what does not hold, and remembers no more than that."""

    def __init__(self, key: bytes, head: Head) -> None:
        self._key = key
        self.head = head
        self._gaps: list[tuple[int, int]] = []
        self._wrong: list[tuple[Link, str]] = []  # with the HMAC that stands before it
        self._changed = 0
        self._moved: list[str] = []
        self._unread: list[str] = []

    def all(self, links: Iterable[Link]) -> Iterator[Link]:
        """The links, each looked at, as far as they can be read."""
        for link in self.readable(links):
            self.see(link)
            yield link

    def readable(self, links: Iterable[Link]) -> Iterator[Link]:
        """The links as far as they can be read."""
        try:
            yield from links
        except Damaged as fault:
            self._unread.append(str(fault))

    def see(self, link: Link) -> None:
        """The next one."""
        seq, mac = self.head
        if link.seq <= seq:
            self._out_of_order(link)
            return
        if link.seq > seq + 1:
            self._gaps.append((seq + 1, link.seq - 1))
        elif not hmac.compare_digest(link.mac, chained(self._key, link.seq, mac, link.record)):
            self._changed += 1
            if len(self._wrong) < MOST_MOVED:
                self._wrong.append((link, mac))
        self.head = link.head

    def faults(self) -> Iterator[str]:
        """What does not hold."""
        yield from (f"records {a} to {b} are missing" for a, b in self._gaps)
        yield from self._moved
        for link, _ in self._wrong:
            place = self._true_place(link)
            if place is None:
                yield f"record {link.seq} was changed, or the one before it taken away"
            elif place != link.seq:
                where = f"in the place of record {link.seq}"
                yield f"record {place} stands {where}: they were reordered"
        if self._changed > len(self._wrong):
            yield f"{self._changed - len(self._wrong)} more records were changed"
        yield from self._unread

    def _out_of_order(self, link: Link) -> None:
        """Behind one that comes later: if it was missed there, it was moved here."""
        for place, (first, last) in enumerate(self._gaps):
            if first <= link.seq <= last:
                rest = ((first, link.seq - 1), (link.seq + 1, last))
                self._gaps[place : place + 1] = [(a, b) for a, b in rest if a <= b]
                break
        if len(self._moved) < MOST_MOVED:
            self._moved.append(
                f"record {link.seq} stands after record {self.head[0]}: they were reordered"
            )

    def _true_place(self, link: Link) -> int | None:
        """Where the record, as it is, belongs: its own place if only one before it is wrong."""
        around = {mac for _, mac in self._wrong} | {other.mac for other, _ in self._wrong}
        places = [link.seq, *(other.seq for other, _ in self._wrong)]
        return next(
            (
                place for place in places for before in around
                if chained(self._key, place, before, link.record) == link.mac
            ), None,
        )  # fmt: skip
