"""Random small databases and random plans over them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, Column, Relationship, Table, View

TYPES = {
    "n": "integer",
    "x": "float",
    "s": "text",
    "d": "date",
    "ts": "timestamp",
    "b": "boolean",
}
SQL_TYPES = {
    "id": "BIGINT",
    "k": "BIGINT",
    "n": "BIGINT",
    "x": "DOUBLE PRECISION",
    "s": "VARCHAR",
    "d": "DATE",
    "ts": "TIMESTAMP",
    "b": "BOOLEAN",
}
WORDS = ["a", "b", "ab", "A", "a%", "b_a", "a!b", "a\\b", ""]
DAYS = [dt.date(2023, 12, 31), dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 7, 1)]
MOMENTS = [
    dt.datetime.fromisoformat("2024-01-31T23:59:30"),
    dt.datetime.fromisoformat("2024-02-29"),
    dt.datetime.fromisoformat("2023-12-31T12:30:15"),
]
VALUES: dict[str, SearchStrategy[Any]] = {
    "n": st.integers(-2, 3),
    "x": st.sampled_from([-1.5, 0.0, 0.25, 2.0]),
    "s": st.sampled_from(WORDS),
    "d": st.sampled_from(DAYS),
    "ts": st.sampled_from(MOMENTS),
    "b": st.booleans(),
}


@dataclass(frozen=True)
class World:
    """A database: its catalog and its rows."""

    view: View
    data: dict[str, list[dict[str, Any]]]


@st.composite
def worlds(draw: DrawFn) -> World:
    """Two to four tables that refer to earlier ones, with duplicates, nulls and dangling keys."""
    tables: list[Table] = []
    relations: list[Relationship] = []
    data: dict[str, list[dict[str, Any]]] = {}
    for number in range(draw(st.integers(2, 4))):
        name = f"t{number}"
        referred = [t for t in tables if t.primary_key == ("id",)]
        targets = draw(st.lists(st.sampled_from(referred), max_size=2)) if referred else []
        single = [draw(st.booleans()) and draw(st.booleans()) for _ in targets]
        key = draw(st.sampled_from([("id",), ("id",), ("id",), ("id", "k")]))
        rows = draw(st.lists(_row(), max_size=5))
        for place, row in enumerate(rows):
            row["id"] = place + 1 if key == ("id",) else place // 2 + 1
            row["k"] = place % 2
        columns = ["id", "k", *TYPES]
        for place, (target, one) in enumerate(zip(targets, single, strict=True)):
            column = f"r{place}"
            columns.append(column)
            ids = [r["id"] for r in data[target.id]]
            _refer(draw, rows, column, ids, one=one)
            relations.append(
                Relationship(
                    f"{name}_{column}", name, (column,), target.id, ("id",), one_to_one=one
                )
            )
        data[name] = rows
        made = tuple(Column(name, c, TYPES.get(c, "integer")) for c in columns)  # type: ignore[arg-type]
        tables.append(Table(name, "main", name, made, key))
    catalog = Catalog("1", "duckdb", "main", tuple(tables), tuple(relations))
    return World(View(catalog), data)


def _row() -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({c: st.one_of(st.none(), s, s, s) for c, s in VALUES.items()})


def _refer(
    draw: DrawFn, rows: list[dict[str, Any]], column: str, ids: list[int], *, one: bool
) -> None:
    choices = [*ids, None, 99]
    for row in rows:
        row[column] = draw(st.sampled_from(choices))
        if one and row[column] is not None:
            choices.remove(row[column])


# ---- sources -----------------------------------------------------------------------------------


class Planner:
    """Draws the parts of one plan over one world."""

    least = 0  # joins of a source

    def __init__(self, draw: DrawFn, world: World) -> None:
        self.draw, self.world, self.view = draw, world, world.view
        self.names = 0

    def pick(self, options: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == 1)

    def alias(self) -> str:
        self.names += 1
        return f"a{self.names}"

    def source(self, most: int = 3) -> tuple[P.Source, dict[str, str]]:
        """A join tree and the table of each alias."""
        table = self.pick(self.roots()).id
        root = self.alias()
        aliases = {root: table}
        joins: list[P.Join] = []
        for _ in range(self.draw(st.integers(self.least, most))):
            parent = self.pick(aliases)
            edges = self._edges(aliases[parent])
            if not edges:
                break
            relation, reverse, other = self.pick(edges)
            alias = self.alias()
            also = None
            if self.chance(6):
                also = self.test({alias: other, parent: aliases[parent]})
            joins.append(P.Join(alias, other, parent, relation, reverse, self.chance(2), also))
            aliases[alias] = other
        return P.Source(table, root, tuple(joins)), aliases

    def roots(self) -> Sequence[Table]:
        """The tables that a source may begin with."""
        return self.view.tables

    def _edges(self, table: str) -> list[tuple[str, bool, str]]:
        found = []
        for relation in self.view.relationships:
            if relation.table == table:
                found.append((relation.id, False, relation.to_table))
            if relation.to_table == table:
                found.append((relation.id, True, relation.table))
        return found

    # ---- expressions ---------------------------------------------------------------------------

    def column(self, aliases: dict[str, str], *kinds: str) -> P.Expr:
        return P.Column(self.pick(aliases), self.pick(kinds or ("id", *TYPES)))

    def number(self, aliases: dict[str, str]) -> P.Expr:
        shape = self.draw(st.integers(0, 8))
        if shape <= 3:
            return self.column(aliases, "id", "n", "x")
        if shape == 4:
            op = self.pick("+-*/")
            alias = {a: aliases[a] for a in [self.pick(aliases)]}
            return P.Arithmetic(op, self.number(alias), self.number(alias))
        if shape == 5:
            return P.DatePart(
                self.pick(["year", "quarter", "month", "week", "day", "weekday", "day_of_year"]),
                self.column(aliases, "d", "ts"),
            )
        if shape == 6:
            unit = self.pick(["day", "week", "month", "quarter", "year", "second", "hour"])
            one = self.column(aliases, "d", "ts")
            return P.DateDiff(unit, one, P.Value(self.pick([*DAYS, *MOMENTS])))
        if shape == 7:
            return P.Case(
                (P.When(self.test(aliases), self.column(aliases, "n")),),
                P.Value(self.pick([None, 0, 7])),
            )
        return self.pick(
            [
                P.Call("length", (self.column(aliases, "s"),)),
                P.Call("abs", (self.column(aliases, "n"),)),
                P.Call("coalesce", (self.column(aliases, "n"), P.Value(-5))),
                P.Call("nullif", (self.column(aliases, "n"), P.Value(1))),
            ]
        )

    def expr(self, aliases: dict[str, str]) -> P.Expr:
        shape = self.draw(st.integers(0, 5))
        if shape <= 1:
            return self.column(aliases)
        if shape == 2:
            grain = self.pick(["day", "week", "month", "quarter", "year", "hour"])
            return P.DateTrunc(grain, self.column(aliases, "d", "ts"))
        if shape == 3:
            unit = self.pick(["day", "week", "month", "quarter", "year"])
            return P.DateAdd(unit, self.pick([-13, -1, 1, 2]), self.column(aliases, "d", "ts"))
        if shape == 4:
            text = self.column(aliases, "s")
            return self.pick(
                [
                    P.Call("upper", (text,)),
                    P.Call("concat", (text, P.Value("-"), text)),
                    P.Call("trim", (text,)),
                ]
            )
        return self.number(aliases)

    # ---- predicates ----------------------------------------------------------------------------

    def test(self, aliases: dict[str, str]) -> P.Predicate:
        """A plain predicate on columns."""
        shape = self.draw(st.integers(0, 6))
        if shape == 0:
            return P.IsNull(self.column(aliases))
        if shape == 1:
            kind = self.pick(["n", "s", "d"])
            values = self.draw(st.lists(st.one_of(st.none(), VALUES[kind]), max_size=3))
            return P.OneOf(self.column(aliases, kind), tuple(P.Value(v) for v in values))
        if shape == 2:
            kind = self.pick(["n", "d", "ts"])
            low, high = (P.Value(self.draw(VALUES[kind])) for _ in "ab")
            return P.Between(self.column(aliases, kind), low, high, self.chance(2))
        if shape == 3:
            match = self.pick(["equals", "contains", "starts", "ends"])
            of = self.column(aliases, "s")
            return P.TextMatch(of, match, self.pick(WORDS), self.chance(2))
        if shape == 4:
            return P.Truth(self.column(aliases, "b"))
        kind = self.pick(["n", "x", "s", "d", "ts"])
        right: P.Expr = P.Value(self.draw(VALUES[kind]))
        ops = ["=", "!="] if kind == "s" else ["=", "!=", "<", "<=", ">", ">="]
        if shape == 5:
            right = self.column(aliases, kind)
        return P.Compare(self.pick(ops), self.column(aliases, kind), right)

    def predicate(self, aliases: dict[str, str], depth: int = 2, nested: int = 2) -> P.Predicate:
        shape = self.draw(st.integers(0, 9))
        if shape <= 3 or depth == 0:
            return self.test(aliases)
        if shape <= 5:
            kind = self.pick([P.And, P.Or])
            return kind(
                tuple(
                    self.predicate(aliases, depth - 1, nested)
                    for _ in range(self.draw(st.integers(1, 3)))
                )
            )
        if shape == 6 or nested == 0:
            return P.Not(self.predicate(aliases, depth - 1, nested))
        made = self.related(aliases, nested - 1)
        return P.Not(made) if self.chance(3) else made

    def related(self, aliases: dict[str, str], nested: int) -> P.Predicate:
        shape = self.draw(st.integers(0, 2))
        if shape == 0:
            return self.exists(aliases, nested)
        source, inner = self.source(1)
        steps: list[P.Step] = []
        if self.chance(2):
            scope = {**inner, **aliases} if self.chance(3) else inner
            steps.append(P.Filter(self.predicate(scope, 1, nested)))
        if shape == 1:
            steps.append(P.Project((P.Named("v", self.column(inner, "n", "id")),)))
            query = P.Query(source, tuple(steps))
            return P.InQuery(self.column(aliases, "n", "id"), query)
        arg = self.column(inner, "n")
        measure = P.Aggregate(self.pick(["avg", "max", "sum"]), arg)
        steps.append(P.Group((), (P.Named("v", measure),)))
        query = P.Query(source, tuple(steps))
        return P.Compare(self.pick(["<", ">="]), self.column(aliases, "n", "x"), P.Scalar(query))

    def exists(self, aliases: dict[str, str], nested: int) -> P.Predicate:
        alias = self.pick(aliases)
        edges = self._edges(aliases[alias])
        if not edges:
            return self.test(aliases)
        relation, reverse, other = self.pick(edges)
        inner = self.alias()
        steps: list[P.Step] = []
        if self.chance(2):
            scope = {inner: other, **(aliases if self.chance(3) else {})}
            steps.append(P.Filter(self.predicate(scope, 1, nested)))
        if self.chance(3):
            count = P.Named("count", P.Aggregate("count", None, inner))
            at_least = P.Compare(">=", P.Field("count"), P.Value(2))
            steps += [P.Group((), (count,)), P.Filter(at_least)]
        return P.Exists(alias, relation, reverse, P.Query(P.Source(other, inner), tuple(steps)))

    # ---- whole plans ---------------------------------------------------------------------------

    def filters(self, aliases: dict[str, str]) -> list[P.Step]:
        return [P.Filter(self.predicate(aliases)) for _ in range(self.draw(st.integers(0, 2)))]

    def listing(self) -> tuple[P.Query, bool]:
        """Rows as they are; whether their order is told by the plan."""
        source, aliases = self.source()
        steps = self.filters(aliases)
        outputs = [
            P.Named(f"c{n}", self.expr(aliases)) for n in range(self.draw(st.integers(1, 4)))
        ]
        if self.chance(4):
            steps.append(P.Window((P.Named("w", self.over_rows(aliases)),)))
            outputs.append(P.Named("w", P.Field("w")))
        by = tuple(P.Sort(o.expr, self.chance(2)) for o in outputs)
        ordered = self.chance(2)
        if ordered:
            steps.append(P.Order(by))
        elif self.chance(2):
            keys = (self.column(aliases),) if self.chance(2) else ()
            steps.append(P.TopPerGroup(keys, by, self.pick([1, 2]), self.chance(2)))
        if ordered and self.chance(2):
            steps.append(P.Limit(self.pick([0, 1, 3]), self.pick([0, 0, 1])))
        distinct = self.chance(3)
        steps.append(P.Project(tuple(outputs), distinct))
        if self.chance(4):
            steps.append(P.Filter(P.Not(P.IsNull(P.Field("c0")))))
        if not ordered and self.chance(2):
            fields = tuple(P.Sort(P.Field(o.name), self.chance(2)) for o in outputs)
            limit = P.Limit(self.pick([1, 2, 4]), self.pick([0, 0, 1]), self.chance(2))
            steps += [P.Order(fields), limit]
            ordered = True
        return P.Query(source, tuple(steps)), ordered

    def over_rows(self, aliases: dict[str, str]) -> P.Expr:
        """A window function over joined rows, told apart by all their keys."""
        function = self.pick(["row_number", "lag", "sum", "avg", "count", "max"])
        order = tuple(
            P.Sort(P.Column(a, k))
            for a, t in aliases.items()
            for k in self.view.table(t).primary_key
        )
        partition = (self.column(aliases, "n", "s"),) if self.chance(2) else ()
        arg = None if function == "row_number" else self.column(aliases, "n")
        whole = function in ("sum", "avg", "count", "max") and self.chance(2)
        return P.WindowCall(
            function,
            arg,
            partition,
            () if whole else order,
            frame=None if whole else self.pick([None, 1]),
        )

    def measure(self, aliases: dict[str, str]) -> P.Expr:
        where = self.test(aliases) if self.chance(3) else None
        if self.chance(3):
            of = self.pick(["", *aliases])
            return P.Aggregate("count", None, of, where=where)
        function = self.pick(
            ["count", "sum", "sum", "avg", "min", "max", "median", "stddev", "percentile"]
        )
        distinct = function in ("count", "sum") and self.chance(3)
        percent = 25.0 if function == "percentile" else None
        return P.Aggregate(function, self.number(aliases), "", distinct, where, percent)

    def measures(self, aliases: dict[str, str]) -> tuple[P.Named, ...]:
        made = []
        for number in range(self.draw(st.integers(0, 3))):
            expr = self.measure(aliases)
            if self.chance(5):
                expr = P.Arithmetic(self.pick("+/"), expr, self.measure(aliases))
            made.append(P.Named(f"m{number}", expr))
        return tuple(made)

    def key(self, aliases: dict[str, str]) -> P.Expr:
        if self.chance(3):
            return P.DateTrunc(self.pick(["month", "quarter"]), self.column(aliases, "d", "ts"))
        return self.column(aliases, "n", "s", "d", "id", "b")

    def grouping(self, most: int = 3) -> P.Query:
        source, aliases = self.source(most)
        steps = self.filters(aliases)
        if self.chance(6):  # rows chosen before they are grouped
            by = tuple(
                P.Sort(P.Column(a, c))
                for a, t in aliases.items()
                for c in self.view.table(t).primary_key
            )
            steps.append(P.TopPerGroup((), by, 2, ties=True))
        keys = tuple(
            P.Named(f"k{n}", self.key(aliases)) for n in range(self.draw(st.integers(0, 2)))
        )
        measures = self.measures(aliases)
        if not keys and not measures:
            measures = (P.Named("m0", P.Aggregate("count")),)
        times = [k for k in keys if isinstance(k.expr, P.DateTrunc)]
        fill = len(times) == 1 and self.chance(2)
        steps.append(P.Group(keys, measures, fill))
        return P.Query(source, tuple(steps))

    def grouped(self) -> tuple[P.Query, bool]:
        """Groups, with what may follow them."""
        query = self.grouping()
        group = query.steps[-1]
        assert isinstance(group, P.Group)
        names = [n.name for n in (*group.keys, *group.measures)]
        steps: list[P.Step] = []
        if self.chance(3):
            steps.append(P.Filter(P.Not(P.IsNull(P.Field(self.pick(names))))))
        if self.chance(3):
            steps.append(P.Window((P.Named("w", self.over(names)),)))
            names.append("w")
            if self.chance(3):
                steps.append(P.Filter(P.Not(P.IsNull(P.Field("w")))))
        if self.chance(4):
            by = tuple(P.Sort(P.Field(n), self.chance(2)) for n in names)
            keys = (P.Field(names[0]),) if self.chance(2) else ()
            steps.append(P.TopPerGroup(keys, by, 1, self.chance(2)))
        ordered = self.chance(2)
        if ordered:
            steps.append(P.Order(tuple(P.Sort(P.Field(n), self.chance(2)) for n in names)))
            if self.chance(2):
                steps.append(P.Limit(self.pick([1, 2, 5]), self.pick([0, 1])))
        if self.chance(3):
            shown = tuple(P.Named(f"p_{n}", P.Field(n)) for n in names)
            steps.append(P.Project(shown, not ordered and self.chance(2)))
        return P.Query(query.source, (*query.steps, *steps)), ordered

    def over(self, names: list[str]) -> P.Expr:
        """A window function over outputs, in an order that leaves nothing open."""
        function = self.pick(["rank", "dense_rank", "row_number", "lag", "lead", "count"])
        order = tuple(P.Sort(P.Field(n), self.chance(2)) for n in names)
        partition = (P.Field(names[0]),) if self.chance(3) else ()
        if function == "count":
            frame = self.pick([None, 1])
            return P.WindowCall(function, P.Field(names[-1]), partition, order, frame=frame)
        arg = P.Field(names[-1]) if function in ("lag", "lead") else None
        return P.WindowCall(function, arg, partition, order, self.pick([1, 2]))

    def regrouped(self) -> tuple[P.Query, bool]:
        """An aggregate of aggregates, or a set operation of groups' keys."""
        inner = self.grouping(2)
        group = inner.steps[-1]
        assert isinstance(group, P.Group)
        name = (*group.measures, *group.keys)[0].name
        measures = (
            P.Named("n", P.Aggregate("count", P.Field(name))),
            P.Named("r", P.Aggregate("count")),
        )
        steps = (P.Group((), measures),)
        return P.Query(inner, steps), False

    def chained(self) -> tuple[P.Query, bool]:
        """Steps upon steps over outputs; limits come after an order that leaves nothing open."""
        source, aliases = self.source(2)
        names = [f"c{n}" for n in range(self.draw(st.integers(1, 3)))]
        outputs = tuple(P.Named(n, self.expr(aliases)) for n in names)
        steps = [*self.filters(aliases), P.Project(outputs, self.chance(4))]
        ordered = hidden = False  # whether rows have an order, and one by what is shown no more
        for _ in range(self.draw(st.integers(1, 5))):
            by = tuple(P.Sort(P.Field(n), self.chance(2)) for n in names)
            shape = self.pick(["filter", "order", "limit", "window", "top", "project"])
            if shape == "filter":
                steps.append(P.Filter(P.Not(P.IsNull(P.Field(self.pick(names))))))
            elif shape in ("order", "limit"):
                ordered, hidden = True, False
                steps.append(P.Order(by))
                if shape == "limit":
                    limit = P.Limit(self.pick([0, 1, 2, 4]), self.pick([0, 0, 1]), self.chance(2))
                    steps.append(limit)
            elif shape == "window":
                added = self.alias()
                steps.append(P.Window((P.Named(added, self.over(names)),)))
                names, ordered = [*names, added], False
            elif shape == "top":
                keys = (P.Field(self.pick(names)),) if self.chance(2) else ()
                steps.append(P.TopPerGroup(keys, by, self.pick([1, 2]), self.chance(2)))
                ordered = ordered and not hidden
            else:
                kept = self.draw(st.permutations(names))[: len(names) - self.chance(2) or 1]
                distinct = self.chance(3)
                hidden = hidden or len(kept) < len(names)
                ordered = ordered and not (distinct and hidden)
                shown = tuple(P.Named(self.alias(), P.Field(n)) for n in kept)
                steps.append(P.Project(shown, distinct))
                names = [n.name for n in shown]
        return P.Query(source, tuple(steps)), ordered

    def combined(self) -> tuple[P.Query, bool]:
        sides = []
        for _ in "ab":
            source, aliases = self.source(1)
            steps = [
                *self.filters(aliases),
                P.Project(
                    (
                        P.Named("u", self.column(aliases, "n")),
                        P.Named("v", self.column(aliases, "s")),
                    )
                ),
            ]
            sides.append(P.Query(source, tuple(steps)))
        op = self.pick(["union", "union_all", "intersect", "except"])
        steps_: tuple[P.Step, ...] = ()
        ordered = self.chance(2)
        if self.chance(3):
            steps_ = (
                P.Group((P.Named("u", P.Field("u")),), (P.Named("n", P.Aggregate("count")),)),
            )
            ordered = False
        elif ordered:
            steps_ = (P.Order((P.Sort(P.Field("u")), P.Sort(P.Field("v"), True))), P.Limit(3))
        return P.Query(P.SetOp(op, *sides), steps_), ordered


@st.composite
def cases(draw: DrawFn) -> tuple[World, P.Query, bool]:
    """A database, a plan over it, and whether the plan tells the order of its rows in full."""
    world = draw(worlds())
    planner = Planner(draw, world)
    shapes = [
        planner.grouped,
        planner.grouped,
        planner.listing,
        planner.regrouped,
        planner.combined,
        planner.chained,
    ]
    query, ordered = draw(st.sampled_from(shapes))()
    return world, query, ordered
