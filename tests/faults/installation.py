"""An installation to break: PostgreSQL for metadata, another one as warehouse, Redis, a server.

The server reaches each through a link that can be cut.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as audit_verified
from datamind.api.secrets import audit_key_of
from datamind.rooms.questions.asking import NOT_KEPT
from datamind.settings import load

from ..api.test_process import Server
from ..servers import Postgres, Redis, eventually
from .crowd import Book, Crowd
from .link import Link, link_to

DETECT_S, RECOVER_S = 10.0, 30.0  # what the issue asks for
CALM_S = 1.0
SECRET = "0123456789abcdefghijklmnopqrstuv"  # pragma: allowlist secret
SHOP = """
CREATE TABLE stores (id integer PRIMARY KEY, name text NOT NULL, country text NOT NULL);
CREATE TABLE orders (
    id integer PRIMARY KEY, store_id integer NOT NULL REFERENCES stores (id),
    status text NOT NULL, amount numeric(12, 2) NOT NULL, order_date date NOT NULL
);
INSERT INTO stores SELECT i, 'Store ' || i, 'France' FROM generate_series(1, 12) i;
INSERT INTO orders SELECT i, 1 + i % 12, 'paid', (i % 97) * 10.5, DATE '2025-01-01' + i % 400
    FROM generate_series(1, 3000) i;
"""


class Configured(Server):
    """A `datamind serve` whose warehouse is the one that its environment says."""

    def command(self) -> list[str]:
        own = super().command()
        return own[: own.index("--warehouse")]


class Under(Server):
    """The same over a file, run under another program."""

    def __init__(self, home: Path, shop: Path, *before: str, **env: str) -> None:
        super().__init__(home, shop, **env)
        self.before = before

    def command(self) -> list[str]:
        return [*self.before, *super().command()]


@dataclass
class Installation:
    """All of it."""

    server: Server
    metadata: Postgres
    warehouse: Postgres
    redis: Redis
    links: dict[str, Link]

    def crowd(self) -> Crowd:
        """People who are signed in."""
        return Crowd(self.server.url, self.server.login())


@contextmanager
def installed(home: Path, **env: str) -> Iterator[Installation]:
    """One that runs."""
    with ExitStack() as stack:
        metadata, warehouse, redis = Postgres(), Postgres(), Redis(home / "redis")
        for part in (metadata, warehouse, redis):
            part.start()
        stack.callback(metadata.remove)
        stack.callback(warehouse.remove)
        stack.callback(redis.kill)
        filled(warehouse)
        links = {
            name: stack.enter_context(link_to(part.port))
            for name, part in (("metadata", metadata), ("warehouse", warehouse), ("redis", redis))
        }
        address = metadata.url(port=links["metadata"].port)
        server = Configured(
            home, home,
            DATABASE_URL=address.replace("postgresql", "postgresql+psycopg"),
            WAREHOUSE_URL=warehouse.url(port=links["warehouse"].port),
            REDIS_URL=redis.url(port=links["redis"].port), JWT_SECRET=SECRET, **env,
        )  # fmt: skip
        stack.enter_context(started(server))
        yield Installation(server, metadata, warehouse, redis, links)


@contextmanager
def started(server: Server) -> Iterator[Server]:
    """The server, with an admin who can sign in."""
    server.people(ana="admin")
    server.start()
    try:
        yield server
        assert server.end() == 0, server.said[-2000:]  # whatever befell it, it ends when told to
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end(signal.SIGKILL)


def filled(postgres: Postgres) -> None:
    """The shop's tables."""
    import psycopg

    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(SHOP.encode())


@dataclass
class Seen:
    """A row of the fault table: what a fault did to those who were at work."""

    fault: str
    modes: list[str] = field(default_factory=list)
    detect_s: float | None = None
    recover_s: float = 0.0
    asks: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    slowest_ask_s: float = 0.0
    slowest_health_ms: float = 0.0

    def row(self) -> tuple[str, ...]:
        """As it is printed."""
        told = ", ".join(f"{n} {word}" for word, n in self.asks.most_common())
        detect = "not seen" if self.detect_s is None else f"{self.detect_s:.1f} s"
        return (self.fault, " > ".join(self.modes), detect, f"{self.recover_s:.1f} s", told,
                f"{self.slowest_ask_s:.1f} s", f"{self.slowest_health_ms:.0f} ms")  # fmt: skip


def mode_of(url: str) -> str:
    """What /health says, or `away`."""
    try:
        return str(httpx.get(f"{url}/health", timeout=5).json()["operational_mode"])
    except (httpx.TransportError, ValueError, KeyError):
        return "away"


def suffered(
    fault: str, url: str, crowd: Crowd, hurt: Callable[[], Any], mend: Callable[[], Any], *,
    mode: str | None, for_s: float = 4.0,
) -> Seen:  # fmt: skip
    """What those at work saw while `hurt` held, until all was well again after `mend`.

    `mode` is the one that the system has to come to (None: it stays as it is).
    """
    seen = Seen(fault)
    with crowd.at_work() as book:
        time.sleep(CALM_S)
        began = time.monotonic()
        hurt()
        if mode is not None:
            assert eventually(lambda: mode_of(url) == mode, DETECT_S), mode_of(url)
            seen.detect_s = time.monotonic() - began
        time.sleep(for_s)
        mended = time.monotonic()
        mend()
        well = eventually(lambda: _well(url, book, mended), RECOVER_S + 5)
        ended = time.monotonic()
        assert well, (mode_of(url), book.words("ask", after=mended))
        time.sleep(CALM_S)
    seen.recover_s = ended - mended
    seen.asks = book.words("ask", after=began, before=ended)
    seen.flags = book.words("flag", after=began, before=ended)
    seen.slowest_ask_s = max((t.answered - t.sent for t in book.of("ask", after=began)), default=0)
    looks = book.of("health", after=began)
    seen.slowest_health_ms = 1000 * max((t.answered - t.sent for t in looks), default=0)
    for told in looks:
        now = str(told.body.get("operational_mode", "away"))
        if not seen.modes or seen.modes[-1] != now:
            seen.modes.append(now)
    return seen


def _well(url: str, book: Book, since: float) -> bool:
    """Whether the mode is the usual one, and the last things asked were answered."""
    if mode_of(url) != "FULL_OPERATIONAL":
        return False
    last = [book.of(kind, after=since)[-2:] for kind in ("ask", "flag")]
    return all(len(told) == 2 and all(t.word == "ok" for t in told) for told in last)


def nothing_lost(server: Server, book: Book) -> None:
    """All that was accepted is there: answers in the history and the audit, flags in the store,
    and the audit's chain holds."""
    headers = server.login()
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as client:
        # Who was told that an answer is not kept knows; the audit has it all the same.
        for query in {t.body["query_id"] for t in book.of("ask") if t.word == "ok"
                      and NOT_KEPT not in t.body["warnings"]}:  # fmt: skip
            told = client.get(f"/queries/{query}")
            assert told.status_code == 200, (query, told.text)
        flagged = _all(client, "/feedback")
    kept = {item["id"] for item in flagged}
    missing = book.accepted("flag", "feedback_id") - kept
    assert not missing, f"{len(missing)} of {len(kept)} flags are lost"
    text = (server.home / "logs" / "audit.log").read_text("utf-8")
    unknown = [q for q in book.accepted("ask", "query_id") if q not in text]
    assert not unknown, f"{len(unknown)} answers are not in the audit"
    with patch.dict(os.environ, server.env, clear=True):
        settings = load()
        verdict = audit_verified(AuditPlaces.of(settings.home), audit_key_of(settings))
    assert verdict.faults == ()


def _all(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """The items of all pages."""
    found: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = client.get(path, params={"limit": 200, **more}).raise_for_status().json()
        found += page["items"]
        if page.get("next_cursor") is None:
            return found
        more = {"cursor": page["next_cursor"]}
