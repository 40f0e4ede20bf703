"""ClickHouse joins first and adds up then; where that joins many rows they are added up before.

    SELECT b.name, SUM(s.amount) FROM sales AS s JOIN brands AS b ON s.brand = b.id GROUP BY b.name

becomes

    SELECT b.name, SUM(s.part) FROM (
      SELECT s.brand AS brand, SUM(s.amount) AS part FROM sales AS s GROUP BY s.brand
    ) AS s JOIN brands AS b ON s.brand = b.id GROUP BY b.name

The rows of an inner group have all in common that conditions and outer groups see, so that each is
joined as often as the others (Yan and Larson, Eager aggregation and lazy aggregation, VLDB 1995).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from datamind.semantics.catalog import Table
from datamind.semantics.compiler import names
from datamind.semantics.compiler.env import Node
from datamind.semantics.compiler.join_order import Tables
from datamind.semantics.compiler.predicates import all_of

LEAST_ROWS = 1_000_000
FEWER = 10  # how many times fewer groups than rows there have to be
DIALECT = "clickhouse"
# What puts its parts together again.
WHOLE: dict[type[Node], type[Node]] = {
    exp.Sum: exp.Sum, exp.Count: exp.Sum, exp.Min: exp.Min, exp.Max: exp.Max,
}  # fmt: skip
# Functions that are no aggregates, of those that the parser knows nothing of.
SCALARS = {
    "lowerutf8", "upperutf8", "lengthutf8", "toisoweek", "todayofweek", "todayofyear",
    "todayofmonth", "todate32ornull", "tonullable", "round",
}  # fmt: skip


def added_up_first(tree: Node, tables: Tables) -> None:
    """Change all parts of the statement where that is right and spares much."""
    for select in list(tree.find_all(exp.Select)):
        source, joins = select.args.get("from_"), select.args.get("joins")
        if source is not None and joins and isinstance(source.this, exp.Table):
            table = tables.get((source.this.db, source.this.name))
            if table is not None and (table.rows or 0) >= LEAST_ROWS:
                _Push(select, source.this, table, tables).try_it()


@dataclass
class _Push:
    """A SELECT whose first table is large."""

    select: exp.Select
    source: exp.Table
    table: Table
    tables: Tables
    keys: dict[str, Node] = field(default_factory=dict)
    parts: dict[str, Node] = field(default_factory=dict)

    @property
    def alias(self) -> str:
        return self.source.alias

    def try_it(self) -> None:
        """Put the inner SELECT in the table's place."""
        found = self._aggregates()
        if not self.alias or found is None or not self._is_plain():
            return
        group = self.select.args.get("group")
        if group is None and not found:
            return
        within, without = self._conditions()
        outer = self.select.copy()
        outer.set("where", exp.Where(this=without) if without is not None else None)
        self._name_keys(group.expressions if group is not None else ())
        self._put(outer, counted=group is not None)
        self._name_columns(outer)
        if self._groups() * FEWER > (self.table.rows or 0):
            return
        for name in ("expressions", "joins", "group", "having", "order", "where"):
            self.select.set(name, outer.args.get(name))
        self.select.set("from_", exp.From(this=self._inner(within)))

    def _aggregates(self) -> list[Node] | None:
        """Its aggregates; None where some can't be put together of parts of this table alone."""
        found: list[Node] = []
        for one in self.select.find_all(exp.Func):
            if isinstance(one, exp.Anonymous):
                if one.name.lower() not in SCALARS:
                    return None
                continue
            if not isinstance(one, exp.AggFunc) or one.parent_select is not self.select:
                continue
            whole = one.parent if isinstance(one.parent, exp.Filter) else one
            if isinstance(whole.parent, exp.Window):
                continue
            if (
                type(one) not in WHOLE
                or one.find(exp.Distinct)
                or not self._aliases(whole) <= {self.alias}
            ):
                return None
            found.append(whole)
        return found

    def _is_plain(self) -> bool:
        """Inner joins of tables, or left ones, and queries within that see nothing of this one."""
        joins: list[exp.Join] = self.select.args["joins"]
        if any(
            j.side not in ("", "LEFT") or j.kind or j.args.get("on") is None
            or not isinstance(j.this, exp.Table) or not j.this.alias
            for j in joins
        ):  # fmt: skip
            return False
        here = {self.alias, *(j.this.alias for j in joins)}
        for column in self.select.find_all(exp.Column):
            if column.parent_select is self.select:
                if column.table and column.table not in here:
                    return False  # it sees what is around
            elif column.table in here:
                return False
        return True

    def _conditions(self) -> tuple[Node | None, Node | None]:
        """Those of this table alone, and the others."""
        where = self.select.args.get("where")
        if where is None:
            return None, None
        each = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
        own = [c for c in each if self._aliases(c) == {self.alias}]
        rest = [c for c in each if not any(c is one for one in own)]
        return all_of(c.copy() for c in own), all_of(c.copy() for c in rest)

    def _name_keys(self, group: Iterable[Node]) -> None:
        for one in group:
            if not isinstance(one, exp.Column) and self._aliases(one) == {self.alias}:
                self.keys[self._fresh("key")] = one.copy()

    def _put(self, outer: exp.Select, *, counted: bool) -> None:
        """Keys and aggregates by their names in what stands outside."""

        def put(node: Node) -> Node:
            for name, key in self.keys.items():
                if node == key:
                    return self._column(name)
            one = node.this if isinstance(node, exp.Filter) else node
            mine = node.parent_select is outer and not isinstance(node.parent, exp.Window)
            if type(one) in WHOLE and mine:
                name = next((n for n, part in self.parts.items() if part == node), "")
                if not name:
                    name = self._fresh("part")
                    self.parts[name] = node.copy()
                made = WHOLE[type(one)](this=self._column(name))
                if isinstance(one, exp.Count) and not counted:
                    return exp.Coalesce(this=made, expressions=[exp.Literal.number(0)])
                return made
            return node

        outer.transform(put, copy=False)

    def _name_columns(self, outer: exp.Select) -> None:
        """What is still seen of the table is a key as it is."""
        own = {*self.keys, *self.parts}
        for column in outer.find_all(exp.Column):
            if column.table == self.alias and column.name not in own:
                self.keys.setdefault(column.name, column.copy())

    def _groups(self) -> float:
        """How many groups there may be at most; endless where that is not known."""
        return math.prod(self._values(key) for key in self.keys.values())

    def _values(self, key: Node) -> float:
        # How many values a column has is often guessed from a sample: what it refers to is not.
        if isinstance(key, exp.Column) and (ends := list(self._ends(key))):
            return min(ends) + 1
        known = {c.name: c.distinct for c in self.table.columns}
        counts = [known.get(column.name) for column in key.find_all(exp.Column)]
        return math.prod(math.inf if n is None else n + 1 for n in counts)

    def _ends(self, key: exp.Column) -> Iterable[int]:
        """The rows of the tables that the column is joined to."""
        joined = {j.this.alias: j.this for j in self.select.args["joins"]}
        for join in self.select.args["joins"]:
            for equal in join.args["on"].find_all(exp.EQ):
                sides = (equal.this, equal.expression)
                other = sides[1] if sides[0] == key else sides[0] if sides[1] == key else None
                table = joined.get(other.table) if isinstance(other, exp.Column) else None
                known = self.tables.get((table.db, table.name)) if table else None
                if known is not None and known.rows is not None:
                    yield known.rows

    def _inner(self, where: Node | None) -> exp.Subquery:
        shown = {**self.keys, **self.parts}
        select = exp.Select(
            expressions=[
                exp.Alias(this=node.copy(), alias=names.identifier(name, DIALECT))
                for name, node in shown.items()
            ],
            from_=exp.From(this=self.source),
            where=exp.Where(this=where) if where is not None else None,
            group=exp.Group(expressions=[key.copy() for key in self.keys.values()]),
        )
        alias = exp.TableAlias(this=names.identifier(self.alias, DIALECT))
        return exp.Subquery(this=select, alias=alias)

    def _column(self, name: str) -> Node:
        return names.column(self.alias, name, DIALECT)

    def _fresh(self, kind: str) -> str:
        taken = {c.name for c in self.table.columns} | {*self.keys, *self.parts}
        number = 1
        while f"{kind}_{number}" in taken:
            number += 1
        return f"{kind}_{number}"

    def _aliases(self, node: Node) -> set[str]:
        return {c.table for c in node.find_all(exp.Column) if c.table}
