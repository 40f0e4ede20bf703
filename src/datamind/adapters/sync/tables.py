"""The records of the sync: what PostgreSQL has, what was chosen, and what is known of a copy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from datamind.adapters.sync.types import Kind

# What helps a table that can't be copied, as a hint says it.
SKIP = "leave the table out (`skip: true` in --choices)"


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as PostgreSQL has it: `number` stays its own whatever it is called; `native` is its
    type as format_type writes it; `distinct` how many values it has, as far as is known."""

    number: int
    name: str
    native: str
    nullable: bool
    enum: bool = False
    distinct: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """How a table is at a moment: `mark` changes with each write and each change of its `shape`
    (columns, types, names of an enum's values); `secured` says that row security holds for our
    role."""

    mark: str
    shape: str = ""
    secured: bool = False


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table as PostgreSQL has it: rows and bytes are estimates. `closed` says that some of its
    columns are kept from our role; `files` are those that it is in."""

    schema: str
    name: str
    oid: int
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    indexed: frozenset[str]
    rows: int
    bytes: int
    seen: Seen
    closed: bool = False
    files: str = ""

    @property
    def id(self) -> str:
        """Its full name."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a copy. In ClickHouse's table it is called by its number, and its name stands in
    the view only: so a column may be renamed without a moment in which it has no name."""

    number: int
    name: str
    native: str
    type: str
    kind: Kind

    @property
    def stored(self) -> str:
        """Its name in ClickHouse's table."""
        return f"c{self.number}"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What ClickHouse keeps beside a table's rows so as to read fewer of them, and takes by itself
    for a query that it serves: a projection with `measures` (aggregates, in SQL over the names of
    columns) for each group of `columns`, or, without measures, a skip index over one column.
    `asked` says that the history suggested it."""

    name: str
    columns: tuple[str, ...]
    measures: tuple[str, ...] = ()
    reason: str = "as was chosen"
    asked: bool = False

    @property
    def kept(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """What it keeps, whatever it is called and why."""
        return self.columns, frozenset(m.replace(" ", "").lower() for m in self.measures)


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person may say of a table; None is left to us. `refused` are names of shortcuts that
    are not to be; with `history` off, what was asked suggests none."""

    order_by: tuple[str, ...] | None = None
    partition_by: str | None = None
    low_cardinality: tuple[str, ...] | None = None
    watermark: str | None = None
    reconcile_minutes: int | None = None
    skip: bool | None = None
    shortcuts: tuple[Shortcut, ...] | None = None
    refused: tuple[str, ...] | None = None
    history: bool | None = None

    def over(self, below: Choices) -> Choices:
        """These, and what `below` says where they say nothing."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return replace(below, **{name: value for name, value in said.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A materialised view that is made anew at the end of each sync."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table is kept in ClickHouse.

    `identity` are the columns that tell rows apart there (empty: the table has no key, and is
    loaded anew each time); `watermark` is the column that grows with each change, if any; `reasons`
    say why it was chosen so, `notes` what is not as it is in PostgreSQL.
    """

    source: SourceTable
    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    partition_by: str | None
    watermark: str | None
    reconcile_minutes: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    shortcuts: tuple[Shortcut, ...] = ()

    @property
    def id(self) -> str:
        """The table's full name, the same in both databases."""
        return self.source.id

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)

    @property
    def identified(self) -> tuple[Column, ...]:
        """The columns of the identity."""
        return tuple(self.column(n) for n in self.identity)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a copy. It is kept in ClickHouse, beside the data that it speaks of.

    `status` is copying, live, or stopped (with its reason); `base` is the table that holds the
    rows. `synced_at` is the moment of the snapshot that it equals, `mark` how much PostgreSQL had
    written into the table by then and `shape` how it was, `xids` which transactions were open or to
    come; `verified_at` is when all of it was last compared, `verified` the mark of then. With
    `plain`, readers may read the table as it is stored: each row is in it once. `source` is the
    database that it is a copy of, as far as is known.
    """

    table: str
    status: str
    base: str
    generation: int
    oid: int
    columns: tuple[tuple[int, str, str, str], ...]
    identity: tuple[str, ...]
    partition_by: str | None
    watermark: str | None = None
    high: str | None = None
    mark: str = ""
    xids: str = ""
    synced_at: dt.datetime | None = None
    verified_at: dt.datetime | None = None
    rows: int = 0
    reason: str = ""
    shortcuts: tuple[Shortcut, ...] = ()
    plain: bool = False
    source: str = ""
    shape: str = ""
    verified: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that ClickHouse has; `select` is a view's definition."""

    database: str
    name: str
    engine: str
    select: str

    @property
    def id(self) -> str:
        """Its full name."""
        return f"{self.database}.{self.name}"


@dataclass(frozen=True, slots=True)
class TableReport:
    """What a sync did to a table: `outcome` is copied, updated, unchanged, stopped, left out or
    dropped."""

    table: str
    outcome: str
    rows: int = 0
    written: int = 0
    deleted: int = 0
    ranges: int = 0
    elapsed_s: float = 0.0
    equal: bool | None = None
    checksum: str = ""
    drift: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did."""

    started_at: dt.datetime
    elapsed_s: float
    tables: tuple[TableReport, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether each table that was to be there is, and equal."""
        return all(t.outcome != "stopped" for t in self.tables)
