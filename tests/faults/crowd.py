"""People who go on asking whatever happens, and a book of what they were told."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

PAUSE_S = 0.1
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one request came to: when it was sent and answered (monotonic), its status and body.

    Status 0 is no answer at all: the server was not there, or hung up.
    """

    kind: str
    sent: float
    answered: float
    status: int
    body: Mapping[str, Any]

    @property
    def word(self) -> str:
        """In a word: `ok`, the code of a problem, or `no answer`."""
        if self.status == 0:
            return "no answer"
        if self.status < 400:
            return "ok"
        return str(self.body.get("code", self.status))


@dataclass
class Book:
    """All that was told, in the order of the answers."""

    entries: list[Told] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, told: Told) -> None:
        """One more."""
        with self._lock:
            self.entries.append(told)

    def of(self, kind: str, *, after: float = 0.0, before: float = float("inf")) -> list[Told]:
        """Those of a kind that were answered within that time."""
        with self._lock:
            return [t for t in self.entries if t.kind == kind and after <= t.answered < before]

    def words(self, kind: str, *, after: float, before: float = float("inf")) -> Counter[str]:
        """How often each outcome was."""
        return Counter(t.word for t in self.of(kind, after=after, before=before))

    def accepted(self, kind: str, name: str) -> set[str]:
        """The ids of what was accepted."""
        return {t.body[name] for t in self.of(kind) if t.word == "ok" and name in t.body}


class Crowd:
    """Somebody who asks, somebody who flags, and somebody who looks at /health, at once."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url
        self.headers = dict(headers)
        self.book = Book()
        self._stop = threading.Event()
        self._numbers = itertools.count()

    def ask(self) -> Told:
        """A question that nobody asked before: nothing that is kept answers it."""
        number = next(self._numbers)
        question = f"number of orders with an amount over {number % 900}.{number // 900}"
        return self.post("ask", "/api/v1/sql/ask", {"question": question})

    def flag(self, query: str) -> Told:
        """A flag of an answer."""
        body = {"query_id": query, "comment": f"look {next(self._numbers)}", "rating": 2}
        return self.post("flag", "/api/v1/feedback/flag", body)

    def post(self, kind: str, path: str, body: Mapping[str, Any]) -> Told:
        """A request, and what was told."""
        return self._told(kind, lambda c: c.post(path, json=body, headers=self.headers))

    def get(self, kind: str, path: str) -> Told:
        """The same of a GET."""
        return self._told(kind, lambda c: c.get(path, headers=self.headers))

    def _told(self, kind: str, send: Callable[[httpx.Client], httpx.Response]) -> Told:
        sent = time.monotonic()
        try:
            with httpx.Client(base_url=self.url, timeout=PATIENCE_S) as client:
                answer = send(client)
            told = Told(kind, sent, time.monotonic(), answer.status_code, answer.json())
        except (httpx.TransportError, ValueError):
            told = Told(kind, sent, time.monotonic(), 0, {})
        self.book.note(told)
        return told

    @contextmanager
    def at_work(self) -> Iterator[Book]:
        """They go on until the block ends."""
        first = self.ask()
        assert first.word == "ok", first
        query = first.body["query_id"]
        works: tuple[Callable[[], object], ...] = (
            self.ask, lambda: self.flag(query), lambda: self.get("health", "/health"),
        )  # fmt: skip
        threads = [threading.Thread(target=self._repeat, args=(w,), daemon=True) for w in works]
        for thread in threads:
            thread.start()
        try:
            yield self.book
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(PATIENCE_S)

    def _repeat(self, work: Callable[[], object]) -> None:
        while not self._stop.is_set():
            work()
            self._stop.wait(PAUSE_S)
