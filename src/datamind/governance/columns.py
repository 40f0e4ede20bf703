"""Finds what a column name means in its scope, writes that down, and expands stars."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

from datamind.errors import SqlRejected, UnknownColumn, UnknownTable
from datamind.governance.names import Names
from datamind.governance.scope import NOTHING, Output, Scope, Source


def identifier(name: str) -> exp.Identifier:
    """A name that no keyword and no folding can touch."""
    return exp.Identifier(this=name, quoted=True)


# A regular expression that matches any name in no time: two repetitions at most, none of another.
PATTERN = re.compile(r"(?!.*[)*+?][*+?])(?!(?:.*[*+]){3})(?!(?:.*\?){5})[\w.*+?^$|()\[\]-]{1,100}")
# What all stars of a statement may stand for, and the words of what is written for each column.
MAX_STARRED = 10_000
Shown = list[tuple[exp.Expr, Output]]
Pair = tuple[Output, Output]


class Columns:
    """Resolves column references by one dialect's rules; anything in doubt is refused."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._starred = 0
        # By the identity of what they index, which they hold on to.
        self._indexes: dict[int, tuple[tuple[Output, ...], dict[str, list[Output]]]] = {}

    def resolve(self, node: exp.Column, scope: Scope) -> frozenset[str]:
        """The catalog columns behind a reference; the reference is qualified with its source."""
        if isinstance(node.this, exp.Star):
            raise SqlRejected("A row as a value is not allowed: name its columns.")
        if not isinstance(node.this, exp.Identifier) or node.args.get("catalog"):
            raise SqlRejected("A column may be named by its table and schema, nothing more.")
        name = self.names.written(node.this)
        if node.args.get("table") is None:
            return self._bare(node, name, scope)
        field = self._field(node, name, scope)
        if field is not None:
            return field
        source = self.source(node, scope)
        found = self._in(source, name)
        if found is None:
            raise UnknownColumn(f"There is no column {name} in {source.alias}.")
        self._write(node, source.alias, found)
        return found.sources

    def _field(self, node: exp.Column, name: str, scope: Scope) -> frozenset[str] | None:
        """DuckDB's `struct.field` and `table.struct.field`, where no table is called so."""
        if self.names.dialect != "duckdb":
            return None
        outer = node.args.get("db")
        try:
            self.source(node, scope)
            return None
        except UnknownTable:
            inner = exp.Column(this=node.args["table"].copy(), table=outer and outer.copy())
        try:
            sources = self.resolve(inner, scope)
        except (UnknownColumn, UnknownTable):
            return None  # told as the table that there is none of
        node.replace(
            exp.Anonymous(this="struct_extract", expressions=[inner, exp.Literal.string(name)])
        )
        return sources

    def source(self, node: exp.Column, scope: Scope) -> Source:
        """The source that a qualifier names, the nearest one."""
        qualifier = self.names.written(node.args["table"])
        schema = self.names.written(node.args["db"]) if node.args.get("db") else None
        key = self.names.key
        for level in scope.chain():
            found = [s for s in level.sources if key(s.alias) == key(qualifier)]
            if schema is not None:
                found = [s for s in found if s.schema is not None and key(s.schema) == key(schema)]
            if len(found) > 1:
                raise SqlRejected(f"Two sources are called {qualifier}: give one an alias.")
            if found:
                return found[0]
        raise UnknownTable(f"There is no table {qualifier} in reach.")

    def _bare(self, node: exp.Column, name: str, scope: Scope) -> frozenset[str]:
        key = self.names.key(name)
        for level in scope.chain():
            if key in level.parameters:
                return NOTHING
            merged, alias = level.merged.get(key), level.aliases.get(key)
            # Where an alias has the same name the engine's own rule decides; both are visible.
            if merged is not None:
                return self._meant(node, merged.or_(alias) if alias is not None else merged)
            found = [(s, c) for s in level.sources if (c := self._in(s, name)) is not None]
            if len(found) > 1:
                raise SqlRejected(f"The column {name} is in more than one table: say which.")
            if found:
                source, column = found[0]
                if alias is not None:
                    return self._meant(node, column.or_(alias))
                self._write(node, source.alias, column)
                return column.sources
            if alias is not None:
                return self._meant(node, alias)
            called = [s for s in level.sources if self.names.key(s.alias) == key]
            if called and called[0].scalar:
                self._write(node, called[0].alias, called[0].columns[0])
                return called[0].columns[0].sources
            if called:
                raise SqlRejected("A row as a value is not allowed: name its columns.")
        raise UnknownColumn(f"There is no column {name}.")

    def check_aliases(self, select: exp.Select, scope: Scope) -> None:
        """Refuse ClickHouse's aliases that a bare name means beside a column: one within an
        expression holds in the whole SELECT, one of the SELECT list in its joins too."""
        key = self.names.key
        with_ = select.args.get("with_")
        made = [cte.alias for cte in (with_.expressions if with_ else ()) if cte.args.get("scalar")]
        made += [e.alias for e in select.expressions if isinstance(e, exp.Alias)]
        shown = {key(name) for name in made}
        for join in select.args.get("joins") or ():
            if any(not c.table and key(c.name) in shown for c in join.find_all(exp.Column)):
                raise SqlRejected("An alias is called like a column of a join: say which table's.")
        known = {key(c.name) for level in scope.chain() for s in level.sources for c in s.columns}
        known = known.union(shown, *(level.merged for level in scope.chain()))
        for node in select.walk(prune=lambda n: isinstance(n, exp.Query) and n is not select):
            # ARRAY JOIN's own are in the scope as what they are.
            own = node.parent is select or isinstance(node.parent, exp.Join)
            if isinstance(node, exp.Alias) and not own and key(node.alias) in known:
                raise SqlRejected(f"{node.alias} is a column here: call it otherwise.")

    def _in(self, source: Source, name: str) -> Output | None:
        found = self._index(source.columns).get(self.names.key(name), ())
        if len(found) > 1:
            raise SqlRejected(f"{source.alias} has two columns called {name}.")
        return found[0] if found else None

    def _index(self, columns: tuple[Output, ...]) -> dict[str, list[Output]]:
        """Columns by key, made once for all that look into them."""
        kept = self._indexes.get(id(columns))
        if kept is None:
            made: dict[str, list[Output]] = {}
            for column in columns:
                made.setdefault(self.names.key(column.name), []).append(column)
            kept = self._indexes[id(columns)] = (columns, made)
        return kept[1]

    @staticmethod
    def _meant(node: exp.Column, output: Output) -> frozenset[str]:
        """Write the bare name down, and beside it what it means (for the fences)."""
        node.set("this", identifier(output.name))
        node.meta["means"] = output
        return output.sources

    def _write(self, node: exp.Column, alias: str, output: Output) -> None:
        self._meant(node, output)
        node.set("table", identifier(alias))
        node.set("db", None)

    def merge(self, scope: Scope, right: Source, written: Iterable[str]) -> list[Pair]:
        """Make one column of those that USING names on both sides; what was compared."""
        pairs = []
        for name in written:
            key = self.names.key(name)
            left = scope.merged.get(key) or self._left(scope, name, right)
            other = self._in(right, name)
            if left is None or other is None:
                raise UnknownColumn(f"There is no column {name}.")
            pairs.append((left, other))
            scope.merged[key] = left.or_(other)
        return pairs

    def _left(self, scope: Scope, name: str, right: Source) -> Output | None:
        found = [c for s in scope.sources if s is not right and (c := self._in(s, name))]
        if len(found) > 1:
            raise SqlRejected(f"The column {name} is in more than one table: say which.")
        return found[0] if found else None

    def common(self, scope: Scope, right: Source) -> list[str]:
        """The visible columns that a NATURAL JOIN joins on."""
        there = {self.names.key(c.name) for c in right.columns}
        seen = dict.fromkeys(
            c.name
            for s in scope.sources
            if s is not right
            for c in s.columns
            if self.names.key(c.name) in there
        )
        return list({self.names.key(name): name for name in seen}.values())

    def spend(self, words: int) -> None:
        """Count what stars are expanded to: each may stand for columns that are stars' own."""
        self._starred += words
        if self._starred > MAX_STARRED:
            raise SqlRejected(
                f"The stars of the statement stand for more than {MAX_STARRED:,} columns:"
                " name those that are needed."
            )

    def all_of(self, scope: Scope) -> Shown:
        """`*`: merged columns once (first in PostgreSQL, in their place in DuckDB), the rest."""
        self.spend(sum(len(source.columns) for source in scope.sources))
        shown: Shown = []
        if self.names.dialect == "postgres":
            shown = [(bare(o.name), o) for o in scope.merged.values()]
        seen = {self.names.key(o.name) for _, o in shown}
        for source in scope.sources:
            for column in source.columns:
                key = self.names.key(column.name)
                merged = scope.merged.get(key)
                if merged is None:
                    shown.append((qualified(source, column), column))
                elif key not in seen:
                    seen.add(key)
                    shown.append((bare(merged.name), merged))
        return shown

    def star(self, node: exp.Expr, scope: Scope) -> Shown:
        """The columns that `*` or `source.*` stands for, exclusions left out."""
        star = node if isinstance(node, exp.Star) else node.this
        if isinstance(node, exp.Column) and node.args.get("table"):
            source = self.source(node, scope)
            self.spend(len(source.columns))
            shown: Shown = [(qualified(source, c), c) for c in source.columns]
        else:
            shown = self.all_of(scope)
        if not shown:
            raise SqlRejected("`*` needs a FROM clause.")
        return self._renamed(star, self._excluded(star, shown))

    def several(self, node: exp.Columns, scope: Scope) -> Shown:
        """The columns that `COLUMNS(*)`, `COLUMNS(t.*)` or `COLUMNS('pattern')` stands for."""
        if isinstance(node.this, (exp.Star, exp.Column)) and node.this.is_star:
            return self.star(node.this, scope)
        pattern = node.this.this if isinstance(node.this, exp.Literal) else None
        if not isinstance(pattern, str) or not PATTERN.fullmatch(pattern):
            raise SqlRejected("COLUMNS takes `*` or a simple pattern of names.")
        try:
            wanted = re.compile(pattern)
        except re.error:
            raise SqlRejected("COLUMNS takes `*` or a simple pattern of names.") from None
        found = [(e, o) for e, o in self.all_of(scope) if wanted.search(o.name)]
        if not found:
            raise UnknownColumn("No column has a name like that.")
        return found

    def _excluded(self, star: exp.Expr, shown: Shown) -> Shown:
        left_out = [self.names.written(_named(n)) for n in star.args.get("except_") or ()]
        keys = self._known(left_out, shown)
        return [(e, o) for e, o in shown if self.names.key(o.name) not in keys]

    def _known(self, written: list[str], shown: Shown) -> dict[str, str]:
        """Names by key, each once, that are all those of a column."""
        there = {self.names.key(o.name) for _, o in shown}
        named: dict[str, str] = {}
        for name in written:
            key = self.names.key(name)
            if key not in there or key in named:
                raise UnknownColumn(f"There is no column {name}.")
            named[key] = name
        return named

    def _renamed(self, star: exp.Expr, shown: Shown) -> Shown:
        pairs = star.args.get("rename") or ()
        if not all(isinstance(pair, exp.Alias) for pair in pairs):
            raise SqlRejected("`* RENAME` takes columns and their new names.")
        old = self._known([self.names.written(_named(pair.this)) for pair in pairs], shown)
        new = [self.names.written(pair.args["alias"]) for pair in pairs]
        called = dict(zip(old, new, strict=True))
        made: Shown = []
        for expression, output in shown:
            alias = called.get(self.names.key(output.name))
            if alias is None:
                made.append((expression, output))
            else:
                aliased = exp.Alias(this=expression, alias=identifier(alias))
                made.append((aliased, output.called(alias)))
        return made


def _named(node: exp.Expr) -> exp.Identifier:
    """The plain name that EXCLUDE and RENAME take."""
    found = node.this if isinstance(node, exp.Column) and not node.args.get("table") else node
    if not isinstance(found, exp.Identifier):
        raise SqlRejected("After `*` only plain column names may be left out or renamed.")
    return found


def bare(name: str) -> exp.Column:
    """A column by its name alone."""
    return exp.Column(this=identifier(name))


def qualified(source: Source, column: Output) -> exp.Column:
    """A column by its source and name."""
    return exp.Column(this=identifier(column.name), table=identifier(source.alias))
