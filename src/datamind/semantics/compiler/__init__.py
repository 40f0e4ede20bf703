"""Compiles plans into SQL that a good analyst would write, for each engine.

What a plan means:

- **Joined rows.** The source's join tree gives rows (`also` is part of a join's condition);
  filters keep those for which their predicate is true. Null is unknown, as in SQL: neither a
  test on it nor the negation of that test holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from datamind.records import Dialect
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.check import OutputColumn, check
from datamind.semantics.compiler.dialects import supported
from datamind.semantics.compiler.env import Env, Session
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
    supported(dialect)
    columns = check(query, view)

    def build(inner: P.Query, outer: Env | None, level: int) -> object:
        return built(inner, session, outer, level)

    session = Session(view, dialect, build)  # type: ignore[arg-type]  # exp.Query, not imported
    tree = built(query, session, None, 1)
    sql = tree.sql(dialect=dialect, comments=False)
    return Compiled(sql, columns, tuple(session.relations), tuple(session.warnings))
