"""The few Protocols that adapters implement; the code above them can't tell adapters apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from typing import Protocol

from datamind.dbt_records import DbtLine, DbtModel, DbtOutcome, DbtWanted, DocsPage
from datamind.records import (
    AuditEvent,
    AuditFilter,
    AuditVerdict,
    Dialect,
    Estimate,
    Governed,
    Interpretation,
    Notice,
    Question,
    Result,
    Scalar,
    Written,
)
from datamind.semantics.catalog import Catalog, View


class Stop(Protocol):
    """Set once by whoever calls a query off (a `threading.Event`)."""

    def is_set(self) -> bool:
        """Whether it was called off."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is, for so many seconds at most; whether it was."""
        ...


class Warehouse(Protocol):
    """A database that answers governed statements and nothing else."""

    @property
    def dialect(self) -> Dialect:
        """The SQL dialect it speaks."""
        ...

    @property
    def name(self) -> str:
        """How people know it; holds no password."""
        ...

    @property
    def session(self) -> str:
        """Which database it is, and all that its sessions add to a statement: role, time zone,
        settings. Equal where the same text gives the same rows over the same data; no password."""
        ...

    def estimate(self, governed: Governed) -> Estimate:
        """What running this would cost."""
        ...

    def plan(self, governed: Governed) -> str:
        """How the database means to run it, in its own words: these may hold values of the data."""
        ...

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Rows, or an error of the `WarehouseError` family; QueryCancelled once `stop` is set."""
        ...

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """The same, a few thousand rows at a time and at least one Result; `truncated` is told in
        the last. Whoever stops reading closes the iterator, and the query ends."""
        ...

    def ping(self) -> None:
        """An error of the `WarehouseError` family where it can't be asked."""
        ...

    def data_version(self) -> str:
        """Changes whenever the data may have changed; empty if the database has none."""
        ...

    def close(self) -> None:
        """End all that was started; safe to call twice."""
        ...


class Cache(Protocol):
    """Keeps bytes for a while, and may forget any of them at any time; one that is down has none.

    Its keys are digests, its values text without meaning to it: it fits a store beside us.
    """

    async def get(self, key: str) -> bytes | None:
        """What is kept under the key."""
        ...

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep it for so many seconds at most; what is too large is not kept."""
        ...

    async def claim(self, key: str, *, ttl_s: float) -> bool:
        """Whether no other process says that it is about to put this; also where that can't be
        known. Ours holds for so many seconds at most."""
        ...

    async def let_go(self, key: str) -> None:
        """Our claim, if we have one, is over."""
        ...


class Tickets(Protocol):
    """Holds bytes for whoever comes with their ticket, a secret that no one can guess."""

    async def put(self, ticket: str, owner: str, value: bytes, *, ttl_s: float, most: int) -> None:
        """Hold the value for so many seconds; TooManyRequests where its owner has `most` already,
        Overloaded where all have too many."""
        ...

    async def take(self, ticket: str) -> bytes | None:
        """The value, once."""
        ...


Heard = Callable[[Mapping[str, str]], Awaitable[bool | None]]


class Signals(Protocol):
    """What the servers of one installation tell each other; the store is the truth behind it."""

    def hear(self, topic: str, heard: Heard) -> None:
        """`heard` is told what others say of the topic; True answers those who asked."""
        ...

    def on_gap(self, look: Callable[[], Awaitable[None]]) -> None:
        """`look` is called whenever something may have been missed."""
        ...

    def start(self) -> None:
        """Hear the others from now on."""
        ...

    def tell(self, topic: str, **said: str) -> None:
        """Tell the others, without waiting for it."""
        ...

    async def ask(self, topic: str, **said: str) -> bool:
        """Whether any other says yes; Unavailable where they can't be asked."""
        ...


class Jobs(Protocol):
    """Tells those who run jobs of one that waits; the table of jobs is the queue of record."""

    def send(self, job_id: str) -> None:
        """Tell of it. Never blocks nor fails: what is lost on the way is told again in time."""
        ...


class Dbt(Protocol):
    """A dbt project, and the build of it that is in use."""

    def run(
        self, wanted: DbtWanted, *, say: Callable[[DbtLine], None], stop: Stop | None = None
    ) -> DbtOutcome:
        """Do it and tell how it ended; what is in use changes only by what succeeds as a whole.
        Lines go to `say`, from whatever thread. Blocks."""
        ...

    def models(self) -> tuple[DbtModel, ...]:
        """The models of the build in use. Blocks."""
        ...

    def docs(self) -> DocsPage | None:
        """dbt's documentation of the build in use. Blocks."""
        ...


class Exporter(Protocol):
    """Writes rows into a file of one format."""

    def write(self, batches: Iterator[Result], path: str) -> Written:
        """Write all of them; ResultTooLarge where the format can't hold them. Blocks."""
        ...


class Notifier(Protocol):
    """A channel that takes alerts to people."""

    @property
    def name(self) -> str:
        """How it is called in metrics and /health."""
        ...

    async def send(self, notice: Notice) -> None:
        """Return once it is taken; Unavailable where it is not."""
        ...


class Introspector(Protocol):
    """Reads a catalog off a database."""

    def introspect(self) -> Catalog:
        """Tables, columns, keys (declared and guessed), statistics and values."""
        ...


class Probe(Protocol):
    """Reads rows for introspection; used at catalog build only, never for askers."""

    def rows(self, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
        """All rows of one statement."""
        ...


class Planner(Protocol):
    """Turns a question into ranked plans over what the asker may see."""

    def interpret(self, question: Question, view: View) -> Interpretation:
        """Readings of the question, or why there is none."""
        ...


class AuditLog(Protocol):
    """Keeps what was done, durably and in order."""

    async def append(self, event: AuditEvent) -> None:
        """Return once the event is durable; Unavailable if it can't be."""
        ...

    def find(
        self, wanted: AuditFilter, *, before: int | None, limit: int
    ) -> list[tuple[int, dict[str, object]]]:
        """Records that fit and are not sealed, newest first, each with its number. Blocks."""
        ...

    def count(self, wanted: AuditFilter) -> int:
        """How many of those there are. Blocks."""
        ...

    def lines(self, wanted: AuditFilter) -> Iterator[tuple[int, dict[str, object]]]:
        """All records that fit, oldest first, sealed ones too. Blocks."""
        ...

    def verify(self) -> AuditVerdict:
        """Whether the chain holds. Blocks."""
        ...

    def down(self) -> Mapping[str, str]:
        """The copies of the log that can't be written, and why."""
        ...

    def oldest(self) -> dt.datetime | None:
        """The moment of the oldest record that is not sealed. Blocks."""
        ...

    def last_sealed(self) -> int:
        """The last record that is sealed (0: there is none). Blocks."""
        ...

    def seal(self, before: dt.datetime) -> int:
        """Seal the records of before that moment; how many. Blocks."""
        ...

    def due(self, before: dt.datetime) -> bool:
        """Whether all that is sealed in some segment is of before that moment. Blocks."""
        ...

    def prune(self, before: dt.datetime, now: dt.datetime) -> int:
        """Delete such segments, noting that; how many records. Blocks."""
        ...

    def close(self) -> None:
        """Write what waits, then end."""
        ...
