"""The plan (SemanticQuery): a small typed algebra over the catalog, versioned in JSON.

A query has a source (a join tree, another query, or a set operation) and ordered steps. Joined rows
are filtered first; then every measure is taken over the distinct rows of its own entity within each
group, so that no join can count anything twice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as L

SCHEMA_VERSION = 1
MAX_LEVELS = 3

Grain = L["hour", "day", "week", "month", "quarter", "year"]
Part = L["year", "quarter", "month", "week", "day", "weekday", "hour", "minute", "day_of_year"]
Unit = L["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
Function = L["count", "sum", "avg", "min", "max", "median", "stddev", "percentile"]
Comparison = L["=", "!=", "<", "<=", ">", ">="]
Match = L["equals", "contains", "starts", "ends", "pattern"]


# ---- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an alias of the source."""

    alias: str
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """An output of an earlier step, or of the query that is the source."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A literal. Dates are resolved against the question's day before they get here."""

    value: str | int | float | bool | Decimal | dt.date | dt.datetime | dt.time | None


@dataclass(frozen=True, slots=True)
class Metric:
    """A named metric of the catalog over its rows where `where` holds, at the groups' grain."""

    name: str
    where: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /`. Division is exact (never integer division), and null where the divisor is 0."""

    op: L["+", "-", "*", "/"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class When:
    """One arm of a Case."""

    condition: Predicate
    then: Expr


@dataclass(frozen=True, slots=True)
class Case:
    """The first arm whose condition holds, else `otherwise`."""

    whens: tuple[When, ...]
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class DatePart:
    """A part of a date or timestamp as a whole number; weekday is 1 (Monday) to 7 (Sunday)."""

    part: Part
    of: Expr


@dataclass(frozen=True, slots=True)
class DateTrunc:
    """The first day (or hour) of the period that holds the date. Weeks start on Monday."""

    grain: Grain
    of: Expr


@dataclass(frozen=True, slots=True)
class DateDiff:
    """`end - start` in whole units crossed (days, months ...), or exact seconds."""

    unit: Unit
    start: Expr
    end: Expr


@dataclass(frozen=True, slots=True)
class DateAdd:
    """A date moved by `amount` units (negative for back)."""

    unit: Unit
    amount: int
    of: Expr


@dataclass(frozen=True, slots=True)
class FromEpoch:
    """A timestamp from Unix seconds."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """One of a few scalar functions."""

    name: L["lower", "upper", "trim", "length", "abs", "round", "coalesce", "nullif", "concat",
            "text", "number", "date"]  # fmt: skip
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of the distinct rows of one entity (`of`: their alias; empty: that of the
    columns in `arg`, or the source's). `arg` is None for a count of rows. `where` makes it
    conditional. `percent`, from 0 to 100, goes with percentile.
    """

    function: Function
    arg: Expr | None = None
    of: str = ""
    distinct: bool = False
    where: Predicate | None = None
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Scalar:
    """The single value of a query with one row and one column."""

    query: Query


@dataclass(frozen=True, slots=True)
class WindowCall:
    """A window function over the rows of the step: share, rank, running total, previous period.

    `frame` is the number of preceding rows included (None: all up to this one when ordered).
    """

    function: L["rank", "dense_rank", "row_number", "lag", "lead",
                "sum", "avg", "min", "max", "count"]  # fmt: skip
    arg: Expr | None = None
    partition: tuple[Expr, ...] = ()
    order: tuple[Sort, ...] = ()
    offset: int = 1
    frame: int | None = None


Expr = (
    Column | Field | Value | Metric | Arithmetic | Case | DatePart | DateTrunc | DateDiff | DateAdd
    | FromEpoch | Call | Aggregate | Scalar | WindowCall
)  # fmt: skip

# ---- predicates --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """Two expressions compared; null compares to nothing."""

    op: Comparison
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class OneOf:
    """The expression is one of the values."""

    of: Expr
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """`low <= of <= high`, or `< high` where the end is open."""

    of: Expr
    low: Expr
    high: Expr
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A text test. `pattern` takes `%` and `_`; the others take their text literally."""

    of: Expr
    match: Match
    text: str
    ignore_case: bool = True


@dataclass(frozen=True, slots=True)
class IsNull:
    """The expression is null."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Truth:
    """A boolean expression taken as a predicate."""

    of: Expr


@dataclass(frozen=True, slots=True)
class InQuery:
    """The expression is among the values of a one-column query."""

    of: Expr
    query: Query


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a related row: `alias` of the source joined by `relationship` to `query`'s source.

    `reverse` follows the relationship from the referred table to the referring one (to many).
    The related table is `query`'s source; its aliases differ from the outer ones, which it may use.
    """

    alias: str
    relationship: str
    reverse: bool
    query: Query


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    items: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    items: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Does not hold."""

    item: Predicate


Predicate = (
    Compare | OneOf | Between | TextMatch | IsNull | Truth | InQuery | Exists | And | Or | Not
)

# ---- sources and steps -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Join:
    """One edge of the join tree: `alias` of `table` hangs on `parent` by `relationship`.

    `reverse` false: parent refers to this table (to one); true: this table refers to parent (to
    many). `left` keeps parent rows that have no match. `also` is a further condition on the pair.
    """

    alias: str
    table: str
    parent: str
    relationship: str
    reverse: bool = False
    left: bool = False
    also: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A table under an alias with its joins, each hanging on an earlier alias."""

    table: str
    alias: str
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class SetOp:
    """Union, intersection or difference of two queries with columns of the same types."""

    op: L["union", "union_all", "intersect", "except"]
    left: Query
    right: Query


@dataclass(frozen=True, slots=True)
class Named:
    """An output column: its name and what it is."""

    name: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort key. Nulls come last in both directions."""

    by: Expr
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the rows for which the predicate is true."""

    where: Predicate


@dataclass(frozen=True, slots=True)
class Group:
    """One row for each combination of the keys; no keys: one row in all.

    `fill` adds the periods between the first and the last that have no rows (time keys only).
    """

    keys: tuple[Named, ...]
    measures: tuple[Named, ...]
    fill: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Add columns computed over the rows of the step before."""

    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """Sort the rows."""

    by: tuple[Sort, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """The first `count` rows after `offset`; with `ties`, also those equal to the last by order."""

    count: int
    offset: int = 0
    ties: bool = False


@dataclass(frozen=True, slots=True)
class TopPerGroup:
    """The first `count` rows within each combination of `keys`, by `order`; ties by choice."""

    keys: tuple[Expr, ...]
    order: tuple[Sort, ...]
    count: int
    ties: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """The output columns, in order. Duplicates stay unless `distinct`."""

    columns: tuple[Named, ...]
    distinct: bool = False


Step = Filter | Group | Window | Order | Limit | TopPerGroup | Project


@dataclass(frozen=True, slots=True)
class Query:
    """A plan: a source and its steps, in order."""

    source: Source | Query | SetOp
    steps: tuple[Step, ...]
