"""A plan in plain English, so that people see how their question was understood."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, View
from datamind.semantics.check import relationship
from datamind.semantics.wording import (
    AGGREGATES,
    COMPARED,
    COMPARED_DATES,
    MATCHES,
    OPERATORS,
    SET_OPERATIONS,
    WEEKDAYS,
    WHOLE,
    WINDOWS,
    Phrase,
    listed,
    part_said,
    period,
    said,
    singular,
    spoken,
    words,
)

__all__ = ["describe", "said"]


def describe(query: P.Query, view: View) -> str:
    """One to three lines: what is shown, of which rows, joined how."""
    reader = _Reader(view)
    joins = reader.joins(query)
    lines = [reader.query(query), *([f"from {joins}"] if joins else [])]
    return "\n".join(map(_sentence, lines))


def _weekday_name(day: P.Expr) -> P.Case | None:
    """The case that gives a weekday's number its name."""
    if not isinstance(day, P.DatePart) or day.part != "weekday":
        return None
    named = ((P.Compare("=", day, P.Value(n)), P.Value(d)) for n, d in enumerate(WEEKDAYS, 1))
    return P.Case(tuple(P.When(*pair) for pair in named), P.Value(None))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


class _Reader:
    """Reads one plan; knows which table each alias stands for."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.tables: dict[str, str] = {}
        self.roles: dict[str, str] = {}
        self.fields: dict[str, str] = {}
        self.counted = "rows"

    # ---- sources -------------------------------------------------------------------------------

    def _learn(self, source: P.Source) -> None:
        self.tables[source.alias] = source.table
        for join in source.joins:
            self.tables[join.alias] = join.table
            role = relationship(join.relationship, self.view).role
            if role and not join.reverse:
                self.roles[join.alias] = words(role)

    def table(self, alias: str) -> str:
        """What an alias is called: its table, with its role where that tells it apart."""
        name = self._said(alias) if alias in self.tables else alias
        return f"{name} ({self.roles[alias]})" if alias in self.roles else name

    def _said(self, alias: str) -> str:
        table = self.view.table(self.tables[alias])
        return spoken(table.name, table.id.removesuffix(table.name), self.view.by_id)

    def joins(self, query: P.Query) -> str:
        """How the tables of the outermost source hang together; empty for one table."""
        source = query.source
        if isinstance(source, P.Query):
            return self.joins(source)
        if isinstance(source, P.SetOp):
            sides = (self.joins(source.left), self.joins(source.right))
            return "; and ".join(s for s in sides if s)
        if not source.joins:
            return ""
        self._learn(source)
        text = self.table(source.alias)
        for join in source.joins:
            relation = relationship(join.relationship, self.view)
            columns = " and ".join(words(c) for c in relation.columns)
            word = "with or without" if join.left else "with"
            text += f", {word} {self.table(join.alias)} by {columns}"
            if join.also is not None:
                text += f" where {self.predicate(join.also)}"
        return text

    # ---- queries -------------------------------------------------------------------------------

    def query(self, query: P.Query) -> str:
        """The query as a phrase."""
        around = self.counted
        said_so_far = Phrase(self._subject(query.source))
        for step in query.steps:
            if isinstance(step, P.Group):
                said_so_far = self._group(step, said_so_far)
            elif isinstance(step, P.Project):
                self._project(step, said_so_far)
            else:
                said_so_far.rest.append(_STEPS[type(step)](self, step))
        self.counted = around
        return said_so_far.text()

    def _subject(self, source: P.Source | P.Query | P.SetOp) -> str:
        if isinstance(source, P.Source):
            self._learn(source)
            self.counted = self.table(source.alias)
            return self.counted
        self.counted = "rows"
        if isinstance(source, P.Query):
            return f"({self.query(source)})"
        left, right = self.query(source.left), self.query(source.right)
        return f"({left}) {SET_OPERATIONS[source.op]} ({right})"

    def _group(self, step: P.Group, before: Phrase) -> Phrase:
        made = before if before.plain else Phrase(f"({before.text()})")
        made.keys = [self.expr(k.expr) for k in step.keys]
        made.what = [self.expr(m.expr) for m in step.measures]
        made.grouped = True
        made.tells = bool(step.measures) and all(
            isinstance(m.expr, P.Metric) for m in step.measures
        )
        if step.fill:
            made.rest.append("periods without rows included")
        outputs = zip((*step.keys, *step.measures), (*made.keys, *made.what), strict=True)
        self.fields.update({named.name: text for named, text in outputs})
        return made

    def _project(self, step: P.Project, made: Phrase) -> None:
        texts = {c.name: self.expr(c.expr) for c in step.columns}
        self.fields.update(texts)
        made.what = [t for t in dict.fromkeys(texts.values()) if t not in made.keys]
        made.distinct = step.distinct

    def filter(self, step: P.Filter) -> str:
        """A filter as a phrase."""
        return "where " + self.predicate(step.where)

    def window(self, step: P.Window) -> str:
        """Window columns as a phrase."""
        texts = [self.expr(c.expr) for c in step.columns]
        self.fields.update(zip((c.name for c in step.columns), texts, strict=True))
        return "with " + listed(texts)

    def order(self, step: P.Order) -> str:
        """An order as a phrase."""
        return "ordered by " + self._sorts(step.by)

    def _sorts(self, by: tuple[P.Sort, ...]) -> str:
        return listed([self.expr(s.by) + self._direction(s) for s in by], "then")

    def _direction(self, sort: P.Sort) -> str:
        if not sort.descending:
            return ""
        return ", latest first" if self._is_date(sort.by) else ", largest first"

    def _is_date(self, expr: P.Expr) -> bool:
        if isinstance(expr, P.Column) and expr.alias in self.tables:
            return self.view.table(self.tables[expr.alias]).column(expr.name).type in TEMPORAL
        return isinstance(expr, P.DateTrunc | P.DateAdd | P.FromEpoch)

    def limit(self, step: P.Limit) -> str:
        """A limit as a phrase."""
        text = f"first {step.count:,}"
        if step.ties:
            text += " and all equal to the last"
        return text + (f", after leaving out {step.offset:,}" if step.offset else "")

    def top(self, step: P.TopPerGroup) -> str:
        """The top within groups as a phrase."""
        keys = [self.expr(k) for k in step.keys]
        within = f" for each {listed(keys)}" if keys else ""
        ties = ", ties included" if step.ties else ""
        return f"the first {step.count:,}{within} by {self._sorts(step.order)}{ties}"

    # ---- expressions ---------------------------------------------------------------------------

    def expr(self, expr: P.Expr) -> str:
        """An expression as a phrase."""
        return _EXPRESSIONS[type(expr)](self, expr)

    def column(self, expr: P.Column) -> str:
        """A column, with its table where there are several."""
        name = words(expr.name)
        if len(self.tables) == 1 or expr.alias not in self.tables:
            return name
        row = singular(self._said(expr.alias))
        role = f" ({self.roles[expr.alias]})" if expr.alias in self.roles else ""
        if name.split()[0] in (row, row.split()[-1]):
            return name + role
        return f"{name} of {self.table(expr.alias)}" if " " in name else f"{row}{role} {name}"

    def subject(self, expr: P.Expr) -> str:
        """An expression that something is said of: a column of a table takes an article."""
        text = self.expr(expr)
        return f"the {text}" if isinstance(expr, P.Column) and " of " in text else text

    def metric(self, expr: P.Metric) -> str:
        """A metric by its label, as it stands in a sentence."""
        found = self.view.catalog.metrics_by_name.get(expr.name)
        label = found.label if found and found.label else words(expr.name)
        label = label[:1].lower() + label[1:] if label[1:2].islower() else label
        return label if expr.where is None else f"{label} (where {self.predicate(expr.where)})"

    def arithmetic(self, expr: P.Arithmetic) -> str:
        """An operation, inner ones in brackets."""
        sides = [
            f"({self.expr(e)})" if isinstance(e, P.Arithmetic) else self.expr(e)
            for e in (expr.left, expr.right)
        ]
        return f"{sides[0]} {OPERATORS[expr.op]} {sides[1]}"

    def case(self, expr: P.Case) -> str:
        """The arms of a case in order; a weekday's names as what they are."""
        first = expr.whens[0].condition if expr.whens else None
        if isinstance(first, P.Compare) and expr == _weekday_name(first.left):
            return f"name of {self.expr(first.left)}"
        arms = [f"{self.expr(w.then)} where {self.predicate(w.condition)}" for w in expr.whens]
        return f"({', '.join(arms)}, else {self.expr(expr.otherwise)})"

    def date_diff(self, expr: P.DateDiff) -> str:
        """A distance between dates."""
        return f"{expr.unit}s from {self.subject(expr.start)} to {self.subject(expr.end)}"

    def date_add(self, expr: P.DateAdd) -> str:
        """A date moved."""
        way = "before" if expr.amount < 0 else "after"
        plural = "" if abs(expr.amount) == 1 else "s"
        return f"{abs(expr.amount)} {expr.unit}{plural} {way} {self.subject(expr.of)}"

    def call(self, expr: P.Call) -> str:
        """A function by its name."""
        told = [self.expr(a) for a in expr.args]
        return f"rounded {told[0]}" if expr.name == "round" else f"{expr.name} of {listed(told)}"

    def aggregate(self, expr: P.Aggregate) -> str:
        """An aggregate with the rows that it is taken over."""
        distinct = "distinct " if expr.distinct else ""
        of = self.table(expr.of) if expr.of else self.counted
        if expr.arg is not None:
            of = distinct + self.expr(expr.arg)
        if expr.function == "percentile":
            text = f"{expr.percent:g}th percentile of {of}"
        else:
            text = f"{AGGREGATES[expr.function]} {of}"
        return f"{text} (where {self.predicate(expr.where)})" if expr.where is not None else text

    def window_call(self, expr: P.WindowCall) -> str:
        """A window function with its order and groups."""
        table = WINDOWS if expr.order else {**WINDOWS, **WHOLE}
        text = table[expr.function]
        if expr.arg is not None:
            text += " " + self.expr(expr.arg)
        if expr.function in ("lag", "lead") and expr.offset != 1:
            text += f" {expr.offset} rows away"
        if expr.frame is not None:
            text += f" over {expr.frame + 1} rows"
        if expr.order:
            text += " by " + self._sorts(expr.order)
        if expr.partition:
            text += " within each " + listed([self.expr(p) for p in expr.partition])
        return text

    # ---- predicates ----------------------------------------------------------------------------

    def predicate(self, where: P.Predicate) -> str:
        """A predicate as a clause."""
        return _PREDICATES[type(where)](self, where)

    def compare(self, where: P.Compare) -> str:
        """A comparison; dates are before and after, not less and more."""
        value = where.right.value if isinstance(where.right, P.Value) else None
        table = COMPARED_DATES if isinstance(value, dt.date) else COMPARED
        if where.left == P.Field("year"):  # a number, and no amount
            return f"the year {table[where.op]} {value}"
        return f"{self.subject(where.left)} {table[where.op]} {self.subject(where.right)}"

    def between(self, where: P.Between) -> str:
        """A range; a period with an open end is named where it is a whole year, month or day."""
        low, high = where.low, where.high
        if where.open_end and isinstance(low, P.Value) and isinstance(high, P.Value):
            span = period(low.value, high.value)
            if span:
                return f"{self.subject(where.of)} is {span}"
        end = " (not included)" if where.open_end else ""
        return f"{self.subject(where.of)} is from {self.expr(low)} to {self.expr(high)}{end}"

    def one_of(self, where: P.OneOf) -> str:
        """A choice of values."""
        values = [said(v.value) for v in where.values]
        return f"{self.subject(where.of)} is {listed(values, 'or') or 'one of nothing'}"

    def text_match(self, where: P.TextMatch) -> str:
        """A text test."""
        exactly = "" if where.ignore_case else " (in this case)"
        return f"{self.subject(where.of)} {MATCHES[where.match]} {said(where.text)}{exactly}"

    def exists(self, where: P.Exists) -> str:
        """A related row with its own conditions."""
        near = singular(self.table(where.alias))
        relation = relationship(where.relationship, self.view)
        columns = " and ".join(words(c) for c in relation.columns)
        around = dict(self.tables)
        joined = self.joins(where.query)
        more = f" ({joined})" if joined else ""
        inner = self.query(where.query) + more
        self.tables = around
        inner = f"({inner})" if "," in inner else inner
        return f"there are {inner} of the {near}, by {columns}"

    def in_query(self, where: P.InQuery) -> str:
        """Membership of what a query gives."""
        return f"{self.subject(where.of)} is among ({self._nested(where.query)})"

    def _nested(self, query: P.Query) -> str:
        around = dict(self.tables)
        joined = self.joins(query)
        text = self.query(query) + (f", from {joined}" if joined else "")
        self.tables = around
        return text

    def scalar(self, expr: P.Scalar) -> str:
        """The one value of a query."""
        return f"({self._nested(expr.query)})"

    def negation(self, where: P.Not) -> str:
        """What does not hold."""
        if isinstance(where.item, P.IsNull):
            return f"{self.subject(where.item.of)} is known"
        if isinstance(where.item, P.Truth):
            return f"{self.subject(where.item.of)} is no"
        if isinstance(where.item, P.Exists):
            return self.exists(where.item).replace("there are ", "there are no ", 1)
        return f"not ({self.predicate(where.item)})"

    def several(self, where: P.And | P.Or) -> str:
        """Clauses that all hold, or of which one does."""
        inner = P.Or if isinstance(where, P.And) else P.And
        items = [
            f"({self.predicate(i)})" if isinstance(i, inner) else self.predicate(i)
            for i in where.items
        ]
        word = "and" if isinstance(where, P.And) else "or"
        return f" {word} ".join(items) or ("anything" if word == "and" else "nothing")


_STEPS: dict[type, Callable[..., str]] = {
    P.Filter: _Reader.filter,
    P.Window: _Reader.window,
    P.Order: _Reader.order,
    P.Limit: _Reader.limit,
    P.TopPerGroup: _Reader.top,
}
_EXPRESSIONS: dict[type, Callable[..., str]] = {
    P.Column: _Reader.column,
    P.Field: lambda r, e: r.fields.get(e.name) or words(e.name),
    P.Value: lambda _, e: said(e.value),
    P.Metric: _Reader.metric,
    P.Arithmetic: _Reader.arithmetic,
    P.Case: _Reader.case,
    P.DatePart: lambda r, e: part_said(e, r.subject),
    P.DateTrunc: lambda r, e: f"{e.grain} of {r.subject(e.of)}",
    P.DateDiff: _Reader.date_diff,
    P.DateAdd: _Reader.date_add,
    P.FromEpoch: lambda r, e: r.expr(e.of),
    P.Call: _Reader.call,
    P.Aggregate: _Reader.aggregate,
    P.Scalar: _Reader.scalar,
    P.WindowCall: _Reader.window_call,
}
_PREDICATES: dict[type, Callable[..., str]] = {
    P.Compare: _Reader.compare,
    P.OneOf: _Reader.one_of,
    P.Between: _Reader.between,
    P.TextMatch: _Reader.text_match,
    P.IsNull: lambda r, w: f"{r.subject(w.of)} is missing",
    P.Truth: lambda r, w: f"{r.subject(w.of)} is yes",
    P.InQuery: _Reader.in_query,
    P.Exists: _Reader.exists,
    P.And: _Reader.several,
    P.Or: _Reader.several,
    P.Not: _Reader.negation,
}
