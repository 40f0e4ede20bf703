"""What the questions of the past do with each table: filter, group and add up, and how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.errors import DataMindError
from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, View
from datamind.semantics.compiler import compile_plan

# The governed form is written for the warehouse that it ran on.
DIALECTS = ("postgres", "clickhouse", "duckdb")


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan that was asked, with a governed form of it, and how often."""

    plan: P.Query
    governed: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Grouping:
    """Aggregates (in ClickHouse's SQL, over names of columns) of one table alone, where they only
    need `keys`: the columns of their groups and conditions, those of policies too."""

    keys: frozenset[str]
    measures: frozenset[str]


@dataclass(frozen=True, slots=True)
class TableUse:
    """In how many questions a table was read, a column of it was in a condition, was compared with
    values for equality, was grouped by; and how often each grouping was asked for."""

    read: int
    filtered: Mapping[str, int]
    matched: Mapping[str, int]
    grouped: Mapping[str, int]
    groupings: Mapping[Grouping, int]


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of each table, by its full name, in so many questions."""

    questions: int
    tables: Mapping[str, TableUse]


@dataclass
class Found:
    """What one question does with one table."""

    filtered: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    grouped: set[str] = field(default_factory=set)
    groupings: list[Grouping] = field(default_factory=list)

    @property
    def named(self) -> tuple[set[str], set[str], set[str]]:
        """The columns of conditions, of equality, of groups."""
        return self.filtered, self.matched, self.grouped


def usage_of(asked: Sequence[Asked], catalog: Catalog) -> Usage:
    """What the questions do, as they are put to ClickHouse; those that can't be any more, since
    the catalog moved on, are left out."""
    view, known = View.open(catalog), {f"{t.schema}.{t.name}" for t in catalog.tables}
    questions = 0
    counts: dict[str, tuple[Counter[str], Counter[str], Counter[str]]] = {}
    asked_for: defaultdict[str, Counter[Grouping]] = defaultdict(Counter)
    read: Counter[str] = Counter()
    for one in asked:
        try:
            sql = compile_plan(one.plan, view, "clickhouse").sql
        except DataMindError:
            continue
        questions += one.times
        for name, found in used(sql, one.governed, known).items():
            read[name] += one.times
            of = counts.setdefault(name, (Counter(), Counter(), Counter()))
            for counter, names in zip(of, found.named, strict=True):
                counter.update(dict.fromkeys(names, one.times))
            asked_for[name].update(dict.fromkeys(found.groupings, one.times))
    return Usage(
        questions,
        {n: TableUse(read[n], *of, groupings=asked_for[n]) for n, of in counts.items()},
    )


def used(sql: str, governed: str, known: set[str]) -> dict[str, Found]:
    """What the statement does; the conditions of policies stand in its governed form alone."""
    found: dict[str, Found] = {}
    for select in _selects(governed, DIALECTS):
        _conditions(select, known, found)
    hidden = {name: frozenset(one.filtered) for name, one in found.items()}
    for select in _selects(sql, ("clickhouse",)):
        _conditions(select, known, found)
        tables = _tables(select, known)
        for column in _columns(select.args.get("group")):
            if column.table in tables:
                found[tables[column.table]].grouped.add(column.name)
        grouping = _grouping(select, tables)
        if grouping is not None:
            (name,) = tables.values()
            keys = grouping.keys | hidden.get(name, frozenset())
            found[name].groupings.append(Grouping(keys, grouping.measures))
    return found


def _selects(sql: str, dialects: Iterable[str]) -> list[exp.Select]:
    for dialect in dialects:
        try:
            tree = sqlglot.parse_one(sql, dialect=dialect)
        except SqlglotError:
            continue
        return list(tree.find_all(exp.Select))
    return []


def _tables(select: exp.Select, known: set[str]) -> dict[str, str]:
    """The tables that the SELECT itself reads, by what they are called in it."""
    joined = [join.this for join in select.args.get("joins") or ()]
    sources = [select.args["from_"].this, *joined] if select.args.get("from_") else joined
    named = {s.alias_or_name: f"{s.db}.{s.name}" for s in sources if isinstance(s, exp.Table)}
    return {alias: name for alias, name in named.items() if name in known}


def _conditions(select: exp.Select, known: set[str], found: dict[str, Found]) -> None:
    tables = _tables(select, known)
    for name in tables.values():
        found.setdefault(name, Found())
    only = next(iter(tables)) if len(tables) == 1 else ""  # where columns go without it
    for column in _columns(select.args.get("where")):
        if (of := tables.get(column.table or only)) is not None:
            found[of].filtered.add(column.name)
            if _matched(column):
                found[of].matched.add(column.name)


def _matched(column: exp.Expr) -> bool:
    """Whether it is compared with values for equality."""
    above = column.parent
    if isinstance(above, exp.In):
        return above.this is column and not above.args.get("query")
    return isinstance(above, exp.EQ) and not any(
        side.find(exp.Column) for side in (above.this, above.expression) if side is not column
    )


def _grouping(select: exp.Select, tables: Mapping[str, str]) -> Grouping | None:
    """What the SELECT adds up, where it reads one table and nothing else."""
    if len(tables) != 1 or select.args.get("joins") or select.args.get("distinct"):
        return None
    measures = set()
    for one in _own(select):
        if isinstance(one, exp.AggFunc) and not isinstance(one.parent, exp.Window):
            plain = one.copy()
            for column in plain.find_all(exp.Column):
                column.set("table", None)
            measures.add(plain.sql(dialect="clickhouse"))
    of = [*_columns(select.args.get("group")), *_columns(select.args.get("where"))]
    return Grouping(frozenset(c.name for c in of), frozenset(measures)) if measures else None


def _columns(node: exp.Expr | None) -> Iterator[exp.Column]:
    return (found for found in _own(node) if isinstance(found, exp.Column))


def _own(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """The nodes below, those of nested SELECTs left out."""
    if node is not None:
        walked = node.walk(prune=lambda n: n is not node and isinstance(n, exp.Query))
        yield from (found for found in walked if found is not node)
