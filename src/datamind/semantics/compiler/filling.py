"""Periods without rows, added to a group between its first and last period."""

from __future__ import annotations

from sqlglot import exp

from datamind.errors import NotYet
from datamind.semantics import plan as P
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler import names
from datamind.semantics.compiler.block import Block
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.compiler.joining import Key, cte, joined_in_full, named_table

_INTERVALS = {"quarter": (3, "MONTH"), "week": (7, "DAY")}


def filled(step: P.Group, block: Block, keys: dict[str, Key]) -> Block:
    """The groups with every period of their time key, for each combination of the other keys."""
    times = [k for k in step.keys if isinstance(k.expr, P.DateTrunc)]
    if len(times) != 1:
        raise NotYet("Filling needs exactly one key that is a period.")
    time, env = times[0], block.env
    fields = dict(env.fields)
    joined_on = {**keys, time.name: Key(keys[time.name].kind, nullable=False)}  # periods are known
    groups, periods = env.session.fresh("totals"), env.session.fresh("periods")
    select = block.select(fields)
    made = joined_in_full(
        [(periods, _periods(step, time, groups, env)), (groups, exp.Select())], joined_on, block
    )
    made.ctes = [cte(groups, select, env.dialect), made.ctes[0]]
    for measure in step.measures:
        made.env.fields[measure.name] = _or_zero(measure, groups, env)
    return made


def _periods(step: P.Group, time: P.Named, groups: str, env: Env) -> exp.Query:
    """Each period from the first to the last, with each combination of the other keys."""
    others = [k.name for k in step.keys if k is not time]
    series = exp.Select(
        expressions=[exp.Alias(this=_series(time, groups, env), alias=_id(time.name, env))],
        from_=exp.From(this=named_table(groups, env.dialect)),
    )
    if not others:
        return series
    combinations = exp.Select(
        expressions=[names.column(groups, n, env.dialect) for n in others],
        distinct=exp.Distinct(),
        from_=exp.From(this=named_table(groups, env.dialect)),
    )
    span, rest = env.session.fresh("span"), env.session.fresh("rest")
    combined = exp.Subquery(this=combinations, alias=_alias(rest, env))
    return exp.Select(
        expressions=[
            names.column(span if k is time else rest, k.name, env.dialect) for k in step.keys
        ],
        from_=exp.From(this=exp.Subquery(this=series, alias=_alias(span, env))),
        joins=[exp.Join(this=combined, kind="CROSS")],
    )


def _id(name: str, env: Env) -> exp.Identifier:
    return names.identifier(name, env.dialect)


def _alias(name: str, env: Env) -> exp.TableAlias:
    return exp.TableAlias(this=_id(name, env))


def _series(time: P.Named, groups: str, env: Env) -> Node:
    assert isinstance(time.expr, P.DateTrunc)
    grain = time.expr.grain
    column = names.column(groups, time.name, env.dialect)
    if env.dialect == "clickhouse":
        return _counted(grain, column)
    count, unit = _INTERVALS.get(grain, (1, grain.upper()))
    made: Node = D.call(
        "GENERATE_SERIES",
        D.cast(exp.Min(this=column), "TIMESTAMP"),
        D.cast(exp.Max(this=column.copy()), "TIMESTAMP"),
        exp.Interval(this=exp.Literal.string(str(count)), unit=exp.Var(this=unit)),
    )
    if env.dialect == "duckdb":
        made = D.call("UNNEST", made)
    return made if grain == "hour" else D.cast(made, "DATE")


def _counted(grain: str, column: Node) -> Node:
    """ClickHouse's series: the first period moved by each number up to how many there are."""
    first, last = exp.Min(this=column), exp.Max(this=column.copy())
    apart = D.call("dateDiff", exp.Literal.string(grain), first, last)
    moved = D.call(f"add{grain.title()}s", first.copy(), exp.column("n"))
    count = exp.Coalesce(  # of no periods there are none between
        this=exp.Add(this=apart, expression=D.whole(1)), expressions=[D.whole(0)]
    )
    steps = D.call("range", D.call("toUInt64", count))
    each = exp.Lambda(this=moved, expressions=[exp.to_identifier("n")])
    made = D.call("arrayJoin", D.call("arrayMap", each, steps))
    return made if grain == "hour" else D.cast(made, "DATE")


def _or_zero(measure: P.Named, groups: str, env: Env) -> Node:
    """Counts and sums are 0 where there was nothing to add up."""
    column = names.column(groups, measure.name, env.dialect)
    if _adds_up(measure.expr, env):
        return exp.Coalesce(this=column, expressions=[D.whole(0)])
    return column


def _adds_up(expr: P.Expr, env: Env) -> bool:
    if isinstance(expr, P.Aggregate):
        return expr.function in ("count", "sum")
    if isinstance(expr, P.Metric):
        aggregation = env.scope.metric(expr.name).aggregation or ""
        return aggregation.startswith(("count", "sum"))
    return False
