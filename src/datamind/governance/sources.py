"""Puts what stands in a FROM clause into the scope: tables, subqueries, VALUES, series, joins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.columns import Columns, identifier
from datamind.governance.cost import check_series
from datamind.governance.growth import MAX_SERIES, SERIES
from datamind.governance.limits import MAX_SOURCES
from datamind.governance.names import Relations, ascii_lower
from datamind.governance.scope import NOTHING, Output, Scope, Source
from datamind.semantics.catalog import Table

MAX_IN_REACH = 160  # those of the queries around it included


class Reader(Protocol):
    """The rest of the resolver: reads the queries and expressions that sources hold."""

    def query(self, node: exp.Expr, around: Scope, *, named: bool = True) -> tuple[Output, ...]: ...
    def expression(self, node: exp.Expr, scope: Scope) -> frozenset[str]: ...


class Sources:
    """Resolves FROM clauses; `references` collects the tables that were found."""

    def __init__(self, relations: Relations, columns: Columns, reader: Reader) -> None:
        self.relations = relations
        self.names = relations.names
        self.columns = columns
        self.reader = reader
        self.lenient = relations.names.dialect != "postgres"
        self.references: list[tuple[exp.Table, Table]] = []
        self._outputs: dict[str, tuple[Output, ...]] = {}

    def enter(self, node: exp.Select, scope: Scope) -> None:
        """Put the sources of a SELECT into its scope, left to right."""
        clause = node.args.get("from_")
        if clause is not None:
            self._item(clause.this, scope)
        for lateral in node.args.get("laterals") or ():
            self._item(lateral, scope)
        self._joins(node.args.get("joins"), scope)

    def _joins(self, joins: Iterable[exp.Join] | None, scope: Scope) -> None:
        for join in joins or ():
            before = len(scope.sources)
            if join.args.get("kind") == "ARRAY":
                self._array_join(join, scope)
                continue
            self._item(join.this, scope)
            using = [self._using(name) for name in join.args.get("using") or ()]
            if join.args.get("method") == "NATURAL" or using:
                if len(scope.sources) != before + 1:
                    raise SqlRejected("USING and NATURAL may join one table at a time.")
                right = scope.sources[-1]
                using = using or self.columns.common(scope, right)
                join.meta["compared"] = self.columns.merge(scope, right, using)
            self._condition(join, scope)
            if join.args.get("kind") in ("SEMI", "ANTI"):
                del scope.sources[before:]

    def _array_join(self, join: exp.Join, scope: Scope) -> None:
        """ClickHouse's ARRAY JOIN: a row for each element, under the alias that must be given."""
        if self.names.dialect != "clickhouse":
            raise SqlRejected("ARRAY JOIN is ClickHouse's.")
        found = []
        for made in (join.this, *join.expressions):
            if isinstance(made, exp.Column) and isinstance(made.this, exp.Identifier):
                alias = exp.Alias(this=made.copy(), alias=made.this.copy())
                made.replace(alias)
                made = alias
            if not isinstance(made, exp.Alias):
                raise SqlRejected("ARRAY JOIN takes arrays and their aliases.")
            name = self.names.written(made.args["alias"])
            found.append(Output(name, self.reader.expression(made.this, scope)))
            made.set("alias", identifier(name))
        scope.merged.update({self.names.key(output.name): output for output in found})

    def _condition(self, join: exp.Join, scope: Scope) -> None:
        if join.args.get("on") is not None:
            self.reader.expression(join.args["on"], scope)

    def _using(self, node: exp.Expr) -> str:
        found = node.this if isinstance(node, exp.Column) else node
        if not isinstance(found, exp.Identifier):
            raise SqlRejected("USING takes plain column names.")
        name = self.names.written(found)
        found.set("this", name)
        found.set("quoted", True)
        return name

    def _item(self, node: exp.Expr, scope: Scope) -> None:
        """One source of a FROM clause."""
        if isinstance(node, exp.Final):  # ClickHouse: rows as they are once all parts are merged
            self._item(node.this, scope)
        elif isinstance(node, exp.Table):
            self._table(node, scope)
            self._joins(node.args.get("joins"), scope)
        elif isinstance(node, exp.Subquery) and _groups(node):
            self._parenthesis(node, scope)
        elif isinstance(node, exp.Subquery):
            reach = Scope(ctes=scope.ctes, outer=scope if self.lenient else scope.outer)
            self._derived(node, self.reader.query(node.this, reach), scope)
            self._joins(node.args.get("joins"), scope)
        elif isinstance(node, exp.Lateral):
            self._lateral(node, scope)
        elif isinstance(node, exp.Values):
            self._values(node, scope)
        elif isinstance(node, exp.Unnest):
            self._function(node, node, scope)
        else:
            raise SqlRejected("FROM takes tables, subqueries, VALUES and series.")

    def _parenthesis(self, node: exp.Subquery, scope: Scope) -> None:
        """`((t))` and `(a JOIN b)`: the brackets group, they do not make a new relation."""
        if node.args.get("alias"):
            raise SqlRejected("A join in brackets may not have an alias.")
        self._item(node.this, scope)
        self._joins(node.args.get("joins"), scope)

    def _lateral(self, node: exp.Lateral, scope: Scope) -> None:
        inner = node.this
        if isinstance(inner, exp.Subquery):
            self._derived(
                node, self.reader.query(inner.this, Scope(ctes=scope.ctes, outer=scope)), scope
            )
        elif isinstance(inner, (exp.Unnest, *SERIES)):
            self._function(node, inner, scope)
        elif self.names.dialect == "postgres" and _set_of(inner):
            self._set_returning(node, inner, scope)
        else:
            raise SqlRejected("LATERAL takes a subquery, unnest or a series.")

    def _produced(self, node: exp.Expr, scope: Scope) -> tuple[Output, ...]:
        """The one column of a function in FROM, called as the function is."""
        check_series(node)
        name = "unnest" if isinstance(node, exp.Unnest) else "generate_series"
        if node.args.get("is_end_exclusive"):
            name = "range"
        sources: frozenset[str] = NOTHING
        for argument in node.iter_expressions():
            if not isinstance(argument, exp.TableAlias):
                sources |= self.reader.expression(argument, scope)
        return (Output(name, sources),)

    def _derived(self, node: exp.Expr, outputs: tuple[Output, ...], scope: Scope) -> None:
        """A source that has no name but its alias, or one that we give it."""
        alias = self._alias(node, f"_q{len(scope.sources)}")
        self._add(Source(alias.name, self.relabelled(alias, outputs)), scope)

    def _function(self, node: exp.Expr, call: exp.Expr, scope: Scope) -> None:
        """A function in FROM; in PostgreSQL its alias names its one column too."""
        outputs = self._produced(call, scope)
        alias = self._alias(node, outputs[0].name)
        if node.args.get("offset"):
            outputs += self._ordinality(node, alias)
        if not alias.args.get("columns") and not self.lenient:
            alias.set("columns", [identifier(alias.name)])
        self._add(Source(alias.name, self.relabelled(alias, outputs)), scope)

    def _ordinality(self, node: exp.Expr, alias: exp.Expr) -> tuple[Output, ...]:
        """The name of the count that WITH ORDINALITY adds."""
        if self.names.dialect != "postgres" or len(alias.args.get("columns") or ()) != 1:
            raise SqlRejected("WITH ORDINALITY takes an alias that names both columns.")
        name = self.names.written(node.args["offset"])
        node.set("offset", identifier(name))
        return (Output(name),)

    def _set_returning(self, node: exp.Expr, call: exp.Expr, scope: Scope) -> None:
        """PostgreSQL's functions that give rows of their argument; their columns are named here,
        so that a name alone means the one column."""
        named = _set_of(call)
        sources: frozenset[str] = NOTHING
        for argument in call.iter_expressions():
            sources |= self.reader.expression(argument, scope)
        alias = self._alias(node, str(call.this))
        if not alias.args.get("columns"):
            only = len(named) == 1 and node.args["alias"].name != str(call.this)
            columns = [alias.name] if only and named != ("value",) else list(named)
            alias.set("columns", [identifier(name) for name in columns])
        outputs = tuple(Output(name, sources) for name in named)
        self._add(
            Source(alias.name, self.relabelled(alias, outputs), scalar=len(named) == 1), scope
        )

    def _alias(self, node: exp.Expr, otherwise: str) -> exp.Expr:
        """The alias of a source, folded; made where there is none."""
        alias = node.args.get("alias")
        if alias is None or alias.this is None:
            alias = alias or exp.TableAlias()
            alias.set("this", identifier(otherwise))
            node.set("alias", alias)
        alias.set("this", identifier(self.names.written(alias.this)))
        return alias

    def _values(self, node: exp.Values, scope: Scope) -> None:
        rows = node.expressions
        clickhouse = self.names.dialect == "clickhouse"
        if clickhouse and (node.args.get("alias") or not _is_plain_list(rows)):
            raise SqlRejected("VALUES in FROM is not read here: unite SELECTs.")
        width = {len(row.expressions) if isinstance(row, exp.Tuple) else 1 for row in rows}
        if len(width) != 1:
            raise SqlRejected("All rows of VALUES need as many columns.")
        sources = [self.reader.expression(row, scope) for row in rows]
        everything = frozenset().union(*sources)
        first = "col{}" if self.lenient else "column{}"
        start = 0 if self.lenient else 1
        outputs = tuple(Output(first.format(i + start), everything) for i in range(width.pop()))
        self._derived(node, outputs, scope)

    def _table(self, node: exp.Table, scope: Scope) -> None:
        if isinstance(node.this, SERIES):
            self._function(node, node.this, scope)
            return
        if self.names.dialect == "postgres" and _set_of(node.this):
            self._set_returning(node, node.this, scope)
            return
        if self.names.dialect == "clickhouse" and _is_numbers(node.this):
            alias = self._alias(node, "numbers")
            self._add(Source(alias.name, (Output("number"),)), scope)
            return
        if not isinstance(node.this, exp.Identifier):
            raise SqlRejected("Functions in FROM are not allowed but unnest and series.")
        name = self.names.written(node.this)
        alias = self._alias(node, name)
        shown = alias.name
        key = self.names.key(name)
        if not node.args.get("db") and key in scope.ctes:
            node.set("this", identifier(name))
            self._add(Source(shown, self.relabelled(alias, scope.ctes[key])), scope)
            return
        table = self.relations.table(node)
        own_name = self.names.key(shown) == self.names.key(table.name)
        node.set("this", identifier(table.name))
        node.set("db", identifier(table.schema) if table.schema else None)
        self.references.append((node, table))
        outputs = self._outputs.get(table.id)
        if outputs is None:
            outputs = self._outputs[table.id] = tuple(
                Output(c.name, frozenset((c.id,)), c.native_type) for c in table.columns
            )
        schema = table.schema if own_name else None
        self._add(Source(shown, self.relabelled(alias, outputs), schema), scope)

    def _add(self, source: Source, scope: Scope) -> None:
        if len(scope.sources) == MAX_SOURCES:
            raise SqlRejected(f"A SELECT may join at most {MAX_SOURCES} tables.")
        if sum(len(level.sources) for level in scope.chain()) == MAX_IN_REACH:
            raise SqlRejected(f"More than {MAX_IN_REACH} tables are in reach of one SELECT.")
        key = self.names.key(source.alias)
        if any(self.names.key(s.alias) == key for s in scope.sources):
            raise SqlRejected(f"Two sources are called {source.alias}: give one an alias.")
        scope.sources.append(source)

    def relabelled(self, alias: exp.Expr, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        """Outputs under the names of an alias's column list."""
        listed = alias.args.get("columns") or ()
        if len(listed) > len(outputs):
            raise SqlRejected("An alias lists more columns than there are.")
        names = [self.names.written(c) for c in listed if isinstance(c, exp.Identifier)]
        if len(names) != len(listed):
            raise SqlRejected("An alias's column list takes plain names.")
        alias.set("columns", [identifier(name) for name in names])
        renamed = tuple(o.called(n) for n, o in zip(names, outputs, strict=False))
        return renamed + outputs[len(names) :]


# What stands in PostgreSQL's FROM and gives rows of its arguments: the names of the columns.
SETS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("jsonb_array_elements", "json_array_elements"), ("value",)),
    **dict.fromkeys(("jsonb_array_elements_text", "json_array_elements_text"), ("value",)),
    **dict.fromkeys(("jsonb_each", "json_each", "jsonb_each_text", "json_each_text"),
                    ("key", "value")),
    "jsonb_object_keys": ("jsonb_object_keys",), "json_object_keys": ("json_object_keys",),
    "regexp_split_to_table": ("regexp_split_to_table",), "string_to_table": ("string_to_table",),
    "regexp_matches": ("regexp_matches",), "generate_subscripts": ("generate_subscripts",),
}  # fmt: skip


def _set_of(node: exp.Expr) -> tuple[str, ...]:
    """The columns of a set-returning function; none where it is not one."""
    if not isinstance(node, exp.Anonymous):
        return ()
    return SETS.get(ascii_lower(str(node.this)), ())


def _is_numbers(node: exp.Expr) -> bool:
    """Whether it is `numbers(n)` or `numbers(offset, n)` with plain numbers, not too many."""
    if not (isinstance(node, exp.Anonymous) and str(node.this).lower() == "numbers"):
        return False
    counts = node.expressions
    return 0 < len(counts) < 3 and all(
        isinstance(c, exp.Literal) and c.this.isdigit() and int(c.this) <= MAX_SERIES
        for c in counts
    )


def _is_plain_list(rows: list[exp.Expr]) -> bool:
    """Whether it is ClickHouse's `values('name Type', ('x'), ('y'))`, of one column."""
    first = rows[0] if rows else None
    inner = first.expressions if isinstance(first, exp.Tuple) else [first]
    return (
        len(inner) == 1
        and isinstance(inner[0], exp.Literal)
        and "," not in inner[0].name
        and all(len(r.expressions) == 1 for r in rows if isinstance(r, exp.Tuple))
    )


def _groups(node: exp.Subquery) -> bool:
    """Whether brackets in FROM hold a table or join, not a query."""
    inner = node.this
    while isinstance(inner, exp.Subquery):
        if inner.args.get("alias") or inner.args.get("joins"):
            return True
        inner = inner.this
    return isinstance(inner, exp.Table)
