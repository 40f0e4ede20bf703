"""Periods: which date a question is about, and the test that it lies within."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import lru_cache
from typing import cast

from datamind.language import names
from datamind.language.calendar import Period
from datamind.language.context import Context, Unbuildable
from datamind.language.ending import of_an_end
from datamind.language.happened import verbs
from datamind.language.kinds import is_calendar, role_words
from datamind.language.scope import dates_of, is_personal, is_technical, year_columns
from datamind.language.sketch import Cond, Mention
from datamind.language.tables.durations import MOMENTS
from datamind.language.tables.moments import ENDS, MAKING, PARTING, STARTS
from datamind.language.tokens import stem, stems, tokenize
from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, Column, Table, View
from datamind.semantics.wording import spoken, words


def in_period(cond: Cond, ctx: Context) -> P.Predicate:
    assert cond.period is not None
    period = cond.period
    if period.grain == "month" and period.year is None and period.low and _is_birthday(ctx):
        born = date_expr(ctx, cond.subject, cond.first)
        return P.Compare("=", P.DatePart("month", born), P.Value(period.low.month))
    if period.note:
        ctx.notes.append(period.note)
    year = _year_column(cond, ctx)
    if year is not None:
        last = period.low.year if period.low and period.low > ctx.today else 0
        if year.high is not None and str(last) > year.high[:4]:
            raise Unbuildable("the data does not reach so far")
        return _years(ctx.expr(year), period)
    running = _running(cond, ctx)
    if running is not None:
        return running
    date = date_expr(ctx, cond.subject, cond.first)
    ctx.dates.append(date)
    whole = of_an_end(ctx.words[cond.first :], period, date)
    return within(date, whole) if whole is not period else reached(date, period, ctx)


def reached(date: P.Expr, period: Period, ctx: Context) -> P.Predicate:
    """The date is in the period, which does not lie behind all that the data holds."""
    if period.low is not None and period.low > ctx.today and _ends_before(date, period.low, ctx):
        raise Unbuildable("the data does not reach so far")
    return within(date, period)


def _is_birthday(ctx: Context) -> bool:
    """`whose birthday is in May`: of every year."""
    return bool({"birthday", "birthdays", "anniversary"} & {w.lower() for w in ctx.words})


def _ends_before(date: P.Expr, day: dt.date, ctx: Context) -> bool:
    """Whether the last day that the column holds is known, and lies before this one."""
    if not isinstance(date, P.Column):
        return False
    table = next((t for t, alias in ctx.scope.aliases.items() if alias == date.alias), "")
    last = ctx.scope.view.column(f"{table}.{date.name}").high if table else None
    return last is not None and last[:10] < day.isoformat()


_RUNNING = frozenset(
    "running active valid effective live ongoing force effect used usable fleet books".split()
)


def _running(cond: Cond, ctx: Context) -> P.Predicate | None:
    """`promotions running today`: begun by the end of the period, and not over before it."""
    period = cond.period
    said = {w.lower() for w in ctx.words[max(0, cond.first - 2) : cond.first]} & _RUNNING
    named = [m for m, c in ctx.chosen.items() if c.type not in TEMPORAL]  # `valid` is no valid_from
    taken = {w.lower() for m in named for w in ctx.words[m.first : m.last]}
    if not said - taken or period is None or period.low is None or period.high is None:
        return None
    for table_id in tables_near(ctx, cond.first)[:2]:
        try:
            start, end = ends_of(ctx.scope.view.table(table_id), ctx.scope.view)
        except Unbuildable:
            continue
        begun = P.Compare("<", moment(start, ctx), P.Value(period.high))
        over = P.Compare(">=", moment(end, ctx), P.Value(period.low))
        return P.And((begun, P.Or((P.IsNull(ctx.expr(end)), over))))
    return None


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
    """The years that the period touches; of a first one in part, as in the last 3 years, none."""
    low = _year_from(period.low) if period.low else None
    high = _year_from(period.high) - 1 if period.high else None
    if low is not None and high is not None and high < low:
        low = high
    if low is not None and low == high:
        return P.Compare("=", expr, P.Value(low))
    if low is not None and high is not None:
        return P.Between(expr, P.Value(low), P.Value(high))
    if low is not None:
        return P.Compare(">=", expr, P.Value(low))
    return P.Compare("<=", expr, P.Value(high))


def _year_from(day: dt.date) -> int:
    return day.year + (day != day.replace(month=1, day=1))


def _year_column(cond: Cond, ctx: Context) -> Column | None:
    """A column of years, where whole years were said and it is nearer than any date."""
    assert cond.period is not None
    if cond.period.grain != "year" or cond.period.ahead:
        return None
    if cond.subject is not None:
        candidate = ctx.chosen.get(cond.subject)
        if candidate is not None and candidate.kind == "column":
            column = ctx.scope.view.column(candidate.id)
            if column.type == "integer" and not column.epoch:
                return column
            if column.type in TEMPORAL:
                return None
    for table_id in tables_near(ctx, cond.first):
        table = ctx.scope.view.table(table_id)
        years = [c for c in year_columns(table) if not is_personal(c) or _said(c, ctx)]
        if _OURS & set(ctx.words[max(0, cond.first - 3) : cond.first]) and dates_of(table):
            years = [c for c in years if not MAKING & set(names.words_of(c.name))]
        if years and not any(_near(c, cond.first, ctx) for c in dates_of(table)):
            return years[0]
        if any(not is_personal(c) or _said(c, ctx) for c in dates_of(table)):
            return None
    return None


# What we bought in 2024 was not made then.
_OURS = frozenset({"we", "they"})


def _near(column: Column, at: int, ctx: Context) -> bool:
    """Whether a date is named by the words before the period: `acquired since 2022`."""
    words = [w for w in names.words_of(column.name) if w not in ("date", "day", "time")]
    nearby = ctx.lemmas[max(0, at - NEAR) : at]
    return any(stem(w) == stem(n) or names.abbreviates(w, n) for w in words for n in nearby)


TIME_UNITS: dict[str, P.Unit] = {
    "second": "second", "minute": "minute", "min": "minute", "hour": "hour", "day": "day",
    "week": "week", "month": "month", "year": "year",
}  # fmt: skip


def unit_said(ctx: Context, default: str) -> P.Unit:
    """The unit of time that the question names."""
    said = [TIME_UNITS[w] for w in ctx.lemmas if w in TIME_UNITS]
    return cast(P.Unit, said[-1] if said else default)


def date_of(mention: Mention, ctx: Context) -> P.Expr:
    """The date that a mention names: a column, or the first business date of a table."""
    return moment(date_column(mention, ctx), ctx)


def when(mention: Mention, ctx: Context) -> P.Expr:
    """The date of rows: the one that goes by their name, else the first they have."""
    if not ctx.meaning(mention).table:
        raise Unbuildable("a figure has no date")
    table = ctx.scope.view.table(ctx.meaning(mention).table)
    said = {stem(w) for w in ctx.lemmas[mention.first : mention.last]}
    dates = dates_of(table)
    if not dates:
        raise Unbuildable("no date is meant")
    named = (c for c in dates if said & names.stems_of(c.name))
    return ctx.expr(next(named, dates[0]))


def date_column(mention: Mention, ctx: Context) -> Column:
    """The date column that a mention is, or that its table has."""
    candidate = ctx.meaning(mention)
    if candidate.kind == "table":
        dates = dates_of(ctx.scope.view.table(candidate.id))
        if dates:
            return dates[0]
    elif candidate.kind in ("column", "value"):
        column = ctx.scope.view.column(candidate.id)
        if column.is_date or candidate.type in TEMPORAL:
            return column
    raise Unbuildable("no date is meant")


def moment(column: Column, ctx: Context) -> P.Expr:
    """A date column, or the day of the calendar that a key of it stands for."""
    day = None if column.is_date else _day_referred_to(column, ctx)
    return day if day is not None else ctx.expr(column)


def _said(column: Column, ctx: Context) -> bool:
    """Whether the question has a word of the column's name."""
    roots = {stem(w) for w in ctx.lemmas}
    return not roots.isdisjoint(names.stems_of(column.name) | {"born", "birth"})


DATE_CHOSEN = "dates are by "  # how the note begins on a date that the question did not name
ADDED = ("measure", "order")  # roles of what is added up or compared


_PLAIN = frozenset("start started begin began from end ended to until".split())


def _plainly(dates: list[Column]) -> list[Column]:
    """Of several dates the one that is called just so: the start, not when it was booked."""
    return [c for c in dates if _PLAIN & set(names.split(c.name))] or dates


def moments_of(table: Table, view: View) -> list[Column]:
    """The dates of what happened to a row, and the columns that refer to a day of the calendar."""
    if is_calendar(table):
        return []
    keys = {
        r.columns[0] for r in view.relationships
        if r.table == table.id and len(r.columns) == 1 and is_calendar(view.table(r.to_table))
    }  # fmt: skip
    dated = [c for c in dates_of(table) if not is_personal(c)]
    return [*dated, *(c for c in table.columns if c.name in keys and not c.is_date)]


def ends_of(table: Table, view: View) -> tuple[Column, Column]:
    """The dates at which a row of the table starts and ends."""
    dates = moments_of(table, view)
    starts = _plainly([c for c in dates if STARTS & set(names.split(c.name))])
    ends = _plainly([c for c in dates if ENDS & set(names.split(c.name))])
    if len(starts) == 1 and len(ends) == 1 and starts != ends:
        return starts[0], ends[0]
    if len(dates) == 2:
        first, second = dates
        back = (first in ends and second not in ends) or second in starts
        return (second, first) if back else (first, second)
    raise Unbuildable("it is not told from when to when it lasts")


def tables_near(ctx: Context, at: int | None = None) -> list[str]:
    """Those of what is added up, then that of what was named last before this place, the plan's,
    home first, those of the meanings, and neighbours to one."""
    scope = ctx.scope
    before = [
        m for m, c in ctx.chosen.items()
        if c.table and m.last <= (at or 0) and m.role != "group"
        and (c.kind not in ("column", "value") or c.type in TEMPORAL or m.role in ADDED)
    ]  # fmt: skip
    last = [ctx.chosen[max(before, key=lambda m: m.last)].table] if before else []
    meant = [c.table for c in ctx.chosen.values() if c.table]
    named = [scope.view.metrics_by_name[c.id] for c in ctx.chosen.values() if c.kind == "metric"]
    measured = [scope.graph.common(m.relations) or m.table for m in named if m.table]
    added = [
        c.table for m, c in ctx.chosen.items() if m.role in ADDED and c.table
    ]  # what is added up happened at some time
    near = [
        e.end for t in (*measured, *added, *scope.aliases)
        for e in scope.graph.edges.get(t, ()) if not e.to_many
    ]  # fmt: skip
    own = [ctx.related] if ctx.related else []  # `not sold in May`: no sale was in May
    event = scope.graph.event(meant) if len(set(meant)) > 1 else None
    happened = [event] if event in meant else []
    return list(
        dict.fromkeys([*own, *measured, *added, *happened, *last, *scope.aliases, *meant, *near])
    )


def metric_dates(ctx: Context) -> set[str]:
    """The dates that the metrics which are meant go by (dbt's `agg_time_dimension`)."""
    named = [c.id for c in ctx.chosen.values() if c.kind == "metric"]
    metrics = [ctx.scope.view.metrics_by_name[name] for name in named]
    own = [m for m in metrics if ctx.scope.graph.common(m.relations) in (None, m.table)]
    return {f"{m.table}.{m.time_column}" for m in own if m.table and m.time_column}


def _is_end(column: Column) -> bool:
    return bool(ENDS & set(names.split(column.name)))


_LITTLE = frozenset({"at", "on", "in", "by"})  # `at least` names no ordered_at
NEAR = 6  # how many words before a period may name its date


def date_expr(ctx: Context, subject: Mention | None, at: int | None = None) -> P.Expr:
    """The date that a period is about: the one named, else the plan's most likely one."""
    if subject is not None:
        candidate = ctx.chosen.get(subject)
        if candidate is not None and candidate.kind == "column":
            column = ctx.scope.view.column(candidate.id)
            if column.is_date:
                return ctx.expr(column)
            day = _day_referred_to(column, ctx)
            if day is not None:
                return day
    best: tuple[float, Column] | None = None
    roots = {stem(w) for w in ctx.lemmas}
    done = verbs(tuple(ctx.words))
    valued = {
        n: c.table for m, c in ctx.chosen.items() if c.kind == "value"
        for n in range(m.first, m.last)
    }  # fmt: skip
    stated = {stem(ctx.words[n].lower()) for n in valued}
    places = range(max(0, (at or 0) - NEAR), at or 0)
    of_metrics = metric_dates(ctx)
    moments = _moments(ctx.overlay.moments)
    parted = bool(PARTING & {w.lower() for w in ctx.words[max(0, (at or 0) - 4) : at or 0]})
    for distance, table_id in enumerate(tables_near(ctx, at)):
        table = ctx.scope.view.table(table_id)
        own = stems(ctx.index.table_words.get(table_id, frozenset()))
        # What says the state of others is no date of these: the open orders, the opening.
        nearby = {stem(ctx.lemmas[n]) for n in places if valued.get(n, table_id) == table_id}
        alike = _of_the_same_moment(table, done - stated) if not distance else None
        by_day = is_calendar(table)
        for rank, column in enumerate(dates_of(table)):
            said = names.stems_of(column.name) - own - _LITTLE
            about = stems(ctx.index.column_words.get(column.id, frozenset())) - own
            score = -0.5 * min(distance, 4) - 0.2 * rank
            is_default = column.name == table.default_date
            score -= 0.3 * (is_technical(column) and not is_default)
            if is_personal(column) and not _said(column, ctx):
                score -= 2.0
            if column.null_fraction and not is_default:
                score -= 0.6  # it has not happened yet to some
            score += 1.5 * by_day  # facts refer to their day
            score += 1.0 * bool(said & done - nearby) + 2.0 * (column == alike)
            score += 1.5 * (parted and not distance and _is_end(column))
            score += (
                1.2 * len(said & nearby) + 0.4 * bool(about & nearby) + 0.25 * len(said & roots)
            )
            score += 0.9 * (column.id in of_metrics) + 3.0 * bool(said & moments)
            score += 4.0 * any(
                f".{column.id}".lower().endswith(f".{d.lower()}") for d in ctx.overlay.dates
            )
            if best is None or score > best[0]:
                best = (score, column)
    if best is None:
        raise Unbuildable("no date")
    if parted and STARTS & set(names.split(best[1].name)) and not _is_end(best[1]):
        raise Unbuildable("when it ended was said")
    table = ctx.scope.view.table(best[1].table)
    rows = spoken(table.name, table.id.removesuffix(table.name), ctx.scope.view.by_id)
    ctx.notes.append(f"{DATE_CHOSEN}the {words(best[1].name)} of {rows}")
    return ctx.expr(best[1], _calendar_role(best[1], at, ctx))


@lru_cache(maxsize=64)
def _moments(told: str) -> frozenset[str]:
    return frozenset(stem(t.lower) for t in tokenize(told)) - {"on", "it", "they", "the"}


_KINDS = [frozenset(map(stem, kind.split())) for kind in MOMENTS.values()]


def _of_the_same_moment(table: Table, done: Collection[str]) -> Column | None:
    """The table's only date of what a verb says in another word: resolved_at of `were closed`."""
    dates = [c for c in dates_of(table) if not is_technical(c)]
    own = {c.id: names.stems_of(c.name) for c in dates}
    if not done or any(not words_.isdisjoint(done) for words_ in own.values()):
        return None  # the verb itself names one
    for alike in _KINDS:
        found = [c for c in dates if alike & own[c.id]] if not alike.isdisjoint(done) else []
        if len(found) == 1:
            return found[0]
    return None


def _day_referred_to(column: Column, ctx: Context) -> P.Expr | None:
    """The day of the calendar that a key of it stands for: the arrival of arrival_date_key."""
    reference = ctx.scope.graph.references.get(column.id)
    if reference is None or reference.to_table not in ctx.scope.graph.calendars:
        return None
    days = dates_of(ctx.scope.view.table(reference.to_table))
    return ctx.expr(days[0], reference.id) if days else None


def _calendar_role(column: Column, at: int | None, ctx: Context) -> str | None:
    """Which of several references to a calendar is meant: the `check_in_date_key` of check-ins."""
    target = ctx.scope.view.table(column.table)
    rivals = ctx.scope.graph.rivals(column.table) if is_calendar(target) else []
    place = len(ctx.lemmas) if at is None else at
    for reach in (3, NEAR, len(ctx.lemmas)):
        near = {stem(w) for w in ctx.lemmas[max(0, place - reach) : place]}
        told = [r for r in rivals if {stem(w) for w in role_words(r, target)} & near]
        if len(told) == 1:
            return told[0].id
    return None
