"""Stage 2, generate: a reading's plan is routed to a target and compiled in its dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from datamind.records import Candidate, Dialect, Draft, Trust
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan
from datamind.semantics.defined import all_defined
from datamind.semantics.walk import below


def generate(reading: Candidate, view: View, *, dialect: Dialect, target: str) -> Draft:
    """The draft of a reading; PlanInvalid where the plan can't be put into SQL."""
    compiled = compile_plan(in_order(reading.plan, view), view, dialect)
    return Draft(
        sql=compiled.sql,
        dialect=dialect,
        target=target,
        trust=trust_of(reading.plan, view),
        origin="builtin",
        plan=reading.plan,
        warnings=compiled.warnings,
        units=tuple((c.name, c.unit) for c in compiled.columns if c.unit),
    )


def in_order(plan: P.Query, view: View) -> P.Query:
    """Groups that nobody ordered: by time, else the largest first, so that each run reads alike.

    A cut at the row limit then keeps the first periods or the largest groups, not some.
    """
    shown = tuple(s for s in plan.steps[-1:] if isinstance(s, P.Project))
    steps = plan.steps[: len(plan.steps) - len(shown)]
    group = next((s for s in reversed(steps) if not isinstance(s, P.Filter)), None)
    if not isinstance(group, P.Group) or not group.keys or any(s.distinct for s in shown):
        return plan
    tables = {n.alias: n.table for n in below(plan) if isinstance(n, P.Source | P.Join)}
    times = [k for k in group.keys if _is_time(k.expr, tables, view)]
    first = [P.Sort(P.Field(k.name)) for k in times]
    if not times:
        first = [P.Sort(P.Field(m.name), descending=True) for m in group.measures[:1]]
    rest = [P.Sort(P.Field(k.name)) for k in group.keys if k not in times]
    return replace(plan, steps=(*steps, P.Order((*first, *rest)), *shown))


def _is_time(key: P.Expr, tables: Mapping[str, str], view: View) -> bool:
    if isinstance(key, P.Column):
        table = view.by_id.get(tables.get(key.alias, ""))
        return any(c.is_date for c in table.columns if c.name == key.name) if table else False
    return isinstance(key, P.DateTrunc | P.DatePart)


def trust_of(plan: P.Query, view: View) -> Trust:
    """Governed where every number is a defined metric, named or said otherwise; else derived."""
    return "governed" if all_defined(plan, view) else "derived"
