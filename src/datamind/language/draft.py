"""Drafts: a plan in the making, and the columns that mentions become in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from datamind.language import ages, names
from datamind.language.conditions import predicate
from datamind.language.context import Context, Unbuildable
from datamind.language.periods import date_expr
from datamind.language.roles import played, referred, role_of
from datamind.language.scales import kept_in, renamed
from datamind.language.scope import called, dates_of, display, is_technical, year_columns
from datamind.language.sketch import Cond, Mention
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table


@dataclass
class Draft:
    """A plan in the making: keys and measures, or plain outputs, and the conditions on groups.

    `per` are the keys of inner groups, whose measures `inner` aggregates; `windows` and `top` come
    after the groups; `whole` is within what a share is of the total; `fill` adds empty periods;
    `kept` tells which rows are shown once the windows are known.
    """

    outputs: list[P.Named] = field(default_factory=list)
    keys: list[P.Named] = field(default_factory=list)
    hidden: list[P.Named] = field(default_factory=list)
    aggregates: list[P.Named] = field(default_factory=list)
    having: list[P.Predicate] = field(default_factory=list)
    where: list[P.Predicate] = field(default_factory=list)
    order: list[P.Sort] = field(default_factory=list)
    limit: P.Limit | None = None
    distinct: bool = False
    windows: list[P.Named] = field(default_factory=list)
    top: P.TopPerGroup | None = None
    per: list[P.Named] = field(default_factory=list)
    inner: str = ""
    whole: tuple[P.Expr, ...] = ()
    fill: bool = False
    kept: P.Predicate | None = None


def is_unique(table: Table, name: str) -> bool:
    column = table.column(name)
    return name in table.primary_key or (bool(table.rows) and column.distinct == table.rows)


def free_name(draft: Draft, name: str) -> str:
    taken = {n.name for n in (*draft.keys, *draft.hidden, *draft.aggregates, *draft.outputs)}
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made


def aggregate(draft: Draft, expr: P.Expr, name: str) -> str:
    """The name under which this aggregate is computed, once."""
    for named in draft.aggregates:
        if named.expr == expr:
            return named.name
    free = free_name(draft, name)
    draft.aggregates.append(P.Named(free, expr))
    return free


def keys(mention: Mention, ctx: Context, *, shown: bool = False) -> list[P.Named]:
    """What a mention groups by: a column, what names a table's rows, or a period."""
    candidate = ctx.meaning(mention)
    if mention.whether and candidate.type != "boolean":
        return [_whether(mention, ctx)]
    if candidate.kind == "grain":
        key = period_key(candidate.id, ctx)
        return [key, weekday_name(key.expr)] if candidate.id == "weekday" else [key]
    if candidate.kind == "table":
        return row_of(ctx.scope.view.table(candidate.id), ctx, role_of(mention, candidate.id, ctx))
    if candidate.kind in ("column", "value"):
        column = ctx.scope.view.column(candidate.id)
        if candidate.kind == "value" and mention.role == "value":  # set side by side
            return [named(column, ctx, role_of(mention, column.table, ctx))]
        if mention.grain == ages.AGE:
            return [P.Named(ages.AGE, ages.years(column, ctx))]
        if mention.grain and column.is_date:
            return [P.Named(mention.grain, in_grain(mention.grain, ctx.expr(column)))]
        return of_column(mention, column, ctx)
    raise Unbuildable(f"{candidate.kind} can't be grouped by")


def _whether(mention: Mention, ctx: Context) -> P.Named:
    """Whether each row has one: orders `with and without` a voucher."""
    none = predicate(Cond("related", mention, negated=True, first=mention.first), ctx)
    said = "_".join(names.split(" ".join(ctx.lemmas[mention.first : mention.last])))
    return P.Named(f"has_{said}", P.Case((P.When(none, P.Value(False)),), P.Value(True)))


def is_period(key: P.Named) -> bool:
    """Whether groups follow one another in time by this key."""
    return isinstance(key.expr, P.DateTrunc | P.DatePart) or key.name in (
        "year",
        "month",
        "quarter",
    )


def row_of(table: Table, ctx: Context, role: str | None = None) -> list[P.Named]:
    """What stands for a row: its key, where that is one column, and what names it."""
    columns = called(table)
    if len(table.primary_key) == 1:
        columns = [table.column(table.primary_key[0]), *columns]
    return [named(c, ctx, role) for c in dict.fromkeys(columns)]


def of_column(mention: Mention, column: Column, ctx: Context) -> list[P.Named]:
    """What a mentioned column shows: itself, the row it refers to, or a name's two halves; of a
    role that is played, who plays it."""
    candidate = ctx.meaning(mention)
    if candidate.kind == "value":
        who = played(candidate, ctx)
        if who is not None and candidate.source != "role":
            whose = next(
                r for r in ctx.scope.view.relationships
                if r.table == who.table and r.columns == (who.name,)
            )  # fmt: skip
            return row_of(ctx.scope.view.table(whose.to_table), ctx, whose.id)
        if who is not None:
            return [named(who, ctx)]
        return row_of(ctx.scope.view.table(candidate.holder or column.table), ctx)
    reference = referred(mention, column, ctx)
    if reference is not None:
        return row_of(ctx.scope.view.table(reference.to_table), ctx, reference.id)
    role = role_of(mention, column.table, ctx)
    return [named(c, ctx, role) for c in person(mention, column, ctx)]


def person(mention: Mention, column: Column, ctx: Context) -> list[Column]:
    """`name`, where the table keeps it in two columns, is both; so is what the evidence lists."""
    if mention.also:
        return [column, *(ctx.column_of(m) for m in mention.also)]
    table = ctx.scope.view.table(column.table)
    said = ctx.lemmas[mention.first : mention.last]
    whole = (
        bool(said) and said[-1] == "name" and not {"first", "last", "given", "family"} & set(said)
    )
    if whole and column.name in table.display and len(table.display) == 2:
        return display(table)
    return [column]


def named(column: Column, ctx: Context, role: str | None = None) -> P.Named:
    return P.Named(renamed(column.name, kept_in(column), ctx.lemmas), ctx.expr(column, role))


# What rows are gathered by whatever their year.
WEEKEND = "weekend"
_PARTS: dict[str, P.Part] = {"weekday": "weekday", "hour_of_day": "hour", "month_of_year": "month"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def weekday_name(day: P.Expr) -> P.Named:
    """A weekday by its name, beside its number."""
    whens = tuple(
        P.When(P.Compare("=", day, P.Value(n)), P.Value(name)) for n, name in enumerate(_DAYS, 1)
    )
    return P.Named("weekday_name", P.Case(whens, P.Value(None)))


def period_key(grain: str, ctx: Context) -> P.Named:
    """The key for a grain: of the date that a period was said of, where one was."""
    if grain == WEEKEND:
        of_week = P.DatePart("weekday", _date(ctx))
        late = P.When(P.OneOf(of_week, (P.Value(6), P.Value(7))), P.Value(True))
        return P.Named("is_weekend", P.Case((late,), P.Value(False)))
    if grain.startswith("fiscal_year"):  # what is so many months on in a year of the calendar
        ahead = int(grain.removeprefix("fiscal_year"))
        moved = P.DateAdd("month", ahead, _date(ctx)) if ahead else _date(ctx)
        return P.Named("fiscal_year", P.DatePart("year", moved))
    if grain in _PARTS:
        day = _date(ctx)
        when = _clocked(day, ctx) if _PARTS[grain] == "hour" else day
        return P.Named(grain, P.DatePart(_PARTS[grain], when))
    if grain == "year":
        for table_id in list(ctx.scope.aliases):
            table = ctx.scope.view.table(table_id)
            if year_columns(table) and not dates_of(table):
                return named(year_columns(table)[0], ctx)
    day = _date(ctx)
    return P.Named(grain, in_grain(grain, _clocked(day, ctx) if grain == "hour" else day))


def _date(ctx: Context) -> P.Expr:
    return ctx.dates[-1] if ctx.dates else date_expr(ctx, None)


def _clocked(day: P.Expr, ctx: Context) -> P.Expr:
    """The moment kept beside a day: only that has an hour."""
    held = {alias: table for table, alias in ctx.scope.aliases.items()}
    if not isinstance(day, P.Column) or day.alias not in held:
        return day
    table = ctx.scope.view.table(held[day.alias])
    if table.column(day.name).type != "date":
        return day
    about = names.stems_of(day.name) - {"date", "day"}
    moments = [c for c in dates_of(table) if c.type == "timestamp" and not is_technical(c)]
    same = [c for c in moments if about & names.stems_of(c.name)]
    found = same or (moments if len(moments) == 1 else []) or _moments_of_whole(table, about, ctx)
    if not found:
        raise Unbuildable("no time of the day is kept")
    return ctx.expr(found[0])


def _moments_of_whole(table: Table, about: frozenset[str], ctx: Context) -> list[Column]:
    """The moments of that day which what the rows belong to keeps: lines of an order."""
    graph = ctx.scope.graph
    wholes = [ctx.scope.view.table(e.end) for e in graph.edges.get(table.id, ()) if not e.to_many]
    moments = [c for t in wholes for c in dates_of(t) if c.type == "timestamp"]
    told = [c for c in moments if about & names.stems_of(c.name)]
    return [c for c in told if not is_technical(c)]


def in_grain(grain: str, date: P.Expr) -> P.Expr:
    """A date in a grain: years as numbers, as people say them; else the period's first day."""
    if grain == "year":
        return P.DatePart("year", date)
    return P.DateTrunc(cast(P.Grain, grain), date)
