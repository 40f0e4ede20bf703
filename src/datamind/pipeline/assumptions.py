"""Assumptions: what an answer takes for granted, told from its plan: what a metric means, which
period is not over, which rows and values are left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from datamind.language.calendar import floor, move
from datamind.language.spans import Span, grain_of
from datamind.pipeline.figures import plural
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column, Table, View
from datamind.semantics.walk import below
from datamind.semantics.wording import singular, spoken, words

_AVERAGES = ("avg", "average", "median", "stddev", "percentile")
_TOLD = {"avg": "average", "average": "average", "stddev": "deviation"}


def assumed(plan: P.Query, view: View, today: dt.date) -> tuple[str, ...]:
    """What is assumed, each as a clause of its own."""
    reader = _Reader(plan, view, today)
    found = (
        *reader.meanings(), *reader.unfinished(), *reader.unmatched(), *reader.unknown(),
        *reader.ties(),
    )  # fmt: skip
    return tuple(dict.fromkeys(found))


class _Reader:
    """Reads one plan on one day."""

    def __init__(self, plan: P.Query, view: View, today: dt.date) -> None:
        self.plan, self.view, self.today = plan, view, today
        self.nodes = list(below(plan))
        self.tables = {
            n.alias: view.by_id[n.table] for n in self.nodes
            if isinstance(n, P.Source | P.Join) and n.table in view.by_id
        }  # fmt: skip

    def meanings(self) -> Iterator[str]:
        """What the metrics of the plan mean, as their owners say it."""
        for node in self.nodes:
            metric = (
                self.view.metrics_by_name.get(node.name) if isinstance(node, P.Metric) else None
            )
            if metric is not None and metric.description:
                label = metric.label or words(metric.name)
                said = metric.description.strip().split(". ")[0].rstrip(".")
                yield f"{label[:1].lower()}{label[1:]} means: {said[:1].lower()}{said[1:]}"

    def unfinished(self) -> Iterator[str]:
        """Periods that today lies in: what they hold is not all that they will."""
        tomorrow = self.today + dt.timedelta(1)
        grains = {
            grain
            for n in self.nodes
            if isinstance(n, P.Group)
            for k in n.keys
            if (grain := grain_of(k.expr))
        }
        ends = [span for n in self.nodes if (span := _span(n)) is not None]
        running = [s for s in ends if s.low <= self.today and s.high > tomorrow]
        if ends and not running:
            return
        for grain in grains:
            low = floor(self.today, grain)
            span = Span(low, move(low, grain, 1))
            if span.high > tomorrow and self._reaches(low):
                yield f"{span} is not over: its figures are those so far"
        if not grains:
            for span in running:
                yield f"{span} is not over: what is told is what there is so far"

    def _reaches(self, day: dt.date) -> bool:
        """Whether some date that is grouped by is known to go as far; where nothing is known, it
        is taken to."""
        dates = [
            self._column(c) for n in self.nodes if isinstance(n, P.DateTrunc | P.DatePart)
            for c in below(n) if isinstance(c, P.Column)
        ]  # fmt: skip
        return any(c is None or not c.high or c.high[:10] >= day.isoformat() for c in dates)

    def unmatched(self) -> Iterator[str]:
        """Rows that refer to nothing, and things that nothing refers to, where joins need both."""
        groups = [n for n in self.nodes if isinstance(n, P.Group)]
        cut = {c.alias for g in groups for k in g.keys for c in below(k) if isinstance(c, P.Column)}
        for join in (n for n in self.nodes if isinstance(n, P.Join) and not n.left):
            relation = self.view.relationships_by_id.get(join.relationship)
            parent, child = self.tables.get(join.parent), self.tables.get(join.alias)
            if relation is None or parent is None or child is None:
                continue
            if join.reverse:
                if join.parent in cut and self._is_about(child):
                    yield f"{_rows(parent)} without {_rows(child)} are left out"
            elif any(parent.column(c).null_fraction for c in relation.columns):
                yield f"{_rows(parent)} without a {singular(_rows(child))} are left out"

    def _is_about(self, table: Table) -> bool:
        """Whether all that is counted and added up is of this table alone."""
        found: set[str] = set()
        for node in below(*(m for g in self.nodes if isinstance(g, P.Group) for m in g.measures)):
            if isinstance(node, P.Metric) and node.name in self.view.metrics_by_name:
                found |= set(self.view.metrics_by_name[node.name].relations)
            elif isinstance(node, P.Aggregate | P.Column):
                alias = node.of if isinstance(node, P.Aggregate) else node.alias
                found |= {self.tables[alias].id} if alias in self.tables else set()
        return found == {table.id}

    def unknown(self) -> Iterator[str]:
        """Rows whose value is missing, which an average does not count."""
        for node in self.nodes:
            found: tuple[str, Column | None] = ("", None)
            if isinstance(node, P.Aggregate) and isinstance(node.arg, P.Column):
                found = node.function, self._column(node.arg)
            elif isinstance(node, P.Metric):
                metric = self.view.metrics_by_name.get(node.name)
                table = self.view.by_id.get(metric.table or "") if metric else None
                named = (
                    [c for c in table.columns if metric and c.name == metric.expression]
                    if table
                    else []
                )
                found = (metric.aggregation or "" if metric else ""), next(iter(named), None)
            function, column = found
            if function in _AVERAGES and column is not None and column.null_fraction:
                rows = _rows(self.view.table(column.table))
                called = _TOLD.get(function, function)
                yield f"{rows} without {words(column.name)} are no part of the {called}"

    def ties(self) -> Iterator[str]:
        """Equals at the last place, of which a limit shows some."""
        limits = [s for s in self.plan.steps if isinstance(s, P.Limit | P.TopPerGroup)]
        ordered = any(isinstance(s, P.Order) for s in self.plan.steps)
        for step in limits:
            if step.ties or not (ordered or isinstance(step, P.TopPerGroup)):
                continue
            yield ("of equals, one is shown" if step.count == 1
                   else f"of equals at place {step.count:,}, not all may be shown")  # fmt: skip

    def _column(self, column: P.Column) -> Column | None:
        table = self.tables.get(column.alias)
        return next((c for c in table.columns if c.name == column.name), None) if table else None


def _rows(table: Table) -> str:
    return plural(table.entity) if table.entity else spoken(table.name, "", ())


def _span(node: object) -> Span | None:
    """The days that a test is on."""
    match node:
        case P.Between(low=P.Value(value=low), high=P.Value(value=high), open_end=True):
            if type(low) is dt.date and type(high) is dt.date:
                return Span(low, high)
    return None
