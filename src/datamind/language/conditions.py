"""Conditions: what a sketch restricts, as predicates over the scope of a plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from datamind.language.dates import Period
from datamind.language.index import Index
from datamind.language.linking import Candidate
from datamind.language.scope import Scope, dates_of, display, year_columns
from datamind.language.sketch import Cond, Mention
from datamind.language.tokens import stem
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, TEMPORAL, Column


class Unbuildable(Exception):
    """This reading can't be put as a plan; another one may."""


@dataclass
class Context:
    """What building one reading needs: meanings, scope, words, today, and how text is matched.

    `notes` collects the assumptions that the answer will state; `penalty` what makes the reading
    less likely.
    """

    chosen: dict[Mention, Candidate]
    scope: Scope
    index: Index
    words: tuple[str, ...]
    lemmas: tuple[str, ...]
    today: dt.date
    wildcard: bool = False
    notes: list[str] = field(default_factory=list)
    penalty: float = 0.0
    used: set[str] = field(default_factory=set)

    def meaning(self, mention: Mention) -> Candidate:
        """What the mention was taken for."""
        found = self.chosen.get(mention)
        if found is None:
            raise Unbuildable("a mention has no meaning in its role")
        return found

    def column_of(self, mention: Mention) -> Column:
        """The column a mention means: itself, or what names the rows of its table."""
        candidate = self.meaning(mention)
        view = self.scope.view
        if candidate.kind in ("column", "value"):
            return view.column(candidate.id)
        if candidate.kind == "table":
            return display(view.table(candidate.id))[0]
        raise Unbuildable(f"{candidate.kind} is no column")

    def expr(self, column: Column) -> P.Expr:
        """The column as an expression; Unix seconds become a timestamp."""
        self.used.add(column.id)
        found: P.Expr = self.scope.column(column.id)
        return P.FromEpoch(found) if column.epoch else found


def number(value: float | dt.time) -> P.Value:
    """A literal, whole where it can be."""
    if isinstance(value, dt.time):
        return P.Value(value)
    return P.Value(int(value) if value == int(value) else Decimal(repr(value)))


def predicate(cond: Cond, ctx: Context) -> P.Predicate:
    """The condition as a predicate."""
    made = _BUILDERS[cond.kind](cond, ctx)
    negate = cond.negated and cond.kind not in ("related", "null")
    return P.Not(made) if negate else made


def _compare(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    if candidate.kind == "table":
        return _related_count(cond, cond.subject, ctx)
    column = ctx.column_of(cond.subject)
    left = _comparable(column, ctx)
    if cond.op == "between":
        low, high = sorted(cond.numbers, key=str) if any(
            isinstance(n, dt.time) for n in cond.numbers) else sorted(cast("tuple[float, ...]", cond.numbers))  # fmt: skip
        return P.Between(left, number(low), number(high))
    return P.Compare(cast(P.Comparison, cond.op), left, number(cond.numbers[0]))


def _comparable(column: Column, ctx: Context) -> P.Expr:
    """The column for comparing with a number: text that holds numbers is read as one."""
    expr = ctx.expr(column)
    if column.type in NUMERIC or column.type in ("time", "interval"):
        return expr
    if column.type == "text":
        ctx.penalty += 0.3
        return P.Call("number", (expr,))
    raise Unbuildable("a number compared with something that is none")


def _among(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    view = ctx.scope.view
    if candidate.kind == "table":
        table = view.table(candidate.id)
        if len(table.primary_key) != 1:
            raise Unbuildable("no single key to compare with a number")
        column = table.column(table.primary_key[0])
    else:
        column = ctx.column_of(cond.subject)
    if column.type in TEMPORAL:
        raise Unbuildable("a number is no date")
    literals = tuple(
        P.Value(_plain(n)) if column.type == "text" else number(n) for n in cond.numbers
    )
    if len(literals) == 1:
        return P.Compare("=", ctx.expr(column), literals[0])
    return P.OneOf(ctx.expr(column), literals)


def _plain(value: float | dt.time) -> str:
    return str(value) if isinstance(value, dt.time) or value != int(value) else str(int(value))


def _value(cond: Cond, ctx: Context) -> P.Predicate:
    mentions = cond.mentions or ((cond.mention,) if cond.mention else ())
    if cond.match == "both" and len(mentions) > 1:
        return P.And(tuple(_both(m, ctx) for m in mentions))
    made = [_one_value(m, ctx) for m in mentions]
    if len(made) == 1:
        return made[0]
    compares = [m for m in made if isinstance(m, P.Compare)]
    if len(compares) == len(made) and len({c.left for c in compares}) == 1:
        return P.OneOf(compares[0].left, tuple(cast(P.Value, c.right) for c in compares))
    return P.Or(tuple(made))


def _one_value(mention: Mention, ctx: Context) -> P.Predicate:
    candidate = ctx.meaning(mention)
    if candidate.kind == "weekday":
        return _weekday(candidate.id, ctx)
    if candidate.kind == "text":
        return _free_text(mention, candidate.value or "", ctx)
    column = ctx.scope.view.column(candidate.id)
    text = candidate.value or ""
    if candidate.source == "partial":
        ctx.notes.append(f"{column.name.replace('_', ' ')} containing '{_said(mention, ctx)}'")
        return P.TextMatch(ctx.expr(column), "contains", _said(mention, ctx))
    if ctx.wildcard:
        return P.TextMatch(ctx.expr(column), "contains", text)
    variants = [v for v, _ in ctx.scope.view.values(column.id) if v.lower() == text.lower()]
    if len(variants) > 1:
        return P.OneOf(ctx.expr(column), tuple(P.Value(v) for v in variants))
    return P.Compare("=", ctx.expr(column), P.Value(text))


def _said(mention: Mention, ctx: Context) -> str:
    return " ".join(ctx.words[mention.first : mention.last])


def _free_text(mention: Mention, text: str, ctx: Context) -> P.Predicate:
    """A quoted text that the data does not hold: it is looked for where its hint says."""
    if mention.hint is None:
        raise Unbuildable("a quoted text with no column")
    column = ctx.column_of(mention.hint)
    if column.type != "text":
        raise Unbuildable("a text compared with a number")
    ctx.penalty += 0.3
    return P.TextMatch(ctx.expr(column), "contains" if ctx.wildcard else "equals", text)


def _weekday(day: str, ctx: Context) -> P.Predicate:
    part = P.DatePart("weekday", date_expr(ctx, None))
    if day == "weekend":
        return P.OneOf(part, (P.Value(6), P.Value(7)))
    if day == "weekday":
        return P.Compare("<=", part, P.Value(5))
    return P.Compare("=", part, P.Value(int(day)))


def _both(mention: Mention, ctx: Context) -> P.Predicate:
    """Each of two values must have a related row of its own: membership of the home's key."""
    home = ctx.scope.view.table(ctx.scope.home)
    if len(home.primary_key) != 1:
        raise Unbuildable("both needs a single key")
    inner = _inner_scope(ctx)
    inner_ctx = Context(ctx.chosen, inner, ctx.index, ctx.words, ctx.lemmas, ctx.today, ctx.wildcard)
    where = _one_value(mention, inner_ctx)
    key = P.Column(inner.aliases[home.id], home.primary_key[0])
    query = P.Query(inner.source(), (P.Filter(where), P.Project((P.Named(key.name, key),))))
    return P.InQuery(ctx.scope.column(f"{home.id}.{home.primary_key[0]}"), query)


def _inner_scope(ctx: Context, home: str | None = None) -> Scope:
    scope = ctx.scope
    return Scope(
        scope.view, scope.graph, home or scope.home, mentioned=scope.mentioned, words=scope.words,
        taken=scope.taken,
    )  # fmt: skip


def _text(cond: Cond, ctx: Context) -> P.Predicate:
    if cond.mention is None or cond.subject is None:
        raise Unbuildable("a text test of nothing")
    column = ctx.column_of(cond.subject)
    if column.type != "text":
        raise Unbuildable("a text test on a column that holds none")
    text = " ".join(ctx.words[cond.mention.first : cond.mention.last])
    return P.TextMatch(ctx.expr(column), cast(P.Match, cond.match), text)


def _null(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    made = P.IsNull(ctx.expr(ctx.column_of(cond.subject)))
    return P.Not(made) if cond.negated else made


def _columns(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None and cond.mention is not None
    left, right = ctx.column_of(cond.subject), ctx.column_of(cond.mention)
    return P.Compare(cast(P.Comparison, cond.op), ctx.expr(left), ctx.expr(right))


def _average(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    column = ctx.column_of(cond.subject)
    if column.type not in NUMERIC:
        raise Unbuildable("an average of something that is no number")
    inner = _inner_scope(ctx, column.table)
    arg = inner.column(column.id)
    function = "median" if cond.match == "median" else "avg"
    measure = P.Named("value", P.Aggregate(cast(P.Function, function), arg))
    query = P.Query(inner.source(), (P.Group((), (measure,)),))
    return P.Compare(cast(P.Comparison, cond.op), ctx.expr(column), P.Scalar(query))


def _any(cond: Cond, ctx: Context) -> P.Predicate:
    return P.Or(tuple(predicate(part, ctx) for part in cond.parts))


# ---- related rows ------------------------------------------------------------------------------


def _related(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    view = ctx.scope.view
    if candidate.kind == "value":
        column = view.column(candidate.id)
        made: P.Predicate = P.Compare("=", ctx.expr(column), P.Value(candidate.value))
        return P.Not(made) if cond.negated else made
    if candidate.kind == "column":
        return _has_column(cond, view.column(candidate.id), ctx)
    if candidate.kind != "table":
        raise Unbuildable("not something that rows are related to")
    if cond.numbers:
        return _related_count(cond, cond.subject, ctx)
    return _exists(cond, candidate.id, ctx)


def _has_column(cond: Cond, column: Column, ctx: Context) -> P.Predicate:
    """A flag, a number that is compared, or a column that is filled in."""
    expr = ctx.expr(column)
    if cond.numbers and column.type in NUMERIC:
        return P.Compare(cast(P.Comparison, cond.op), expr, number(cond.numbers[0]))
    if cond.numbers:
        return _related_count(cond, cast(Mention, cond.subject), ctx)
    truth = flag(column, expr, ctx)
    if truth is not None:
        return P.Not(truth) if cond.negated else truth
    if column.type in NUMERIC and column.additivity == "sum":
        return P.Compare("=" if cond.negated else ">", expr, P.Value(0))
    if not column.nullable or not column.null_fraction:
        ctx.penalty += 0.4
    return P.IsNull(expr) if cond.negated else P.Not(P.IsNull(expr))


_TRUE = frozenset({"yes", "y", "true", "t", "1"})
_FALSE = frozenset({"no", "n", "false", "f", "0"})


def flag(column: Column, expr: P.Expr, ctx: Context) -> P.Predicate | None:
    """The column as a yes or no, if it is one."""
    if column.type == "boolean":
        return P.Truth(expr)
    values = [v for v, _ in ctx.scope.view.values(column.id)]
    if values and all(v.lower() in _TRUE | _FALSE for v in values):
        yes = [v for v in values if v.lower() in _TRUE] or ["Yes"]
        return P.Compare("=", expr, P.Value(yes[0]))
    return None


def _exists(cond: Cond, table: str, ctx: Context) -> P.Predicate:
    """There is (not) a related row, itself under the conditions that follow it."""
    scope = ctx.scope
    if table == scope.home:
        raise Unbuildable("a table is not related to itself here")
    found = scope.graph.path({scope.home}, table, scope.mentioned, scope.words)
    if found is None:
        raise Unbuildable("no way to the related table")
    first = found[0][0]
    if not first.reverse and len(found[0]) == 1 and cond.negated and not cond.within:
        column = first.relationship.columns[0]
        if scope.view.column(f"{first.start}.{column}").null_fraction:
            return P.IsNull(P.Column(scope.aliases[first.start], column))
    inner = _inner_scope(ctx, first.end)
    inner_ctx = Context(ctx.chosen, inner, ctx.index, ctx.words, ctx.lemmas, ctx.today, ctx.wildcard)
    inner.need([table])
    steps: list[P.Step] = []
    wheres = [predicate(c, inner_ctx) for c in cond.within if not plain_relation(c, inner_ctx)]
    ctx.used |= inner_ctx.used
    if wheres:
        steps.append(P.Filter(conjunction(wheres)))
    made = P.Exists(
        scope.aliases[first.start], first.relationship.id, first.reverse,
        P.Query(inner.source(), tuple(steps)),
    )  # fmt: skip
    return P.Not(made) if cond.negated else made


def plain_relation(cond: Cond, ctx: Context) -> bool:
    """A relation inside a negation only needs its table joined in."""
    if cond.kind != "related" or cond.negated or cond.numbers or cond.subject is None:
        return False
    candidate = ctx.meaning(cond.subject)
    if candidate.kind != "table":
        return False
    ctx.scope.alias(candidate.id)
    return True


def _related_count(cond: Cond, subject: Mention, ctx: Context) -> P.Predicate:
    """`more than 2 papers`: the home's key is among those with that many related rows."""
    candidate = ctx.meaning(subject)
    view = ctx.scope.view
    home = view.table(ctx.scope.home)
    if not home.primary_key:
        raise Unbuildable("no key to count by")
    if candidate.table == home.id:
        raise Unbuildable("a table is not counted for itself")
    inner = _inner_scope(ctx)
    inner.need([candidate.table])
    of = inner.aliases[candidate.table]
    if candidate.kind == "table":
        measure = P.Aggregate("count", None, of)
    else:
        measure = P.Aggregate("count", inner.column(candidate.id), distinct=True)
    keys = tuple(P.Named(k, P.Column(inner.aliases[home.id], k)) for k in home.primary_key[:1])
    compare = P.Compare(cast(P.Comparison, cond.op), P.Field("related"), number(cond.numbers[0]))
    query = P.Query(
        inner.source(),
        (
            P.Group(keys, (P.Named("related", measure),)),
            P.Filter(compare),
            P.Project((P.Named(keys[0].name, P.Field(keys[0].name)),)),
        ),
    )
    made = P.InQuery(ctx.scope.column(f"{home.id}.{home.primary_key[0]}"), query)
    return P.Not(made) if cond.negated else made


# ---- dates -------------------------------------------------------------------------------------


def _period(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.period is not None
    period = cond.period
    year = _year_column(cond, ctx)
    if year is not None:
        return _years(ctx.expr(year), period)
    return within(date_expr(ctx, cond.subject, cond.first), period)


def within(expr: P.Expr, period: Period) -> P.Predicate:
    """The date is in the period; its end is open, so that times of the last day count."""
    if period.low is not None and period.high is not None:
        return P.Between(expr, P.Value(period.low), P.Value(period.high), open_end=True)
    if period.low is not None:
        return P.Compare(">=", expr, P.Value(period.low))
    if period.high is not None:
        return P.Compare("<", expr, P.Value(period.high))
    raise Unbuildable("a period without bounds")


def _years(expr: P.Expr, period: Period) -> P.Predicate:
    low = period.low.year if period.low else None
    high = period.high.year - 1 if period.high else None
    if low is not None and low == high:
        return P.Compare("=", expr, P.Value(low))
    if low is not None and high is not None:
        return P.Between(expr, P.Value(low), P.Value(high))
    if low is not None:
        return P.Compare(">=", expr, P.Value(low))
    return P.Compare("<=", expr, P.Value(high))


def _year_column(cond: Cond, ctx: Context) -> Column | None:
    """A column of years, where whole years were said and it is nearer than any date."""
    assert cond.period is not None
    if cond.period.grain != "year":
        return None
    if cond.subject is not None:
        candidate = ctx.chosen.get(cond.subject)
        if candidate is not None and candidate.kind == "column":
            column = ctx.scope.view.column(candidate.id)
            if column.type == "integer" and not column.epoch:
                return column
            if column.type in TEMPORAL:
                return None
    for table_id in _tables_near(ctx):
        table = ctx.scope.view.table(table_id)
        years = year_columns(table)
        if years:
            return years[0]
        if dates_of(table):
            return None
    return None


def _tables_near(ctx: Context) -> list[str]:
    """The plan's tables, home first, then those of the meanings, then neighbours to one."""
    scope = ctx.scope
    meant = [c.table for c in ctx.chosen.values() if c.table]
    near = [
        e.end for t in list(scope.aliases) for e in scope.graph.edges.get(t, ()) if not e.to_many
    ]  # fmt: skip
    return list(dict.fromkeys([*scope.aliases, *meant, *near]))


def date_expr(ctx: Context, subject: Mention | None, at: int | None = None) -> P.Expr:
    """The date that a period is about: the one named, else the plan's most likely one."""
    if subject is not None:
        candidate = ctx.chosen.get(subject)
        if candidate is not None and candidate.kind == "column":
            column = ctx.scope.view.column(candidate.id)
            if column.type in TEMPORAL or column.epoch:
                return ctx.expr(column)
    best: tuple[float, Column] | None = None
    roots = {stem(w) for w in ctx.lemmas}
    nearby = {stem(w) for w in ctx.lemmas[max(0, (at or 0) - 4) : at]} if at else set()
    for distance, table_id in enumerate(_tables_near(ctx)):
        for rank, column in enumerate(dates_of(ctx.scope.view.table(table_id))):
            said = {stem(w) for w in ctx.index.column_words.get(column.id, frozenset())}
            score = -0.5 * distance - 0.2 * rank
            score += 1.2 * len(said & nearby) + 0.25 * len(said & roots)
            if best is None or score > best[0]:
                best = (score, column)
    if best is None:
        raise Unbuildable("no date")
    ctx.notes.append(f"dates are by {best[1].name.replace('_', ' ')} of {best[1].table}")
    return ctx.expr(best[1])


def conjunction(items: list[P.Predicate]) -> P.Predicate:
    """All of them; one alone stays itself."""
    return items[0] if len(items) == 1 else P.And(tuple(items))


_BUILDERS = {
    "compare": _compare, "among": _among, "value": _value, "text": _text, "null": _null,
    "columns": _columns, "average": _average, "any": _any, "related": _related, "period": _period,
}  # fmt: skip
