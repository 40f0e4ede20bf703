"""Chains of records: each carries the HMAC of itself and of the one before.

The log, the list of its sealed segments and its anchors are all written so, each under a key of
its own made of one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FIRST = "0" * 64  # what the first record is chained to
LINE = re.compile(r'\{"seq":(\d{1,18}),"mac":"([0-9a-f]{64})",(.*\})')

Head = tuple[int, str]  # a record's place, and its HMAC
START: Head = (0, FIRST)


@dataclass(frozen=True, slots=True)
class Link:
    """A record in its place; `record` is one line of JSON."""

    seq: int
    mac: str
    record: str

    @property
    def head(self) -> Head:
        """What the next one is chained to."""
        return self.seq, self.mac


class Damaged(Exception):
    """A copy of a chain can't be gone on with; the text says why, and holds no record."""


def chained(key: bytes, seq: int, before: str, record: str) -> str:
    """The HMAC-SHA256 of a record, its place and the one before it, in hexadecimal digits."""
    said = f"{seq}\n{before}\n{record}".encode("utf-8", "surrogatepass")
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def of_use(key: bytes, use: str) -> bytes:
    """A key for another use, so that no chain's links pass for another's."""
    return hmac.new(key, use.encode(), hashlib.sha256).digest()


def linked(key: bytes, head: Head, records: Iterable[str]) -> list[Link]:
    """The records, chained on to that head."""
    links = []
    seq, mac = head
    for record in records:
        seq, mac = seq + 1, chained(key, seq + 1, mac, record)
        links.append(Link(seq, mac, record))
    return links


def going_on(key: bytes, head: Head, links: Iterable[Link]) -> Iterator[Link]:
    """The links, each checked to go on from the one before; Damaged at the first that does not."""
    seq, mac = head
    for link in links:
        if link.seq != seq + 1 or not hmac.compare_digest(
            link.mac, chained(key, link.seq, mac, link.record)
        ):
            raise Damaged(f"record {link.seq} does not go on from record {seq}")
        seq, mac = link.head
        yield link


def as_line(link: Link) -> bytes:
    """The link as a line of JSON: the record, its place and HMAC first."""
    return f'{{"seq":{link.seq},"mac":"{link.mac}",{link.record[1:]}\n'.encode()


def read_line(raw: bytes) -> Link | None:
    """A line read back to the letter; None if it is none."""
    try:
        found = LINE.fullmatch(raw.removesuffix(b"\n").decode())
    except UnicodeDecodeError:
        return None
    return Link(int(found[1]), found[2], "{" + found[3]) if found else None
