"""Stage 7, explain: a result is told in words, with its chart, warnings and what to ask next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from datamind.pipeline.charts import chart_of
from datamind.pipeline.follow_ups import follow_ups
from datamind.pipeline.summaries import summary
from datamind.records import Chart, Draft, Governed, Result
from datamind.semantics import plan as P
from datamind.semantics import quality
from datamind.semantics.additive import adds_up
from datamind.semantics.catalog import View
from datamind.semantics.describe import describe
from datamind.semantics.walk import below


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is said about a result."""

    summary: str
    chart: Chart
    warnings: tuple[str, ...]
    follow_ups: tuple[str, ...]


def explain(
    draft: Draft, governed: Governed, result: Result, view: View, now: dt.datetime,
    today: dt.date | None = None,
) -> Explanation:  # fmt: skip
    """The explanation; every figure in it comes from the rows."""
    of_data = quality.warnings(view.quality, governed.relations, view.by_id, now)
    warnings = [*draft.warnings, *of_data]
    if result.truncated:
        warnings.append(f"There are more rows than the {len(result.rows):,} that are given back.")
    if not result.rows:
        warnings.append("No rows match: a filter may be too narrow, or the period holds no data.")
    elif all(value is None for row in result.rows for value in row):
        warnings.append("No value: a filter may be too narrow, or the period holds no data.")
    masked = [column.name for column in result.columns if column.masked]
    if masked:
        warnings.append(f"Masked for you: {', '.join(masked)}.")
    plan = draft.plan
    return Explanation(
        summary=summary(result, additive(draft, view), today, begin(plan, view) if plan else None),
        chart=chart_of(result),
        warnings=tuple(warnings),
        follow_ups=follow_ups(plan, view, today) if plan is not None else (),
    )


def explained(draft: Draft, view: View) -> str:
    """How the rows come about, as a line of English."""
    return describe(draft.plan, view) if draft.plan is not None else "SQL written by a person."


def additive(draft: Draft, view: View) -> frozenset[str]:
    """The output columns whose values add up over the groups: plain counts and sums.

    None where groups were left out, or where the compiler warned that a row may be in several.
    """
    plan = draft.plan
    if plan is None or draft.warnings:
        return frozenset()
    step = next((s for s in reversed(plan.steps) if not isinstance(s, P.Order | P.Project)), None)
    measures = step.measures if isinstance(step, P.Group) else ()
    return frozenset(m.name for m in measures if adds_up(m.expr, view))


def begin(plan: P.Query, view: View) -> dt.date | None:
    """The day that the rows of a plan by periods begin: its filter's first, or the data's."""
    tables = {n.alias: n.table for n in below(plan) if isinstance(n, P.Source | P.Join)}
    keys = [k.expr for s in plan.steps if isinstance(s, P.Group) for k in s.keys]
    cut = next(
        (
            k.of for k in keys
            if isinstance(k, P.DateTrunc) or (isinstance(k, P.DatePart) and k.part == "year")
        ),
        None,
    )  # fmt: skip
    if not isinstance(cut, P.Column) or cut.alias not in tables:
        return None
    lows = [_low(n, cut) for n in below(plan)]
    lows.append(_date(view.column(f"{tables[cut.alias]}.{cut.name}").low))
    return max((low for low in lows if low is not None), default=None)


def _low(test: object, date: P.Column) -> dt.date | None:
    """The first day that a test leaves of a date, if it tests that."""
    match test:
        case P.Between(of=of, low=P.Value(value=low)) if of == date:
            return _date(low)
        case P.Compare(op=">=", left=left, right=P.Value(value=low)) if left == date:
            return _date(low)
    return None


def _date(value: object) -> dt.date | None:
    """The day of a date, a timestamp or their text; None of anything else."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value[:10])
        except ValueError:
            return None
    return value if isinstance(value, dt.date) else None
