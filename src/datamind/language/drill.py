"""Drill-down: a change between two periods as plans, in all and by each dimension.

Each plan is whole in itself: its rows are the members of one dimension with what the measure was
before and after, and what part of the change is theirs. Which dimension tells most is seen when
they have run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from datamind.language.context import conjunction
from datamind.language.dimensions import Dimension, dimensions
from datamind.language.graph import Graph
from datamind.language.spans import Spans, is_period, spans_of
from datamind.semantics import plan as P
from datamind.semantics.additive import adds_up, columns_behind, ratio_of
from datamind.semantics.catalog import View
from datamind.semantics.walk import below

MOST_DIMENSIONS = 8
Method = Literal["sum", "ratio", "none"]
PERIOD = "period_"  # no dimension is called so


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure of some rows for two periods. `alias` is that of the rows it is about; `parts` are
    the measures that its plans take: itself, or the two sums that it is the ratio of."""

    source: P.Source
    where: tuple[P.Predicate, ...]
    measure: P.Named
    alias: str
    spans: Spans
    method: Method
    parts: tuple[P.Expr, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    """The first measure of an answered plan, and the conditions on the rows that it is taken of;
    those on periods among them."""

    source: P.Source
    group: P.Group
    measure: P.Named
    tests: tuple[P.Predicate, ...]

    @property
    def tables(self) -> dict[str, str]:
        return _tables(self.source)

    @property
    def lasting(self) -> tuple[P.Predicate, ...]:
        """The conditions that are none on a period."""
        return tuple(t for t in self.tests if not is_period(t))


def compared(
    plan: P.Query, today: dt.date, graph: Graph, homes: Mapping[str, str], back: str
) -> Comparison | None:
    """What an answered plan can be compared with; None where it holds no figure of a period."""
    found, view = _figure(plan), graph.view
    if found is None:
        return None
    source, measure, tables = found.source, found.measure, found.tables
    spans = spans_of(found.tests, found.group, plan.steps, today, view, tables, back)
    if spans is None:
        return None
    alias = _about(measure.expr, source, tables, homes)
    parts = ratio_of(measure.expr, view, alias)
    method: Method = "sum" if adds_up(measure.expr, view) else "ratio" if parts else "none"
    return Comparison(
        source, found.lasting, measure, alias, spans, method,
        parts if method == "ratio" and parts else (measure.expr,),
    )  # fmt: skip


def asked_before(plan: P.Query, before: P.Query) -> P.Query | None:
    """The plan before with this plan's figure alone, where it has it, and of no more rows."""
    own, theirs = _figure(plan), _figure(before)
    if own is None or theirs is None:
        return None
    wanted = own.measure.expr
    alone = tuple(m for m in theirs.group.measures if m.expr == wanted)
    if alone:
        group = replace(theirs.group, measures=alone)
        steps = tuple(group if s is theirs.group else s for s in before.steps)
        before = replace(before, steps=steps)
    elif theirs.measure.expr != wanted:
        return None
    return before if set(own.lasting) <= set(theirs.lasting) else None


def _figure(plan: P.Query) -> _Figure | None:
    """None where there is none, or its rows were chosen otherwise than by conditions."""
    source = plan.source
    group = next((s for s in plan.steps if isinstance(s, P.Group)), None)
    if not isinstance(source, P.Source) or group is None or not group.measures:
        return None
    early = plan.steps[: plan.steps.index(group)]
    if not all(isinstance(s, P.Filter) for s in early):
        return None
    tests = [t for s in early if isinstance(s, P.Filter) for t in _each(s.where)]
    measure, own = _bare(group.measures, _tables(source))
    return _Figure(source, group, measure, (*tests, *own))


def _tables(source: P.Source) -> dict[str, str]:
    """The table of each alias."""
    return {source.alias: source.table, **{j.alias: j.table for j in source.joins}}


def _each(where: P.Predicate) -> tuple[P.Predicate, ...]:
    return where.items if isinstance(where, P.And) else (where,)


def _bare(
    measures: Sequence[P.Named], tables: Mapping[str, str]
) -> tuple[P.Named, list[P.Predicate]]:
    """The first measure; of one that is told for two periods, now and before or their difference,
    what it is without them, and they."""
    told = [
        n for m in measures for n in below(m.expr)
        if isinstance(n, P.Aggregate | P.Metric) and n.where is not None
    ]  # fmt: skip
    bare: set[P.Aggregate | P.Metric] = set()
    dated: dict[P.Predicate, None] = {}
    for side in told:
        tests = _each(side.where) if side.where is not None else ()
        rest = [t for t in tests if not is_period(t)]
        bare.add(replace(side, where=conjunction(rest) if rest else None))
        dated.update(dict.fromkeys(t for t in tests if is_period(t)))
    if len(bare) != 1 or len(dated) != 2:
        return measures[0], []
    side = bare.pop()
    if isinstance(side, P.Metric):
        name = side.name
    elif isinstance(side.arg, P.Column):
        name = f"{side.function}_{side.arg.name}"
    else:
        name = f"number_of_{tables.get(side.of, 'rows')}"
    return P.Named(name, side), [P.Or(tuple(dated))]


def _about(
    measure: P.Expr, source: P.Source, tables: Mapping[str, str], homes: Mapping[str, str]
) -> str:
    """The alias whose rows the measure is about."""
    for node in below(measure):
        if isinstance(node, P.Metric):
            return next((a for a, t in tables.items() if t == homes.get(node.name)), source.alias)
        if isinstance(node, P.Aggregate) and node.of:
            return node.of
        if isinstance(node, P.Column) and node.alias in tables:
            return node.alias
    return source.alias


def drilled(comparison: Comparison, graph: Graph) -> list[tuple[str, P.Query]]:
    """The plan of the whole change, then one for each dimension, by the dimension's name."""
    whole = Dimension("", P.Column(comparison.alias, ""), comparison.source)
    near = dimensions(
        comparison.source, comparison.alias, graph, _fixed(comparison, graph.view), MOST_DIMENSIONS
    )
    return [(d.name, _plan(comparison, d)) for d in (whole, *near)]


def _fixed(comparison: Comparison, view: View) -> frozenset[str]:
    """Columns that the conditions leave one value of, and those that the measure is made of."""
    tables = _tables(comparison.source)
    columns = (
        t.left if isinstance(t, P.Compare) and t.op == "=" else
        t.of if isinstance(t, P.Truth) or (isinstance(t, P.TextMatch) and t.match == "equals")
        else None
        for t in comparison.where
    )  # fmt: skip
    held = [*columns, *below(comparison.measure.expr)]
    found = {
        f"{tables[c.alias]}.{c.name}" for c in held
        if isinstance(c, P.Column) and c.alias in tables
    }  # fmt: skip
    metrics = [n.name for n in held if isinstance(n, P.Metric)]
    return frozenset(found.union(*(columns_behind(name, view) for name in metrics)))


def _plan(comparison: Comparison, by: Dimension) -> P.Query:
    """Members, and what the measure was for each in either period, made of one row for each."""
    spans = comparison.spans
    before, after = spans.before.holds(spans.date), spans.after.holds(spans.date)
    member = (P.Named(by.name, by.column),) if by.name else ()
    period = P.Named(PERIOD, P.Case((P.When(after, P.Value(1)),), P.Value(0)))
    parts = tuple(P.Named(f"part_{n}", part) for n, part in enumerate(comparison.parts))
    where = conjunction([*comparison.where, P.Or((before, after))])
    inner = P.Query(by.source, (P.Filter(where), P.Group((*member, period), parts)))
    sides = tuple(
        P.Named(f"{part.name}_{side}", _side(part.name, side)) for part in parts for side in (0, 1)
    )
    keys = tuple(P.Named(m.name, P.Field(m.name)) for m in member)
    return P.Query(inner, (P.Group(keys, sides), *_STEPS[comparison.method](keys, bool(by.name))))


def _side(part: str, side: int) -> P.Expr:
    arm = P.When(P.Compare("=", P.Field(PERIOD), P.Value(side)), P.Field(part))
    return P.Aggregate("max", P.Case((arm,), P.Value(None)))


def _op(op: Literal["+", "-", "*", "/"], left: P.Expr, right: P.Expr) -> P.Arithmetic:
    return P.Arithmetic(op, left, right)


def _zero(name: str) -> P.Expr:
    return P.Call("coalesce", (P.Field(name), P.Value(0)))


def _fields(*names: str) -> tuple[P.Named, ...]:
    return tuple(P.Named(name, P.Field(name)) for name in names)


def _sum(keys: tuple[P.Named, ...], cut: bool) -> tuple[P.Step, ...]:
    """Contribution to change: a member's own change as a part of the whole one."""
    before, after = (_zero(name) if cut else P.Field(name) for name in ("part_0_0", "part_0_1"))
    made = P.Project((*keys, P.Named("before", before), P.Named("after", after),
                      P.Named("change", _op("-", after, before))))  # fmt: skip
    return (made, *_share(keys, P.Field("change"), ("before", "after", "change"), cut))


def _none(keys: tuple[P.Named, ...], cut: bool) -> tuple[P.Step, ...]:
    """What does not add up: the members' own changes, the largest first."""
    before, after = P.Field("part_0_0"), P.Field("part_0_1")
    made = P.Project((*keys, P.Named("before", before), P.Named("after", after),
                      P.Named("change", _op("-", after, before))))  # fmt: skip
    size = P.Sort(P.Call("abs", (P.Field("change"),)), descending=True)
    return (made, P.Order((size, *(P.Sort(k.expr) for k in keys)))) if cut else (made,)


def _ratio(keys: tuple[P.Named, ...], cut: bool) -> tuple[P.Step, ...]:
    """Mix and rate: what a member's weight changed, and what its own ratio did.

    With weights w and ratios r, and R the ratio of all before, a member's mix is (w1 - w0)(r0 - R)
    and its rate is w1 (r1 - r0); together, over all members, they are the whole change. A member
    that was not there in one period has the other's ratio: it is all mix.
    """
    ratios = [_op("/", P.Field(f"part_0_{side}"), P.Field(f"part_1_{side}")) for side in (0, 1)]
    own = P.Project((*keys, P.Named("before", ratios[0]), P.Named("after", ratios[1]),
                     *_fields("part_0_0", "part_1_0", "part_1_1")))  # fmt: skip
    if not cut:
        change = P.Named("change", _op("-", P.Field("after"), P.Field("before")))
        return own, P.Project((*_fields("before", "after"), change))

    def total(name: str) -> P.Expr:
        return P.WindowCall("sum", P.Field(name))

    weights = P.Window((
        P.Named("w0", _op("/", _zero("part_1_0"), total("part_1_0"))),
        P.Named("w1", _op("/", _zero("part_1_1"), total("part_1_1"))),
        P.Named("all_before", _op("/", total("part_0_0"), total("part_1_0"))),
    ))  # fmt: skip
    r0 = P.Call("coalesce", (P.Field("before"), P.Field("after")))
    r1 = P.Call("coalesce", (P.Field("after"), P.Field("before")))
    mix = _op("*", _op("-", P.Field("w1"), P.Field("w0")), _op("-", r0, P.Field("all_before")))
    rate = _op("*", P.Field("w1"), _op("-", r1, r0))
    effects = P.Project((
        *keys, *_fields("before", "after"),
        P.Named("change", _op("-", P.Field("after"), P.Field("before"))),
        P.Named("weight_before", P.Field("w0")), P.Named("weight_after", P.Field("w1")),
        P.Named("mix_effect", mix), P.Named("rate_effect", rate),
    ))  # fmt: skip
    effect = _op("+", P.Field("mix_effect"), P.Field("rate_effect"))
    shown = (
        "before", "after", "change", "weight_before", "weight_after", "mix_effect", "rate_effect",
    )  # fmt: skip
    return own, weights, effects, *_share(keys, effect, shown, cut)


def _share(
    keys: tuple[P.Named, ...], of: P.Expr, shown: Sequence[str], cut: bool
) -> tuple[P.Step, ...]:
    """Each member's part of the whole change, the largest first."""
    if not cut:
        return ()
    part = P.Named("effect_", of)
    share = _op("/", P.Field("effect_"), P.WindowCall("sum", P.Field("effect_")))
    return (
        P.Window((part,)),
        P.Window((P.Named("share_of_change", share),)),
        P.Order((P.Sort(P.Field("share_of_change"), descending=True),
                 P.Sort(P.Field("effect_")), *(P.Sort(k.expr) for k in keys))),
        P.Project((*keys, *_fields(*shown, "share_of_change"))),
    )  # fmt: skip


_STEPS = {"sum": _sum, "none": _none, "ratio": _ratio}
