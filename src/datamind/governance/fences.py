"""Fences on demand: a filtered table is kept apart only from what could tell of hidden rows.

An engine may run a condition of the asker before the filter of the policy, on rows that the asker
may not see. That is harmless where the condition can't raise an error, whatever the values
(`tables/totality.py`): then the engine may plan freely. What only follows the filter (the SELECT
list, groups, orders, arguments of aggregates and windows) is harmless too, unless a condition
further out asks for it. What isn't known is fenced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from datamind.governance.clauses import is_written_out
from datamind.governance.conditions import conditions, conjuncts, makes_rows
from datamind.governance.scope import NOTHING
from datamind.governance.totality import Reader, means
from datamind.records import Dialect
from datamind.semantics.catalog import Table

NO_LIMIT = 2**62
References = list[tuple[exp.Table, Table]]
Bodies = Mapping[str, exp.Query]
Computed = frozenset[str]
# Not true where their column is NULL; and what may stand on their other side.
REJECTING = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like, exp.ILike,
)  # fmt: skip
WRITTEN_OUT = (exp.Literal, exp.Neg, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Boolean)


@dataclass(frozen=True, slots=True)
class Exposure:
    """The columns (ids) that conditions which may fail read; `all` where they read none."""

    columns: frozenset[str]
    all: bool
    # Whether anything but the outermost SELECT list may fail, though it follows the filters.
    later: bool

    @property
    def nothing(self) -> bool:
        """Whether no condition may fail."""
        return not (self.all or self.columns)

    def of(self, table: Table, body: exp.Query) -> bool:
        """Whether hidden rows of a table could be told of, for what is read instead is `body`."""
        if self.all or any(c.id in self.columns for c in table.columns):
            return True
        # A filter that asks another table may be joined late, after what follows the others.
        return (self.later or not self.nothing) and _filter(body).find(exp.Query) is not None


def exposure(tree: exp.Query, dialect: Dialect, computed: Computed) -> Exposure:
    """What a resolved query could tell of rows that a filter hides; `computed` are the columns
    (ids) that a policy shows as something else."""
    reader = Reader(dialect, computed)
    columns: set[str] = set()
    everything = False
    for part, above in conditions(tree):
        if isinstance(part, exp.Join):
            for left, right in part.meta["compared"]:
                if not reader.compares(left, right):
                    columns |= left.sources | right.sources
        elif not reader.total(part, above=above):
            read = [means(column).sources for column in part.find_all(exp.Column)]
            columns = columns.union(*read)
            # When a query in a condition is run, whatever is around it has a say.
            everything |= not any(read) or part.find(exp.Query) is not None
    inner = (query for query in tree.find_all(exp.Query) if query is not tree)
    given = all(is_written_out(node) for node in tree.walk() if makes_rows(node))
    later = not (given and reader.sorts(tree) and all(map(reader.whole, inner)))
    return Exposure(frozenset(columns), everything, later)


def fenced(
    tree: exp.Query, references: References, bodies: Bodies, dialect: Dialect
) -> frozenset[str]:
    """The tables (ids) that are filtered and have to be kept apart in a resolved query."""
    tables = {table.id: table for _, table in references}
    filtered = {at: body for at, body in bodies.items() if body.args.get("where") is not None}
    if not filtered:
        return NOTHING
    found = exposure(tree, dialect, computed_of(bodies))
    return frozenset(
        at for at, body in filtered.items()
        if found.of(tables[at], body) or not exposure(body, dialect, NOTHING).nothing
    )  # fmt: skip


def computed_of(bodies: Bodies) -> Computed:
    """The columns (ids) that the bodies show as something else than they are."""
    return frozenset(
        f"{at}.{shown.alias_or_name}"
        for at, body in bodies.items() for shown in body.expressions
        if not is_plain(shown)
    )  # fmt: skip


def is_plain(shown: exp.Expr) -> bool:
    """Whether a column of a body is what it is in the table, if of ClickHouse's plainer type."""
    made = shown.unalias()
    if isinstance(made, exp.Cast) and not isinstance(made, exp.TryCast):
        made = made.this
    return isinstance(made, exp.Column) and made.name == shown.alias_or_name


def fence(body: exp.Query, dialect: Dialect) -> exp.Query:
    """The query, and nothing from outside evaluated inside it.

    ClickHouse keeps a query apart from what is around it by a limit alone; PostgreSQL and DuckDB do
    by an offset (README of the guard corpus).
    """
    if dialect == "clickhouse":
        body.set("limit", exp.Limit(expression=exp.Literal.number(NO_LIMIT)))
    else:
        body.set("offset", exp.Offset(expression=exp.Literal.number(0)))
    return body


def narrowed(
    reference: exp.Table, table: Table, dialect: Dialect, computed: Computed
) -> list[exp.Expr]:
    """The asker's conditions on one table alone, for its fenced body, written as the body reads.

    Inside the fence an index can serve them. They are repeated there, not moved: each is total and
    false for a row of NULLs, so that it may also come before an outer join.
    """
    select = reference.find_ancestor(exp.Select)
    where = select.args.get("where") if select is not None else None
    if select is None or where is None:
        return []
    clauses = (select.args["from_"], *(select.args.get("joins") or ()))
    joins = [j for c in clauses for j in c.walk(prune=_is_select) if isinstance(j, exp.Join)]
    if not all(_is_plain_join(join, dialect) for join in joins):
        return []
    reader = Reader(dialect, computed)
    alias = reference.args["alias"].name
    return [
        _within(conjunct, table)
        for conjunct in conjuncts(where.this)
        if _rejects_nulls(conjunct) and _is_about(conjunct, alias) and reader.total(conjunct)
    ]


def narrow(body: exp.Query, own: list[exp.Expr]) -> None:
    """Add conditions to the filter of a body: `(filter) AND (conditions)`, see `widened`."""
    if own:
        where = _filter(body)
        both = (where.this, exp.and_(*own, copy=False))
        where.set("this", exp.And(this=exp.Paren(this=both[0]), expression=exp.Paren(this=both[1])))


def widened(body: exp.Query, dialect: Dialect) -> exp.Query | None:
    """The body without the conditions that `narrow` added; None where it has none, or they are
    not of the kind that may be added."""
    where = body.args.get("where")
    both = where.this if where is not None and is_fenced(body) else None
    if not isinstance(both, exp.And) or not isinstance(both.this, exp.Paren):
        return None
    if not is_narrowing(both.expression, dialect):
        return None
    made = body.copy()
    made.args["where"].set("this", both.this.this.copy())
    return made


def is_narrowing(condition: exp.Expr, dialect: Dialect) -> bool:
    """Whether it is of the kind that may be added to a fenced body."""
    return _rejects_nulls(condition) and Reader(dialect).total(condition)


def _is_select(node: exp.Expr) -> bool:
    return isinstance(node, exp.Select)


def _is_plain_join(join: exp.Join, dialect: Dialect) -> bool:
    """Not one that picks which row it takes (ASOF, ANY), for there a condition has to come after,
    nor one that hides its table (SEMI, ANTI), whose name may then be another's. ClickHouse's outer
    joins give zeros and empty texts for NULL, unless they are told not to."""
    if dialect == "clickhouse" and join.side:
        return False
    method, kind = join.args.get("method") or "", join.args.get("kind") or ""
    return method in ("", "NATURAL") and kind in ("", "INNER", "OUTER", "CROSS")


def _rejects_nulls(node: exp.Expr) -> bool:
    """Whether a condition compares columns with what is written out, and so is not true of NULL."""
    if isinstance(node, (exp.And, exp.Or)):
        return _rejects_nulls(node.this) and _rejects_nulls(node.expression)
    if isinstance(node, (exp.Paren, exp.Not)):
        return _rejects_nulls(node.this)
    if not isinstance(node, REJECTING) or not isinstance(node.this, exp.Column):
        return False
    return all(isinstance(n, WRITTEN_OUT) for child in _others(node) for n in child.walk())


def _others(node: exp.Expr) -> Iterator[exp.Expr]:
    return (child for child in node.iter_expressions() if child is not node.this)


def _is_about(node: exp.Expr, alias: str) -> bool:
    columns = list(node.find_all(exp.Column))
    return all(c.table == alias and len(means(c).sources) == 1 for c in columns)


def _within(condition: exp.Expr, table: Table) -> exp.Expr:
    """The condition as it reads inside the table's body, where no alias renames it."""
    names = {column.id: column.name for column in table.columns}
    made = condition.copy()
    for column in made.find_all(exp.Column):
        (source,) = means(column).sources
        column.set("this", exp.to_identifier(names[source], quoted=True))
        column.set("table", exp.to_identifier(table.name, quoted=True))
    return made


def is_fenced(body: exp.Query) -> bool:
    """Whether a body is kept apart from what is around it."""
    return body.args.get("limit") is not None or body.args.get("offset") is not None


def _filter(body: exp.Query) -> exp.Expr:
    where = body.args["where"]
    assert isinstance(where, exp.Where)
    return where
