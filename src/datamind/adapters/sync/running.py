"""Runs a sync: each table is planned, brought over, proven equal and then shown to readers."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from datamind.adapters.sync import ddl, source, target
from datamind.adapters.sync.bringing import Bringing, pending_of
from datamind.adapters.sync.ownership import (
    is_anothers,
    is_ours,
    left_over,
    must_be_ours,
    must_not_be_anothers,
    unfound,
)
from datamind.adapters.sync.planning import plan_of, why_not
from datamind.adapters.sync.source import Source, quoted
from datamind.adapters.sync.suggesting import suggested, told
from datamind.adapters.sync.tables import (
    Aggregate,
    Choices,
    Relation,
    SourceTable,
    State,
    SyncReport,
    TablePlan,
    TableReport,
)
from datamind.adapters.sync.target import Target
from datamind.adapters.sync.types import Numeric
from datamind.adapters.sync.wanted import Moment, Planned, SyncPlan, Unfound, Wanted
from datamind.errors import BadInput, DataMindError

log = logging.getLogger(__name__)

CHOSEN = "it is left out, as was chosen"


def plan_sync(wanted: Wanted) -> SyncPlan:
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
        plan = _planned(wanted, there, here)
        if any(one.state is None or one.state.xids != xids for one in plan.tables):
            time.sleep(wanted.settle_s)
            xids, plan = there.xids(), _planned(wanted, there, here)
        oldest = there.oldest_change()
        with there.snapshot() as moment:
            at = Moment(moment, xids, there.identity(), oldest)
            reports = [_synced(wanted, there, here, one, at) for one in plan.tables]
        reports += [_let_go(here, one) for one in plan.unfound]
        _aggregate(here, wanted.aggregates)
        _clear_away(here, at.source)
    return SyncReport(began, time.perf_counter() - started, tuple(reports))


@contextmanager
def _both(wanted: Wanted) -> Iterator[tuple[Source, Target]]:
    with source.opened(wanted.source_url) as there, target.opened(wanted.target_url) as here:
        yield there, here


def _planned(wanted: Wanted, there: Source, here: Target) -> SyncPlan:
    tables, states, relations = there.tables(), here.states(), here.relations()
    for made in wanted.aggregates:
        must_be_ours(f"aggregates.{made.name}", relations, "materialize under another name")
    which, found = there.identity(), {t.id for t in tables}
    if wanted.tables:
        known = {t.id: t for t in tables} | {t.name: t for t in tables if t.schema == "public"}
        missing = [name for name in wanted.tables if name not in known]
        if missing:
            raise BadInput(f"There is no table {missing[0]} that this role may read.")
        tables = [known[name] for name in dict.fromkeys(wanted.tables)]
    return SyncPlan(
        tuple(_plan(wanted, there, table, states, relations, which) for table in tables),
        () if wanted.tables else unfound(states.values(), found, there.names(), which),
    )


def _of(state: State | None, source: str) -> State | None:
    """What is known of a copy of another database holds for none of this one's rows."""
    if state is None or state.source == source or state.status == "copying":
        return state
    why = "it was not compared with this database yet"
    return replace(state, status="stopped", reason=why, high=None, verified_at=None, xids="")


def _plan(
    wanted: Wanted, there: Source, table: SourceTable, states: Mapping[str, State],
    relations: Sequence[Relation], which: str,
) -> Planned:  # fmt: skip
    """How one table would be kept; of a copy that is another database's nothing is heeded."""
    copies = [states.get(table.id), states.get(pending_of(table.id))]
    theirs = not wanted.take_over and any(is_anothers(one, which) for one in copies)
    state, left = (None, None) if theirs else (_of(copies[0], which), copies[1])
    choices = wanted.choices.get(table.id, Choices())
    if choices.skip:
        return Planned(table, None, state, why=CHOSEN)
    why = why_not(table)
    if why is not None:
        return Planned(table, None, state, why=why, stops=state is not None)
    try:
        if theirs:
            must_not_be_anothers(copies, which)
        must_be_ours(table.id, relations)
        return Planned(table, _made(wanted, there, table, choices, state), state, left)
    except DataMindError as fault:
        return Planned(table, None, state, why=fault.message, hint=fault.hint, stops=True)


def _made(
    wanted: Wanted, there: Source, table: SourceTable, choices: Choices, state: State | None
) -> TablePlan:
    kept = None if wanted.again else state
    known = {(n, native) for n, _, native, _ in kept.columns} if kept else set()
    sizes: dict[str, Numeric] = {
        c.name: there.size_of(table, c) for c in table.columns
        if c.native == "numeric" and (c.number, c.native) not in known
    }  # fmt: skip
    if wanted.usage is None:
        return plan_of(table, choices, sizes, kept)
    use, questions = wanted.usage.tables.get(table.id), wanted.usage.questions
    plan = plan_of(table, choices, sizes, kept, suggested(table, use, questions))
    return replace(plan, reasons=(told(use, questions), *plan.reasons))


def _synced(
    wanted: Wanted, there: Source, here: Target, one: Planned, moment: Moment
) -> TableReport:
    """One table; what goes wrong is told in its report, and readers keep what they had."""
    started = time.perf_counter()
    if one.plan is None:
        if one.state is not None:
            here.keep(one.table.id, replace(one.state, status="stopped", reason=one.why))
        outcome = "stopped" if one.stops else "left out"
        return TableReport(one.table.id, outcome, reason=one.why, hint=one.hint)
    try:
        if one.state is not None and one.state.source != moment.source:
            here.keep(one.table.id, one.state)  # nobody takes it for what it was meanwhile
        with there.connection.transaction():  # what fails here does not end the snapshot
            report = Bringing(wanted, there, here, one.plan, moment).sync(one.state, one.left)
    except DataMindError as fault:
        log.warning("%s was not synced: %s", one.table.id, fault.message)
        known = here.states().get(one.table.id)
        if known is not None and known.status == "live":
            here.keep(one.table.id, replace(known, status="stopped", reason=fault.message))
        report = TableReport(one.table.id, "stopped", reason=fault.message, hint=fault.hint)
    return replace(report, elapsed_s=round(time.perf_counter() - started, 3))


def remove(target_url: str) -> list[str]:
    """Take all that was synced out of ClickHouse; the names of the tables that were there."""
    with target.opened(target_url) as here:
        names = sorted({state.table for state in here.states().values()})
        _drop(here, names)
        _clear_away(here, None)
        return names


def _let_go(here: Target, one: Unfound) -> TableReport:
    """A table that is no more in PostgreSQL goes from ClickHouse too."""
    if one.dropped:
        _drop(here, [one.table])
        return TableReport(one.table, "dropped", reason=one.why)
    return TableReport(one.table, "left out", reason=f"{one.why}: its copy stays as it is")


def _drop(here: Target, tables: Collection[str]) -> None:
    """The copies of these tables with their views, if these are ours."""
    for view in here.relations():
        if view.id in tables and is_ours(view):
            here.run(f"DROP VIEW IF EXISTS {quoted(view.database)}.{quoted(view.name)}")
    for name, state in here.states().items():
        if state.table in tables:
            here.run(f"DROP TABLE IF EXISTS {ddl.at(state.base)}")
            here.keep(name, None)


def _clear_away(here: Target, which: str | None) -> None:
    """What killed syncs left. Tables are listed before the states are read: what the sync of
    another database makes meanwhile is named in those first."""
    relations = here.relations()
    for name in left_over(relations, here.states(), which):
        try:
            here.run(f"DROP TABLE IF EXISTS {ddl.at(name)}")
        except DataMindError as fault:  # the copies are right all the same
            log.warning("%s is left over: %s", ddl.at(name), fault.message)


def _aggregate(here: Target, aggregates: Sequence[Aggregate]) -> None:
    """Materialised views are made anew from what was just synced, and change places at once."""
    for made in aggregates:
        for statement in ddl.create_aggregate(made):
            here.run(statement)
