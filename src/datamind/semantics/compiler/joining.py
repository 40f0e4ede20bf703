"""Totals that were grouped apart, joined in full on their keys so that null keys meet too."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sqlglot import exp

from datamind.semantics.catalog import ColumnType
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler import names
from datamind.semantics.compiler.block import Block
from datamind.semantics.compiler.env import Node
from datamind.semantics.compiler.predicates import all_of

# A value of each type to stand for null where an engine can't hash a null-safe comparison.
_STAND_INS: dict[str, Node] = {
    "integer": D.whole(0), "decimal": D.whole(0), "float": D.whole(0), "text": D.literal(""),
    "boolean": D.literal(False), "date": D.cast(D.literal("1970-01-01"), "DATE"),
    "timestamp": D.cast(D.literal("1970-01-01"), "TIMESTAMP"),
    "time": D.cast(D.literal("00:00:00"), "TIME"),
}  # fmt: skip


class Key(NamedTuple):
    """A key that parts are joined on."""

    kind: ColumnType
    nullable: bool = True


def cte(name: str, query: exp.Query, dialect: str) -> exp.CTE:
    """A query under a name."""
    return exp.CTE(this=query, alias=exp.TableAlias(this=names.identifier(name, dialect)))


def named_table(name: str, dialect: str) -> exp.Table:
    """A reference to a CTE."""
    return exp.Table(this=names.identifier(name, dialect))


def joined_in_full(parts: list[tuple[str, exp.Query]], keys: dict[str, Key], base: Block) -> Block:
    """A block over all parts whose fields are the keys."""
    dialect = base.env.dialect
    block = Block(
        replace(base.env, fields={}),
        table=named_table(parts[0][0], dialect),
        ctes=[cte(name, query, dialect) for name, query in parts],
    )
    met = [parts[0][0]]
    for name, _ in parts[1:]:
        block.from_joins.append(_full_join(met, name, keys, dialect))
        met.append(name)
    block.set_fields({key: merged(met, key, dialect) for key in keys})
    return block


def merged(tables: list[str], key: str, dialect: str) -> Node:
    """The key from whichever table has the row."""
    columns = [names.column(t, key, dialect) for t in tables]
    return (
        columns[0] if len(columns) == 1 else exp.Coalesce(this=columns[0], expressions=columns[1:])
    )


def _full_join(met: list[str], name: str, keys: dict[str, Key], dialect: str) -> exp.Join:
    table = named_table(name, dialect)
    if not keys:
        return exp.Join(this=table, kind="CROSS")
    on = [
        condition
        for name_of, key in keys.items()
        for condition in same(
            merged(met, name_of, dialect), names.column(name, name_of, dialect), key, dialect
        )
    ]
    return exp.Join(this=table, side="FULL", on=all_of(on))


def same(left: Node, right: Node, key: Key, dialect: str) -> list[Node]:
    """Conditions under which two keys are the same, both null included.

    PostgreSQL joins in full only by what it can hash or merge, which IS NOT DISTINCT FROM is not.
    """
    if not key.nullable:
        return [exp.EQ(this=left, expression=right)]
    if dialect != "postgres":
        return [exp.NullSafeEQ(this=left, expression=right)]
    stand_in = _STAND_INS.get(key.kind, D.literal(""))
    values = [exp.Coalesce(this=n, expressions=[stand_in.copy()]) for n in (left, right)]
    nulls = [exp.Paren(this=exp.Is(this=n.copy(), expression=exp.Null())) for n in (left, right)]
    return [
        exp.EQ(this=values[0], expression=values[1]),
        exp.EQ(this=nulls[0], expression=nulls[1]),
    ]
