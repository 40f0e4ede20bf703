"""Runs a sync: each table is planned, brought over, proven equal and then shown to readers."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from datamind.adapters.sync import ddl, source, target
from datamind.adapters.sync.copying import WAITED, Copying
from datamind.adapters.sync.drift import Drift, drift_of
from datamind.adapters.sync.planning import columns_of, plan_of, why_not
from datamind.adapters.sync.showing import Showing
from datamind.adapters.sync.source import Source, quoted, relation
from datamind.adapters.sync.suggesting import suggested, told
from datamind.adapters.sync.tables import (
    Aggregate,
    Choices,
    SourceTable,
    State,
    SyncReport,
    TablePlan,
    TableReport,
)
from datamind.adapters.sync.target import Target
from datamind.adapters.sync.types import Numeric
from datamind.errors import BadInput, DataMindError, SyncFailed
from datamind.semantics.usage import Usage

log = logging.getLogger(__name__)

# A change may be committed so long after the moment that it carries; the checksums find later ones.
OVERLAP_S = 600
# PostgreSQL counts what a session wrote up to so many seconds after its commit: a mark that is read
# earlier would lack what is in the snapshot, or seem to have moved soon after.
SETTLE_S = 11.0
# A table of at most so many bytes is merged after each change, so that its projections are used;
# a larger one, as all that have none, when a tenth of it is old.
MERGED_BYTES = 4 << 30
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What a sync is asked for. `tables` are full names (empty: all); `check` compares tables that
    were not written since, too; `again` copies them anew. `progress` hears the table, the rows read
    so far and how many there are about. `settle_s` is what it waits first where anything was
    written since the last sync. `usage` is what was asked, which suggests projections and
    indexes; without it those stay that are there."""

    source_url: str
    target_url: str
    tables: Sequence[str] = ()
    choices: Mapping[str, Choices] = field(default_factory=dict)
    aggregates: Sequence[Aggregate] = ()
    check: bool = False
    again: bool = False
    usage: Usage | None = None
    rows_a_range: int = 50_000
    settle_s: float = SETTLE_S
    progress: Progress = lambda table, rows, of: None


@dataclass(frozen=True, slots=True)
class Planned:
    """A table with how it would be kept, or why it is not; `state` is what is there already, `left`
    a copy beside it that nobody ended."""

    table: SourceTable
    plan: TablePlan | None
    state: State | None
    why: str = ""
    left: State | None = None


def plan_sync(wanted: Wanted) -> list[Planned]:
    """How each table would be kept; nothing is written."""
    with _both(wanted) as (there, here):
        return _planned(wanted, there, here)


def run_sync(wanted: Wanted) -> SyncReport:
    """Bring all tables over, or up to date. Blocks for as long as it takes; may be killed at any
    moment and run again. A table that can't be brought over does not stop the others."""
    started, began = time.perf_counter(), dt.datetime.now(dt.UTC)
    with _both(wanted) as (there, here), there.alone(here.name):
        here.prepare()
        xids = there.xids()
        planned = _planned(wanted, there, here)
        if any(one.state is None or one.state.xids != xids for one in planned):
            time.sleep(wanted.settle_s)
            xids, planned = there.xids(), _planned(wanted, there, here)
        oldest = there.oldest_change()
        with there.snapshot() as moment:
            at = Moment(moment, xids, there.identity(), oldest)
            reports = tuple(_synced(wanted, there, here, one, at) for one in planned)
        if not wanted.tables:
            _forget_dropped(here, {p.table.id for p in planned})
        _aggregate(here, wanted.aggregates)
    return SyncReport(began, time.perf_counter() - started, reports)


@dataclass(frozen=True, slots=True)
class Moment:
    """When the snapshot was taken, of which database, which transaction was to be the next before
    that, and since when one had been open that may have written."""

    at: dt.datetime
    xids: str
    source: str
    oldest: dt.datetime


@contextmanager
def _both(wanted: Wanted) -> Iterator[tuple[Source, Target]]:
    with source.opened(wanted.source_url) as there, target.opened(wanted.target_url) as here:
        yield there, here


def _planned(wanted: Wanted, there: Source, here: Target) -> list[Planned]:
    tables, source = there.tables(), there.identity()
    states = {name: _of(state, source) for name, state in here.states().items()}
    if wanted.tables:
        known = {t.id: t for t in tables} | {t.name: t for t in tables if t.schema == "public"}
        missing = [name for name in wanted.tables if name not in known]
        if missing:
            raise BadInput(f"There is no table {missing[0]} that this role may read.")
        tables = [known[name] for name in dict.fromkeys(wanted.tables)]
    return [
        replace(
            _plan(wanted, there, table, states.get(table.id)), left=states.get(_pending(table.id))
        )
        for table in tables
    ]


def _of(state: State, source: str) -> State:
    """What is known of a copy of another database holds for none of this one's rows."""
    if state.source == source or state.status == "copying":
        return state
    return replace(state, status="stopped", high=None, verified_at=None, xids="")


def _plan(wanted: Wanted, there: Source, table: SourceTable, state: State | None) -> Planned:
    choices = wanted.choices.get(table.id, Choices())
    why = "it is left out, as was chosen" if choices.skip else why_not(table)
    if why is not None:
        return Planned(table, None, state, why)
    kept = None if wanted.again else state
    known = {(n, native) for n, _, native, _ in kept.columns} if kept else set()
    try:
        sizes: dict[str, Numeric] = {
            c.name: there.size_of(table, c) for c in table.columns
            if c.native == "numeric" and (c.number, c.native) not in known
        }  # fmt: skip
        if wanted.usage is None:
            return Planned(table, plan_of(table, choices, sizes, kept), state)
        use, questions = wanted.usage.tables.get(table.id), wanted.usage.questions
        plan = plan_of(table, choices, sizes, kept, suggested(table, use, questions))
        return Planned(table, replace(plan, reasons=(told(use, questions), *plan.reasons)), state)
    except DataMindError as fault:
        return Planned(table, None, state, fault.message)


def _synced(
    wanted: Wanted, there: Source, here: Target, one: Planned, moment: Moment
) -> TableReport:
    """One table; what goes wrong is told in its report, and readers keep what they had."""
    started = time.perf_counter()
    if one.plan is None:
        if one.state is not None:
            here.keep(one.table.id, replace(one.state, status="stopped", reason=one.why))
        outcome = "stopped" if one.state is not None else "left out"
        return TableReport(one.table.id, outcome, reason=one.why)
    try:
        with there.connection.transaction():  # what fails here does not end the snapshot
            report = _Table(wanted, there, here, one.plan, moment).sync(one.state, one.left)
    except DataMindError as fault:
        log.warning("%s was not synced: %s", one.table.id, fault.message)
        known = here.states().get(one.table.id)
        if known is not None and known.status == "live":
            here.keep(one.table.id, replace(known, status="stopped", reason=fault.message))
        report = TableReport(one.table.id, "stopped", reason=fault.message, hint=fault.hint)
    return replace(report, elapsed_s=round(time.perf_counter() - started, 3))


@dataclass
class _Table:
    wanted: Wanted
    there: Source
    here: Target
    plan: TablePlan
    moment: Moment

    def sync(self, state: State | None, left: State | None) -> TableReport:
        """Bring it up to date, by the cheapest way that is right."""
        plan = self.plan
        drift = drift_of(plan, state) if state is not None else None
        if state is None or drift is None or self.wanted.again or drift.anew:
            told = (*drift.told, drift.anew) if drift is not None and drift.anew else ()
            return replace(self._anew(state), drift=told)
        if state.status == "copying":
            return self._anew(state, goes_on=True)
        if left is not None:
            state = self._taken_back(state, left)
        kept = {p.kept for p in state.shortcuts} == {p.kept for p in plan.shortcuts}
        unchanged = state.mark == plan.source.seen.mark and state.status == "live"
        open_still = state.verified != state.mark and self._due(state)
        due = self.wanted.check or (plan.reconcile_minutes > 0 and open_still)
        if unchanged and kept and not drift.told and not due:
            self.here.keep(plan.id, replace(state, synced_at=self.moment.at, xids=self.moment.xids))
            return TableReport(plan.id, "unchanged", rows=state.rows, equal=True)
        if not plan.identity:
            return replace(self._anew(state), drift=drift.told)
        if drift.told:
            state = self._reshaped(state, drift)
        return replace(self._updated(state), drift=drift.told)

    def _taken_back(self, state: State, left: State) -> State:
        """A copy beside it was not brought to its end, and readers may be on it already."""
        if state.base == left.base:
            self.here.keep(_pending(self.plan.id), None)
            return state
        state = replace(state, plain=False, status="stopped", reason="its copy is taken back")
        self.here.keep(self.plan.id, state)
        if not drift_of(self.plan, state).told:  # else it is shown once its columns are there
            self._showing.show(state.base)
        self.here.run(f"DROP TABLE IF EXISTS {ddl.at(left.base)}")
        self.here.keep(_pending(self.plan.id), None)
        return state

    def _reshaped(self, state: State, drift: Drift) -> State:
        """The copy with the columns that the table has now. A new one's values are not there yet,
        so that no query may go there until they are."""
        state = replace(
            state, columns=columns_of(self.plan), identity=self.plan.identity, status="stopped",
            reason="its columns change",
        )  # fmt: skip
        self.here.keep(self.plan.id, state)
        self._showing.before_reshaping(state.base)
        state = replace(state, plain=False, shortcuts=())
        self.here.keep(self.plan.id, state)
        for statement in drift.before:
            self.here.run(statement, WAITED)
        self._showing.show(state.base)
        for statement in drift.after:
            self.here.run(statement, WAITED)
        return state

    def _updated(self, state: State) -> TableReport:
        self._must_be_the_same_files()
        copying = self._copying(state.base)
        if self.plan.watermark and state.high and state.watermark == self.plan.watermark:
            copying.changed_since(state.high)
        due = self._due(state)
        sums = copying.reconcile() if due else None
        small = self.plan.source.bytes <= MERGED_BYTES
        projected = any(one.measures for one in self.plan.shortcuts)
        copying.tidy(always=projected and small)
        return self._live(state, copying, sums, "updated")

    def _due(self, state: State) -> bool:
        """Whether all has to be compared this time."""
        minutes = self.plan.reconcile_minutes
        return (
            self.wanted.check or not minutes or state.status != "live"
            or state.verified_at is None or state.high is None
            or state.watermark != self.plan.watermark or state.shape != self.plan.source.seen.shape
            or self.moment.at - state.verified_at >= dt.timedelta(minutes=minutes)
        )  # fmt: skip

    def _anew(self, state: State | None, *, goes_on: bool = False) -> TableReport:
        """Copy the table beside what is there, if anything; readers move once it is equal."""
        plan = self.plan
        went = state.generation if state is not None else 0
        pending = self.here.states().get(_pending(plan.id))
        if pending is not None and (
            not plan.identity
            or self.wanted.again
            or drift_of(plan, pending).anew is not None
            or drift_of(plan, pending).told
        ):
            self.here.run(f"DROP TABLE IF EXISTS {ddl.at(pending.base)}")
            went, pending = max(went, pending.generation), None
        if pending is None:
            base = ddl.base_name(plan, went + 1)
            pending = State(
                plan.id, "copying", base, went + 1, plan.source.oid, columns_of(plan),
                plan.identity, plan.partition_by,
            )  # fmt: skip
            self.here.keep(_pending(plan.id), pending)
        self.here.run(ddl.create_base(plan, pending.base))
        self._must_be_the_same_files()
        copying = self._copying(pending.base)
        sums = copying.reconcile() if plan.identity else copying.whole()
        copying.tidy(always=True)
        self._must_be_the_same_files()
        self._showing.show(pending.base)
        report = self._live(pending, copying, sums, "copied")
        self.here.keep(_pending(plan.id), None)
        if state is not None and state.base != pending.base:
            self.here.run(f"DROP TABLE IF EXISTS {ddl.at(state.base)}")
        return report

    @property
    def _showing(self) -> Showing:
        return Showing(self.here, self.plan)

    def _live(
        self, state: State, copying: Copying, sums: Mapping[int, tuple[int, int]] | None,
        outcome: str,
    ) -> TableReport:  # fmt: skip
        self._must_be_the_same_files()
        rows = sum(n for n, _ in sums.values()) if sums is not None else state.rows
        checksum = f"{sum(s for _, s in sums.values()):x}" if sums is not None else ""
        seen, moment = self.plan.source.seen, self.moment
        if sums is not None:
            state = replace(state, verified_at=moment.at, verified=seen.mark)
        self.here.keep(self.plan.id, replace(
            state, status="live", reason="", oid=self.plan.source.oid,
            columns=columns_of(self.plan), watermark=self.plan.watermark, high=self._high(),
            mark=seen.mark, shape=seen.shape, synced_at=moment.at, rows=rows, xids=moment.xids,
            plain=state.plain and not copying.replaced, source=moment.source,
        ))  # fmt: skip
        told = self._showing.settled(copying)
        return TableReport(
            self.plan.id, outcome, rows, copying.written, copying.deleted, copying.ranges,
            equal=True if sums is not None else None, checksum=checksum, reason="; ".join(told),
        )  # fmt: skip

    def _must_be_the_same_files(self) -> None:
        """A table that is emptied or rewritten is empty to a snapshot of before, as nobody else
        ever saw it (PostgreSQL's manual, 13.6)."""
        if self.there.files(self.plan.source) != self.plan.source.files:
            raise SyncFailed(
                f"{self.plan.id} was emptied or rewritten while it was copied.",
                hint="The next sync brings it over; run it when nothing is loaded.",
            )

    def _high(self) -> str | None:
        """From where on changes are to be read next time."""
        if self.plan.watermark is None:
            return None
        name, table = quoted(self.plan.watermark), relation(self.plan.source)
        if self.plan.column(self.plan.watermark).native.startswith("timestamp"):
            found = self.there.rows(
                f"SELECT CASE WHEN max({name}) IS NOT NULL THEN (least(max({name}), %s)"
                f" - make_interval(secs => %s))::text END FROM {table}",
                (self.moment.oldest, OVERLAP_S),
            )
        else:
            found = self.there.rows(f"SELECT max({name})::text FROM {table}")
        return str(found[0][0]) if found[0][0] is not None else None

    def _copying(self, base: str) -> Copying:
        of = self.plan.source.rows
        return Copying(
            self.there, self.here, self.plan, base,
            lambda rows: self.wanted.progress(self.plan.id, rows, of), self.wanted.rows_a_range,
            self._showing.before_writing,
        )  # fmt: skip


def remove(target_url: str) -> list[str]:
    """Take all that was synced out of ClickHouse; the names of the tables that were there."""
    with target.opened(target_url) as here:
        names = sorted({state.table for state in here.states().values()})
        _forget_dropped(here, set())
        return names


def _pending(table: str) -> str:
    """Where the state of a copy stands that nobody reads yet."""
    return f"{table} (copying)"


def _forget_dropped(here: Target, there: set[str]) -> None:
    """A table that is no more in PostgreSQL goes from ClickHouse too."""
    for name, state in here.states().items():
        if state.table not in there:
            schema, _, table = state.table.partition(".")
            if state.status != "copying":
                here.run(f"DROP VIEW IF EXISTS {quoted(schema)}.{quoted(table)}")
            here.run(f"DROP TABLE IF EXISTS {ddl.at(state.base)}")
            here.keep(name, None)


def _aggregate(here: Target, aggregates: Sequence[Aggregate]) -> None:
    """Materialised views are made anew from what was just synced, and change places at once."""
    for made in aggregates:
        for statement in ddl.create_aggregate(made):
            here.run(statement)
