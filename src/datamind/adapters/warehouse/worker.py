"""A DuckDB query process: opens one file read-only, locks itself in, and answers over a pipe.

Run as a file by a bare interpreter, so that it starts in a tenth of a second: it imports the
engine's C module alone and nothing of DataMind. Requests and replies are frames of a length and
a pickle; an empty frame interrupts the query that runs; the pipe's end ends the process.
"""

from __future__ import annotations

import datetime as dt
import os
import pickle
import resource
import select
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

HEADER = 4
ORPHAN_CHECK_S = 5.0
NICER = 5  # whoever waits for the answer comes before the work on it
# What DuckDB must not do is set before the file opens; `lock_configuration` then closes the door.
# Nothing spills: over the memory limit a query fails, and the asker is told so.
SETTINGS: dict[str, str | bool] = {
    "access_mode": "read_only",
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "max_temp_directory_size": "0B",
}
AFTER_OPENING = ("SET TimeZone = 'UTC'", "SET lock_configuration = true")

BATCH = 2_000  # rows of a reply to `stream`
TOO_LARGE = pickle.dumps(("fault", "OutOfMemoryException", "reply too large"))

Request = tuple[str, str, tuple[Any, ...], int]
Reply = tuple[Any, ...]


class Cursor(Protocol):
    """What is used of a DuckDB connection."""

    @property
    def description(self) -> Sequence[tuple[Any, ...]] | None: ...
    def execute(self, query: str, parameters: Sequence[Any] = ...) -> Any: ...
    def fetchmany(self, size: int) -> list[tuple[Any, ...]]: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...
    def interrupt(self) -> None: ...


def read_exactly(fd: int, size: int) -> bytes | None:
    """The next `size` bytes of a pipe; None at its end."""
    parts = bytearray()
    while len(parts) < size:
        part = os.read(fd, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def write_frame(fd: int, payload: bytes) -> None:
    """One frame onto a pipe."""
    rest = memoryview(len(payload).to_bytes(HEADER, "big") + payload)
    while rest:
        rest = rest[os.write(fd, rest) :]


def utc(value: Any) -> Any:
    """A moment in UTC; what Python has no moment for (infinity) stays as it is."""
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value


def text(value: Any) -> str:
    """Lists, structs and maps as JSON, bytes as hexadecimal digits, the rest as Python says it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, dict, tuple)):
        import json

        return json.dumps(value, default=text, ensure_ascii=False)
    return str(value)


PLAIN = frozenset(
    "BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT"
    " FLOAT DOUBLE VARCHAR DATE TIMESTAMP TIME INTERVAL".split()
)


def converter(native: str) -> Callable[[Any], Any] | None:
    """How values of this DuckDB type become plain ones; None where they are plain already."""
    if native.endswith("]"):  # a list, whatever it is of
        return text
    if native in PLAIN or native.startswith(("DECIMAL", "ENUM")):
        return None
    if native == "TIMESTAMP WITH TIME ZONE":
        return utc
    if native.startswith("TIME"):
        return None
    return text


def plain(rows: list[tuple[Any, ...]], types: list[str]) -> list[tuple[Any, ...]]:
    """Rows of values that every part of DataMind knows."""
    special = {at: how for at, kind in enumerate(types) if (how := converter(kind)) is not None}
    if not special:
        return rows
    return [
        tuple(
            value if value is None or at not in special else special[at](value)
            for at, value in enumerate(row)
        )
        for row in rows
    ]


def answers(connection: Cursor, request: Request) -> Iterator[Reply]:
    """Run one request (SQL, parameters, row limit): `run` and `explain` are answered by one reply,
    `stream` by some rows at a time, of which those of the last batch are fewer."""
    kind, sql, parameters, limit = request
    if kind == "explain":
        connection.execute(f"EXPLAIN (FORMAT json) {sql}", parameters)
        yield ("plan", str(connection.fetchall()[0][1]))
        return
    connection.execute(sql, parameters)
    columns = [(str(c[0]), str(c[1])) for c in connection.description or []]
    most = BATCH if kind == "stream" else limit + 1
    while True:
        rows = connection.fetchmany(most)
        yield ("rows", columns, plain(rows, [native for _, native in columns]))
        if kind != "stream" or len(rows) < most:
            return


def fault(error: BaseException) -> Reply:
    """An error by class and text, which the parent classifies and does not repeat."""
    return ("fault", type(error).__name__, str(error)[:2000])


class Mailbox(threading.Thread):
    """Reads requests while a query runs; passes interrupts on; ends the process with the pipe."""

    def __init__(self, fd: int, connection: Cursor) -> None:
        super().__init__(daemon=True)
        self.fd = fd
        self.connection = connection
        self.parent = os.getppid()
        self.requests: deque[Request] = deque()
        self.arrived = threading.Semaphore(0)

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self.fd], [], [], ORPHAN_CHECK_S)
            if not ready:
                # A fork of the parent may keep the pipe open after the parent has died.
                if os.getppid() != self.parent:
                    os._exit(0)
                continue
            header = read_exactly(self.fd, HEADER)
            size = int.from_bytes(header, "big") if header else 0
            payload = read_exactly(self.fd, size) if header else None
            if payload is None:
                os._exit(0)
            if payload:
                self.requests.append(pickle.loads(payload))  # noqa: S301 (from our own parent)
                self.arrived.release()
            else:
                self.connection.interrupt()

    def next(self) -> Request:
        """The next request, waited for."""
        self.arrived.acquire()
        return self.requests.popleft()


def open_database(path: str, threads: int, memory_mb: int) -> Cursor:
    """The file, read-only, with every door shut."""
    import _duckdb  # the package around it takes ten times as long to import

    settings: dict[str, str | bool | int | float | list[str]]
    settings = {**SETTINGS, "threads": threads, "memory_limit": f"{memory_mb}MB"}
    connection: Cursor = _duckdb.connect(path, read_only=True, config=settings)
    for statement in AFTER_OPENING:
        connection.execute(statement)
    return connection


def serve(source: int, sink: int, path: str, threads: int, memory_mb: int, reply_mb: int) -> None:
    """Answer requests from `source` on `sink` until `source` ends."""
    try:
        connection = open_database(path, threads, memory_mb)
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent classifies it)
        write_frame(sink, pickle.dumps(fault(error)))
        return
    mailbox = Mailbox(source, connection)
    mailbox.start()
    write_frame(sink, pickle.dumps(("ready",)))
    while True:
        request = mailbox.next()
        try:
            for reply in answers(connection, request):
                payload = pickle.dumps(reply, protocol=5)
                if len(payload) > reply_mb << 20:
                    write_frame(sink, TOO_LARGE)
                    break
                write_frame(sink, payload)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (as above)
            write_frame(sink, pickle.dumps(fault(error)))


def main(arguments: list[str]) -> None:
    """`worker.py PATH THREADS MEMORY_MB SLACK_MB REPLY_MB FOLDER...`."""
    path, (threads, memory_mb, slack_mb, reply_mb) = arguments[0], map(int, arguments[1:5])
    sys.path.extend(arguments[5:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    ceiling = (memory_mb + slack_mb) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, ceiling))
    os.nice(NICER)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the company's rows
    sink = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    serve(0, sink, path, threads, memory_mb, reply_mb)


if __name__ == "__main__":
    main(sys.argv[1:])
