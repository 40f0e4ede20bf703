"""The parent's end of one DuckDB query process: start it, ask it, interrupt it, kill it."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import pickle
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from datamind.adapters.warehouse import worker
from datamind.adapters.warehouse.duckdb_faults import opening_fault
from datamind.adapters.warehouse.stopping import LATE
from datamind.errors import QueryCancelled, QueryTimeout, WarehouseError, WorkerLost
from datamind.ports import Stop

START_S = 20.0
GRACE_S = 1.0
STOP_CHECK_S = 0.05  # how soon a query that was called off is noticed
SLACK_MB = 512
REPLY_MB = 64
# A worker's replies may hold these and nothing else: a broken engine must not reach the parent.
SAFE_CLASSES = {
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("decimal", "Decimal"),
}


class PlainUnpickler(pickle.Unpickler):
    """Reads plain values only."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in SAFE_CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a reply")
        return super().find_class(module, name)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a worker opens, and how much of the machine it may use."""

    path: str
    name: str
    threads: int
    memory_mb: int


@cache
def _folders() -> tuple[str, ...]:
    """Where the bare interpreter finds the engine, and the time zones it hands out."""
    found = []
    for module in ("_duckdb", "pytz"):
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            found.append(str(folder.parent if spec.submodule_search_locations else folder))
    return tuple(dict.fromkeys(found))


class Worker:
    """One query process. Not for two threads at once; the pool sees to that."""

    def __init__(self, opening: Opening, version: str) -> None:
        self.opening = opening
        self.version = version
        self.ready = False
        self.held = False  # somebody asks it now, and sees to its end
        sizes = (opening.threads, opening.memory_mb, SLACK_MB, REPLY_MB)
        # A session of its own keeps Ctrl-C from killing it in the middle of a clean end.
        self.process = subprocess.Popen(  # noqa: S603 (our own file, no shell)
            [sys.executable, "-I", "-S", "-B", worker.__file__, opening.path]
            + [str(size) for size in sizes]
            + list(_folders()),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._to = self.process.stdin.fileno()
        self._from = self.process.stdout.fileno()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self.process.poll() is None

    def wait_ready(self) -> None:
        """Wait until the database is open; raise what kept it from opening."""
        if self.ready:
            return
        reply = self._receive(START_S)
        if reply is None:
            raise WarehouseError("A query process did not start in time.")
        if reply[0] == "fault":
            raise opening_fault(reply[1], reply[2], self.opening.name)
        self.ready = True

    def ask(
        self, request: worker.Request, deadline: float, stop: Stop | None = None
    ) -> worker.Reply:
        """One reply; at the deadline, or once `stop` is set, the query is interrupted, and after
        the grace time given up."""
        self._send(pickle.dumps(request))
        return self.more(deadline, stop)

    def more(self, deadline: float, stop: Stop | None = None) -> worker.Reply:
        """The next reply to what was asked before."""
        reply = self._receive(deadline - time.monotonic(), stop)
        if reply is None:
            self._send(b"")
            reply = self._receive(GRACE_S)
            if reply is None:
                self.kill()
            if stop is not None and stop.is_set():
                raise QueryCancelled("The query was called off.")
        if reply is None:
            raise QueryTimeout(LATE)
        return reply

    def kill(self) -> None:
        """End it at once, whatever it does; safe to call twice. For who holds it: another thread
        may read a pipe, whose number is somebody else's once it is closed."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        # An interrupt in the middle of poll() leaves Popen's lock taken: not waited for for ever.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_S)

    def _send(self, payload: bytes) -> None:
        try:
            worker.write_frame(self._to, payload)
        except OSError:
            raise WorkerLost("The query process ended before it could be asked.") from None

    def _receive(self, timeout_s: float, stop: Stop | None = None) -> worker.Reply | None:
        """The next reply; None when the time is over, or soon after `stop` was set."""
        try:
            return self._received(timeout_s, stop)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise WorkerLost("The query process ended in the middle of the query.") from None

    def _received(self, timeout_s: float, stop: Stop | None) -> worker.Reply | None:
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        until = time.monotonic() + timeout_s
        while not poll.poll(1000 * max(0.0, min(until - time.monotonic(), STOP_CHECK_S))):
            if time.monotonic() >= until or (stop is not None and stop.is_set()):
                return None
        header = worker.read_exactly(self._from, worker.HEADER)
        size = int.from_bytes(header, "big") if header else 0
        payload = worker.read_exactly(self._from, size) if header else None
        if payload is None:
            raise WorkerLost("The query process ended in the middle of the query.")
        reply: worker.Reply = PlainUnpickler(io.BytesIO(payload)).load()
        return reply
