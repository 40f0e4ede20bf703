"""Brings one table over, or up to date, by the cheapest way that is right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from datamind.adapters.sync import ddl
from datamind.adapters.sync.copying import WAITED, Copying
from datamind.adapters.sync.drift import Drift, drift_of
from datamind.adapters.sync.planning import columns_of
from datamind.adapters.sync.showing import Showing
from datamind.adapters.sync.source import Source, quoted, relation
from datamind.adapters.sync.tables import State, TablePlan, TableReport
from datamind.adapters.sync.target import Target
from datamind.adapters.sync.wanted import Moment, Wanted
from datamind.errors import SyncFailed

# A change may be committed so long after the moment that it carries; the checksums find later ones.
OVERLAP_S = 600
# A table of at most so many bytes is merged after each change, so that its projections are used;
# a larger one, as all that have none, when a tenth of it is old.
MERGED_BYTES = 4 << 30


def pending_of(table: str) -> str:
    """Where the state of a copy stands that nobody reads yet."""
    return f"{table} (copying)"


@dataclass
class Bringing:
    """One table on its way. It may be killed between any two steps: what the state says of the
    copy, and of what readers are shown, is never more than what is there."""

    wanted: Wanted
    there: Source
    here: Target
    plan: TablePlan
    moment: Moment

    def sync(self, state: State | None, left: State | None) -> TableReport:
        """Bring it up to date; `left` is a copy beside it that nobody ended."""
        plan = self.plan
        drift = drift_of(plan, state) if state is not None else None
        if state is None or drift is None or self.wanted.again or drift.anew:
            told = (*drift.told, drift.anew) if drift is not None and drift.anew else ()
            return replace(self._anew(state), drift=told)
        if state.status == "copying":
            return self._anew(state)
        if left is not None:
            state = self._taken_back(state, left, drift)
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

    def _taken_back(self, state: State, left: State, drift: Drift) -> State:
        """A copy beside it was not brought to its end, and readers may be on it already: they come
        back first."""
        if state.base != left.base:
            state = replace(state, status="stopped", reason="its copy is taken back")
            self.here.keep(self.plan.id, state)
            # Else it is shown once its columns are there, and what is left is cleared away then.
            if not drift.told:
                state = self._showing.carefully(state)
                self.here.run(f"DROP TABLE IF EXISTS {ddl.at(left.base)}")
        self.here.keep(pending_of(self.plan.id), None)
        return state

    def _reshaped(self, state: State, drift: Drift) -> State:
        """The copy with the columns that the table has now. The state tells the old ones until
        readers are shown the new: whoever is killed before does all of it once more. A new one's
        values are not there yet, so that no query may go there until they are."""
        state = replace(state, status="stopped", reason="its columns change")
        self.here.keep(self.plan.id, state)
        for statement in drift.added:
            self.here.run(statement, WAITED)
        self._showing.before_reshaping(state.base)
        for statement in drift.before:
            self.here.run(statement, WAITED)
        self._showing.show(state.base)
        for statement in drift.after:
            self.here.run(statement, WAITED)
        state = replace(
            state, columns=columns_of(self.plan), identity=self.plan.identity, plain=False,
            shortcuts=(),
        )  # fmt: skip
        self.here.keep(self.plan.id, state)
        return state

    def _updated(self, state: State) -> TableReport:
        self._must_be_the_same_files()
        if state.status != "live":
            state = self._showing.carefully(state)
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

    def _anew(self, state: State | None) -> TableReport:
        """Copy the table beside what is there, if anything; readers move once it is equal."""
        plan = self.plan
        before = self.here.states().get(pending_of(plan.id))
        pending = self._begun(state, before)
        self.here.run(ddl.create_base(plan, pending.base))
        self._must_be_the_same_files()
        copying = self._copying(pending.base)
        sums = copying.reconcile() if plan.identity else copying.whole()
        copying.tidy(always=True)
        self._must_be_the_same_files()
        if state is not None and state.columns != pending.columns:
            self.here.keep(plan.id, replace(state, status="stopped", reason="its columns change"))
        self._showing.show(pending.base)
        report = self._live(pending, copying, sums, "copied")
        self.here.keep(pending_of(plan.id), None)
        for base in {one.base for one in (state, before) if one is not None} - {pending.base}:
            self.here.run(f"DROP TABLE IF EXISTS {ddl.at(base)}")
        return report

    def _begun(self, state: State | None, before: State | None) -> State:
        """The copy that is filled: the one that was begun `before`, where it can go on. Else that
        one stays for as long as readers may be on it."""
        plan = self.plan
        if before is not None:
            drift = drift_of(plan, before)
            if plan.identity and not (self.wanted.again or drift.anew or drift.told):
                return before
            if not self._showing.is_on(before.base):
                self.here.run(f"DROP TABLE IF EXISTS {ddl.at(before.base)}")
        went = 1 + max((one.generation for one in (state, before) if one is not None), default=0)
        made = State(
            plan.id, "copying", ddl.base_name(plan, went), went, plan.source.oid, columns_of(plan),
            plan.identity, plan.partition_by, source=self.moment.source,
        )  # fmt: skip
        self.here.keep(pending_of(plan.id), made)
        return made

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
