"""What a sync is asked for, and the plan that it makes of that before anything is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from datamind.adapters.sync.tables import Aggregate, Choices, SourceTable, State, TablePlan
from datamind.semantics.usage import Usage

# PostgreSQL counts what a session wrote up to so many seconds after its commit: a mark that is read
# earlier would lack what is in the snapshot, or seem to have moved soon after.
SETTLE_S = 11.0
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What a sync is asked for. `tables` are full names (empty: all); `check` compares tables that
    were not written since, too; `again` copies them anew; `take_over` makes copies of another
    database this one's. `progress` hears the table, the rows read so far and how many there are
    about. `settle_s` is what it waits first where anything was written since the last sync.
    `usage` is what was asked, which suggests projections and indexes; without it those stay that
    are there."""

    source_url: str
    target_url: str
    tables: Sequence[str] = ()
    choices: Mapping[str, Choices] = field(default_factory=dict)
    aggregates: Sequence[Aggregate] = ()
    check: bool = False
    again: bool = False
    take_over: bool = False
    usage: Usage | None = None
    rows_a_range: int = 50_000
    settle_s: float = SETTLE_S
    progress: Progress = lambda table, rows, of: None


@dataclass(frozen=True, slots=True)
class Moment:
    """When the snapshot was taken, of which database, which transactions were open or to come
    before that, and since when one had been open that may have written."""

    at: dt.datetime
    xids: str
    source: str
    oldest: dt.datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """A table with how it would be kept, or why it is not, and what helps; `stops` says that it is
    not though it was to be. `state` is what is there already, `left` a copy beside it that nobody
    ended."""

    table: SourceTable
    plan: TablePlan | None
    state: State | None = None
    left: State | None = None
    why: str = ""
    hint: str = ""
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Unfound:
    """A copy whose table our role does not find in PostgreSQL, and why; it is `dropped` only where
    that table is known to be gone."""

    table: str
    why: str
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync would do."""

    tables: tuple[Planned, ...]
    unfound: tuple[Unfound, ...] = ()
