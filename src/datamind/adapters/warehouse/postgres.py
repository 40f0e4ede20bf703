"""PostgreSQL as a warehouse: governed statements in read-only transactions, by psycopg."""

from __future__ import annotations

import json
import os
import select
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from datamind.adapters.warehouse.postgres_faults import connection_fault, query_fault
from datamind.adapters.warehouse.slots import Slots
from datamind.adapters.warehouse.stopping import may_go_on
from datamind.adapters.warehouse.types import postgres_type
from datamind.adapters.warehouse.values import JsonText, rows_of
from datamind.errors import (
    BadInput,
    QueryCancelled,
    QueryFailed,
    WarehouseError,
)
from datamind.governance.seal import must_be_sealed
from datamind.ports import Stop
from datamind.records import Dialect, Estimate, Governed, Result, ResultColumn

if TYPE_CHECKING:
    import psycopg

CONNECT_S = 10
ESTIMATE_S = 5.0
BATCH = 2_000
GRACE_S = 1.0
STOP_CHECK_S = 0.05
# Names in governed SQL are schema-qualified, so that nobody's object can shadow a built-in one.
SESSION = {
    "default_transaction_read_only": "on",
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "idle_in_transaction_session_timeout": "60000",
}


def driver() -> Any:
    """psycopg, imported late: only who uses PostgreSQL needs it."""
    try:
        import psycopg
    except ImportError:
        raise BadInput(
            "PostgreSQL needs a driver that is not installed.",
            hint="Install it with: pip install 'datamind[postgres]'",
        ) from None
    return psycopg


class PostgresWarehouse:
    """A PostgreSQL database, asked through a few connections that open when first needed."""

    dialect: Dialect = "postgres"

    def __init__(self, url: str, *, connections: int = 1) -> None:
        self._psycopg = driver()
        try:
            parts = self._psycopg.conninfo.conninfo_to_dict(url)
        except self._psycopg.ProgrammingError:
            raise BadInput(
                "The PostgreSQL URL can't be read.",
                hint="Write postgresql://user@host:5432/database.",
            ) from None
        self._url = url
        self.session = repr(sorted((parts | {"password": "", **SESSION}).items()))
        host, port = parts.get("host") or "localhost", parts.get("port") or 5432
        self.name = f"{parts.get('dbname') or 'postgres'} on {host}:{port}"
        self._slots: Slots[psycopg.Connection[tuple[Any, ...]]] = Slots(
            self.name, connections, open=self._connect,
            is_broken=_is_broken,
            end=lambda connection: connection.close(),
        )  # fmt: skip

    def ping(self) -> None:
        """Open a connection of its own and ask nothing of it."""
        self._connect(time.monotonic() + CONNECT_S).close()

    def data_version(self) -> str:
        """Empty: a live database does not say whether it changed."""
        return ""

    def estimate(self, governed: Governed) -> Estimate:
        """The most rows that any step of the server's plan is expected to handle."""
        steps = [json.loads(self.plan(governed))[0]["Plan"]]
        most = 0.0
        while steps:
            step = steps.pop()
            steps.extend(step.get("Plans", ()))
            most = max(most, float(step.get("Plan Rows", 0)))
        return Estimate(rows=most, note="PostgreSQL's plan")

    def plan(self, governed: Governed) -> str:
        """PostgreSQL's plan, a tree in JSON."""
        must_be_sealed(governed)
        sql = f"EXPLAIN (FORMAT JSON) {governed.sql}"
        plan = self._rows(governed, sql, 1, ESTIMATE_S)[1][0][0]
        return str(plan.text)

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Rows of a governed statement, cut at its row limit."""
        must_be_sealed(governed)
        started = time.perf_counter()
        limit = governed.row_limit
        columns, rows = self._rows(governed, governed.sql, limit + 1, timeout_s, stop)
        return Result(
            columns=columns,
            rows=rows_of(rows[:limit]),
            elapsed_ms=(time.perf_counter() - started) * 1000,
            truncated=len(rows) > limit,
        )

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """The rows a batch at a time, off a cursor on the server."""
        must_be_sealed(governed)
        started, left = time.perf_counter(), governed.row_limit
        deadline = time.monotonic() + timeout_s
        with (
            self._transaction(governed, timeout_s, stop) as connection,
            self._psycopg.RawServerCursor(connection, "batches") as cursor,
        ):
            cursor.execute(governed.sql, governed.parameters or None)
            columns, over = self._columns(connection, cursor.description or ()), False
            while not over:
                may_go_on(deadline, stop)
                rows = cursor.fetchmany(BATCH)
                over = len(rows) < BATCH
                yield Result(
                    columns=columns,
                    rows=rows_of(rows[:left]),
                    elapsed_ms=(time.perf_counter() - started) * 1000,
                    truncated=len(rows) > left,
                )
                left -= len(rows)

    def close(self) -> None:
        """End all connections, busy ones too."""
        self._slots.close()

    def _rows(
        self, governed: Governed, sql: str, most: int, timeout_s: float,
        stop: Stop | None = None,
    ) -> tuple[tuple[ResultColumn, ...], list[tuple[Any, ...]]]:  # fmt: skip
        with (
            self._transaction(governed, timeout_s, stop) as connection,
            self._psycopg.RawCursor(connection) as cursor,
        ):
            cursor.execute(sql, governed.parameters or None, prepare=False)
            rows = cursor.fetchmany(most)
            return self._columns(connection, cursor.description or ()), rows

    @contextmanager
    def _transaction(
        self, governed: Governed, timeout_s: float, stop: Stop | None
    ) -> Iterator[Any]:
        """A connection on which the statement may run: read-only, until its time is over or it is
        called off. Whatever the database says of it is said in our words."""
        must_be_sealed(governed)
        if governed.dialect != self.dialect:
            raise QueryFailed(f"A statement in {governed.dialect} can't run on PostgreSQL.")
        deadline = time.monotonic() + timeout_s
        with (
            self._slots.one(deadline) as connection,
            _cancelled_at(connection, deadline),
            _cancelled_on(connection, stop),
        ):
            left_ms = max(1, int((deadline - time.monotonic()) * 1000))
            try:
                with connection.transaction():
                    connection.execute("SET TRANSACTION READ ONLY")
                    connection.execute(f"SET LOCAL statement_timeout = {left_ms}")
                    yield connection
            except self._psycopg.Error as error:
                if stop is not None and stop.is_set():
                    raise QueryCancelled("The query was called off.") from None
                raise self._fault(error) from None

    def _fault(self, error: Any) -> WarehouseError:
        if error.sqlstate is None and isinstance(error, self._psycopg.DataError):
            return QueryFailed("A value is out of the range that can be shown.")
        return query_fault(error.sqlstate)

    def _columns(self, connection: Any, described: Any) -> tuple[ResultColumn, ...]:
        types = connection.adapters.types
        return tuple(
            # An array's number finds its element's entry, so the number is compared too.
            ResultColumn(c.name, postgres_type(t.name) if t and t.oid == c.type_code else "other")
            for c in described
            for t in (types.get(c.type_code),)
        )

    def _connect(self, deadline: float) -> Any:
        seconds = max(2, min(CONNECT_S, int(deadline - time.monotonic())))
        options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
        try:
            connection = self._psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=seconds,
                options=options,
                application_name="datamind",
            )
        except self._psycopg.Error as error:
            # The driver's own text names the whole address: it is classified and dropped.
            raise connection_fault(error.sqlstate, str(error), self.name) from None
        connection.prepare_threshold = None
        for name in ("json", "jsonb"):
            connection.adapters.register_loader(name, _json_loader())
        return connection


def _is_broken(connection: Any) -> bool:
    """Whether it is closed, or heard something while nothing was asked: it was ended by the server,
    by a restart or a limit on idle ones."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@cache
def _json_loader() -> Any:
    """Leaves JSON as it is written."""
    from psycopg.adapt import Loader

    class JsonLoader(Loader):
        def load(self, data: Any) -> JsonText:
            return JsonText(bytes(data).decode())

    return JsonLoader


@contextmanager
def _cancelled_at(connection: Any, deadline: float) -> Iterator[None]:
    """Cancel on the server if its own timeout did not; after the grace time drop the line."""

    def stop() -> None:
        with suppress(Exception):
            connection.cancel_safe(timeout=GRACE_S)

    def hang_up() -> None:
        # Only the line is shut, and psycopg finds out: closing under its feet could free the
        # descriptor for someone else.
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    late = deadline - time.monotonic()
    timers = [
        threading.Timer(late + GRACE_S / 4, stop),
        threading.Timer(late + 2 * GRACE_S, hang_up),
    ]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


@contextmanager
def _cancelled_on(connection: Any, stop: Stop | None) -> Iterator[None]:
    """Cancel on the server once `stop` is set."""
    if stop is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        # Not waiting on `stop`: whoever is done would wait with it.
        while not done.wait(STOP_CHECK_S):
            if stop.is_set():
                with suppress(Exception):
                    connection.cancel_safe(timeout=GRACE_S)
                done.wait(GRACE_S)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
