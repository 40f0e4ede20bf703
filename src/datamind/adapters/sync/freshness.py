"""Which copies may be read now: looked at every few seconds, so that no question waits for it."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from datamind.adapters.sync import source, target
from datamind.adapters.sync.tables import Seen, State
from datamind.adapters.sync.types import alike
from datamind.errors import DataMindError
from datamind.records import Target
from datamind.semantics.catalog import Catalog, Table
from datamind.semantics.routing import Copies, Second

log = logging.getLogger(__name__)

LOOK_S = 2.0
ANSWER_S = 5.0
LATE_S = 30.0
DOWN = Copies({}, {}, "ClickHouse does not answer")
LATE = Copies({}, {}, "PostgreSQL does not say whether they are fresh")
NOT_YET = Copies({}, {}, "it is not known yet what is copied")


def read_states(url: str) -> dict[str, State]:
    """What is known of the copies; a WarehouseError where ClickHouse does not answer."""
    with target.opened(url, answer_s=ANSWER_S) as here:
        return here.states()


def shape_of(states: Mapping[str, State]) -> str:
    """Changes with what is copied and in which columns, and not with its rows."""
    said = sorted((s.table, s.columns) for s in states.values() if s.status != "copying")
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def second_of(catalog: Catalog, states: Mapping[str, State], name: str, least_rows: int) -> Second:
    """The catalog as ClickHouse has it; tables that are not there, or not with all their columns,
    stay as they are, and nothing is routed to them."""
    unlike: set[str] = set()
    tables = []
    for table in catalog.tables:
        types = _types(states.get(_full(table)))
        columns = []
        for column in table.columns:
            native = types.get(column.name)
            if native is None or not alike(native[0], enum=column.native_type.startswith("enum")):
                unlike.add(column.id)
            columns.append(replace(column, native_type=native[1]) if native is not None else column)
        tables.append(replace(table, columns=tuple(columns)))
    # What ClickHouse has is called by the same names; its version is told apart.
    made = replace(
        catalog, dialect="clickhouse", tables=tuple(tables), version=f"{catalog.version}-ch"
    )
    return Second(Target(name, "clickhouse"), made, frozenset(unlike), least_rows)


def copies_of(
    catalog: Catalog, states: Mapping[str, State], seen: Mapping[str, Seen], now: dt.datetime,
    lag_s: float, source: str,
) -> Copies:  # fmt: skip
    """Which tables are fresh: copies of `source` that was not written since, or synced just now."""
    fresh, stale = {}, {}
    for table in catalog.tables:
        state, there = states.get(_full(table)), seen.get(_full(table), Seen(""))
        if state is None or state.status == "copying":
            stale[table.id] = f"{table.id} is not copied"
        elif state.status != "live":
            stale[table.id] = f"the copy of {table.id} is stopped: {state.reason}"
        elif state.source != source:
            stale[table.id] = f"the copy of {table.id} was not compared with this database yet"
        elif {c.name for c in table.columns} - _types(state).keys():
            stale[table.id] = f"the copy of {table.id} has not all of its columns"
        elif state.synced_at is None:
            stale[table.id] = f"{table.id} is not copied"
        elif there.secured:
            stale[table.id] = f"row security keeps rows of {table.id} from the server's own role"
        elif there.shape != state.shape:
            stale[table.id] = f"the copy of {table.id} was not compared with its columns of now"
        elif state.mark and there.mark == state.mark:
            fresh[table.id] = "no write since their copy is known"
        elif (now - state.synced_at).total_seconds() <= lag_s:
            fresh[table.id] = f"copied at {state.synced_at:%H:%M} UTC"
        else:
            stale[table.id] = (
                f"{table.id} was written since its copy of {state.synced_at:%H:%M} UTC"
            )
    return Copies(fresh, stale)


class Watching:
    """Looks at both databases in a thread of its own; `looked` is set once it has."""

    def __init__(self, source_url: str, target_url: str, catalog: Catalog, lag_s: float) -> None:
        self._urls = (source_url, target_url)
        self._catalog = catalog
        self._lag_s = lag_s
        self._copies, self._at = NOT_YET, time.monotonic()
        self._ended = threading.Event()
        self.looked = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, daemon=True, name="copies")
        self._thread.start()

    def copies(self) -> Copies:
        """What was found last, a moment ago; never waits."""
        return self._copies if time.monotonic() - self._at <= LATE_S else LATE

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> None:
        """Look now, over connections of its own."""
        with ExitStack() as stack:
            here = stack.enter_context(target.opened(self._urls[1], answer_s=ANSWER_S))
            there = stack.enter_context(source.opened(self._urls[0]))
            there.rows(f"SET statement_timeout = {round(1000 * ANSWER_S)}")
            self._see(there, here)

    def _see(self, there: source.Source, here: target.Target) -> None:
        states, seen = here.states(), there.seen()
        now, which = dt.datetime.now(dt.UTC), there.identity()
        self._copies = copies_of(self._catalog, states, seen, now, self._lag_s, which)

    def _keep_looking(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except DataMindError as fault:
                if self._copies != DOWN:
                    log.warning("nothing is routed to ClickHouse: %s", fault.message)
                self._copies = DOWN
            except Exception:
                log.exception("a look at the copies failed")
                self._copies = DOWN
            self._at = time.monotonic()
            self.looked.set()
            self._ended.wait(LOOK_S)


def _full(table: Table) -> str:
    return f"{table.schema}.{table.name}"


def _types(state: State | None) -> dict[str, tuple[str, str]]:
    """PostgreSQL's type and ClickHouse's of each column."""
    return {name: (native, type) for _, name, native, type in state.columns} if state else {}
