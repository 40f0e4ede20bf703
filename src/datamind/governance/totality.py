"""Whether an expression gives a value whatever the rows hold, or could raise an error."""

from __future__ import annotations

from sqlglot import exp

from datamind.governance.clauses import (
    COMPARED,
    STRUCTURE,
    are_counts,
    ctes_called,
    position,
    sorted_by,
)
from datamind.governance.conditions import conditions, makes_rows
from datamind.governance.kinds import (
    ABOVE,
    NULL,
    NUMBERS,
    TIMES,
    TRUTH,
    Kind,
    add_up,
    is_date,
    is_time,
    kind_of,
    meet,
)
from datamind.governance.scope import NOTHING, Output
from datamind.governance.tables.totality import (
    GIVES,
    LONGEST_PATTERN,
    MOST_WILDCARDS,
    OF_A_DAY,
    PARTS,
)
from datamind.records import Dialect

COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.CountIf)


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
            return meet((self.column(left), self.column(right)), self.dialect)
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
        if isinstance(node, exp.Exists) and isinstance(node.this, exp.Query):
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
            return self._compared(*map(self.read, (node.this, node.args["low"], node.args["high"])))
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, (exp.Like, exp.ILike)):
            pattern = node.expression
            if _is_text(pattern) and _is_short(pattern.this):
                return self._compared(self.read(node.this), Kind("text"))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return self.read(node.this)
        if isinstance(node, exp.Cast) and _is_text(node.this):
            return self._constant(node.this.this, node.to)
        # It may have a time zone, which need not be one.
        if isinstance(node, exp.CurrentDate) and not node.this and self.dialect != "clickhouse":
            return Kind("date")
        if isinstance(node, exp.Extract) and node.name.upper() in PARTS:
            kind = self.read(node.expression)
            dated = kind.family == "date" and node.name.upper() not in OF_A_DAY
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
        if len(typed) != 1 or any(k.above or not k.family for k in typed):
            raise Unknown
        found = typed.pop()
        for kind in kinds:
            zero = kind.family == "'number'" and kind.literal == "0"
            text = kind.family == "'text'" and found.family == "text"
            if kind.literal is not None and not (text or (zero and found.family in NUMBERS)):
                raise Unknown
        return found

    def _in(self, node: exp.In) -> Kind:
        if node.args.get("unnest") or node.args.get("field"):
            raise Unknown
        kind, query = self.read(node.this), node.args.get("query")
        if query is not None:
            self._compared(kind, self._shown(query))
            return TRUTH
        kinds = [kind, *map(self.read, node.expressions)]
        # A list is of one type: what is a date beside a time would be cast to one.
        if len({k.family for k in kinds} & TIMES) > 1:
            raise Unknown
        self._compared(*kinds)
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
        first = query.expressions[:1] if isinstance(query, exp.Select) else []
        shown = first[0].unalias() if first else None
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
        self._inside[id(query)] = False  # for a query that asks itself
        try:
            for node in query.walk():
                # Sets of rows become of one type and are compared, which is not looked at.
                if makes_rows(node) or isinstance(node, exp.SetOperation):
                    return False
                if isinstance(node, exp.Query):
                    self._clauses(node)
                elif isinstance(node, exp.Table):
                    for cte in ctes_called(node):
                        self._within(cte)
            for part, _ in conditions(query):
                if isinstance(part, exp.Join):
                    if not all(self.compares(*pair) for pair in part.meta["compared"]):
                        return False
                else:
                    self._truths(part)
            return True
        except Unknown:
            return False
        finally:
            self.above = before

    def sorts(self, tree: exp.Query) -> bool:
        """Whether what the outermost query sorts and groups by gives a value: PostgreSQL may sort
        a table before it joins it, also for the sake of an aggregate or window."""
        if not isinstance(tree, exp.Select):
            return self.whole(tree)
        shown = {e.alias_or_name: e for e in tree.expressions}
        self.above = True
        try:
            for node in sorted_by(tree):
                if isinstance(node, exp.Literal) and 0 < position(node) <= len(tree.expressions):
                    node = tree.expressions[position(node) - 1]
                elif isinstance(node, exp.Column) and not node.table:
                    node = shown.get(node.name, node)
                self._orders(node)
        except (Unknown, RecursionError):
            return False
        finally:
            self.above = False
        return True

    def whole(self, query: exp.Query) -> bool:
        """Whether all of a query gives a value but for its conditions and the queries in it."""
        try:
            self._clauses(query)
        except (Unknown, RecursionError):
            return False
        return True

    def _clauses(self, query: exp.Query) -> None:
        """Unknown unless each clause of one query is total, and is one that we know."""
        for name, clause in query.args.items():
            if name in STRUCTURE or isinstance(clause, bool) or not clause:
                continue
            if name in ("limit", "offset"):
                if not are_counts(clause):
                    raise Unknown
                nodes = clause.expressions  # LIMIT n BY
            elif name == "expressions":
                nodes = clause
            elif name in COMPARED:
                nodes = list(clause.iter_expressions())
            else:
                raise Unknown
            read = self.read if name == "expressions" else self._orders
            for node in nodes:
                read(node)
            for node in query.expressions if name in COMPARED else ():  # which a number may mean
                self._orders(node)
        clause = query.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            if cte.args.get("scalar"):
                self.read(cte.this)

    def _orders(self, node: exp.Expr) -> Kind:
        """Of values that can be told apart and put in order."""
        kind = self.read(node)
        if not (kind.family or kind.above):
            raise Unknown
        return kind

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
        word, argument = type(node).__name__.lower(), node.this
        distinct = isinstance(argument, exp.Distinct)
        if distinct and len(argument.expressions) == 1 and not argument.args.get("on"):
            argument = argument.expressions[0]
        if node.expressions:
            raise Unknown
        kind = NULL if isinstance(argument, exp.Star) or argument is None else self.read(argument)
        if (word != "count" or distinct) and (not kind.family or kind.literal is not None):
            raise Unknown
        if word in ("min", "max"):
            return kind
        if word in ("sum", "avg") and not add_up(kind, self.dialect):
            raise Unknown
        return kind_of(GIVES[self.dialect][word], self.dialect)

    def _constant(self, text: str, to: exp.DataType) -> Kind:
        """A date or time that is written out."""
        family = kind_of(to.sql(self.dialect), self.dialect).family
        written = is_date(text) or (family == "timestamp" and is_time(text))
        if family not in ("date", "timestamp") or not written:
            raise Unknown
        return Kind(family, literal="")

    def _compared(self, *kinds: Kind) -> Kind:
        if any(kind.above for kind in kinds):
            return ABOVE
        if not meet(kinds, self.dialect):
            raise Unknown
        return TRUTH


def _is_text(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_short(pattern: str) -> bool:
    """Whether no engine runs out of stack over a pattern, whatever the text."""
    wild = pattern.count("%") + pattern.count("_")
    return "\\" not in pattern and len(pattern) <= LONGEST_PATTERN and wild <= MOST_WILDCARDS
