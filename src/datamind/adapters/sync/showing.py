"""What readers are shown of a copy: its rows with what is old left out, or, where each row is
stored once, the table as it is, of which ClickHouse may take projections."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from datamind.adapters.sync import ddl
from datamind.adapters.sync.copying import WAITED, Copying
from datamind.adapters.sync.ownership import must_be_ours, reads
from datamind.adapters.sync.shortcuts import name_of
from datamind.adapters.sync.source import quoted
from datamind.adapters.sync.tables import Shortcut, State, TablePlan
from datamind.adapters.sync.target import Target
from datamind.errors import DataMindError, SyncFailed

log = logging.getLogger(__name__)

# Readers that began before the view was changed are waited for so long.
READERS_S = 120.0


@dataclass(frozen=True, slots=True)
class Showing:
    """The view of one table.

    It may be plain only while the state says so: the state is written before the view becomes
    plain, and after it is plain no more. Whoever is killed in between leaves the careful form.
    """

    here: Target
    plan: TablePlan

    def show(self, base: str, *, plain: bool = False) -> None:
        """Readers see this table from now on; SyncFailed where the view's name is another's."""
        must_be_ours(self.plan.id, self.here.relations())
        self.here.run(f"CREATE DATABASE IF NOT EXISTS {quoted(self.plan.source.schema)}")
        self.here.run(ddl.create_view(self.plan, base, plain=plain))

    def is_on(self, base: str) -> bool:
        """Whether readers see this table, whatever the state says."""
        shown = (there.select for there in self.here.relations() if there.id == self.plan.id)
        return any(reads(select, base) for select in shown)

    def carefully(self, state: State) -> State:
        """Readers see the rows of this state, each once, by the columns' names of now: an earlier
        sync may have ended before it came to that."""
        if state.plain:
            self.before_writing(state.base)
        else:
            self.show(state.base)
        return replace(state, plain=False)

    def before_writing(self, base: str) -> None:
        """Nobody reads the table plainly any more: rows may come that replace others."""
        state = self.here.states().get(self.plan.id)
        if state is None or not state.plain or state.base != base:
            return
        self.show(base)
        began = time.monotonic()
        while self.here.readers(self.plan.source.name, time.monotonic() - began):
            if time.monotonic() - began > READERS_S:
                raise SyncFailed(
                    f"{self.plan.id} is read by a query that does not end.",
                    hint="End it, or sync again later: rows could be seen twice by it.",
                )
            time.sleep(0.05)
        self.here.keep(self.plan.id, replace(state, plain=False))

    def before_reshaping(self, base: str) -> None:
        """No projection or index holds on to a column."""
        self.before_writing(base)
        for name, kind in self.here.shortcuts(base).items():
            self.here.run(ddl.altered(base, f"DROP {kind} IF EXISTS {name}"), WAITED)

    def settled(self, copying: Copying) -> tuple[str, ...]:
        """The table is as PostgreSQL's: have its shortcuts, and let projections be used where each
        row is stored once. What ClickHouse did not take is told, and stops nothing."""
        state = self.here.states()[self.plan.id]
        if not (self.plan.shortcuts or state.shortcuts or state.plain):
            return ()
        told: list[str] = []
        try:
            state = self._projected(state, told)
            projected = any(one.measures for one in state.shortcuts)
            plain = projected and bool(self.plan.identity) and copying.clean()
            if plain and not state.plain:
                self.here.readers(self.plan.source.name, 0)  # who may not see them can't wait
                self.here.keep(self.plan.id, replace(state, plain=True))
                self.show(state.base, plain=True)
            elif state.plain and not plain:
                self.before_writing(state.base)
        except DataMindError as fault:
            told.append(f"projections are not used: {fault.message}")
        for line in told:
            log.warning("%s: %s", self.plan.id, line)
        return tuple(told)

    def _projected(self, state: State, told: list[str]) -> State:
        wanted = {name_of(self.plan, one): one for one in self.plan.shortcuts}
        there = self.here.shortcuts(state.base)
        known = {one.kept for one in state.shortcuts}
        whole = {name for name, one in wanted.items() if name in there and one.kept in known}
        for name in there.keys() - wanted.keys():
            self.here.run(ddl.altered(state.base, f"DROP {there[name]} IF EXISTS {name}"), WAITED)
        made: list[Shortcut] = []
        for name, one in wanted.items():
            try:
                for change in ddl.add_shortcut(self.plan, one) if name not in whole else ():
                    self.here.run(ddl.altered(state.base, change), WAITED)
                made.append(one)
            except DataMindError as fault:
                told.append(f"there is no {one.name}: {fault.message}")
        state = replace(state, shortcuts=tuple(made))
        self.here.keep(self.plan.id, state)
        return state
