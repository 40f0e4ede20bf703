"""Whether an expression gives a value whatever the rows hold, or could raise an error."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from datamind.governance.conditions import conditions, makes_rows, parts
from datamind.governance.scope import NOTHING, Output
from datamind.governance.tables.totality import (
    FAMILIES,
    GIVES,
    INTEGER_DIGITS,
    ISO_DATE,
    ISO_TIME,
    MEET,
    MOST_DIGITS,
    NUMBER,
    PARTS,
    TIMES,
)
from datamind.records import Dialect

COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
NUMBERS = frozenset({"integer", "decimal", "float"})
AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.CountIf)


@dataclass(frozen=True, slots=True)
class Kind:
    """What an expression gives: a family of types, the digits of a decimal, a literal's text.

    `above` is set for what stands on an aggregate or window, which no engine moves below it.
    """

    family: str
    digits: tuple[int, int] = (0, 0)
    literal: str | None = None
    above: bool = False


TRUTH = Kind("boolean")
NULL = Kind("null")
ABOVE = Kind("", above=True)


class Unknown(Exception):
    """The expression is not known to be total."""


def means(column: exp.Column) -> Output:
    """What the resolver found that a column means."""
    found = column.meta.get("means")
    return found if isinstance(found, Output) else Output(column.name)


class Reader:
    """Tells what expressions give, in one dialect; Unknown where they may raise an error."""

    def __init__(self, dialect: Dialect, computed: frozenset[str] = NOTHING) -> None:
        self.dialect = dialect
        self.computed = computed
        self.above = False
        self._inside: dict[int, bool] = {}

    def total(self, node: exp.Expr, *, truth: bool = True, above: bool = False) -> bool:
        """Whether an expression gives a value, or a truth, whatever the rows hold; `above` where
        it may stand on aggregates and windows of its own SELECT, whatever these do."""
        self.above = above
        try:
            kind = self.read(node)
        except (Unknown, RecursionError):
            return False
        finally:
            self.above = False
        return not truth or kind.above or kind.family in ("boolean", "null")

    def compares(self, left: Output, right: Output) -> bool:
        """Whether two columns can be compared, whatever they hold."""
        try:
            return self.may_meet(self.column(left), self.column(right))
        except Unknown:
            return False

    def read(self, node: exp.Expr) -> Kind:
        """What an expression gives."""
        if isinstance(node, (exp.Alias, exp.Paren, exp.Ordered)):
            return self.read(node.this)
        if isinstance(node, exp.Column):
            return self.column(means(node))
        if isinstance(node, exp.Literal):
            return Kind("'text'" if node.is_string else "'number'", literal=node.this)
        if isinstance(node, exp.Null):
            return NULL
        if isinstance(node, exp.Boolean):
            return TRUTH
        if isinstance(node, exp.Exists):
            self._within(node.this)
            return TRUTH
        if isinstance(node, (exp.AggFunc, exp.Window, exp.Filter, exp.WithinGroup)):
            return self._aggregate(node)
        if isinstance(node, exp.Subquery):
            return self._one_value(node)
        return self._computed(node)

    def column(self, output: Output) -> Kind:
        """What a column gives; Unknown where it is computed."""
        if not output.type or output.sources & self.computed:
            raise Unknown
        return kind_of(output.type, self.dialect)

    def _computed(self, node: exp.Expr) -> Kind:
        if isinstance(node, COMPARISONS):
            return self._compared(self.read(node.this), self.read(node.expression))
        if isinstance(node, (exp.And, exp.Or, exp.Xor, exp.Not)):
            return self._truths(*node.iter_expressions())
        if isinstance(node, exp.Is) and isinstance(node.expression, (exp.Null, exp.Boolean)):
            kind = self.read(node.this)
            return TRUTH if isinstance(node.expression, exp.Null) else self._compared(kind, TRUTH)
        if isinstance(node, exp.Between):
            kind = self.read(node.this)
            self._compared(kind, self.read(node.args["low"]))
            return self._compared(kind, self.read(node.args["high"]))
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, (exp.Like, exp.ILike)):
            pattern = node.expression
            if _is_text(pattern) and "\\" not in pattern.this:
                return self._compared(self.read(node.this), Kind("text"))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return self.read(node.this)
        if isinstance(node, exp.Cast) and _is_text(node.this):
            return self._constant(node.this.this, node.to)
        if isinstance(node, exp.CurrentDate) and self.dialect != "clickhouse":
            return Kind("date")
        if isinstance(node, exp.Extract) and node.name.upper() in PARTS:
            kind = self.read(node.expression)
            dated = kind.family == "date" and node.name.upper() not in TIMES
            if (dated or kind.family == "timestamp") and not kind.literal:
                return kind_of(GIVES[self.dialect]["part"], self.dialect)
        return self._choice(node)

    def _choice(self, node: exp.Expr) -> Kind:
        """CASE and COALESCE over values of one type; what stands on an aggregate; else Unknown."""
        if isinstance(node, exp.Case) and node.this is None:
            branches = [branch.args["true"] for branch in node.args["ifs"]]
            self._truths(*(branch.this for branch in node.args["ifs"]))
            return self._same(*branches, node.args.get("default"))
        if isinstance(node, exp.Coalesce):
            return self._same(node.this, *node.expressions)
        kinds = [self.read(child) for child in node.iter_expressions() if child.find(exp.Column)]
        if kinds and all(kind.above for kind in kinds):
            return ABOVE
        raise Unknown

    def _truths(self, *nodes: exp.Expr) -> Kind:
        kinds = [self.read(node) for node in nodes]
        if any(k.family not in ("boolean", "null") and not k.above for k in kinds):
            raise Unknown
        return ABOVE if any(k.above for k in kinds) else TRUTH

    def _same(self, *nodes: exp.Expr | None) -> Kind:
        """Values of one type, and literals that fit any of it: none, zero, and text for text."""
        kinds = [self.read(n) for n in nodes if n is not None]
        typed = {k for k in kinds if k.literal is None and k is not NULL}
        if len(typed) != 1 or any(k.above for k in typed):
            raise Unknown
        found = typed.pop()
        for kind in kinds:
            zero = kind.family == "'number'" and kind.literal == "0"
            text = kind.family == "'text'" and found.family == "text"
            if kind.literal is not None and not (text or (zero and found.family in NUMBERS)):
                raise Unknown
        return found

    def _in(self, node: exp.In) -> Kind:
        kind = self.read(node.this)
        query = node.args.get("query")
        others = [self._shown(query)] if query is not None else map(self.read, node.expressions)
        for other in others:
            self._compared(kind, other)
        if node.args.get("unnest") or node.args.get("field"):
            raise Unknown
        return TRUTH

    def _shown(self, query: exp.Expr) -> Kind:
        """What the one column of a query gives."""
        self._within(query)
        while isinstance(query, exp.Subquery):
            query = query.this
        if not isinstance(query, exp.Select) or len(query.expressions) != 1:
            raise Unknown
        return self._apart(query.expressions[0])

    def _one_value(self, node: exp.Subquery) -> Kind:
        """A query as a value: one that aggregates, for others may give two rows."""
        query = node.this
        grouped = isinstance(query, exp.Select) and query.args.get("group")
        shown = query.expressions[0].unalias() if isinstance(query, exp.Select) else None
        if not isinstance(shown, AGGREGATES) or grouped:
            raise Unknown
        return self._shown(node)

    def _within(self, query: exp.Expr) -> None:
        """Unknown unless all of a query is total, its aggregates' arguments too: in a condition it
        is run when the engine likes, for rows of whatever is around it."""
        known = self._inside.get(id(query))
        if known is None:
            known = self._inside[id(query)] = self._all_of(query)
        if not known:
            raise Unknown

    def _all_of(self, query: exp.Expr) -> bool:
        before, self.above = self.above, False
        try:
            for select in query.find_all(exp.Select):
                for node in (*select.expressions, *parts(select, "group", "order", "distinct")):
                    self.read(node)
            for part, _ in conditions(query):
                if isinstance(part, exp.Join):
                    if not all(self.compares(*pair) for pair in part.meta["compared"]):
                        return False
                else:
                    self._truths(part)
            return not any(map(makes_rows, query.walk()))
        except Unknown:
            return False
        finally:
            self.above = before

    def _apart(self, node: exp.Expr) -> Kind:
        """What it gives in a SELECT of its own."""
        before, self.above = self.above, False
        try:
            return self.read(node)
        finally:
            self.above = before

    def _aggregate(self, node: exp.Expr) -> Kind:
        """What follows the filters of its SELECT: whatever it is, where it may stand on that; else
        one of the usual ones, over what is total."""
        if self.above:
            return ABOVE
        if not isinstance(node, AGGREGATES) or isinstance(node, exp.CountIf):
            raise Unknown
        word = type(node).__name__.lower()
        argument = node.this
        if isinstance(argument, exp.Distinct):
            argument = argument.expressions[0] if len(argument.expressions) == 1 else argument
        if node.expressions:
            raise Unknown
        kind = NULL if isinstance(argument, exp.Star) or argument is None else self.read(argument)
        if word in ("min", "max"):
            return kind
        if word in ("avg", "sum") and kind.family == "float":
            return kind_of("float8" if self.dialect != "clickhouse" else "Float64", self.dialect)
        return kind_of(GIVES[self.dialect].get(word, ""), self.dialect)

    def _constant(self, text: str, to: exp.DataType) -> Kind:
        """A date or time that is written out."""
        family = kind_of(to.sql(self.dialect), self.dialect).family
        written = _is_date(text) if family == "date" else _is_date(text) or _is_time(text)
        if family not in ("date", "timestamp") or not written:
            raise Unknown
        return Kind(family, literal="")

    def _compared(self, a: Kind, b: Kind) -> Kind:
        if a.above or b.above:
            return ABOVE
        if not self.may_meet(a, b):
            raise Unknown
        return TRUTH

    def may_meet(self, a: Kind, b: Kind) -> bool:
        """Whether two values can be compared, whatever they are."""
        if NULL in (a, b):
            return True
        if a.literal is not None and b.literal is None:
            a, b = b, a
        if b.literal is not None:
            return self._meets_literal(a, b)
        if "decimal" in (a.family, b.family) and self.dialect != "postgres":
            return self._decimals(a, b)
        return a.family == b.family or any(
            {a.family, b.family} <= group for group in MEET[self.dialect]
        )

    def _decimals(self, a: Kind, b: Kind) -> bool:
        """Both become a decimal that holds either, if there is one so wide."""
        if self.dialect == "clickhouse" or "float" in (a.family, b.family):
            return a == b or (self.dialect == "duckdb" and "decimal" in (a.family, b.family))
        (aw, af), (bw, bf) = (
            (INTEGER_DIGITS, 0) if k.family == "integer" else k.digits for k in (a, b)
        )
        return {a.family, b.family} <= {"integer", "decimal"} and (
            max(aw - af, bw - bf) + max(af, bf) <= MOST_DIGITS
        )

    def _meets_literal(self, a: Kind, b: Kind) -> bool:
        assert b.literal is not None
        if a.literal is not None:
            return a.family == b.family
        if b.family == "'number'":
            number = re.fullmatch(NUMBER, b.literal)
            if number is None or a.family not in NUMBERS:
                return False
            whole, part = len(number[1]), len(number[3] or "")
            if a.family != "decimal" or self.dialect == "postgres":
                return True
            width, scale = a.digits
            if self.dialect == "clickhouse":
                return not part and whole <= width - scale
            return max(width - scale, whole) + max(scale, part) <= MOST_DIGITS
        if b.family == "'text'":
            if self.dialect == "postgres" or a.family == "text":
                return bool(a.family)  # PostgreSQL reads it as the type when it parses
            if a.family == "date":
                return _is_date(b.literal)
            strict = self.dialect == "clickhouse"
            return a.family == "timestamp" and (
                _is_time(b.literal) if strict else _is_date(b.literal) or _is_time(b.literal)
            )
        if a.family == b.family or self.dialect == "postgres":
            return {a.family, b.family} <= {"date", "timestamp", "timestamptz"}
        # A date written out becomes a time; a column of dates does not always.
        return self.dialect == "duckdb" and (a.family, b.family) == ("timestamp", "date")


@lru_cache(maxsize=4096)
def kind_of(native: str, dialect: Dialect) -> Kind:
    """The family of a database's own type, empty where it is in none."""
    written = native.strip().lower()
    if dialect == "clickhouse":
        while (inner := re.fullmatch(r"(?:nullable|lowcardinality)\((.*)\)", written)) is not None:
            written = inner[1]
    for family, pattern in FAMILIES[dialect].items():
        if re.fullmatch(pattern, written):
            sized = re.search(r"(\d+), ?(\d+)", written)
            if family != "decimal":
                return Kind(family)
            return Kind(family, (int(sized[1]), int(sized[2])) if sized else (18, 3))
    return Kind("")


def _is_text(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_date(text: str) -> bool:
    return _parses(ISO_DATE, text)


def _is_time(text: str) -> bool:
    return _parses(ISO_TIME, text)


def _parses(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None and bool(dt.datetime.fromisoformat(text))
    except ValueError:
        return False
