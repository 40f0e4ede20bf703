"""Folds and looks up names as each database does, in what the asker may see."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from datamind.errors import SqlRejected, UnknownTable
from datamind.records import Dialect
from datamind.semantics.catalog import Table, View

MAX_NAME = {"postgres": 63, "duckdb": 255, "clickhouse": 255}
UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def ascii_lower(name: str) -> str:
    """Lower case as the engines make it: of ASCII letters only, so that look-alikes stay apart."""
    return name.translate(UPPER)


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names, those that come twice told apart by a number; to many formats and programs case
    makes no difference. Names that stand alone stay as they are."""
    given = list(names)
    taken = {name.casefold() for name in given}
    found: dict[str, str] = {}
    last: dict[str, int] = {}  # where to go on counting, for a name that comes a thousand times
    for name in given:
        made, number = name, last.get(name.casefold(), 1)
        while made.casefold() in found or (number > 1 and made.casefold() in taken):
            number += 1
            made = f"{name}_{number}"
        found[made.casefold()] = made
        last[name.casefold()] = number
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Names:
    """How a dialect reads identifiers."""

    dialect: Dialect

    def written(self, identifier: exp.Expr) -> str:
        """What a written name means: PostgreSQL folds it unless quoted, the others keep it."""
        if not isinstance(identifier, exp.Identifier):
            raise SqlRejected("Something stands where a name should.")
        name = identifier.this
        if not name or len(name.encode()) > MAX_NAME[self.dialect]:
            raise SqlRejected("A name is empty or too long.")
        if self.dialect == "clickhouse" and ("\\" in name or "`" in name or '"' in name):
            raise SqlRejected("A name holds a quote or backslash.")  # which ClickHouse would read
        if self.dialect == "postgres" and not identifier.quoted:
            return ascii_lower(name)
        return str(name)

    def key(self, name: str) -> str:
        """Two names are the same thing if their keys are equal; DuckDB has no case at all."""
        return ascii_lower(name) if self.dialect == "duckdb" else name


@dataclass(frozen=True, slots=True)
class Relations:
    """Visible tables by schema and name."""

    names: Names
    default_schema: str
    found: dict[tuple[str, str], Table]

    def table(self, reference: exp.Table) -> Table:
        """The visible table that a reference names; hidden and absent ones raise alike."""
        name = self.names.written(reference.this)
        schema = reference.args.get("db")
        written = self.names.written(schema) if schema else None
        table = None
        if not reference.args.get("catalog"):
            key = self.names.key
            table = self.found.get((key(written or self.default_schema), key(name)))
        if table is None:
            shown = f"{written}.{name}" if written else name
            raise UnknownTable(f"There is no table {shown}.")
        return table


_kept: dict[tuple[int, Dialect], tuple[weakref.ref[View], Relations]] = {}


def relations(view: View, dialect: Dialect) -> Relations:
    """The view's tables by name, remembered for as long as the view lives."""
    kept = _kept.get((id(view), dialect))
    if kept is not None and kept[0]() is view:
        return kept[1]
    names = Names(dialect)
    made = Relations(
        names=names,
        default_schema=view.catalog.default_schema,
        found={(names.key(t.schema), names.key(t.name)): t for t in view.tables},
    )
    place = (id(view), dialect)
    _kept[place] = (weakref.ref(view, lambda _: _kept.pop(place, None)), made)
    return made
