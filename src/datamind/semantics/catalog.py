"""The catalog: what the data holds and means, immutable and versioned, seen through a View."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from datamind.errors import UnknownColumn, UnknownTable

ColumnType = Literal[
    "integer", "decimal", "float", "text", "boolean", "date", "timestamp", "time", "interval",
    "other",
]  # fmt: skip
Additivity = Literal["sum", "avg", "none"]
Origin = Literal["declared", "dbt", "guessed"]
Counted = tuple[tuple[str, int], ...]  # values, most frequent first
Values = Mapping[str, Counted]
NUMERIC: frozenset[str] = frozenset({"integer", "decimal", "float"})
TEMPORAL: frozenset[str] = frozenset({"date", "timestamp"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `distinct`, `null_fraction`, `low` and `high` are statistics, None where unknown.

    `additivity` is how its values may be rolled up: sum (amounts), avg (rates, prices, scores),
    none (identifiers, codes, years), a guess unless `additivity_said`. `epoch` says that whole
    numbers are Unix seconds, `dated` that text holds ISO dates. `public_values` lets the values be
    used though the table has a row filter.
    """

    table: str
    name: str
    type: ColumnType
    native_type: str = ""
    nullable: bool = True
    description: str = ""
    synonyms: tuple[str, ...] = ()
    unit: str | None = None
    pii: str | None = None
    additivity: Additivity = "none"
    distinct: int | None = None
    null_fraction: float | None = None
    low: str | None = None
    high: str | None = None
    epoch: bool = False
    dated: bool = False
    public_values: bool = False
    additivity_said: bool = False

    @property
    def id(self) -> str:
        """`table.column`, the way plans name it."""
        return f"{self.table}.{self.name}"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers to reckon with; Unix seconds are dates instead."""
        return self.type in NUMERIC and not self.epoch

    @property
    def is_date(self) -> bool:
        """Whether its values are dates or timestamps, Unix seconds included."""
        return self.type in TEMPORAL or self.epoch or self.dated


@dataclass(frozen=True, slots=True)
class Table:
    """A relation. `id` is its name, with the schema in front where that is not the default one.

    `display` names the columns that a person would call a row by; `entity` is the business noun;
    `default_date` the date that periods are about where none is named.
    """

    id: str
    schema: str
    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    key_origin: Origin = "declared"
    rows: int | None = None
    description: str = ""
    synonyms: tuple[str, ...] = ()
    entity: str | None = None
    display: tuple[str, ...] = ()
    is_view: bool = False
    default_date: str | None = None

    def column(self, name: str) -> Column:
        """The column of this name; UnknownColumn if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownColumn(f"There is no column {name} in {self.id}.")


@dataclass(frozen=True, slots=True)
class Relationship:
    """A reference: many rows of `table` may point to one row of `to_table`.

    `one_to_one` is set where the referring columns are unique too. `confidence` is 1 for declared
    keys, less for guessed ones. `role` is what the referring column calls the other side
    (`bill_to`), empty where it just repeats its name.
    """

    id: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    origin: Origin = "declared"
    confidence: float = 1.0
    one_to_one: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A named measure from dbt or the registry.

    `kind` is simple, ratio, derived or other (what MetricFlow alone compiles: cumulative,
    conversion, offset). A simple metric aggregates `expression` (a column name of `table`, a SQL
    expression of them, or empty for a row count) by `aggregation`, where `filters` hold (SQL
    predicates over `table`). A ratio has `numerator` over `denominator`; a derived one has
    `expression` over the names in `inputs`.
    """

    name: str
    kind: Literal["simple", "ratio", "derived", "other"]
    label: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    table: str | None = None
    aggregation: str | None = None
    expression: str = ""
    filters: tuple[str, ...] = ()
    time_column: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    unit: str | None = None
    relations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary entry: words that people use for a catalog item (table, column or metric id)."""

    words: str
    item: str


@dataclass(frozen=True, slots=True)
class QualityIssue:
    """What is wrong with a table's rows (failed, not_built, stale, stale_source), since when;
    with `upstream` with that table, of which this one is made; from `holds_from` on."""

    table: str
    test: str
    message: str
    since: str = ""
    rows: int | None = None
    kind: str = "failed"
    upstream: str = ""
    holds_from: str = ""


@dataclass(frozen=True)
class Catalog:
    """All that is known, with look-ups; `dbt_ran` is when dbt ran last. `values` maps column ids to
    the values they hold and how often, capped, never of PII or masked columns; `complete` names
    the columns whose list is whole."""

    version: str
    dialect: str
    default_schema: str
    tables: tuple[Table, ...]
    relationships: tuple[Relationship, ...] = ()
    metrics: tuple[Metric, ...] = ()
    glossary: tuple[Term, ...] = ()
    quality: tuple[QualityIssue, ...] = ()
    values: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    data_version: str = ""
    dbt_ran: str = ""

    @cached_property
    def by_id(self) -> Mapping[str, Table]:
        """Tables by id."""
        return {table.id: table for table in self.tables}

    @cached_property
    def columns_by_id(self) -> Mapping[str, Column]:
        """Columns by id; a name may hold dots itself, so an id is never to be cut apart."""
        return {column.id: column for table in self.tables for column in table.columns}

    @cached_property
    def metrics_by_name(self) -> Mapping[str, Metric]:
        """Metrics by name."""
        return {metric.name: metric for metric in self.metrics}

    @cached_property
    def relationships_by_id(self) -> Mapping[str, Relationship]:
        """Relationships by id."""
        return {relationship.id: relationship for relationship in self.relationships}

    @cached_property
    def edges(self) -> Mapping[str, tuple[Relationship, ...]]:
        """For each table, the relationships that touch it on either side."""
        touching: dict[str, list[Relationship]] = {table.id: [] for table in self.tables}
        for relationship in self.relationships:
            touching[relationship.table].append(relationship)
            if relationship.to_table != relationship.table:
                touching[relationship.to_table].append(relationship)
        return {table: tuple(found) for table, found in touching.items()}

    def table(self, table_id: str) -> Table:
        """The table of this id; UnknownTable if there is none."""
        found = self.by_id.get(table_id)
        if found is None:
            raise UnknownTable(f"There is no table {table_id}.")
        return found

    def column(self, column_id: str) -> Column:
        """The column of this id (`table.column`); UnknownTable or UnknownColumn if none."""
        return View(self).column(column_id)


def version_of(catalog: Catalog) -> str:
    """Names the content: the same for the same, whenever and wherever it was read."""
    said = (
        catalog.dialect, catalog.default_schema, catalog.tables, catalog.relationships,
        catalog.metrics, catalog.glossary, catalog.quality, sorted(catalog.values.items()),
        sorted(catalog.complete),
    )  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class View:
    """The part of a catalog that one asker may see; every look-up goes through one.

    What is hidden does not exist for the asker; `masked_columns` do, but not their values. Of
    `filtered_tables` some rows are seen: no statistics are told, of values only the `own`."""

    catalog: Catalog
    fingerprint: str = "open"
    hidden_tables: frozenset[str] = frozenset()
    hidden_columns: frozenset[str] = frozenset()
    masked_columns: frozenset[str] = frozenset()
    filtered_tables: frozenset[str] = frozenset()
    own: Values = field(default_factory=dict)

    @classmethod
    def open(cls, catalog: Catalog) -> View:
        """What is seen where no policy says more: all but secrets (passwords, tokens, hashes)."""
        columns = (c for t in catalog.tables for c in t.columns)
        return cls(catalog, hidden_columns=frozenset(c.id for c in columns if c.pii == "secret"))

    def sees(self, item: str) -> bool:
        """Whether a table or column id exists for the asker."""
        return item in self.by_id or item in self._columns

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Visible tables, hidden columns left out."""
        return tuple(self._visible())

    def _visible(self) -> Iterator[Table]:
        for table in self.catalog.tables:
            if table.id in self.hidden_tables:
                continue
            shown = tuple(c for c in table.columns if c.id not in self.hidden_columns)
            whole, untold = len(shown) == len(table.columns), table.id in self.filtered_tables
            if untold or not self.masked_columns.isdisjoint(c.id for c in shown):
                shown = tuple(self._told(c, untold) for c in shown)
                table = replace(table, rows=None if untold else table.rows, columns=shown)
            if whole:
                yield table
            elif shown:
                yield _narrowed(table, shown)

    def _told(self, column: Column, untold: bool) -> Column:
        """The column without what its statistics would tell of values that are not seen."""
        if not untold and column.id not in self.masked_columns:
            return column
        return replace(column, distinct=None, null_fraction=None, low=None, high=None)

    @cached_property
    def by_id(self) -> Mapping[str, Table]:
        """Visible tables by id."""
        return {table.id: table for table in self.tables}

    def table(self, table_id: str) -> Table:
        """The visible table of this id; hidden and absent ones raise the same UnknownTable."""
        found = self.by_id.get(table_id)
        if found is None:
            raise UnknownTable(f"There is no table {table_id}.")
        return found

    def column(self, column_id: str) -> Column:
        """The visible column of this id; hidden and absent ones raise alike."""
        found = self._columns.get(column_id)
        if found is None:
            table_id, _, name = column_id.rpartition(".")
            return self.table(table_id).column(name)
        return found

    @cached_property
    def _columns(self) -> Mapping[str, Column]:
        return {column.id: column for table in self.tables for column in table.columns}

    @cached_property
    def relationships(self) -> tuple[Relationship, ...]:
        """Relationships whose tables and columns are all visible."""
        return tuple(
            r
            for r in self.catalog.relationships
            if all(f"{r.table}.{c}" in self._columns for c in r.columns)
            and all(f"{r.to_table}.{c}" in self._columns for c in r.to_columns)
        )

    @cached_property
    def relationships_by_id(self) -> Mapping[str, Relationship]:
        """Visible relationships by id."""
        return {relationship.id: relationship for relationship in self.relationships}

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Metrics all of whose tables, columns and inputs are visible."""
        return tuple(m for m in self.catalog.metrics if self._shows(m, frozenset()))

    @cached_property
    def metrics_by_name(self) -> Mapping[str, Metric]:
        """Visible metrics by name."""
        return {metric.name: metric for metric in self.metrics}

    def _shows(self, metric: Metric, within: frozenset[str]) -> bool:
        tables = {*metric.relations, *([metric.table] if metric.table else [])}
        if tables & self.hidden_tables:
            return False
        text = "\n".join((metric.expression, *metric.filters, metric.time_column or ""))
        if any(_mentions(text, name) for name in self._hidden_names(tables)):
            return False
        inputs = {metric.numerator, metric.denominator, *(name for _, name in metric.inputs)}
        within |= {metric.name}  # one that is made of itself is for the compiler to refuse
        known = self.catalog.metrics_by_name
        return all(self._shows(known[n], within) for n in inputs - within if n in known and n)

    def _hidden_names(self, tables: Iterable[str]) -> set[str]:
        return {
            column.name
            for table in tables
            for column in (self.catalog.by_id[table].columns if table in self.catalog.by_id else ())
            if column.id in self.hidden_columns
        }

    @cached_property
    def glossary(self) -> tuple[Term, ...]:
        """Terms whose item is visible."""
        return tuple(
            t for t in self.catalog.glossary if self.sees(t.item) or t.item in self.metrics_by_name
        )

    @cached_property
    def quality(self) -> tuple[QualityIssue, ...]:
        """Issues of visible tables."""
        return tuple(q for q in self.catalog.quality if q.table in self.by_id)

    def values(self, column_id: str) -> Counted:
        """Values of a visible, unmasked column; empty where none are kept."""
        column = self._columns.get(column_id)
        if column is None or column_id in self.masked_columns:
            return ()
        own = column.table in self.filtered_tables and not column.public_values
        return (self.own if own else self.catalog.values).get(column_id, ())


def _narrowed(table: Table, columns: tuple[Column, ...]) -> Table:
    """The table with these columns only: keys and names that need others are none."""
    names = {column.name for column in columns}
    return replace(
        table,
        columns=columns,
        primary_key=table.primary_key if names.issuperset(table.primary_key) else (),
        unique_keys=tuple(k for k in table.unique_keys if names.issuperset(k)),
        display=table.display if names.issuperset(table.display) else (),
        default_date=table.default_date if table.default_date in names else None,
    )


def _mentions(text: str, name: str) -> bool:
    """Whether a name stands in a metric's SQL; in a text or comment too, to be on the safe side."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
