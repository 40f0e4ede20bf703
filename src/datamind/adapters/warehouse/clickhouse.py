"""ClickHouse as a warehouse: governed statements, read-only, by clickhouse-connect over HTTP."""

from __future__ import annotations

import itertools
import json
import logging
import math
import threading
import time
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from datamind.adapters.warehouse.clickhouse_faults import connection_fault, query_fault
from datamind.adapters.warehouse.clickhouse_line import Address, Line, ServerError, say
from datamind.adapters.warehouse.clickhouse_settings import Known, needed
from datamind.adapters.warehouse.clickhouse_values import row_shape
from datamind.adapters.warehouse.slots import Slots
from datamind.adapters.warehouse.stopping import LATE, may_go_on
from datamind.adapters.warehouse.types import clickhouse_type
from datamind.errors import (
    BadInput,
    DataMindError,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    WarehouseError,
)
from datamind.governance.seal import must_be_sealed
from datamind.ports import Stop
from datamind.records import Dialect, Estimate, Governed, Result, ResultColumn, Scalar
from datamind.semantics.compiler.clickhouse import SETTINGS

CONNECT_S = 10
PING_S = 2.0
ESTIMATE_S = 5.0
VERSION_S = 2.0
BATCH = 2_000
EXPLAIN = "EXPLAIN "
MASK_KEY = "mask_key"  # the one parameter that governed statements have
GRACE_S = 1.0
STOP_CHECK_S = 0.05
# What the parts of all tables are; nothing where some table has none, or a view reads elsewhere.
ELSEWHERE = (
    "url|s3|gcs|file|hdfs|azure|remote|cluster|postgres|mysql|mongo|sqlite|odbc|jdbc|redis"
    "|executable|iceberg|deltaLake|hudi|dictionary"
)
OWN = "('system', 'information_schema', 'INFORMATION_SCHEMA')"
VERSION = rf"""
SELECT if(unknown = 0, concat(lower(hex(tables)), '-', lower(hex(parts))), '') FROM (
  SELECT countIf(match(as_select, '(?i)\\b({ELSEWHERE})\\w*\\s*\\(') OR engine NOT LIKE '%MergeTree'
           AND engine NOT IN ('View', 'MaterializedView', 'Null')) AS unknown,
         groupBitXor(cityHash64(database, name, uuid, create_table_query)) AS tables
  FROM system.tables WHERE database NOT IN {OWN}
) AS t CROSS JOIN (
  SELECT groupBitXor(cityHash64(database, table, name, modification_time)) AS parts
  FROM system.parts WHERE active AND database NOT IN {OWN}
) AS p
"""
Block = tuple[tuple[ResultColumn, ...], list[tuple[Scalar, ...]]]


def driver() -> Any:
    """clickhouse-connect, imported late: only who uses ClickHouse needs it."""
    try:
        import clickhouse_connect
    except ImportError:
        raise BadInput(
            "ClickHouse needs a driver that is not installed.",
            hint="Install it with: pip install 'datamind[clickhouse]'",
        ) from None
    # What they would log are URLs and the server's own words.
    for name in ("clickhouse_connect", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return clickhouse_connect


@dataclass(frozen=True, slots=True, eq=False)
class _Client:
    """The driver's client, of one statement at a time, and what its statements are run under."""

    driver: Any
    line: Line
    settings: dict[str, str]
    free: frozenset[str]  # the limits that this user may set


class ClickHouseWarehouse:
    """A ClickHouse database, asked through a few clients that connect when first needed. Where
    nobody keeps its results (`versioned`) it is not asked at each statement what they are of."""

    dialect: Dialect = "clickhouse"

    def __init__(self, url: str, *, connections: int = 1, versioned: bool = True) -> None:
        self._driver = driver()
        self._versioned = versioned
        self._address = Address.of(url)
        self.name = self._address.name
        self.session = repr((self._address, sorted(SETTINGS.items())))
        self._own = Line(self._address)  # for what is said beside the statements
        self._slots = Slots(
            self.name, connections, open=self._connect,
            is_broken=lambda client: client.line.is_down, end=lambda client: client.line.end(),
        )  # fmt: skip

    def ping(self) -> None:
        """Sign in over a connection beside the others and ask for nothing."""
        self._say("SELECT 1", PING_S)

    def data_version(self) -> str:
        """The parts that all tables consist of; empty if there is something without parts."""
        if not self._versioned:
            return ""
        try:
            return self._say(VERSION, VERSION_S).strip()
        except WarehouseError:
            return ""

    def estimate(self, governed: Governed) -> Estimate:
        """The rows that the server expects to read; unknown where the tables have no parts."""
        read = [row[3] for row in self._explained("ESTIMATE", governed)]
        return Estimate(
            rows=float(sum(int(str(n)) for n in read)) if read else None,
            note="ClickHouse's estimate of the rows it reads",
        )

    def plan(self, governed: Governed) -> str:
        """ClickHouse's plan, a step a line, with what its indexes spare."""
        return "\n".join(str(line) for (line,) in self._explained("indexes = 1", governed))

    def run(self, governed: Governed, *, timeout_s: float, stop: Stop | None = None) -> Result:
        """Rows of a governed statement, cut at its row limit."""
        started, limit = time.perf_counter(), governed.row_limit
        version = self.data_version()
        deadline = time.monotonic() + timeout_s
        found: list[tuple[Scalar, ...]] = []
        with closing(self._blocks(governed, governed.sql, deadline, stop)) as blocks:
            columns, _ = next(blocks)
            for _, rows in blocks:
                found += rows
                if len(found) > limit:
                    break
        return Result(
            columns=columns,
            rows=tuple(found[:limit]),
            elapsed_ms=(time.perf_counter() - started) * 1000,
            truncated=len(found) > limit,
            data_version=version,
        )

    def batches(
        self, governed: Governed, *, timeout_s: float, stop: Stop | None = None
    ) -> Generator[Result, None, None]:
        """The rows a batch at a time; the server goes on only as fast as they are read."""
        started, left = time.perf_counter(), governed.row_limit
        version = self.data_version()
        deadline = time.monotonic() + timeout_s
        with closing(self._blocks(governed, governed.sql, deadline, stop)) as blocks:
            columns, _ = next(blocks)
            rows_left = itertools.chain.from_iterable(rows for _, rows in blocks)
            over = False
            while not over:
                may_go_on(deadline, stop)
                rows = list(itertools.islice(rows_left, BATCH))
                over = len(rows) < BATCH
                yield Result(
                    columns=columns,
                    rows=tuple(rows[:left]),
                    elapsed_ms=(time.perf_counter() - started) * 1000,
                    truncated=len(rows) > left,
                    data_version=version,
                )
                left -= len(rows)
                over = over or left < 0

    def close(self) -> None:
        """End all connections, busy ones too."""
        self._slots.close()
        self._own.end()

    def _explained(self, how: str, governed: Governed) -> list[tuple[Scalar, ...]]:
        deadline = time.monotonic() + ESTIMATE_S
        sql = f"{EXPLAIN}{how} {governed.sql}"
        with closing(self._blocks(governed, sql, deadline, None)) as blocks:
            return [row for _, rows in blocks for row in rows]

    def _say(self, sql: str, seconds: float) -> str:
        try:
            return say(self._own.pool, self._address, sql, seconds)
        except ServerError as error:
            raise connection_fault(error.code, self.name) from None

    def _blocks(
        self, governed: Governed, sql: str, deadline: float, stop: Stop | None
    ) -> Generator[Block, None, None]:
        """The columns without rows, then blocks of rows as the server sends them. Who closes it
        early ends the query. Whatever the database says is said in our words."""
        must_be_sealed(governed)
        if governed.dialect != self.dialect:
            raise QueryFailed(f"A statement in {governed.dialect} can't run on ClickHouse.")
        query_id = uuid.uuid4().hex
        with (
            self._slots.one(deadline) as client,
            self._watched(client.line, query_id, deadline, stop),
        ):
            may_go_on(deadline, stop)
            # Given values that it does not name, the driver would take a `%` for a place of theirs.
            bound = dict(zip((MASK_KEY,), governed.parameters, strict=True)) if (
                f"{{{MASK_KEY}:" in sql
            ) else {}  # fmt: skip
            settings = self._settings(client, governed.row_limit, deadline) | {"query_id": query_id}
            try:
                # Values travel in the body: an address would be logged on the way.
                client.driver.form_encode_query_params = bool(bound)
                client.driver.timeout = _patience(deadline)
                stream = client.driver.query_row_block_stream(
                    sql, parameters=bound or None, settings=settings
                )
                with stream:
                    yield from self._read(client, stream, (sql, bound, settings), query_id)
            except DataMindError:
                raise
            except Exception as error:  # noqa: BLE001 - decoders raise anything where a line ends
                raise self._fault(error, deadline, stop) from None

    def _read(
        self, client: _Client, stream: Any, asked: tuple[str, Any, dict[str, str]], query_id: str
    ) -> Generator[Block, None, None]:
        ended = False
        try:
            described: Iterable[tuple[str, str]] = [
                (str(name), str(kind.name))
                for name, kind in zip(
                    stream.source.column_names, stream.source.column_types, strict=True
                )
            ]
            if not described and not asked[0].startswith(EXPLAIN):  # of no rows it tells none
                described = _described(client.driver, *asked)
            columns = tuple(ResultColumn(name, clickhouse_type(kind)) for name, kind in described)
            shape = row_shape([kind for _, kind in described])
            yield columns, []
            for block in stream:
                yield columns, shape(block)
            ended = True
        finally:
            if not ended:  # before the driver reads what is left, however much it is
                client.line.hang_up()
                self._kill(query_id)

    def _settings(self, client: _Client, limit: int, deadline: float) -> dict[str, str]:
        left = max(1, math.ceil(deadline - time.monotonic()))
        limits = {"max_execution_time": str(left), "max_result_rows": str(limit + 1)}
        return client.settings | {n: v for n, v in limits.items() if n in client.free}

    def _fault(self, error: Exception, deadline: float, stop: Stop | None) -> WarehouseError:
        if stop is not None and stop.is_set():
            return QueryCancelled("The query was called off.")
        if self._slots.closed:
            return WarehouseError(f"{self.name} was closed.")
        if time.monotonic() >= deadline:
            return QueryTimeout(LATE)
        if isinstance(error, self._driver.driver.exceptions.NotSupportedError):
            return QueryFailed("A column is of a type that can't be shown.")
        return query_fault(getattr(error, "code", None))

    def _kill(self, query_id: str) -> None:
        with suppress(ServerError):
            say(self._own.pool, self._address, f"KILL QUERY WHERE query_id = '{query_id}' ASYNC",
                GRACE_S)  # fmt: skip

    @contextmanager
    def _watched(
        self, line: Line, query_id: str, deadline: float, stop: Stop | None
    ) -> Iterator[None]:
        """Kill it on the server once it is late or called off; after the grace time hang up."""
        done = threading.Event()

        def watch() -> None:
            while (left := deadline - time.monotonic()) > 0 and not (stop and stop.is_set()):
                if done.wait(left if stop is None else min(left, STOP_CHECK_S)):
                    return
            self._kill(query_id)
            if not done.wait(GRACE_S):
                line.hang_up()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _connect(self, deadline: float) -> _Client:
        at, line = self._address, Line(self._address)
        seconds = max(2, min(CONNECT_S, int(deadline - time.monotonic())))
        try:
            made = self._driver.get_client(
                interface="https" if at.secure else "http", host=at.host, port=at.port,
                username=at.user, password=at.password, database=at.database,
                pool_mgr=line.pool, connect_timeout=seconds, send_receive_timeout=seconds,
                query_retries=0, autogenerate_session_id=False, show_clickhouse_errors=False,
                client_name="datamind", tz_mode="naive_utc",
            )  # fmt: skip
        except self._driver.driver.exceptions.Error as error:
            raise connection_fault(getattr(error, "code", None), self.name) from None
        known = {n: Known(d.value, not d.readonly) for n, d in made.server_settings.items()}
        free = frozenset(name for name, found in known.items() if found.is_free)
        return _Client(made, line, needed(known, self.name), free)


def _patience(deadline: float) -> Any:
    """How long to wait for the server: a while past what ends the query there."""
    from urllib3 import Timeout

    left = max(0.1, deadline - time.monotonic())
    return Timeout(connect=min(CONNECT_S, left), read=left + 3 * GRACE_S)


def _described(
    client: Any, sql: str, bound: dict[str, Scalar], settings: dict[str, str]
) -> Iterable[tuple[str, str]]:
    """The names and types of a statement's columns, without running it."""
    told = {n: v for n, v in settings.items() if n != "query_id"}
    answer = client.raw_query(
        f"DESCRIBE TABLE ({sql}\n)", parameters=bound or None, settings=told, fmt="JSONCompact"
    )
    return [(name, kind) for name, kind, *_ in json.loads(answer)["data"]]
