"""One SELECT in the making: steps fill its clauses, and it wraps itself when they can't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sqlglot import exp

from datamind.semantics import plan as P
from datamind.semantics.compiler import names
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.compiler.jointree import JoinTree
from datamind.semantics.compiler.predicates import all_of, conjuncts
from datamind.semantics.walk import below


@dataclass(slots=True)
class SortKey:
    """A resolved sort key; `said` is how the plan said it, while its names mean the same."""

    by: Node
    descending: bool
    said: P.Expr | None = None


@dataclass(slots=True)
class Block:
    """The clauses so far.

    `tree` is the join tree whose aliases can still be named; rows come from `table` where that
    is set, else from the tree's tables, those in `kept` (None: all).
    """

    env: Env
    tree: JoinTree | None = None
    table: Node | None = None
    from_joins: list[exp.Join] = field(default_factory=list)
    kept: frozenset[str] | None = None
    where: list[Node] = field(default_factory=list)
    filters: list[P.Predicate] = field(default_factory=list)
    group: list[Node] | None = None
    having: list[Node] = field(default_factory=list)
    distinct: bool = False
    order: list[SortKey] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    ctes: list[exp.CTE] = field(default_factory=list)

    # ---- state ---------------------------------------------------------------------------------

    @property
    def cut(self) -> bool:
        """Whether rows were already chosen or merged, so that later clauses need a new block."""
        return self.limit is not None or self.distinct

    @property
    def windows(self) -> frozenset[str]:
        """The outputs and sort keys that are taken over the rows as they are now, by name."""
        named = {**self.env.fields, **{f"by {n}": key.by for n, key in enumerate(self.order)}}
        return frozenset(n for n, node in named.items() if node.find(exp.Window) is not None)

    @property
    def entities(self) -> JoinTree | None:
        """The join tree while the rows are still rows of its aliases."""
        return self.tree if self.env.scope.tables else None

    def set_fields(self, fields: dict[str, Node]) -> None:
        """Replaces what later steps can name."""
        self.env = replace(self.env, fields=fields)

    # ---- rendering -----------------------------------------------------------------------------

    def select(self, outputs: dict[str, Node]) -> exp.Select:
        """The block as a statement with these outputs."""
        dialect, joins = self.env.dialect, self._joins()
        # ClickHouse calls a column `a.n` where another table has a column n too.
        bare = dialect != "clickhouse" or not joins
        made = exp.Select(
            expressions=[_named(n, name, dialect, bare=bare) for name, n in outputs.items()],
            from_=exp.From(this=self._from()),
            joins=joins,
        )
        if self.ctes:
            made.set("with_", exp.With(expressions=self.ctes))
        self._restrict(made)
        if self.distinct:
            made.set("distinct", exp.Distinct())
        if self.order:
            made.set("order", exp.Order(expressions=self._order(outputs)))
        if self.limit is not None:
            made.set("limit", exp.Limit(expression=exp.Literal.number(self.limit)))
        if self.offset:
            made.set("offset", exp.Offset(expression=exp.Literal.number(self.offset)))
        return made

    def _restrict(self, made: exp.Select) -> None:
        where, having = all_of(self.where), all_of(self.having)
        if where is not None:
            made.set("where", exp.Where(this=where))
        if self.group:
            made.set("group", exp.Group(expressions=self.group))
        if having is not None:
            made.set("having", exp.Having(this=having))

    def _from(self) -> Node:
        if self.table is not None:
            return self.table
        assert self.tree is not None
        source = self.tree.source
        return self.env.session.table(self.env.scope.view.table(source.table), source.alias)

    def _joins(self) -> list[exp.Join]:
        if self.table is not None or self.tree is None:
            return self.from_joins
        kept = self.kept
        return [
            self._join(join, self.tree)
            for join in self.tree.source.joins
            if kept is None or join.alias in kept
        ]

    def _join(self, join: P.Join, tree: JoinTree) -> exp.Join:
        dialect = self.env.dialect
        on: list[Node] = [
            exp.EQ(
                this=names.column(join.parent, here, dialect),
                expression=names.column(join.alias, there, dialect),
            )
            for here, there in tree.ends(join)
        ]
        if join.also is not None:
            scope = self.env.scope
            tables = {a: scope.view.table(tree.table(a)) for a in tree.aliases}
            raw = replace(self.env, scope=replace(scope, tables=tables), exported=None)
            on.extend(conjuncts(join.also, raw))
        return exp.Join(
            this=self.env.session.table(self.env.scope.view.table(join.table), join.alias),
            on=all_of(on),
            side="LEFT" if join.left else None,
        )

    def _order(self, outputs: dict[str, Node]) -> list[exp.Ordered]:
        """Sort keys, by the output's name where it has one of its own."""
        dialect = self.env.dialect
        made = []
        for key in self.order:
            by = key.by.copy()
            for name, node in outputs.items():
                if node == by and not _same_name(node, name):
                    by = names.column("", name, dialect)
                    break
            made.append(exp.Ordered(this=by, desc=key.descending or None, nulls_first=False))
        return made

    # ---- wrapping ------------------------------------------------------------------------------

    def wrapped(self, later: tuple[P.Step, ...], alias: str = "t") -> Block:
        """A new block over this one as a derived table, with what the later steps can name."""
        env = self.env
        exported = self._exports(later)
        outputs = dict(env.fields)
        for (owner, name), shown in exported.items():
            outputs[shown] = env.column(owner, name)
        order = self._carried(outputs)
        derived = env.session.fresh(alias)
        keys = self.order
        if self.limit is None:
            self.order = []
        inner = self.select(outputs)
        self.order = keys
        dialect = env.dialect
        fields = {name: names.column(derived, name, dialect) for name in env.fields}
        made = Block(
            replace(env, fields=dict(fields), exported=exported, derived=derived),
            tree=self.entities,
            table=exp.Subquery(this=inner, alias=_alias(derived, dialect)),
        )
        made.order = [
            replace(key, by=names.column(derived, name, dialect))
            for key, name in zip(self.order, order, strict=True)
        ]
        return made

    def _exports(self, later: tuple[P.Step, ...]) -> dict[tuple[str, str], str]:
        """Columns of the aliases that later steps use, each with the name it gets."""
        used = used_columns(later, self.env, self.tree)
        found: dict[tuple[str, str], str] = {}
        for owner, name in used:
            if owner in self.env.scope.tables:
                shown = name
                while shown in self.env.fields or shown in found.values():
                    shown = f"{owner}_{shown}"
                found[owner, name] = shown
        return found

    def _carried(self, outputs: dict[str, Node]) -> list[str]:
        """The sort keys' names among the outputs; hidden ones are added."""
        carried = []
        for number, key in enumerate(self.order, 1):
            name = next((n for n, node in outputs.items() if node == key.by), "")
            if not name:
                name = key.by.name if isinstance(key.by, exp.Column) else f"sort_{number}"
                while name in outputs:
                    name = f"sort_{name}"
                outputs[name] = key.by.copy()
            carried.append(name)
        return carried


def used_columns(
    steps: tuple[object, ...], env: Env, tree: JoinTree | None
) -> list[tuple[str, str]]:
    """Columns that these steps use; the whole table's too where nothing names the outputs."""
    from datamind.semantics.check import relationship

    found: dict[tuple[str, str], None] = {}
    for node in below(*steps):
        if isinstance(node, P.Column):
            found[node.alias, node.name] = None
        elif isinstance(node, P.Exists):
            relation = relationship(node.relationship, env.scope.view)
            for name in relation.to_columns if node.reverse else relation.columns:
                found[node.alias, name] = None
        elif isinstance(node, P.Group) and tree is not None and env.scope.tables:
            found.update(dict.fromkeys(_entity_columns(tree)))
    if not any(isinstance(s, P.Project | P.Group) for s in steps) and env.scope.tables:
        alias, table = next(iter(env.scope.tables.items()))
        for column in table.columns:
            found[alias, column.name] = None
    return list(found)


def _entity_columns(tree: JoinTree) -> Iterator[tuple[str, str]]:
    """Columns by which a group tells the rows of its measures' entities apart."""
    for alias in tree.aliases:
        for name in tree.view.by_id[tree.table(alias)].primary_key:
            yield alias, name
        if alias in tree.nullable:
            yield alias, tree.present(alias)


def _alias(name: str, dialect: str) -> exp.TableAlias:
    return exp.TableAlias(this=names.identifier(name, dialect))


def derived_table(query: exp.Query, name: str, dialect: str) -> exp.Subquery:
    """A query as a FROM item."""
    return exp.Subquery(this=query, alias=_alias(name, dialect))


def _same_name(node: Node, name: str) -> bool:
    return isinstance(node, exp.Column) and node.name == name


def _named(node: Node, name: str, dialect: str, *, bare: bool) -> Node:
    """The node under its name, which a column is left to tell by itself where it is `bare`."""
    node = node.copy()
    if bare and _same_name(node, name):
        return node
    return exp.Alias(this=node, alias=names.identifier(name, dialect))
