"""What expressions are compiled against: the dialect, and how columns and outputs are reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlglot import exp

from datamind.errors import NotYet, PlanInvalid
from datamind.semantics import plan as P
from datamind.semantics.catalog import Table, View
from datamind.semantics.check import Scope
from datamind.semantics.compiler import names

Node = exp.Expr


@dataclass(slots=True)
class Session:
    """What one compilation gathers: relations in order of use, warnings, and names given out."""

    view: View
    dialect: str
    build: Callable[[P.Query, Env | None, int], exp.Query]
    relations: dict[str, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def fresh(self, wanted: str) -> str:
        """A name for a derived table that nothing else in the statement has."""
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name

    def table(self, table: Table, alias: str) -> exp.Table:
        """The relation under its alias, with its schema."""
        self.relations[table.id] = None
        return exp.Table(
            this=names.identifier(table.name, self.dialect),
            db=names.identifier(table.schema, self.dialect) if table.schema else None,
            alias=exp.TableAlias(this=names.identifier(alias, self.dialect)),
        )


@dataclass(frozen=True, slots=True)
class Env:
    """What a block's expressions see.

    `exported` is None while rows come straight from the tables; after wrapping it says under
    which name of the derived table `derived` each column of an alias is found. `leaves` holds
    the aggregates of the measure being compiled, by identity.
    """

    session: Session
    scope: Scope
    fields: dict[str, Node] = field(default_factory=dict)
    exported: dict[tuple[str, str], str] | None = None
    derived: str = ""
    outer: Env | None = None
    leaves: dict[int, Node] = field(default_factory=dict)
    negated: bool = False

    @property
    def dialect(self) -> str:
        """The engine's name."""
        return self.session.dialect

    def column(self, alias: str, name: str) -> Node:
        """A column of an alias, here or further out."""
        if alias in self.scope.tables:
            if self.exported is None:
                return names.column(alias, name, self.dialect)
            return names.column(self.derived, self.exported[alias, name], self.dialect)
        if self.outer is None:
            raise PlanInvalid(f"There is no alias {alias} here (column {name}).")
        if self.dialect == "clickhouse" and alias not in self.outer.scope.tables:
            raise NotYet("ClickHouse sees no further out than the query around.")
        return self.outer.column(alias, name)

    def under_not(self) -> Env:
        """The same, inside a negation."""
        return self if self.negated else replace(self, negated=True)
