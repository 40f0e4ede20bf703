"""Measures: what a sketch counts and adds up, as expressions over the scope of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from datamind.language import ages, differences, names
from datamind.language.candidates import Candidate
from datamind.language.conditions import predicate
from datamind.language.context import (
    Context,
    Unbuildable,
    conjunction,
    filled,
    follows_worth,
    number,
)
from datamind.language.counting import (
    MONEY_WORDS,
    counted,
    happenings,
    is_added,
    kept_count,
    units_of,
)
from datamind.language.elapsed import aggregated, between, lasted, lasting
from datamind.language.metric_time import figure
from datamind.language.periods import date_column, date_expr, when
from datamind.language.relations import of_subtype, plain_relation
from datamind.language.restrictions import within
from datamind.language.scales import kept_by, kept_in, renamed
from datamind.language.scope import is_money, is_price_of_one, money_column, quantity_and_price
from datamind.language.sketch import Cond, Measure, Mention
from datamind.semantics import plan as P
from datamind.semantics.catalog import TEMPORAL, Column
from datamind.semantics.walk import below


def expression(measure: Measure, ctx: Context) -> P.Expr:
    """The measure as an expression; an aggregate unless `is_row_level`."""
    if measure.per:  # what is averaged are the groups' values, not the rows'
        measure = replace(measure, inner=None)
    return _BUILDERS[measure.kind](measure, ctx)


def is_row_level(measure: Measure) -> bool:
    """Whether it is a value of each row: a difference or duration that nothing aggregates."""
    if measure.inner:
        return False
    if measure.kind == "given":
        return is_row_level_formula(measure)
    if measure.kind in ("lasting", "age"):
        return True
    return measure.kind in ("difference", "duration") and bool(measure.mentions)


def home_of(
    measure: Measure, chosen: dict[Mention, Candidate], view_metrics: dict[str, str]
) -> str | None:
    """The table whose rows the measure is about."""
    for mention in (measure.target, *measure.mentions):
        candidate = chosen.get(mention) if mention is not None else None
        if candidate is not None:
            return candidate.table or view_metrics.get(candidate.id) or None
    for side in (measure.left, measure.right):
        if side is not None:
            found = home_of(side, chosen, view_metrics)
            if found:
                return found
    return None


def name_of(measure: Measure, ctx: Context) -> str:
    """A column name for the measure: `number_of_orders`, `avg_price`."""
    if measure.label:
        if measure.kind == "formula":
            return measure.label
        return f"{name_of(replace(measure, label=''), ctx)}_{measure.label}"
    if measure.per:
        return f"{measure.inner}_{name_of(replace(measure, per=[]), ctx)}"
    if measure.kind in _NAMED:
        return measure.kind
    if measure.kind == "given":
        return "_".join(names.split(measure.function)) or "value"
    if measure.target is None:
        return "number"
    candidate = ctx.chosen.get(measure.target)
    if candidate is None:
        return "value"
    if candidate.kind == "metric":
        kept_unit = kept_by(ctx.scope.view.metrics_by_name[candidate.id].unit)
        return renamed(candidate.id, kept_unit, ctx.lemmas)
    if candidate.kind == "table":
        told = "total" if measure.kind == "aggregate" else "number_of"
        told = {"max": "latest", "min": "earliest"}.get(measure.function, told)
        return f"{told}_{'_'.join(names.split(ctx.scope.view.table(candidate.id).name))}"
    kept = ctx.column_of(measure.target)
    column = "_".join(names.split(renamed(kept.name, kept_in(kept), ctx.lemmas)))
    if measure.kind == "count":
        added = is_added(ctx.column_of(measure.target), measure)
        return f"{'sum' if added else 'number_of'}_{column}"
    return column if measure.kind == "either" else f"{measure.function}_{column}"


_NAMED = frozenset(
    """ratio excess shortfall share percent difference duration formula lasting age""".split()
)


def _where(
    conds: list[Cond], ctx: Context, candidate: Candidate | None = None
) -> P.Predicate | None:
    wheres = [predicate(c, ctx) for c in conds if not plain_relation(c, ctx)]
    if candidate is not None and candidate.within:
        wheres.append(of_subtype(candidate, ctx))
    return conjunction(wheres) if wheres else None


def _count(measure: Measure, ctx: Context) -> P.Expr:
    where = _where(measure.where, ctx)
    if measure.target is not None and measure.per and follows_worth(measure.target, ctx):
        raise Unbuildable("what they are worth on average is no count")
    if measure.target is None:
        return P.Aggregate("count", None, ctx.scope.aliases[ctx.scope.home], where=where)
    return _count_of(ctx.meaning(measure.target), measure, ctx, where)


def _count_of(
    candidate: Candidate, measure: Measure, ctx: Context, where: P.Predicate | None
) -> P.Expr:
    if candidate.kind == "metric":
        kind = ctx.scope.view.metrics_by_name[candidate.id].kind
        if kind == "ratio" and candidate.source == "synonym":
            raise Unbuildable("a rate is no count of what it is a rate of")
        return figure(candidate.id, ctx, where)
    first = measure.target.first if measure.target else 0
    if candidate.kind == "column" and ctx.lemmas[first - 1 : first] in (
        ("we",),
        ("they",),
        ("you",),
    ):
        raise Unbuildable("what we do is not what is counted")
    if candidate.kind == "table":
        kept = kept_count(ctx.scope.view.table(candidate.id), counted(measure, ctx))
        kept = kept or units_of(candidate, measure, ctx)
        if kept is not None:
            return P.Aggregate("sum", ctx.expr(kept), where=where)
        return P.Aggregate("count", None, ctx.scope.alias(candidate.id), where=where)
    if candidate.kind == "grain":
        day = P.DateTrunc(cast(P.Grain, candidate.id), date_expr(ctx, None))
        return P.Aggregate("count", day, distinct=True, where=where)
    view = ctx.scope.view
    column = view.column(candidate.id)
    table = view.table(column.table)
    if candidate.kind == "value":
        alias = ctx.scope.alias(column.table)
        same = P.Compare("=", ctx.expr(column), P.Value(candidate.value))
        both = same if where is None else P.And((same, where))
        return P.Aggregate("count", None, alias, where=both)
    if table.primary_key == (column.name,):
        return P.Aggregate("count", None, ctx.scope.alias(table.id), where=where)
    if column.type == "boolean" and not measure.distinct:
        so = conjunction([P.Truth(ctx.expr(column)), *([] if where is None else [where])])
        return P.Aggregate("count", None, ctx.scope.alias(table.id), where=so)
    said = set(ctx.lemmas[measure.target.first : measure.target.last]) if measure.target else set()
    if column.is_date and not said & {"date", "day", "time"}:
        if not happenings(measure.target, ctx):
            raise Unbuildable("what happened, not when")
        return P.Aggregate("count", ctx.expr(column), where=where)
    if set(names.words_of(column.name)) & MONEY_WORDS and not measure.distinct:
        raise Unbuildable("an amount is no count")
    if is_added(column, measure):
        function = cast(P.Function, measure.inner or "sum")
        return P.Aggregate(function, ctx.expr(column), where=where)
    if column.type in ("decimal", "float") and not measure.distinct:
        raise Unbuildable("measured, not counted")
    return P.Aggregate("count", ctx.expr(column), distinct=True, where=where)


def _aggregate(measure: Measure, ctx: Context) -> P.Expr:
    assert measure.target is not None
    candidate = ctx.meaning(measure.target)
    where = _where(measure.where, ctx, candidate)
    if ctx.lemmas[measure.first :][1:3] == ("date", "of") and candidate.type not in TEMPORAL:
        moment = when(measure.target, ctx)  # `the latest date of` what was done
        return P.Aggregate(cast(P.Function, measure.function), moment, where=where)
    if candidate.kind == "metric":
        if measure.again:
            raise Unbuildable("their total, not how many they are")
        _as_defined(candidate.id, measure, ctx)
        return figure(candidate.id, ctx, where)
    if candidate.kind == "table":
        if measure.function != "sum":
            raise Unbuildable("an average of rows")
        said = {*ctx.lemmas[measure.first : measure.first + 3]}
        if measure.again or _WORTH & said or is_money(measure.target, ctx.lemmas):
            return _worth(candidate, measure, ctx, where)
        if (told := lasted(candidate, ctx)) is not None:
            return P.Aggregate("sum", told, where=where)
        return P.Aggregate("count", None, ctx.scope.alias(candidate.id), where=where)
    column = ctx.column_of(measure.target)
    if _is_of_its_owner(column, measure.target, ctx):
        raise Unbuildable("the size of an order is not that of its shop")
    if measure.function == "sum" and is_price_of_one(column, candidate.source, ctx.scope.view):
        return _worth(candidate, measure, ctx, where)
    return _aggregate_column(column, measure, ctx, where)


def _is_of_its_owner(column: Column, said: Mention, ctx: Context) -> bool:
    """`Order size`, where the word before names a table whose rows only refer to the column's."""
    noun = ctx.lemmas[said.first - 1] if said.first else ""
    named = [t for t, words in ctx.index.table_words.items() if noun in words]
    owned = ctx.scope.graph.owned
    return bool(named) and all(column.table in owned(t) - {t} for t in named)


_RATED = frozenset({"percent", "percentage", "pct", "rate", "ratio", "average", "avg"})
_AGGREGATIONS = {"avg": ("average", "avg", "mean"), "median": ("median",), "max": ("max",),
                 "min": ("min",)}  # fmt: skip


def _as_defined(name: str, measure: Measure, ctx: Context) -> None:
    """A metric has an aggregate of its own: the average of one that adds up is another figure."""
    metric = ctx.scope.view.metrics_by_name[name]
    own = {str(metric.aggregation), *names.words_of(name), *metric.label.lower().split()}
    wanted = _AGGREGATIONS.get(measure.function, ())
    if wanted and metric.kind == "simple" and not own & set(wanted):
        raise Unbuildable("a metric is not aggregated otherwise than it is defined")


_WORTH = frozenset({"much", "amount", "value", "worth", "money"})


def _worth(
    candidate: Candidate, measure: Measure, ctx: Context, where: P.Predicate | None
) -> P.Expr:
    """`how much did we bill`: what the rows are worth, for they are not counted."""
    table = ctx.scope.view.table(candidate.table)
    column = money_column(table)
    function = cast(P.Function, measure.function)
    pair = quantity_and_price(table)
    if pair is not None and (column is None or column == pair[1]):
        quantity, price = pair
        ctx.notes.append(f"{table.name} are worth {quantity.name} times {price.name}")
        value = P.Arithmetic("*", ctx.expr(quantity), ctx.expr(price))
        return P.Aggregate(function, value, where=where)
    if column is None:
        raise Unbuildable("how much is no count")
    ctx.notes.append(f"{candidate.table} are added up by {column.name.replace('_', ' ')}")
    ctx.penalty += 0.1
    return P.Aggregate(function, ctx.expr(column), where=where)


def _aggregate_column(
    column: Column, measure: Measure, ctx: Context, where: P.Predicate | None
) -> P.Expr:
    function = measure.function
    numeric = column.is_number
    if function in ("min", "max") and column.type == "text" and not column.dated:
        raise Unbuildable("the largest of texts")
    if function in ("min", "max") and column.type == "boolean":
        raise Unbuildable("the largest of flags")
    if not numeric and function in ("sum", "avg", "median", "stddev"):
        if function == "sum":
            if "much" in ctx.lemmas[measure.first : measure.first + 2]:
                raise Unbuildable("how much, not how many")
            ctx.penalty += 0.3
            return P.Aggregate("count", ctx.expr(column), distinct=True, where=where)
        raise Unbuildable("an average of something that is no number")
    if function == "sum" and _RATED & set(names.words_of(column.name)):
        raise Unbuildable("rates are not added up")
    if function == "sum" and column.additivity != "sum":
        ctx.penalty += 0.2
        if column.additivity == "none":
            if column.id in ctx.scope.graph.references:
                raise Unbuildable("a sum of keys")
            table = ctx.scope.view.table(column.table)
            if column.name in table.primary_key:
                return P.Aggregate("count", None, ctx.scope.alias(table.id), where=where)
            ctx.penalty += 0.4
    if function in ("avg", "median") and column.additivity == "none":
        keys = (*ctx.scope.view.table(column.table).primary_key,)
        if column.name in keys or column.id in ctx.scope.graph.references:
            raise Unbuildable("an average of keys")
        ctx.penalty += 0.4
    percent = None
    if function.startswith("p") and function[1:].isdigit():
        function, percent = "percentile", float(function[1:])
    return P.Aggregate(
        cast(P.Function, function), ctx.expr(column), distinct=measure.distinct, where=where,
        percent=percent,
    )  # fmt: skip


def _either(measure: Measure, ctx: Context) -> P.Expr:
    """A bare noun as a measure: a count of its rows, or the column added up."""
    assert measure.target is not None
    candidate = ctx.meaning(measure.target)
    where = _where(measure.where, ctx, candidate)
    if candidate.kind == "column":
        column = ctx.scope.view.column(candidate.id)
        if column.is_number and column.additivity != "none":
            function = "avg" if column.additivity == "avg" else "sum"
            if function == "sum" and is_price_of_one(column, candidate.source, ctx.scope.view):
                measure.function = "sum"
                return _worth(candidate, measure, ctx, where)
            return P.Aggregate(cast(P.Function, function), ctx.expr(column), where=where)
    return _count_of(candidate, measure, ctx, where)


def _ratio(measure: Measure, ctx: Context) -> P.Expr:
    assert measure.left is not None
    if measure.inner and measure.right is not None:
        return _ratio_of_rows(measure, ctx)
    left = expression(measure.left, ctx)
    if measure.right is not None:
        right = expression(measure.right, ctx)
    else:
        if not measure.left.where or measure.kind in differences.KINDS:
            raise Unbuildable("a share of the whole by itself")
        whole = Measure(measure.left.kind, measure.left.function, measure.left.target)
        right = expression(whole, ctx)
    if measure.right is None and all(c.kind == "period" for c in measure.left.where):
        ctx.penalty += 0.8  # hardly the period's part of all time
    if left == right:
        raise Unbuildable("both sides of the ratio are the same")
    if measure.kind in differences.KINDS:
        return differences.less(measure, left, right, ctx.scope.view)
    differences.check_parts(left, right, ctx.scope.view)
    made = P.Arithmetic("/", left, right)
    if measure.kind == "percent":
        return P.Arithmetic("*", P.Value(100), made)
    return made


def _ratio_of_rows(measure: Measure, ctx: Context) -> P.Expr:
    """`average ratio of A to B`: the ratio of each row, then the average."""
    sides = [side.target for side in (measure.left, measure.right) if side is not None]
    columns = [ctx.column_of(m) for m in sides if m is not None]
    if len(columns) != 2 or any(not c.is_number for c in columns):
        raise Unbuildable("an average of a ratio needs two numbers")
    ratio = P.Arithmetic("/", ctx.expr(columns[0]), ctx.expr(columns[1]))
    return P.Aggregate(cast(P.Function, measure.inner), ratio)


def _row_value(measure: Measure, ctx: Context) -> P.Expr:
    """A difference of two columns, or the time between two dates."""
    if not measure.mentions:
        assert measure.left is not None and measure.right is not None
        return P.Arithmetic("-", expression(measure.left, ctx), expression(measure.right, ctx))
    find = date_column if measure.kind == "duration" else lambda m, c: c.column_of(m)
    first, second = (find(m, ctx) for m in measure.mentions)
    value = between(first, second, ctx, measure.unit)
    if measure.per and isinstance(value, P.DateDiff):  # to the first of what each of them did
        return P.DateDiff(value.unit, *(P.Aggregate("min", e) for e in (value.start, value.end)))
    return aggregated(value, (first, second), measure.inner, ctx) if measure.inner else value


def _age(measure: Measure, ctx: Context) -> P.Expr:
    value = ages.years(ctx.column_of(measure.mentions[0]), ctx)
    return P.Aggregate(cast(P.Function, measure.inner), value) if measure.inner else value


def _formula(measure: Measure, ctx: Context) -> P.Expr:
    assert measure.left is not None and measure.right is not None
    op = cast("Literal['+', '-', '*', '/']", measure.function)
    return P.Arithmetic(op, expression(measure.left, ctx), expression(measure.right, ctx))


def _number(measure: Measure, ctx: Context) -> P.Expr:
    return number(measure.value)


def _given(measure: Measure, ctx: Context) -> P.Expr:
    if measure.given is None:
        raise Unbuildable("a definition that was not given")
    made = cast(P.Expr, filled(measure.given, ctx))
    where = _where(measure.where, ctx)
    made = within(made, where) if where is not None else made
    if measure.inner and is_row_level_formula(measure):
        return P.Aggregate(cast(P.Function, measure.inner), made)
    return made


def is_row_level_formula(measure: Measure) -> bool:
    """Whether a given formula holds no aggregate."""
    return measure.given is not None and not any(
        isinstance(n, P.Aggregate) for n in below(measure.given.expr)
    )


_BUILDERS = {
    "lasting": lasting, "age": _age, "formula": _formula, "number": _number, "given": _given,
    "count": _count, "aggregate": _aggregate, "either": _either, "ratio": _ratio, "share": _ratio,
    "excess": _ratio, "shortfall": _ratio,
    "percent": _ratio, "difference": _row_value, "duration": _row_value,
}  # fmt: skip
