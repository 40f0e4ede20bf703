"""Statements for the fences' property: conditions and results that may fail, in every place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from datamind.records import Dialect

_columns = (
    ("k", "integer"), ("g", "integer"), ("n", "integer"), ("s", "text"), ("d", "date"),
    ("x", "decimal"), ("c", "code"), ("f", "float"), ("y", "wide"), ("z", "wider"),
)  # fmt: skip
made_of = {
    "t": _columns,
    "u": _columns,
    "keys": (("k", "integer"),),
}
ROWS = 60
HARMLESS = "harmless"


@dataclass(frozen=True)
class Engine:
    """How one dialect writes the tables, and what fails in it for a hidden row only."""

    schema: str
    types: dict[str, str]
    risky: tuple[str, ...]
    after: str = ""

    def schema_of(self, dice: Random) -> Iterator[str]:
        """Statements that make the tables: rows of g = 1 are clean, the others are poisoned.
        In a second schema the clean ones are the same, and the others as harmless as they."""
        rows = {name: [self._row(k, dice) for k in range(ROWS)] for name in ("t", "u")}
        rows["keys"] = [f"({k})" for k in range(0, ROWS, 2)]
        for schema in (self.schema, HARMLESS):
            if self.schema == "fences" or schema == HARMLESS:
                kind = "DATABASE" if self.schema == "default" else "SCHEMA"
                yield f"CREATE {kind} {schema}"
            for name, columns in made_of.items():
                kinds = ", ".join(f"{c} {self.types[kind]}" for c, kind in columns)
                yield f"CREATE TABLE {schema}.{name} ({kinds}) {self.after}"
                if schema == HARMLESS and name != "keys":
                    rows[name][1::2] = [self._row(k, dice, poison=False) for k in range(1, ROWS, 2)]
                yield f"INSERT INTO {schema}.{name} VALUES {', '.join(rows[name])}"

    @staticmethod
    def _row(k: int, dice: Random, *, poison: bool = True) -> str:
        clean = k % 2 == 0 or not poison
        n = dice.choice((4, 5, 6, 7, 9)) if clean else dice.choice((3, 3, -4, 2147483647))
        s = dice.choice(("4", "5", "7")) if clean else dice.choice(("7y", "", "x"))
        day = f"2026-0{dice.randint(1, 9)}-11"
        x = dice.choice(("1.50", "99.00"))
        # What a dictionary, a sum and a common type of decimals stumble over.
        more = "'NQ==', 1.5, 1.5, 1.5" if clean else f"'!!!!!{k}', 1e308, 1.5, {10**28 - 1}"
        return f"({k}, {1 - k % 2}, {n}, '{s}', '{day}', {x}, {more})"


DIALECTS: dict[Dialect, Engine] = {
    "postgres": Engine(
        "fences",
        {
            "integer": "integer",
            "text": "text",
            "date": "date",
            "decimal": "numeric(10,2)",
            "code": "text",
            "float": "double precision",
            "wide": "numeric(38,18)",
            "wider": "numeric",
        },
        ("12 / ({n} - 3)", "CAST({s} AS integer)", "sqrt({n})", "({n} + 1)", "ln({n})"),
    ),
    "duckdb": Engine(
        "main",
        {
            "integer": "INTEGER",
            "text": "VARCHAR",
            "date": "DATE",
            "decimal": "DECIMAL(10,2)",
            "code": "VARCHAR",
            "float": "DOUBLE",
            "wide": "DECIMAL(38,18)",
            "wider": "DECIMAL(38,10)",
        },
        ("CAST({s} AS integer)", "sqrt({n})", "({n} + 1)", "ln({n})", "CAST({n} AS tinyint)"),
    ),
    "clickhouse": Engine(
        "default",
        {
            "integer": "Int32",
            "text": "String",
            "date": "Date",
            "decimal": "Decimal(10, 2)",
            "code": "LowCardinality(String)",
            "float": "Float64",
            "wide": "Decimal(38, 18)",
            "wider": "Decimal(38, 8)",
        },
        (
            "intDiv(12, {n} - 3)",
            "toInt32({s})",
            "modulo(5, {n} - 3)",
            "CAST({s} AS Int16)",
            "length(toFixedString({c}, 4))",
            "length(base64Decode({c}))",
        ),
        "ENGINE = MergeTree ORDER BY k",
    ),
}
_COMMON = [
    "g = 1", "g = 1 AND x > 0", "NOT (g = 0)", "g = 1 OR (g = 1 AND k = 2)",
    "k IN (SELECT k FROM keys)", "k IN (SELECT k FROM keys WHERE k >= 0) AND g = 1",
]  # fmt: skip
_CORRELATED = "EXISTS (SELECT 1 FROM keys AS o WHERE o.k = {table}.k)"
POLICIES: dict[Dialect, list[str]] = {
    "postgres": [*_COMMON, _CORRELATED, "10 / (g + 1) = 5"],
    "duckdb": [*_COMMON, _CORRELATED, "k % 2 = 0"],
    "clickhouse": [*_COMMON, "k % 2 = 0"],
}


class Statements:
    """One random statement; `fails` tells whether something in it may fail."""

    def __init__(self, dialect: Dialect, dice: Random) -> None:
        self.dialect = dialect
        self.dice = dice
        self.fails = False

    def statement(self) -> tuple[str, bool]:
        """The text, and whether anything in it may fail."""
        made = self.dice.choice(
            (self._plain, self._plain, self._grouped, self._derived, self._joined, self._joined,
             self._asking, self._united, self._windowed, self._outer, self._lazy)
        )()  # fmt: skip
        return made, self.fails

    # ---- parts -------------------------------------------------------------------------------

    def _risky(self, alias: str) -> str:
        self.fails = True
        chosen = self.dice.choice(DIALECTS[self.dialect].risky)
        return chosen.format(n=f"{alias}.n", s=f"{alias}.s", c=f"{alias}.c")

    def _value(self, alias: str, odds: float = 0.4) -> str:
        if self.dice.random() < odds:
            return self._risky(alias)
        return f"{alias}.{self.dice.choice(('k', 'n', 'x'))}"

    def _where(self, alias: str, odds: float = 0.2) -> str:
        dice = self.dice
        parts = [
            dice.choice(
                (f"{alias}.k > {dice.randint(0, 40)}", f"{alias}.s <> '7'", f"{alias}.x < 50",
                 f"{alias}.n IN (4, 5, 3)", f"{alias}.d >= '2026-03-01'", f"{alias}.n IS NOT NULL",
                 f"NOT {alias}.k = 7", f"({alias}.k < 30 OR {alias}.n = 5)",
                 f"{alias}.s LIKE '7%'", f"{alias}.k BETWEEN 3 AND 44",
                 f"COALESCE({alias}.n, 0) > 3",
                 f"CASE WHEN {alias}.k > 9 THEN {alias}.n ELSE 0 END > 3", f"{alias}.c <> 'x'",
                 f"{alias}.c IN ('NQ==', 'x')", f"{alias}.f < 2", *self._common(alias))
            )
            for _ in range(dice.randint(0, 2))
        ]  # fmt: skip
        if dice.random() < odds:
            parts.insert(dice.randint(0, len(parts)), f"{self._risky(alias)} > 0")
        return " WHERE " + " AND ".join(parts) if parts else ""

    def _common(self, alias: str) -> tuple[str, ...]:
        """Conditions whose sides become of one type that need not hold them."""
        if self.dialect == "clickhouse":  # an IN has no columns there
            return (f"{alias}.k BETWEEN {alias}.y AND {alias}.z",)
        return (
            f"{alias}.k BETWEEN {alias}.y AND {alias}.z", f"{alias}.k IN ({alias}.y, {alias}.z)",
            f"{alias}.k < {alias}.z", f"{alias}.y IN (0.000000001, 1.5)",
        )  # fmt: skip

    def _table(self) -> str:
        return self.dice.choice(("t", "u"))

    # ---- statements --------------------------------------------------------------------------

    def _plain(self) -> str:
        word = self.dice.choice(("", "", "DISTINCT "))
        order = f" ORDER BY {self._value('a')}" if not word and self.dice.random() < 0.3 else ""
        shown = f"{self._value('a')} AS v, a.k AS k"
        return f"SELECT {word}{shown} FROM {self._table()} AS a{self._where('a')}{order}"

    def _grouped(self) -> str:
        key = self._value("a", 0.3)
        measure = self.dice.choice(
            (f"sum({self._value('a')})", f"count(DISTINCT {self._value('a')})", "count(*)",
             f"max({self._value('a')}) / count(*)", "min(a.d)")
        )  # fmt: skip
        having = self.dice.choice(
            (
                "",
                "",
                " HAVING count(*) > 1",
                f" HAVING {key} > 1",
                " HAVING sum(a.n) / count(*) > 1",
            )
        )
        where = self._where("a")
        shown = f"{key} AS v, {measure} AS m FROM {self._table()} AS a"
        return f"SELECT {shown}{where} GROUP BY {key}{having}"

    def _derived(self) -> str:
        where = self._where("a", 0.1)
        inner = f"SELECT {self._value('a', 0.6)} AS v, a.k AS k FROM {self._table()} AS a{where}"
        outer = self.dice.choice(
            (
                "",
                "",
                " WHERE q.k > 5",
                " WHERE q.v > 2",
                " WHERE q.v IS NOT NULL",
                " WHERE q.v = q.k",
            )
        )
        shown = self.dice.choice(("q.k AS o", "q.v AS o", "count(*) AS o", "max(q.v) AS o"))
        if self.dice.random() < 0.5:
            return f"WITH q AS ({inner}) SELECT {shown} FROM q{outer}"
        return f"SELECT {shown} FROM ({inner}) AS q{outer}"

    def _joined(self) -> str:
        kind = self.dice.choice(("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN"))
        on = self.dice.choice(
            ("a.k = b.k", "a.k = b.k", "a.k = b.k AND a.n = b.n", f"a.k = {self._value('b', 0.3)}")
        )
        shown = f"{self._value('a', 0.2)} AS v, {self._value('b', 0.2)} AS w"
        where = self._where(self.dice.choice("ab"))
        return f"SELECT {shown} FROM t AS a {kind} u AS b ON {on}{where}"

    def _outer(self) -> str:
        inner = f"SELECT b.k AS k, {self._value('b', 0.6)} AS v FROM u AS b{self._where('b', 0.1)}"
        kind = self.dice.choice(("LEFT JOIN", "JOIN", "RIGHT JOIN"))
        where = self.dice.choice(("", " WHERE a.k > 3", " WHERE q.v IS NULL", " WHERE q.k < 30"))
        return f"SELECT a.k AS k, q.v AS v FROM t AS a {kind} ({inner}) AS q ON a.k = q.k{where}"

    def _asking(self) -> str:
        value = self._value("b", 0.3)
        inner = f"SELECT {value} FROM u AS b{self._where('b')}"
        ways = [f"a.k IN ({inner})", f"a.n > (SELECT min(b.n) FROM u AS b{self._where('b')})",
                f"a.x < (SELECT max({value}) FROM u AS b)"]  # fmt: skip
        if self.dialect != "clickhouse":
            both = f"{self._value('a')} > {self._value('b')}"
            ways += [
                f"EXISTS (SELECT {value} FROM u AS b WHERE b.k = a.k AND b.n > 1)",
                f"EXISTS (SELECT 1 FROM u AS b WHERE b.k = a.k AND {both})",
                f"NOT EXISTS (SELECT 1 FROM u AS b WHERE b.k = a.k AND {value} > 1)",
            ]
        return f"SELECT {self._value('a', 0.2)} AS v FROM t AS a WHERE {self.dice.choice(ways)}"

    def _lazy(self) -> str:
        """What fails at once or never, asked only for rows that nothing else has decided on."""
        dice = self.dice
        if self.dialect == "clickhouse":
            on = dice.choice(("ON a.k = b.k", "USING (k)"))
            name = dice.choice(("k", "m")) if on.startswith("USING") else "m"
            shown = dice.choice((f"{self._risky('b')} AS {name}", f"a.n AS {name}"))
            return f"SELECT a.x AS v, {shown} FROM t AS a JOIN u AS b {on} WHERE {name} < 40"
        n = dice.choice((6, 9, 9, 9))  # the rows that may be seen have no more
        fails = f"CAST('x{dice.choice(('', 'y'))}' || o.k AS integer)"
        asked = [
            f"EXISTS (SELECT 1 FROM keys AS o WHERE o.k = 2 AND {fails} > 0)",
            f"EXISTS (SELECT 1 FROM keys AS o ORDER BY {fails} LIMIT 1)",
            f"a.k < (SELECT count({fails}) FROM keys AS o)", "a.k < (SELECT count(*) FROM q)",
            "a.f > (SELECT sum(b.f) FROM u AS b)", "a.k = (SELECT b.k FROM u AS b)",
        ]  # fmt: skip
        if self.dialect == "postgres":
            asked += [
                "EXISTS (SELECT 1 FROM keys AS o LIMIT -1)", "a.k IN (SELECT 2 OFFSET -1)",
                f"EXISTS (SELECT 1 FROM keys AS o LIMIT {self._risky('a')})",
                "EXISTS (SELECT 1 FROM keys UNION ALL SELECT 1 FROM keys LIMIT -1)",
            ]  # fmt: skip
        self.fails = True
        made, asking = dice.choice(("", " MATERIALIZED")), dice.choice(asked)
        query = f"WITH q AS{made} (SELECT {fails} AS v FROM keys AS o) SELECT a.k AS v FROM t AS a"
        if dice.random() < 0.2:
            return f"{query} WHERE a.k % 2 = 0 OR a.n <= {n} OR {asking}"
        return f"{query} WHERE a.k > {dice.randint(3, 50)} AND (a.n <= {n} OR {asking})"

    def _united(self) -> str:
        word = self.dice.choice(("UNION ALL", "UNION DISTINCT", "EXCEPT", "INTERSECT"))
        first, second = (
            f"SELECT {self._value('a')} AS v FROM {self._table()} AS a{self._where('a')}"
            for _ in range(2)
        )
        return f"{first} {word} {second}"

    def _windowed(self) -> str:
        call = self.dice.choice((f"sum({self._value('a')})", "count(*)", "row_number()"))
        over = f"PARTITION BY a.x ORDER BY {self._value('a', 0.3)}, a.k"
        shown = f"a.k AS k, {call} OVER ({over}) AS w"
        inner = f"SELECT {shown} FROM {self._table()} AS a{self._where('a')}"
        outer = self.dice.choice(("", " WHERE q.w > 2", " WHERE q.k > 3"))
        return f"SELECT q.k AS k, q.w AS w FROM ({inner}) AS q{outer}"
