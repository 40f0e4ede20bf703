"""Conditions: what a sketch restricts, as predicates over the scope of a plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

from datamind.language import ages, lateness, names, peers, soon
from datamind.language.context import Context, Unbuildable, conjunction, filled, number
from datamind.language.elapsed import SECONDS
from datamind.language.kinds import KEYS
from datamind.language.periods import date_of, ends_of, in_period, tables_near, unit_said
from datamind.language.relations import inner_context, related, related_count
from datamind.language.roles import role_of
from datamind.language.scales import is_amount, is_fraction
from datamind.language.scope import MONEY
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.moments import ENDS
from datamind.language.units import Percent
from datamind.language.weekdays import weekday
from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, Column


def predicate(cond: Cond, ctx: Context) -> P.Predicate:
    """The condition as a predicate."""
    if cond.negated and cond.kind == "value" and cond.mention is not None and _is_far(cond, ctx):
        return P.Not(_both(cond.mention, ctx))
    build = _BUILDERS.get(cond.kind)
    if build is None:  # of groups, of the whole: `above the average`
        raise Unbuildable(f"{cond.kind} is no condition of a row")
    made = build(cond, ctx)
    negate = cond.negated and cond.kind not in ("related", "null")
    return P.Not(made) if negate else made


def _is_far(cond: Cond, ctx: Context) -> bool:
    """Whether a row may have several of what holds the value: none of them must have it."""
    candidate = ctx.chosen.get(cond.mention) if cond.mention is not None else None
    if candidate is None or candidate.kind != "value":
        return False
    home = ctx.scope.view.table(ctx.scope.home)
    if ctx.related and candidate.table in ctx.scope.graph.owned(ctx.related):
        return False
    if candidate.table in ctx.scope.graph.owned(home.id) or not home.primary_key:
        return False
    return not _leaves_rows(cond.mention, candidate.table, ctx)


_LEAVING = frozenset("leave leaving ignore ignoring exclude excluding disregard counting".split())


def _leaves_rows(mention: Mention | None, table: str, ctx: Context) -> bool:
    """`who bought in May, leaving out cancelled orders`: of the rows that the period is of, or
    the figure, some do not count."""
    at = mention.first if mention is not None else 0
    if not _LEAVING & {w.lower() for w in ctx.words[max(0, at - 4) : at]}:
        return False
    if any(table in ctx.scope.graph.owned(t) for t in ctx.figures):
        return True
    alias = ctx.scope.aliases.get(table)
    return any(isinstance(d, P.Column) and d.alias == alias for d in ctx.dates)


def _compare(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    if candidate.kind == "table":
        return related_count(cond, cond.subject, ctx)
    column = ctx.column_of(cond.subject)
    said = set(ctx.lemmas[cond.subject.first : cond.subject.last])
    keys = ctx.scope.view.table(column.table).primary_key
    if (column.id in ctx.scope.graph.references or column.name in keys) and not said & KEYS:
        raise Unbuildable("a key has no more and less")
    left = _comparable(column, ctx)
    if cond.op == "between":
        low, high = cond.numbers
        if isinstance(low, float) and isinstance(high, float) and high < low:
            low, high = high, low
        return P.Between(left, number(low), number(high))
    value = cond.numbers[0]
    left = ages.years_since(column, value, left, ctx)
    value = _as_kept(value, column)
    return P.Compare(cast(P.Comparison, cond.op), left, number(value))


def _as_kept(value: float | dt.time, column: Column) -> float | dt.time:
    """A percentage as the column keeps it; no amount is one."""
    if not isinstance(value, Percent):
        return value
    if is_amount(column):
        raise Unbuildable("a percentage of what was not understood")
    return float(value) / 100 if is_fraction(column) else value


def _part(cond: Cond, ctx: Context) -> P.Predicate:
    """More than 60 % of the seats: a number against that part of another."""
    assert cond.subject is not None and cond.mention is not None
    left, whole = ctx.column_of(cond.subject), ctx.column_of(cond.mention)
    if not (left.is_number and whole.is_number) or left == whole:
        raise Unbuildable("a part of something that is no number")
    keys = ctx.scope.graph.references
    if any(c.additivity == "none" and (c.id in keys or _is_key(c, ctx)) for c in (left, whole)):
        raise Unbuildable("a key has no part")
    part = P.Arithmetic("*", ctx.expr(whole), number(float(cond.numbers[0]) / 100))  # type: ignore[arg-type]
    return P.Compare(cast(P.Comparison, cond.op), ctx.expr(left), part)


def _is_key(column: Column, ctx: Context) -> bool:
    return column.name in ctx.scope.view.table(column.table).primary_key


def _comparable(column: Column, ctx: Context) -> P.Expr:
    """The column for comparing with a number: text that holds numbers is read as one."""
    expr = ctx.expr(column)
    if isinstance(expr, P.Arithmetic) and expr.op == "*":  # only what is shown is told in grams
        expr = ctx.expr(column, scaled=False)
    if column.is_number or column.type in ("time", "interval"):
        return expr
    if column.type == "text":
        held = [value for value, _ in ctx.scope.view.values(column.id)]
        names_rows = column.name in ctx.scope.view.table(column.table).display
        if (not held and names_rows) or (
            held and not any(c.isdigit() for value in held for c in value)
        ):
            raise Unbuildable("a text compared with a number")
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
    numbers = [_as_kept(n, column) for n in cond.numbers]
    literals = tuple(P.Value(_plain(n)) if column.type == "text" else number(n) for n in numbers)
    if len(literals) == 1:
        return P.Compare("=", ctx.expr(column), literals[0])
    return P.OneOf(ctx.expr(column), literals)


def _plain(value: float | dt.time) -> str:
    return str(value) if isinstance(value, dt.time) or value != int(value) else str(int(value))


def _value(cond: Cond, ctx: Context) -> P.Predicate:
    mentions = cond.mentions or ((cond.mention,) if cond.mention else ())
    if cond.match == "both" and len(mentions) > 1:
        _check_alike(mentions, ctx)
        return P.And(tuple(_both(m, ctx, cond.within) for m in mentions))
    if cond.match == "alike":
        _check_alike(mentions, ctx)
    made = [_one_value(m, ctx) for m in mentions]
    if len(made) == 1:
        return made[0]
    compares = [m for m in made if isinstance(m, P.Compare)]
    if len(compares) == len(made) and len({c.left for c in compares}) == 1:
        return P.OneOf(compares[0].left, tuple(cast(P.Value, c.right) for c in compares))
    columns = {ctx.meaning(m).id for m in mentions}
    if cond.match == "listed" and len(columns) == len(made):
        return P.And(tuple(made))  # a city, and its state
    return P.Or(tuple(made))


def _one_value(mention: Mention, ctx: Context) -> P.Predicate:
    candidate = ctx.meaning(mention)
    if candidate.kind == "weekday":
        return weekday(candidate.id, mention.first, ctx)
    if candidate.kind == "text":
        return _free_text(mention, candidate.value or "", ctx)
    if candidate.value is None:
        raise Unbuildable("a column is no value of one")
    column, text = ctx.scope.view.column(candidate.id), candidate.value
    expr = ctx.expr(column, role_of(mention, column.table, ctx))
    if candidate.source == "partial":
        ctx.notes.append(f"{column.name.replace('_', ' ')} containing '{_said(mention, ctx)}'")
        return P.TextMatch(expr, "contains", _said(mention, ctx))
    if ctx.overlay.wildcard:
        return P.TextMatch(expr, "contains", text)
    if column.type == "integer":
        return P.Compare("=", expr, P.Value(int(text)))
    variants = [v for v, _ in ctx.scope.view.values(column.id) if v.lower() == text.lower()]
    if len(variants) > 1:
        return P.OneOf(expr, tuple(P.Value(v) for v in variants))
    return P.Compare("=", expr, P.Value(text))


def _said(mention: Mention, ctx: Context) -> str:
    return " ".join(ctx.words[mention.first : mention.last]).strip(" .,;:")


def _free_text(mention: Mention, text: str, ctx: Context) -> P.Predicate:
    """A quoted text that the data does not hold: it is looked for where its hint says."""
    if mention.hint is None:
        raise Unbuildable("a quoted text with no column")
    column = ctx.column_of(mention.hint)
    if column.type != "text":
        raise Unbuildable("a text compared with a number")
    ctx.penalty += 0.3
    return P.TextMatch(ctx.expr(column), "contains" if ctx.overlay.wildcard else "equals", text)


def _check_alike(mentions: Sequence[Mention], ctx: Context) -> None:
    """`both online and in a store`: of what can be values of one column, they are."""
    kept = [{c.id for c in m.candidates if c.kind == "value"} for m in mentions]
    if set.intersection(*kept) and len({ctx.meaning(m).id for m in mentions}) > 1:
        raise Unbuildable("both are values of one column")


def _both(mention: Mention, ctx: Context, within: Sequence[Cond] = ()) -> P.Predicate:
    """Each of two values must have a related row of its own: membership of the home's key."""
    home = ctx.scope.view.table(ctx.scope.home)
    if len(home.primary_key) != 1:
        raise Unbuildable("both needs a single key")
    if ctx.meaning(mention).table in ctx.scope.graph.owned(home.id):
        raise Unbuildable("a row has one of them, never both")
    held = ctx.meaning(mention).table
    inner_ctx = inner_context(ctx)
    inner = inner_ctx.scope
    wheres = [_one_value(mention, inner_ctx)]
    owned = inner.graph.owned
    happened = next((t for t in inner.aliases if {home.id, held} <= owned(t)), held)
    inner_ctx.related = happened
    where = conjunction([*wheres, *(predicate(c, inner_ctx) for c in within)])
    key = P.Column(inner.aliases[home.id], home.primary_key[0])
    ctx.used |= inner_ctx.used
    query = P.Query(inner.source(), (P.Filter(where), P.Project((P.Named(key.name, key),))))
    return P.InQuery(ctx.scope.column(f"{home.id}.{home.primary_key[0]}"), query)


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
    column = ctx.column_of(cond.subject)
    if column.name in ctx.scope.view.table(column.table).primary_key:
        raise Unbuildable("a key is never missing")
    made = P.IsNull(ctx.expr(column))
    return P.Not(made) if cond.negated else made


def _columns(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None and cond.mention is not None
    left, right = ctx.column_of(cond.subject), ctx.column_of(cond.mention)
    if left.is_number != right.is_number or left.is_date != right.is_date:
        raise Unbuildable("these two can't be compared")
    money = [bool({*MONEY} & {*names.words_of(c.name)}) for c in (left, right)]
    if left.is_number and money[0] != money[1] and left.table == right.table:
        raise Unbuildable("money is set against what is none")
    other = ctx.expr(right)
    if cond.numbers:
        if not right.is_number:
            raise Unbuildable("a multiple of what is no number")
        other = P.Arithmetic("*", other, number(cond.numbers[0]))
    made = P.Compare(cast(P.Comparison, cond.op), ctx.expr(left), other)
    if left.table != right.table and left.table in ctx.scope.to_many and left.is_number:
        raise Unbuildable("several rows are set against one")
    return made


def _average(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.subject is not None
    column = ctx.column_of(cond.subject)
    extreme = cond.match in ("max", "min")
    if not column.is_number and not (extreme and column.is_date):
        raise Unbuildable("an average of something that is no number")
    if column.id in ctx.scope.graph.references:
        raise Unbuildable("an average of keys")
    inner = inner_context(ctx, column.table).scope
    arg = inner.column(column.id)
    function = cond.match if extreme or cond.match == "median" else "avg"
    measure = P.Named("value", P.Aggregate(cast(P.Function, function), arg))
    query = P.Query(inner.source(), (P.Group((), (measure,)),))
    return P.Compare(cast(P.Comparison, cond.op), ctx.expr(column), P.Scalar(query))


def _apart(cond: Cond, ctx: Context) -> P.Predicate:
    """The time from one date to another, in the unit that the question names, compared."""
    assert cond.subject is not None and cond.mention is not None
    end, start = date_of(cond.subject, ctx), date_of(cond.mention, ctx)
    if end == start:
        raise Unbuildable("no time passes between a date and itself")
    limit = float(str(cond.numbers[0]))
    unit = cast(P.Unit, cond.unit) if cond.match == "unit" else unit_said(ctx, "day")
    if cond.match == "unit" and unit in SECONDS:  # of whole hours it would be too little
        unit, limit = "second", limit * SECONDS[unit]
    length = P.DateDiff(unit, start, end)
    return P.Compare(cast(P.Comparison, cond.op), length, number(limit))


def _open(cond: Cond, ctx: Context) -> P.Predicate:
    """Nothing has ended it, the table's end date being empty or to come; `own`: that of the noun
    beside it."""
    beside = [
        c.table for m, c in ctx.chosen.items()
        if c.kind == "table" and (m.first in (cond.first + 1, cond.first + 2)
                                  or 0 <= cond.first - m.last <= _NEAR)
    ]  # fmt: skip
    named = [t for t in tables_near(ctx) if not beside or t in beside or t in ctx.scope.aliases]
    for table_id in beside[:1] if cond.match == "own" else named:
        for column in ctx.scope.view.table(table_id).columns:
            words = names.words_of(column.name)
            if (column.is_date or "year" in words) and column.null_fraction and _ends(words):
                return P.IsNull(ctx.expr(column))
    for table_id in named:
        try:
            start, end = ends_of(ctx.scope.view.table(table_id), ctx.scope.view)
        except Unbuildable:
            continue
        if not _FROM & set(names.words_of(start.name)):
            continue
        begun = P.Compare("<=", ctx.expr(start), P.Value(ctx.today))
        going = P.Compare(">=", ctx.expr(end), P.Value(ctx.today))
        return P.And((begun, P.Or((P.IsNull(ctx.expr(end)), going)) if end.nullable else going))
    raise Unbuildable("nothing here ends")


_NEAR = 2  # how far a noun stands before what is said of it
_GONE = frozenset("departed disbanded dissolved ceased withdrawn dismissed expelled".split())


def _ends(words: Sequence[str]) -> bool:
    """Whether a date's name says that something ends then, in full or in short."""
    if (ENDS | _GONE) & set(words):
        return True
    short = {e: e[0] + "".join(c for c in e[1:] if c not in "aeiou") for e in ENDS}
    return any(w in (short[e], e[:3], e[:4]) for w in words for e in ENDS if len(w) > 1)


_FROM = frozenset({"start", "begin", "from"})


def _all(cond: Cond, ctx: Context) -> P.Predicate:
    return P.And(tuple(predicate(part, ctx) for part in cond.parts))


def _any(cond: Cond, ctx: Context) -> P.Predicate:
    return P.Or(tuple(predicate(part, ctx) for part in cond.parts))


def _given(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.formula is not None
    return cast(P.Predicate, filled(cond.formula, ctx))


def _related(cond: Cond, ctx: Context) -> P.Predicate:
    return related(cond, ctx, predicate)


_BUILDERS = {
    "compare": _compare, "among": _among, "value": _value, "text": _text, "null": _null,
    "columns": _columns, "average": _average, "any": _any, "all": _all, "related": _related,
    "part": _part, "period": in_period, "given": _given, "apart": _apart, "open": _open,
    "age": ages.aged, soon.KIND: soon.not_later, peers.KIND: peers.than_peer,
    lateness.KIND: lateness.overdue,
}  # fmt: skip
