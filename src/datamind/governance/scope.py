"""What names mean at one place of a statement: the sources in reach, their columns, the aliases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from datamind.semantics.catalog import Table

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a query or relation shows, and the catalog columns (ids) it comes from.

    `type` is the database's own where it is a column of a table, unchanged; empty where computed.
    """

    name: str
    sources: frozenset[str] = NOTHING
    type: str = ""

    def __deepcopy__(self, memo: object) -> Output:
        """Itself: trees that mention it are copied each time they are written."""
        return self

    def called(self, name: str) -> Output:
        """The same under another name."""
        return Output(name, self.sources, self.type)

    def or_(self, other: Output) -> Output:
        """A column whose values come from both, under the name of this one."""
        kind = self.type if self.type == other.type else ""
        return Output(self.name, self.sources | other.sources, kind)


@dataclass(frozen=True, slots=True)
class Source:
    """Something in a FROM clause, by the name that the statement calls it.

    `schema` is set where a table stands under its own name, which may then be qualified. A
    `scalar` one is a function's, whose name alone means its one column.
    """

    alias: str
    columns: tuple[Output, ...]
    schema: str | None = None
    scalar: bool = False


Ctes = Mapping[str, tuple[Output, ...]]


@dataclass(slots=True)
class Scope:
    """One SELECT: its sources, columns merged by USING, output aliases, and what lies outside.

    `aliases` holds what the clause at hand may use; `parameters` are those of a lambda.
    """

    ctes: Ctes
    outer: Scope | None = None
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Output] = field(default_factory=dict)
    aliases: dict[str, Output] = field(default_factory=dict)
    parameters: frozenset[str] = NOTHING

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer


@dataclass(slots=True)
class Resolution:
    """What resolving found: each table reference with its table, the columns read, the outputs."""

    references: list[tuple[exp.Table, Table]] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    outputs: tuple[Output, ...] = ()


def columns_in(node: exp.Expr) -> list[exp.Columns]:
    """The COLUMNS(...) of an expression, but not of queries in it."""
    inner = node.walk(prune=lambda n: isinstance(n, exp.Query))
    return [found for found in inner if isinstance(found, exp.Columns)]


def is_arrow(node: exp.Lambda) -> bool:
    """Whether `column -> 'key'` was taken for a function of one argument."""
    body = node.this
    return (
        len(node.expressions) == 1
        and isinstance(node.expressions[0], exp.Identifier)
        and isinstance(body, exp.Literal)
    )


def mentions(node: exp.Expr, name: str, key: Callable[[str], str]) -> bool:
    """Whether a query reads a relation of this name."""
    return any(key(t.name) == key(name) for t in node.find_all(exp.Table) if not t.args.get("db"))
