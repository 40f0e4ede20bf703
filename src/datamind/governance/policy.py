"""The seam where policies enter: what stands in a statement in place of each table it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlglot import exp

from datamind.governance.fences import computed_of, fence, fenced, is_fenced, narrow, narrowed
from datamind.records import Dialect, Scalar
from datamind.semantics.catalog import Table, View


class Policy(Protocol):
    """What an asker reads instead of a table; `parameters` go with statements that have any."""

    @property
    def parameters(self) -> tuple[Scalar, ...]: ...

    def body(self, table: Table) -> exp.Query | None:
        """A query over the table, or None where the asker reads it as it is."""
        ...

    def named(self, table: Table) -> tuple[str, ...]:
        """The policies that make it so, by id and version."""
        ...


class VisibleColumns:
    """Shows the columns of the View and no others; rows are not filtered."""

    parameters: tuple[Scalar, ...] = ()

    def __init__(self, view: View) -> None:
        self.view = view

    def body(self, table: Table) -> exp.Query | None:
        """The visible columns by name, where some of the table's are hidden."""
        if len(self.view.catalog.by_id[table.id].columns) == len(table.columns):
            return None
        columns = [exp.column(c.name, table=table.name, quoted=True) for c in table.columns]
        return exp.select(*columns).from_(table_reference(table))

    def named(self, table: Table) -> tuple[str, ...]:
        """None: the View says it all."""
        return ()


def table_reference(table: Table, alias: str | None = None) -> exp.Table:
    """The table by its full name, so that nothing can stand in for it."""
    return exp.Table(
        this=exp.to_identifier(table.name, quoted=True),
        db=exp.to_identifier(table.schema, quoted=True) if table.schema else None,
        alias=exp.TableAlias(this=exp.to_identifier(alias or table.name, quoted=True)),
    )


def bodies_of(
    policy: Policy, tree: exp.Query, references: list[tuple[exp.Table, Table]], dialect: Dialect
) -> dict[str, exp.Query]:
    """What is read instead of each table (by id) of a resolved query, fenced where it has to be."""
    found = {table.id: policy.body(table) for _, table in references}
    bodies = {at: body for at, body in found.items() if body is not None}
    for at in fenced(tree, references, bodies, dialect):
        fence(bodies[at], dialect)
    return bodies


def apply(
    bodies: Mapping[str, exp.Query], references: list[tuple[exp.Table, Table]], dialect: Dialect
) -> None:
    """Put each table's governed form in its place, under the name that the statement gave it; one
    that is fenced with the asker's own conditions on it, as far as they are harmless."""
    computed = computed_of(bodies)
    for reference, table in references:
        if table.id in bodies:
            alias = reference.args["alias"].copy()
            joins = reference.args.get("joins")  # of a join in brackets
            body = bodies[table.id].copy()
            place = reference.parent if isinstance(reference.parent, exp.Final) else reference
            if place is not reference:
                body.args["from_"].set("this", exp.Final(this=body.args["from_"].this))
            if is_fenced(body):
                narrow(body, narrowed(reference, table, dialect, computed))
            place.replace(exp.Subquery(this=body, alias=alias, joins=joins))
