"""Compiles plans into SQL that a good analyst would write, for each engine.

What a plan means:

- **Joined rows.** The source's joins give rows, in order (`also` is part of a join's condition);
  a filter keeps the rows for which its predicate is true. Null is unknown, as in SQL: neither a
  test on it nor the negation of that test holds. A column of a to-many alias in a filter is a
  predicate on joined rows; `Exists` asks whether there is a related row, `InQuery` ignores nulls
  among the query's values.
- **Groups.** Each aggregate has a home: `of`, else the alias of the columns in its `arg`, else of
  those in its `where`, else the source's; several aliases count as the one (or ones) whose rows
  determine the others. Within a group it is taken over the distinct rows of its home, told apart
  by primary key; its `where` keeps the home's rows that have a joined row for which it is true. A
  row that a left join did not find is no row. Where a key reaches a home over a to-many edge a
  row counts in each of its groups, and a warning says so; where a home that is repeated has no
  known key its rows are counted as they come, with a warning.
- **Measures beside each other.** A branch of the join tree beyond a to-many edge, seen from an
  aggregate's home, that neither it nor a key nor a filter uses but another aggregate does, is
  there for that other one and does not restrict this one. Every other join restricts, and the
  source itself always does, being what the query is about. So measures
  at different grains are aggregated apart and joined in full on the keys; counts are 0 and other
  aggregates null in groups that only another measure has.
- **After a limit, window or top within groups** the rows stay as they were chosen: measures over
  them still count each of their entities' rows once, and no branch is left out.
- **Order** comes with nulls last and holds until the next group; a distinct projection keeps it
  only by columns that it shows. Limits without ties cut equal rows as the engine likes.
- **Fill** adds the periods without rows between the first and the last, for each combination of
  the other keys; counts and sums are 0 there.
- **Frames** of window functions are rows, not peers: a running total goes on within equal keys.
"""

from __future__ import annotations

from dataclasses import dataclass

from datamind.records import Dialect
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.check import OutputColumn, check
from datamind.semantics.compiler.clickhouse import adapted
from datamind.semantics.compiler.eager import added_up_first
from datamind.semantics.compiler.env import Env, Node, Session
from datamind.semantics.compiler.join_order import largest_first
from datamind.semantics.compiler.steps import built

__all__ = ["Compiled", "OutputColumn", "compile_plan"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL for one engine, its output columns, the relations it reads, and what to beware of."""

    sql: str
    columns: tuple[OutputColumn, ...]
    relations: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def compile_plan(query: P.Query, view: View, dialect: Dialect) -> Compiled:
    """The plan as SQL; UnknownTable, UnknownColumn, PlanInvalid or NotYet where it can't be."""
    columns = check(query, view)

    def build(inner: P.Query, outer: Env | None, level: int) -> object:
        return built(inner, session, outer, level)

    session = Session(view, dialect, build)  # type: ignore[arg-type]  # exp.Query, not imported
    tree: Node = built(query, session, None, 1)
    if dialect == "clickhouse":
        tree = adapted(tree)
        # By all rows, whoever asks: the form of a statement tells no figures.
        tables = {(t.schema, t.name): t for t in view.catalog.tables}
        largest_first(tree, tables)
        added_up_first(tree, tables)
    sql = tree.sql(dialect=dialect, comments=False)
    return Compiled(sql, columns, tuple(session.relations), tuple(session.warnings))
