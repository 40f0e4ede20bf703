"""Reading formulas: a parsed definition becomes a part of a plan, its columns mentions."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from sqlglot import exp

from datamind.language.candidates import Candidate
from datamind.language.index import Index
from datamind.language.sketch import Mention
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, Column

FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_COMPARE: dict[type[exp.Expr], P.Comparison] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
}  # fmt: skip
_CALLED = {"DIVIDE": "/", "MULTIPLY": "*", "SUBTRACT": "-", "ADD": "+", "MULTIPLE": "*"}
_AGGREGATES: dict[type[exp.Expr], P.Function] = {
    exp.Sum: "sum", exp.Avg: "avg", exp.Max: "max", exp.Min: "min", exp.Count: "count",
    exp.Median: "median",
}  # fmt: skip
_PARTS: dict[type[exp.Expr], P.Part] = {
    exp.Year: "year", exp.Month: "month", exp.Day: "day", exp.DayOfMonth: "day",
}  # fmt: skip
_FORMATS: dict[str, P.Part] = {"%Y": "year", "%m": "month", "%d": "day", "%H": "hour"}


class NoFormula(Exception):
    """The text is no formula over this data."""


@dataclass
class Names:
    """The columns and tables of a view by what is left of their names without case and marks."""

    index: Index
    columns: dict[str, list[Column]] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for table in self.index.view.tables:
            self.tables[plain(table.name)] = table.id
            for column in table.columns:
                self.columns.setdefault(plain(column.name), []).append(column)
                if not re.fullmatch(r"\w+", column.name):
                    self.odd.append(column.name)
        self.odd.sort(key=len, reverse=True)


def plain(name: str) -> str:
    """A name without case, spaces and marks."""
    return re.sub(r"[\W_]+", "", name.lower()) or name.lower()


def is_predicate(tree: exp.Expr) -> bool:
    """Whether it is a condition."""
    tree = tree.unnest()
    kinds = (*_COMPARE, exp.And, exp.Or, exp.Not, exp.Between, exp.In, exp.Like, exp.ILike, exp.Is)
    return isinstance(tree, kinds)


class Reader:
    """Turns a tree into a part of a plan; columns become mentions."""

    def __init__(self, names: Names, today: dt.date) -> None:
        self.names = names
        self.today = today
        self.mentions: list[Mention] = []
        self._of: dict[str, str] = {}
        self._columns: dict[str, Column] = {}

    # ---- columns ------------------------------------------------------------------------------

    def _column(self, node: exp.Expr) -> P.Field:
        found = self._columns_of(node)
        if not found:
            raise NoFormula(node.sql())
        key = ",".join(c.id for c in found)
        if key not in self._of:
            place = f"?{len(self.mentions)}"
            candidates = tuple(
                Candidate(
                    "column",
                    c.id,
                    c.table,
                    1.0,
                    "evidence",
                    type=c.type,
                    holder=self.names.index.holders.get(c.table, ""),
                )
                for c in found
            )
            self.mentions.append(Mention(0, 0, candidates))
            self._of[key] = place
            self._columns[place] = found[0]
        return P.Field(self._of[key])

    def _columns_of(self, node: exp.Expr) -> list[Column]:
        if not isinstance(node, exp.Column):
            return []
        found = self.names.columns.get(plain(node.name), [])
        table = self.names.tables.get(plain(node.table)) if node.table else None
        return [c for c in found if c.table == table] if table else found

    def _kind(self, value: P.Expr) -> Column | None:
        return self._columns.get(value.name) if isinstance(value, P.Field) else None

    # ---- values -------------------------------------------------------------------------------

    def value(self, node: exp.Expr) -> P.Expr:
        """An expression; NoFormula for what is not taken over."""
        node = node.unnest()
        if isinstance(node, exp.Alias):
            if not node.args["alias"].quoted and " AS " not in node.sql().upper():
                raise NoFormula(node.sql())
            return self.value(node.this)
        if isinstance(node, exp.Literal):
            return P.Value(node.this if node.is_string else _number(node.this))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return P.Value(-cast(Any, _number(node.this.this)))
        if isinstance(node, exp.Column):
            return self._column(node)
        if type(node) in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[type(node)], node.this, node.expression)
        if type(node) in _AGGREGATES:
            return self._aggregate(node)
        return self._function(node)

    def _arithmetic(self, op: str, first: exp.Expr, second: exp.Expr) -> P.Expr:
        """Two values combined; the difference of two dates is their distance in days."""
        left, right = self.value(first), self.value(second)
        columns = self._kind(left), self._kind(right)
        if op == "-" and all(c is not None and c.is_date for c in columns):
            return P.DateDiff("day", right, left)
        return P.Arithmetic(cast(Any, op), left, right)

    def _function(self, node: exp.Expr) -> P.Expr:
        if isinstance(node, exp.Anonymous) and node.name.upper() in _CALLED:
            if len(node.expressions) != 2:
                raise NoFormula(node.sql())
            return self._arithmetic(_CALLED[node.name.upper()], *node.expressions)
        if type(node) in _PARTS:
            return self._part(_PARTS[type(node)], node.this)
        if isinstance(node, exp.TimeToStr):
            texts = [n for n in (node.this, node.args["format"]) if isinstance(n, exp.Literal)]
            dates = list(node.find_all(exp.Column))
            if len(texts) == 1 and len(dates) == 1 and texts[0].this in _FORMATS:
                return P.DatePart(_FORMATS[texts[0].this], self._dated(dates[0]))
        if isinstance(node, exp.Substring) and node.args.get("start") and _year_cut(node):
            return P.DatePart("year", self._dated(node.this))
        if isinstance(node, exp.CurrentTimestamp | exp.CurrentDate):
            return P.Value(self.today)
        if isinstance(node, exp.Length):
            return P.Call("length", (self.value(node.this),))
        if isinstance(node, exp.Abs):
            return P.Call("abs", (self.value(node.this),))
        if isinstance(node, exp.Round):
            return self.value(node.this)
        if isinstance(node, exp.Cast):
            return self._number_of(self.value(node.this))
        raise NoFormula(node.sql())

    def _part(self, part: P.Part, of: exp.Expr) -> P.Expr:
        of = of.find(exp.Column) or of.unnest()
        if isinstance(of, exp.CurrentTimestamp | exp.CurrentDate):
            return P.Value(getattr(self.today, part))
        return P.DatePart(part, self._dated(of))

    def _dated(self, node: exp.Expr) -> P.Expr:
        found = self._column(node)
        column = self._kind(found)
        assert column is not None
        if not column.epoch and column.type not in ("date", "timestamp", "text"):
            raise NoFormula(node.sql())
        return found

    def _number_of(self, value: P.Expr) -> P.Expr:
        column = self._kind(value)
        text = column is not None and column.type == "text"
        return P.Call("number", (value,)) if text else value

    # ---- aggregates ---------------------------------------------------------------------------

    def _aggregate(self, node: exp.Expr) -> P.Expr:
        function = _AGGREGATES[type(node)]
        inner = node.this
        distinct = isinstance(inner, exp.Distinct)
        if isinstance(inner, exp.Distinct):
            inner = inner.expressions[0]
        inner = inner.unnest()
        if isinstance(inner, exp.Star):
            return P.Aggregate("count")
        if is_predicate(inner):
            where = self.predicate(inner)
            if function not in ("sum", "count"):
                raise NoFormula(node.sql())
            return P.Aggregate("count", of=self._of_last(), where=where)
        if isinstance(inner, exp.Case | exp.If):
            return self._conditional(function, inner, distinct)
        arg = self.value(inner)
        if function == "count":
            return self._count(arg, distinct)
        if function in ("sum", "avg"):
            arg = self._number_of(arg)
        return P.Aggregate(function, arg, distinct=distinct)

    def _count(self, arg: P.Expr, distinct: bool, where: P.Predicate | None = None) -> P.Expr:
        """Keys are counted by their rows; of other columns, the filled ones."""
        column = self._kind(arg)
        if column is not None:
            table = self.names.index.view.table(column.table)
            if table.primary_key == (column.name,):
                assert isinstance(arg, P.Field)
                return P.Aggregate("count", of=arg.name, where=where)
        return P.Aggregate("count", arg, distinct=distinct, where=where)

    def _conditional(self, function: P.Function, node: exp.Expr, distinct: bool) -> P.Expr:
        """`SUM(CASE WHEN p THEN x ELSE 0 END)`: x added up where p holds; a count where x is 1."""
        arms = node.args["ifs"] if isinstance(node, exp.Case) else [node]
        other = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        empty = other is None or other.sql() in ("0", "NULL", "0.0")
        if len(arms) != 1 or not empty or (isinstance(node, exp.Case) and node.this is not None):
            raise NoFormula(node.sql())
        where = self.predicate(arms[0].this)
        then = arms[0].args["true"].unnest()
        if isinstance(then, exp.Literal) and then.this in ("1", "1.0"):
            if function == "avg":
                whole = P.Aggregate("count", of=self._of_last())
                return P.Arithmetic(
                    "/", P.Aggregate("count", of=self._of_last(), where=where), whole
                )
            return P.Aggregate("count", of=self._of_last(), where=where)
        arg = self.value(then)
        if function == "count":
            return self._count(arg, distinct, where)
        return P.Aggregate(function, self._number_of(arg), distinct=distinct, where=where)

    def _of_last(self) -> str:
        """The entity whose rows are counted: that of the column named last."""
        return f"?{len(self.mentions) - 1}" if self.mentions else ""

    # ---- predicates ---------------------------------------------------------------------------

    def predicate(self, node: exp.Expr) -> P.Predicate:
        """A condition; NoFormula for what is not taken over."""
        node = node.unnest()
        if isinstance(node, exp.And | exp.Or):
            pair = (self.predicate(node.this), self._alternative(node))
            return P.And(pair) if isinstance(node, exp.And) else P.Or(pair)
        if isinstance(node, exp.Not):
            return P.Not(self.predicate(node.this))
        if isinstance(node, exp.Is):
            if not isinstance(node.expression, exp.Null):
                raise NoFormula(node.sql())
            return P.IsNull(self._column(node.this))
        if isinstance(node, exp.Between):
            of = self.value(node.this)
            low, high = (self._fitting(of, node.args[a]) for a in ("low", "high"))
            return P.Between(self._comparable(of, low), low, high)
        if isinstance(node, exp.In):
            of = self.value(node.this)
            return P.OneOf(of, tuple(self._literal(of, n) for n in node.expressions))
        if isinstance(node, exp.Like | exp.ILike):
            return P.TextMatch(self._text(node.this), "pattern", node.expression.name)
        if type(node) in _COMPARE:
            return self._compare(node)
        raise NoFormula(node.sql())

    def _alternative(self, node: exp.Expr) -> P.Predicate:
        """The right side; `x = 'a' or 'b'` leaves the column out."""
        right, left = node.expression.unnest(), node.this.unnest()
        if isinstance(right, exp.Literal) and type(left) in _COMPARE:
            right = type(left)(this=left.this, expression=right)
        return self.predicate(right)

    def _text(self, node: exp.Expr) -> P.Expr:
        found = self._column(node)
        column = self._kind(found)
        plain_text = column is not None and column.type == "text" and not column.dated
        return found if plain_text else P.Call("text", (found,))

    def _compare(self, node: exp.Expr) -> P.Predicate:
        op = _COMPARE[type(node)]
        left, right = node.this.unnest(), node.expression.unnest()
        if isinstance(left, exp.Literal) and not isinstance(right, exp.Literal):
            left, right, op = right, left, cast(P.Comparison, FLIPPED[op])
        of = self.value(left)
        column = self._kind(of)
        against = self._fitting(of, right)
        if column is not None and column.type == "boolean" and isinstance(against, P.Value):
            truth: P.Predicate = P.Truth(of)
            return truth if bool(against.value) == (op == "=") else P.Not(truth)
        return P.Compare(op, self._comparable(of, against), against)

    def _comparable(self, of: P.Expr, against: P.Expr) -> P.Expr:
        """Text that is compared with a number is read as one."""
        column = self._kind(of)
        if column is not None and column.dated:
            return of
        numeric = isinstance(against, P.Value) and isinstance(against.value, int | float | Decimal)
        text = column is not None and column.type == "text"
        return P.Call("number", (of,)) if text and numeric else of

    def _fitting(self, of: P.Expr, node: exp.Expr) -> P.Expr:
        node = node.unnest()
        scalar = isinstance(node, exp.Literal | exp.Boolean | exp.Neg)
        if scalar or (isinstance(node, exp.Column) and not self._columns_of(node)):
            return self._literal(of, node)
        return self.value(node)

    def _literal(self, of: P.Expr, node: exp.Expr) -> P.Value:
        """A literal in the type of what it is compared with, as the data spells it."""
        text = node.name if isinstance(node, exp.Literal | exp.Column) else node.sql()
        column = self._kind(of)
        if column is None:
            return P.Value(_number(text))
        if column.type == "boolean":
            return P.Value(text.lower() in ("1", "true", "yes", "t", "y"))
        if column.type in NUMERIC:
            return P.Value(_number(text))
        if column.type in ("date", "timestamp") or column.dated:
            return P.Value(_date(text))
        if column.type == "text":
            number = isinstance(node, exp.Literal) and not node.is_string
            stored = self.stored(column, text)
            return P.Value(_number(text) if number and stored != text else stored)
        raise NoFormula(node.sql())

    def stored(self, column: Column, text: str) -> str:
        """The value as the column spells it, if it has one like it."""
        values = [v for v, _ in self.names.index.view.values(column.id)]
        if text in values:
            return text
        return next((v for v in values if v.strip().lower() == text.strip().lower()), text)


def _year_cut(node: exp.Substring) -> bool:
    start, length = node.args["start"].sql(), node.args.get("length")
    return start in ("1", "0") and length is not None and length.sql() == "4"


def _number(text: str) -> int | Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise NoFormula(text) from None
    return int(value) if value == int(value) and "." not in text else value


def _date(text: str) -> dt.date:
    found = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T].*)?", text)
    try:
        if found:
            return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise NoFormula(text)
