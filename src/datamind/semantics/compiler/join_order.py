"""ClickHouse keeps the right side of a join in memory and reads the left one: so the largest table
of a chain of inner joins comes first there. Other engines put joins in order by themselves.

Source: the guide to joins of ClickHouse's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from datamind.semantics.catalog import Table
from datamind.semantics.compiler.env import Node
from datamind.semantics.compiler.predicates import all_of

Tables = Mapping[tuple[str, str], Table]  # by schema and name


def largest_first(tree: Node, known: Tables) -> None:
    """Change the order of inner joins, in all parts of the statement, where the sizes are known."""
    for select in list(tree.find_all(exp.Select)):
        _reorder(select, known)


def _reorder(select: exp.Select, known: Tables) -> None:
    source, joins = select.args.get("from_"), select.args.get("joins") or []
    inner = next((n for n, join in enumerate(joins) if join.side or join.kind), len(joins))
    tables = [source.this, *(join.this for join in joins[:inner])] if source is not None else []
    rows = [_rows(table, known) for table in tables]
    if len(tables) < 2 or None in rows:
        return
    largest = max(range(len(tables)), key=lambda n: rows[n] or 0)
    if rows[largest] == rows[0]:
        return
    by_alias = {table.alias: table for table in tables}
    first = tables[largest]
    ordered = _chained(first.alias, by_alias, [c for j in joins[:inner] for c in _conditions(j)])
    if ordered is not None:
        select.set("from_", exp.From(this=first))
        select.set("joins", [*ordered, *joins[inner:]])


def _rows(table: Node, known: Tables) -> int | None:
    if not isinstance(table, exp.Table) or not table.alias:
        return None
    found = known.get((table.db, table.name))
    return found.rows if found is not None else None


def _conditions(join: exp.Join) -> list[Node]:
    on = join.args.get("on")
    return list(on.flatten()) if isinstance(on, exp.And) else [on] if on is not None else []


def _chained(
    first: str, tables: Mapping[str, Node], conditions: list[Node]
) -> list[exp.Join] | None:
    """Joins of all others to the first, each by what ties it to those before; None where some
    table is tied to none."""
    met, waiting, joins = {first}, [alias for alias in tables if alias != first], []
    while waiting:
        for alias in waiting:
            on = [c for c in conditions if _aliases(c, tables) <= met | {alias}]
            if any(len(told := _aliases(c, tables)) > 1 and alias in told for c in on):
                break
        else:
            return None
        conditions = [c for c in conditions if not any(c is one for one in on)]
        joins.append(exp.Join(this=tables[alias], on=all_of(on)))
        met.add(alias)
        waiting.remove(alias)
    return joins if not conditions else None


def _aliases(condition: Node, tables: Mapping[str, Node]) -> set[str]:
    return {column.table for column in condition.find_all(exp.Column)} & tables.keys()
