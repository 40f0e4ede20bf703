"""Random worlds for the differential test: tables, rows, rules and queries, from one seed.

A world is made twice on PostgreSQL: `native` has row security and column grants of its own for the
asker, `plain` has neither and is read through the guard. Both must show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from datamind.governance.rules import Asker, Grant, Restriction, Rules, To
from datamind.semantics.catalog import Catalog, Column, ColumnType, Table

ROLE = "reader"
TYPES: dict[ColumnType, str] = {
    "integer": "integer", "text": "text", "date": "date", "boolean": "boolean",
}  # fmt: skip
NAMES = ["a", "b", "s", "d", "flag", "update", "Mixed", "two words", "ä", "group", "n"]
WORDS = ["x", "y", "7", "7y", "", "it's", "100%", "X"]
ATTRIBUTES: dict[str, int | str | bool] = {"n": 3, "word": "it's", "yes": True}
KEYS = "keys"  # a table that predicates may ask; everybody reads it whole


@dataclass(frozen=True)
class World:
    """Tables with their rows, and who may read what of them."""

    catalog: Catalog
    rows: dict[str, list[tuple[object, ...]]]
    rules: Rules

    asker = Asker("alice", frozenset({"analyst"}), frozenset({"west"}), ATTRIBUTES)


def world(dice: Random) -> World:
    """A world of two to four tables."""
    tables = [_table(f"t{n}", dice) for n in range(dice.randint(2, 4))]
    keys = Table(KEYS, "plain", KEYS, (Column(KEYS, "k", "integer", "integer"),))
    rows = {t.id: _rows(t, dice) for t in tables}
    rows[KEYS] = [(n,) for n in dice.sample(range(8), 4)]
    grants, restrictions = [Grant(KEYS, To(users=frozenset({"alice"})))], []
    for table in tables:
        if dice.random() < 0.1:
            continue  # no grant: it does not exist
        # PostgreSQL's column grants are of a table, not of a policy.
        columns = _columns(table, dice)
        for _ in range(dice.choice((1, 1, 2, 3))):
            rows_where = _predicate(table, dice) if dice.random() < 0.85 else None
            grants.append(Grant(table.id, _to(dice, hits=True), rows_where, columns))
        restrictions += [
            Restriction(table.id, _to(dice, hits=dice.random() < 0.7), _predicate(table, dice))
            for _ in range(dice.choice((0, 0, 1, 2)))
        ]
        if dice.random() < 0.3:  # of others: it must not matter
            grants.append(Grant(table.id, _to(dice, hits=False)))
    catalog = Catalog("world", "postgres", "plain", (keys, *tables))
    return World(catalog, rows, Rules(tuple(grants), tuple(restrictions)))


def _table(name: str, dice: Random) -> Table:
    kinds: list[ColumnType] = ["integer", "integer", "text", dice.choice(list(TYPES))]
    kinds += [dice.choice(list(TYPES)) for _ in range(dice.randint(0, 2))]
    names = ["id", *dice.sample(NAMES, len(kinds) - 1)]
    return Table(
        name, "plain", name,
        tuple(Column(name, c, t, TYPES[t]) for c, t in zip(names, kinds, strict=True)),
    )  # fmt: skip


def _rows(table: Table, dice: Random) -> list[tuple[object, ...]]:
    def value(column: Column) -> object:
        if dice.random() < 0.15:
            return None
        match column.type:
            case "integer":
                return dice.randint(0, 6)
            case "text":
                return dice.choice(WORDS)
            case "date":
                return f"2026-0{dice.randint(1, 9)}-15"
        return dice.random() < 0.5

    return [(n, *(value(c) for c in table.columns[1:])) for n in range(dice.choice((0, 3, 12, 40)))]


def _to(dice: Random, *, hits: bool) -> To:
    if not hits:
        return To(roles=frozenset({"viewer"}), users=frozenset({"bob"}))
    return dice.choice(
        (
            To(roles=frozenset({"analyst", "admin"})),
            To(groups=frozenset({"west"}), roles=frozenset({"nobody"})),
            To(users=frozenset({"alice"})),
        )
    )


def _columns(table: Table, dice: Random) -> frozenset[str] | None:
    if dice.random() < 0.5:
        return None
    return frozenset(c.name for c in table.columns if c.name == "id" or dice.random() < 0.7)


def quoted(name: str) -> str:
    """A name as PostgreSQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value as PostgreSQL takes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    return "'" + str(value).replace("'", "''") + "'"


def _predicate(table: Table, dice: Random, depth: int = 0) -> str:
    if depth == 0 and dice.random() < 0.3:  # what makes PostgreSQL join before it filters
        return f"{quoted(table.columns[1].name)} IN (SELECT k FROM {KEYS} WHERE k > 2)"
    if depth < 2 and dice.random() < 0.45:
        left, right = (_predicate(table, dice, depth + 1) for _ in range(2))
        return f"{left} {dice.choice(('AND', 'OR'))} {right}"  # no brackets: a trap
    if depth < 2 and dice.random() < 0.15:
        return f"NOT ({_predicate(table, dice, depth + 1)})"
    column = dice.choice(table.columns)
    name = quoted(column.name)
    if dice.random() < 0.3:
        name = f"{table.name}.{name}"
    if dice.random() < 0.15:
        return f"{name} IS {dice.choice(('', 'NOT '))}NULL"
    match column.type:
        case "integer":
            return dice.choice(
                (
                    f"{name} {dice.choice(('=', '<', '>=', '<>'))} {dice.randint(0, 6)}",
                    f"{name} = {{user.n}}",
                    f"{name} IN (1, 3, 5)",
                    f"{name} IN (SELECT k FROM {KEYS} WHERE k > 2)",
                    f"EXISTS (SELECT 1 FROM {KEYS} WHERE k = {table.name}.{quoted(column.name)})",
                )
            )
        case "text":
            return dice.choice((f"{name} = {{user.word}}", f"{name} LIKE '7%'", f"{name} <> 'x'"))
        case "date":
            return f"{name} > DATE '2026-04-01'"
    return dice.choice((name, f"{name} = {{user.yes}}", f"{name} IS NOT TRUE"))


# ---- the native schema -------------------------------------------------------------------------


def statements(world: World, schema: str, *, native: bool) -> list[str]:
    """What makes the world in a schema; with the database's own policies, if `native`."""
    made = [f"CREATE SCHEMA {schema}", f"GRANT USAGE ON SCHEMA {schema} TO {ROLE}"]
    for table in world.catalog.tables:
        name = f"{schema}.{table.name}"
        columns = ", ".join(f"{quoted(c.name)} {c.native_type}" for c in table.columns)
        made.append(f"CREATE TABLE {name} ({columns})")
        if rows := world.rows[table.id]:
            values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
            made.append(f"INSERT INTO {name} VALUES {values}")
        if native:
            made += _secured(world, table, name)
        else:
            made.append(f"GRANT SELECT ON {name} TO {ROLE}")
    return made


def _secured(world: World, table: Table, name: str) -> list[str]:
    grants, restrictions = world.rules.of(table.id, world.asker)
    if not grants:
        return []
    seen = [quoted(c.name) for c in table.columns if grants[0].carries(c)]
    made = [f"GRANT SELECT ({', '.join(seen)}) ON {name} TO {ROLE}"]
    if table.id == KEYS:
        return made
    made.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    kinds = [("PERMISSIVE", g.rows) for g in grants] + [
        ("RESTRICTIVE", r.rows) for r in restrictions
    ]
    for number, (kind, rows) in enumerate(kinds):
        using = rows or "TRUE"
        for attribute, value in ATTRIBUTES.items():
            using = using.replace(f"{{user.{attribute}}}", literal(value))
        using = using.replace(f"FROM {KEYS}", f"FROM {name.partition('.')[0]}.{KEYS}")
        made.append(
            f"CREATE POLICY p{number} ON {name} AS {kind} FOR SELECT TO {ROLE} USING ({using})"
        )
    return made


# ---- queries -----------------------------------------------------------------------------------

Shown = list[tuple[str, ColumnType]]


class Queries:
    """Queries over what the asker of a world may read, and at times over what they may not."""

    def __init__(self, world: World, dice: Random) -> None:
        self.dice = dice
        self.count = 0
        self.blind = False
        self.tables: list[tuple[str, Shown]] = []
        for table in world.catalog.tables:
            grants, _ = world.rules.of(table.id, world.asker)
            blind = dice.random() < 0.04  # as one who does not know what is hidden
            columns = [c for c in table.columns if blind or any(g.carries(c) for g in grants)]
            self.blind |= blind
            if columns:
                self.tables.append((table.name, [(quoted(c.name), c.type) for c in columns]))

    def statement(self) -> str:
        """One statement."""
        sql, shown = self._select(0, [], [])
        if self.dice.random() < 0.2:
            other = self._matching(shown)
            word = self.dice.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
            sql = f"{sql} {word} {other}"
        elif self.dice.random() < 0.2:
            inner, columns = self._select(1, [], [])
            body, _ = self._select(1, [("w", columns)], [])
            sql = f"WITH w AS ({inner}) {body}"
        return sql

    def _matching(self, shown: Shown) -> str:
        """Another query with columns of these types."""
        source, alias, columns = self._source(1, [], [])
        picked = [self._expression(kind, [(alias, columns)]) for _, kind in shown]
        return f"SELECT {', '.join(picked)} FROM {source}"

    def _select(
        self, depth: int, ctes: list[tuple[str, Shown]], outer: list[tuple[str, Shown]]
    ) -> tuple[str, Shown]:
        source, scope = self._from(depth, ctes, outer)
        around = scope + outer
        clauses = [f"FROM {source}"]
        if depth == 0 and self.dice.random() < 0.15:  # told by an error, if by anything
            clauses.append(f"WHERE {self._risky(scope)} > 1")
        elif self.dice.random() < 0.6:
            clauses.append(f"WHERE {self._condition(depth, ctes, around)}")
        kinds = [self.dice.choice(list(TYPES)) for _ in range(self.dice.randint(1, 3))]
        picked = [self._expression(kind, scope) for kind in kinds]
        if self.dice.random() < 0.25:
            keys = picked[:1]
            measure = self.dice.choice(("count(*)", f"max({self._expression('integer', scope)})"))
            picked, kinds = [*keys, measure], [kinds[0], "integer"]
            clauses.append(f"GROUP BY {keys[0]}")
            if self.dice.random() < 0.3:
                clauses.append("HAVING count(*) > 1")
        elif self.dice.random() < 0.15:
            over = self._expression("integer", scope)
            order = self._expression(kinds[0], scope)
            picked.append(f"count(*) OVER (PARTITION BY {over} ORDER BY {order})")
            kinds.append("integer")
        elif self.dice.random() < 0.1 and depth == 0 and len(scope) == 1:
            return f"SELECT * {' '.join(clauses)}", scope[0][1]
        elif self.dice.random() < 0.1:
            return self._named("SELECT DISTINCT", picked, kinds, clauses)
        return self._named("SELECT", picked, kinds, clauses)

    @staticmethod
    def _named(
        word: str, picked: list[str], kinds: list[ColumnType], clauses: list[str]
    ) -> tuple[str, Shown]:
        named = ", ".join(f"{expression} AS c{n}" for n, expression in enumerate(picked))
        return f"{word} {named} {' '.join(clauses)}", [(f"c{n}", k) for n, k in enumerate(kinds)]

    def _from(
        self, depth: int, ctes: list[tuple[str, Shown]], outer: list[tuple[str, Shown]]
    ) -> tuple[str, list[tuple[str, Shown]]]:
        source, alias, columns = self._source(depth, ctes, [])
        scope = [(alias, columns)]
        for _ in range(self.dice.choice((0, 0, 1, 1, 2))):
            if self.dice.random() < 0.12 and depth < 2:
                inner, shown = self._select(depth + 1, ctes, scope)
                alias = self._alias()
                source += f" CROSS JOIN LATERAL ({inner}) AS {alias}"
                scope.append((alias, shown))
                continue
            right, alias, columns = self._source(depth, ctes, [])
            kind = self.dice.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"))
            on = ""
            if kind != "CROSS JOIN":
                # FULL JOIN takes only conditions that can be merged or hashed.
                both = [self._column("integer", [s]) for s in ((scope[-1]), (alias, columns))]
                on = f" ON {both[0]} = {both[1]}"
            source += f" {kind} {right}{on}"
            scope.append((alias, columns))
        return source, scope

    def _source(
        self, depth: int, ctes: list[tuple[str, Shown]], outer: list[tuple[str, Shown]]
    ) -> tuple[str, str, Shown]:
        alias = self._alias()
        if depth < 2 and self.dice.random() < 0.2:
            inner, shown = self._select(depth + 1, ctes, outer)
            return f"({inner}) AS {alias}", alias, shown
        name, columns = self.dice.choice([*self.tables, *ctes])
        return f"{name} AS {alias}", alias, columns

    def _alias(self) -> str:
        self.count += 1
        return f"q{self.count}"

    def _condition(
        self, depth: int, ctes: list[tuple[str, Shown]], scope: list[tuple[str, Shown]]
    ) -> str:
        dice = self.dice
        if dice.random() < 0.3:
            parts = [self._condition(depth, ctes, scope) for _ in range(2)]
            return f"({parts[0]} {dice.choice(('AND', 'OR'))} {parts[1]})"
        if depth < 2 and dice.random() < 0.2:
            inner, _ = self._select(depth + 1, ctes, scope)
            return f"{dice.choice(('', 'NOT '))}EXISTS ({inner})"
        if depth < 2 and dice.random() < 0.15:
            source, alias, columns = self._source(1, ctes, [])
            column = self._expression("integer", [(alias, columns)])
            mine = self._expression("integer", scope)
            return f"{mine} {dice.choice(('IN', 'NOT IN'))} (SELECT {column} FROM {source})"
        kind = dice.choice(list(TYPES))
        if kind == "boolean":
            return self._expression(kind, scope)
        left, right = self._expression(kind, scope), self._expression(kind, scope)
        return f"{left} {dice.choice(('=', '<', '>', '<>', 'IS NOT DISTINCT FROM'))} {right}"

    def _expression(self, kind: ColumnType, scope: list[tuple[str, Shown]]) -> str:
        dice = self.dice
        column = self._column(kind, scope)
        if dice.random() < 0.6:
            return column
        match kind:
            case "integer":
                text = self._column("text", scope)
                return dice.choice(
                    (
                        f"abs({column})", f"({column} + 1)", f"length({text})",
                        f"coalesce({column}, 0)", f"nullif({column}, 3)",
                        # Told by an error where the policy is not kept first.
                        f"(12 / ({column} - 3))", f"CAST({text} AS integer)",
                        f"CASE WHEN {column} = 3 THEN 0 ELSE 12 / ({column} - 3) END",
                        f"CASE WHEN {text} = '7' THEN CAST({text} AS integer) END",
                    )
                )  # fmt: skip
            case "text":
                return dice.choice((f"upper({column})", f"({column} || '!')", f"left({column}, 1)"))
            case "date":
                return f"CAST(date_trunc('month', {column}) AS date)"
        return dice.choice((f"NOT {column}", f"({column} IS NULL)"))

    def _risky(self, scope: list[tuple[str, Shown]]) -> str:
        column = self._column("integer", scope)
        text = self._column("text", scope)
        return self.dice.choice((f"12 / ({column} - 3)", f"CAST({text} AS integer)"))

    def _column(self, kind: ColumnType, scope: list[tuple[str, Shown]]) -> str:
        found = [f"{alias}.{name}" for alias, shown in scope for name, k in shown if k == kind]
        constants = {"integer": "4", "text": "'7'", "date": "DATE '2026-05-15'"}
        return self.dice.choice(found) if found else constants.get(kind, "TRUE")
