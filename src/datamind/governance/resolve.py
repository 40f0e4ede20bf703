"""Walks a statement's scopes once and gives every table and column its one meaning."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.columns import Columns, Shown, identifier
from datamind.governance.cost import check_recursion, check_series
from datamind.governance.growth import check_made
from datamind.governance.limits import MAX_COLUMNS, MAX_QUERIES
from datamind.governance.names import Relations
from datamind.governance.scope import (
    Ctes,
    Output,
    Resolution,
    Scope,
    columns_in,
    is_arrow,
    mentions,
)
from datamind.governance.shape import text_of
from datamind.governance.sources import Sources

QUOTES = re.compile(r"[\\`\"']")  # in a name that we make of an expression's text


def resolve(tree: exp.Query, relations: Relations) -> Resolution:
    """Qualify and expand the tree in place, and tell what it reads."""
    resolver = Resolver(relations)
    outputs = resolver.query(tree, Scope(ctes={}), named=False)
    resolver.found.outputs = outputs
    return resolver.found


class Resolver:
    """One statement's walk; scopes nest as its queries do."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.names = relations.names
        self.columns = Columns(relations.names)
        self.sources = Sources(relations, self.columns, self)
        self.found = Resolution(references=self.sources.references)
        self._queries = 0
        self.clickhouse = relations.names.dialect == "clickhouse"
        # Both let the aliases of a SELECT be used in its clauses, and name columns by their text.
        self.lenient = relations.names.dialect != "postgres"

    # ---- queries -------------------------------------------------------------------------------

    def query(self, node: exp.Expr, around: Scope, *, named: bool = True) -> tuple[Output, ...]:
        """The outputs of a query; `named` says that something outside may refer to them."""
        self._queries += not isinstance(node, exp.Subquery)
        if self._queries > 2 * MAX_QUERIES:  # set operations count too
            raise SqlRejected(f"The statement has more than {MAX_QUERIES:,} queries.")
        ctes = self._ctes(node, around)
        inside = Scope(ctes=ctes, outer=around.outer)
        if isinstance(node, exp.Select):
            return self._select(node, inside, named)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, inside, named)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            outputs = self.query(node.this, inside, named=named)
            self._order_outputs(node, inside, outputs)
            return outputs
        raise SqlRejected("Only SELECT and set operations are allowed.")

    def nested(self, node: exp.Expr, scope: Scope) -> tuple[Output, ...]:
        """The outputs of a query within an expression, which may look out."""
        return self.query(node, Scope(ctes=scope.ctes, outer=scope), named=False)

    def _ctes(self, node: exp.Expr, around: Scope) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return around.ctes
        ctes = dict(around.ctes)
        for cte in clause.expressions:
            if cte.args.get("scalar"):
                if not (self.clickhouse and isinstance(node, exp.Select)):
                    raise SqlRejected("WITH takes queries.")
                continue
            alias = cte.args["alias"]
            name = self.names.written(alias.this)
            alias.set("this", identifier(name))
            inside = Scope(ctes=ctes, outer=around.outer)
            if clause.args.get("recursive") and mentions(cte.this, name, self.names.key):
                ctes[self.names.key(name)] = self._recursive(cte, name, ctes, around)
            else:
                outputs = self.query(cte.this, inside)
                ctes[self.names.key(name)] = self.sources.relabelled(alias, outputs)
        return ctes

    def _constants(self, node: exp.Select, scope: Scope) -> None:
        """ClickHouse's `WITH expression AS name`: a name for the expression, within the SELECT."""
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            if cte.args.get("scalar"):
                name = self.names.written(cte.args["alias"].this)
                sources = self.expression(cte.this, scope)
                cte.args["alias"].set("this", identifier(name))
                scope.merged[self.names.key(name)] = Output(name, sources)

    def _recursive(
        self, cte: exp.CTE, name: str, ctes: dict[str, tuple[Output, ...]], around: Scope
    ) -> tuple[Output, ...]:
        body = cte.this
        if not isinstance(body, exp.Union) or body.args.get("with_"):
            raise SqlRejected("A recursive query is a UNION of a start and a step.")
        check_recursion(body, name, self.names.key)
        start = self.query(body.this, Scope(ctes=ctes, outer=around.outer))
        # What the step makes of them is of no type that we know.
        start = tuple(Output(o.name, o.sources) for o in start)
        outputs = self.sources.relabelled(cte.args["alias"], start)
        within = {**ctes, self.names.key(name): outputs}
        step = self.query(body.expression, Scope(ctes=within, outer=around.outer))
        self._order_outputs(body, Scope(ctes=within, outer=around.outer), start)
        return _united(outputs, step)

    def _set_operation(
        self, node: exp.SetOperation, scope: Scope, named: bool
    ) -> tuple[Output, ...]:
        arms = []
        arm: exp.Expr = node
        # Chains lean to the left; a loop keeps a thousand arms off Python's stack.
        while isinstance(arm, exp.SetOperation) and (arm is node or not arm.args.get("with_")):
            arms.append(arm)
            arm = arm.this
        outputs = self.query(arm, Scope(ctes=scope.ctes, outer=scope.outer), named=named)
        for operation in reversed(arms):
            other = self.query(
                operation.expression, Scope(ctes=scope.ctes, outer=scope.outer), named=named
            )
            if operation.args.get("by_name"):
                outputs = self._by_name(outputs, other)
            elif len(other) != len(outputs):
                raise SqlRejected("The parts of a set operation need as many columns each.")
            else:
                outputs = _united(outputs, other)
            self._order_outputs(operation, scope, outputs)
        return outputs

    def _by_name(self, left: tuple[Output, ...], right: tuple[Output, ...]) -> tuple[Output, ...]:
        found = {self.names.key(o.name): o for o in left}
        for output in right:
            key = self.names.key(output.name)
            known = found.get(key, output)
            found[key] = known.or_(output)
        return tuple(found.values())

    def _order_outputs(self, node: exp.Expr, scope: Scope, outputs: tuple[Output, ...]) -> None:
        """ORDER BY of a set operation knows the outputs and nothing else."""
        shown = Scope(ctes=scope.ctes, outer=scope.outer)
        shown.aliases = {self.names.key(o.name): o for o in outputs}
        for clause in ("order", "limit", "offset"):
            if node.args.get(clause) is not None:
                self.expression(node.args[clause], shown)

    # ---- SELECT --------------------------------------------------------------------------------

    def _select(self, node: exp.Select, scope: Scope, named: bool) -> tuple[Output, ...]:
        self.sources.enter(node, scope)
        self._constants(node, scope)
        first = node.args.get("prewhere")
        if first is not None:  # what is read is a subquery, which has none
            node.set("prewhere", None)
            node.where(exp.paren(first.this, copy=False), copy=False)
        outputs = self._projections(node, scope, named)
        aliases = {self.names.key(o.name): o for o in outputs if o.name}
        # A column shown under its own name is no second meaning of that name.
        renamed = {
            self.names.key(e.alias_or_name)
            for e in node.expressions
            if not (isinstance(e, exp.Column) and e.args.get("table"))
        }
        computed = {k: o for k, o in aliases.items() if k in renamed}
        scope.aliases = computed if self.lenient else {}
        for clause in ("where", "having", "qualify"):
            self._clause(node.args.get(clause), scope)
        for window in node.args.get("windows") or ():
            self._clause(window, scope)
        scope.aliases = computed
        group = node.args.get("group")
        if group is not None and group.args.get("totals") and not self.clickhouse:
            raise SqlRejected("WITH TOTALS is ClickHouse's.")
        self._clause(group, scope)
        self._clause(node.args.get("distinct"), scope)
        self._ordering(node.args.get("order"), scope, aliases)
        scope.aliases = computed if self.clickhouse else {}  # LIMIT n BY column
        for clause in ("limit", "offset"):
            self._clause(node.args.get(clause), scope)
        if self.clickhouse:
            self.columns.check_aliases(node, scope)
        return outputs

    def _clause(self, node: exp.Expr | None, scope: Scope) -> None:
        if node is not None:
            self.expression(node, scope)

    def _ordering(self, order: exp.Expr | None, scope: Scope, aliases: dict[str, Output]) -> None:
        """A bare name is an alias first; within expressions PostgreSQL knows columns only."""
        if order is None:
            return
        for item in order.expressions:
            target = item.this if isinstance(item, exp.Ordered) else item
            if _is_bare(target):
                key = self.names.key(self.names.written(target.this))
                if key in aliases:
                    target.set("this", identifier(aliases[key].name))
                    self.found.columns |= aliases[key].sources
                    continue
                if self.lenient and not self.clickhouse and key == "all":
                    continue
            scope.aliases = aliases if self.lenient else {}
            self.expression(item, scope)

    def _projections(self, node: exp.Select, scope: Scope, named: bool) -> tuple[Output, ...]:
        shown: Shown = []
        for projection in node.expressions:
            several = columns_in(projection)
            if projection.is_star and isinstance(projection, (exp.Star, exp.Column)):
                expanded = self._replaced(projection, self.columns.star(projection, scope), scope)
            elif several:
                expanded = self._each(projection, several, scope)
            else:
                expanded = [self._projection(projection, scope, named)]
            shown.extend(expanded)
            if len(shown) > MAX_COLUMNS:
                raise SqlRejected(f"A SELECT gives at most {MAX_COLUMNS:,} columns.")
            if self.lenient:
                for _, output in expanded:
                    if output.name:
                        scope.aliases.setdefault(self.names.key(output.name), output)
        for _, output in shown:
            self.found.columns |= output.sources
        scope.aliases = {}
        node.set("expressions", [expression for expression, _ in shown])
        return tuple(output for _, output in shown)

    def _each(self, projection: exp.Expr, several: list[exp.Columns], scope: Scope) -> Shown:
        """`COLUMNS(...)` and expressions of it: one for each of its columns, called like that."""
        if len({text_of(one, self.names.dialect) for one in several}) > 1:
            raise SqlRejected("COLUMNS may stand in an expression several times only as the same.")
        if isinstance(projection, exp.Alias):
            raise SqlRejected("COLUMNS takes no alias: name the columns instead.")
        made: Shown = []
        words = sum(1 for _ in projection.walk())
        for column, output in self.columns.several(several[0], scope):
            self.columns.spend(words)
            if projection is several[0]:
                made.append((column, output))
                continue
            one = projection.copy()
            for place in columns_in(one):
                place.replace(column.unalias().copy())
            called = exp.Alias(this=one, alias=identifier(output.name))
            made.append(self._projection(called, scope, True))
        return made

    def _projection(self, node: exp.Expr, scope: Scope, named: bool) -> tuple[exp.Expr, Output]:
        plain = isinstance(node, (exp.Alias, exp.Column))
        called = "" if plain else self._unnamed(node)
        sources = self.expression(node, scope)
        if isinstance(node, exp.Alias):
            name = self.names.written(node.args["alias"])
            node.set("alias", identifier(name))
            return node, Output(name, sources, _type(node.this))
        if isinstance(node, exp.Column):
            return node, Output(node.name, sources, _type(node))
        # DuckDB calls a column after its text, which we have rewritten; PostgreSQL does not.
        if named or self.lenient:
            return exp.Alias(this=node, alias=identifier(called)), Output(called, sources)
        return node, Output(called, sources)

    def _unnamed(self, node: exp.Expr) -> str:
        """What the engine calls an expression without an alias, as near as it matters."""
        if self.lenient:
            return QUOTES.sub("_", text_of(node, self.names.dialect).lower()[:200])
        while isinstance(node, (exp.Cast, exp.Window, exp.Filter, exp.Paren)):
            node = node.this
        if isinstance(node, exp.Column):
            return str(node.name)
        if isinstance(node, exp.Func) and not isinstance(node, exp.Connector):
            return text_of(node, "postgres").partition("(")[0].lower()[:63]
        return "?column?"

    def _replaced(self, star: exp.Expr, shown: Shown, scope: Scope) -> Shown:
        """`* REPLACE (expression AS column)`."""
        inner = star if isinstance(star, exp.Star) else star.this
        there = {self.names.key(o.name) for _, o in shown}
        new: dict[str, tuple[exp.Expr, Output]] = {}
        for replaced in inner.args.get("replace") or ():
            if not isinstance(replaced, exp.Alias):
                raise SqlRejected("`* REPLACE` takes expressions and the columns they replace.")
            name = self.names.written(replaced.args["alias"])
            sources = self.expression(replaced.this, scope)
            key = self.names.key(name)
            if key not in there or key in new:
                raise SqlRejected("`* REPLACE` may only replace a column that is there, once.")
            aliased = exp.Alias(this=replaced.this, alias=identifier(name))
            new[key] = (aliased, Output(name, sources))
        return [new.get(self.names.key(o.name), (e, o)) for e, o in shown]

    # ---- expressions ---------------------------------------------------------------------------

    def expression(self, node: exp.Expr, scope: Scope) -> frozenset[str]:
        """The catalog columns that an expression reads, those of queries inside it included."""
        sources: set[str] = set()
        grows = False
        waiting = [node]
        while waiting:
            at = waiting.pop()
            if isinstance(at, exp.Column):
                sources |= self.columns.resolve(at, scope)
            elif isinstance(at, exp.Subquery) and not isinstance(at.this, exp.Query):
                raise SqlRejected("A table is not a value.")
            elif isinstance(at, exp.Columns):
                raise SqlRejected("COLUMNS(...) may stand in the SELECT list only.")
            elif isinstance(at, exp.Star) and not isinstance(at.parent, exp.Count):
                raise SqlRejected("`*` may stand in the SELECT list and in count(*) only.")
            elif isinstance(at, exp.Query):
                for output in self.nested(at, scope):
                    sources |= output.sources
            elif isinstance(at, exp.Lambda) and not self.clickhouse and is_arrow(at):
                column = exp.Column(this=at.expressions[0].copy())
                at.replace(exp.Paren(this=self._arrow(column, at.this)))
                sources |= self.columns.resolve(column, scope)
            elif isinstance(at, exp.Lambda) and not self.lenient:
                raise SqlRejected("Put brackets around each `->`.")
            elif isinstance(at, exp.Lambda):
                sources |= self._lambda(at, scope)
            elif isinstance(at, exp.Comprehension):
                sources |= self._comprehension(at, scope)
            else:
                grows |= check_series(at)
                waiting.extend(at.iter_expressions())
        if grows:
            check_made(node)
        self.found.columns |= sources
        return frozenset(sources)

    def _arrow(self, column: exp.Column, key: exp.Expr) -> exp.Expr:
        """`column -> 'key'`, as the parser makes it where no function is around it."""
        dialect = self.names.dialect
        made = sqlglot.parse_one(f"x -> {text_of(key, dialect)}", dialect=dialect)
        made.this.replace(column)
        return made

    def _comprehension(self, node: exp.Comprehension, scope: Scope) -> frozenset[str]:
        """DuckDB's `[expression FOR name IN list IF condition]`."""
        name = self.names.written(node.expression)
        node.expression.set("quoted", True)
        inside = Scope(ctes=scope.ctes, outer=scope, parameters=frozenset({self.names.key(name)}))
        found = self.expression(node.args["iterator"], scope) | self.expression(node.this, inside)
        condition = node.args.get("condition")
        return found | self.expression(condition, inside) if condition is not None else found

    def _lambda(self, node: exp.Lambda, scope: Scope) -> frozenset[str]:
        names = frozenset(self.names.key(parameter.name) for parameter in node.expressions)
        inside = Scope(ctes=scope.ctes, outer=scope, parameters=names)
        return self.expression(node.this, inside)


def elements_by_function(tree: exp.Expr) -> None:
    """ClickHouse's `tuple.1` as the function that it is."""
    for node in list(tree.find_all(exp.Dot, exp.Column)):
        at = node.expression if isinstance(node, exp.Dot) else node.this
        if isinstance(at, exp.Literal) and at.this.isdigit():
            inner = node.this
            if isinstance(node, exp.Column):
                inner = exp.Column(this=node.args.get("table"), table=node.args.get("db"))
            node.replace(exp.Anonymous(this="tupleElement", expressions=[inner, at]))


def _is_bare(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Column)
        and isinstance(node.this, exp.Identifier)
        and not node.args.get("table")
    )


def _type(node: exp.Expr) -> str:
    """The type of a plain column."""
    means = node.meta.get("means") if isinstance(node, exp.Column) else None
    return means.type if isinstance(means, Output) else ""


def _united(left: tuple[Output, ...], right: tuple[Output, ...]) -> tuple[Output, ...]:
    """The outputs of a set operation: names of the first part, sources of both."""
    return tuple(a.or_(b) for a, b in zip(left, right, strict=False))
