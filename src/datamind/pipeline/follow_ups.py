"""Follow-ups: questions that would make sense next, in words that the engine understands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from datamind.language.calendar import floor, move
from datamind.language.spans import Span
from datamind.pipeline.figures import plural
from datamind.semantics import plan as P
from datamind.semantics.additive import columns_behind
from datamind.semantics.catalog import NUMERIC, Column, Table, View
from datamind.semantics.walk import below
from datamind.semantics.wording import singular, spoken, words

MOST = 4
MOST_GROUPS = 30
_WHOLE = (("month", 1), ("month", 3), ("year", 1))


def follow_ups(plan: P.Query, view: View, today: dt.date | None = None) -> tuple[str, ...]:
    """Up to four questions: the same figure cut otherwise, over time, why it changed, its top."""
    source = plan.source
    if not isinstance(source, P.Source) or source.table not in view.by_id:
        return ()
    group = next((s for s in plan.steps if isinstance(s, P.Group) and s.measures), None)
    figure = _figure(_bare(group.measures), source, view) if group is not None else None
    if group is not None and figure is not None:
        name, table = figure
        found = list(_of_figure(name, table, plan, group, view, today))
    else:
        found = list(_of_rows(view.table(source.table), plan))
    return tuple(dict.fromkeys(found))[:MOST]


def asked_first(plan: P.Query, view: View) -> tuple[str, ...]:
    """The question that a figure over time is, where the plan's figure has a name."""
    source = plan.source
    group = next((s for s in plan.steps if isinstance(s, P.Group) and s.measures), None)
    if not isinstance(source, P.Source) or source.table not in view.by_id or group is None:
        return ()
    figure = _figure(_bare(group.measures), source, view)
    if figure is None or not any(c.is_date for c in figure[1].columns):
        return ()
    return (f"{figure[0][:1].upper()}{figure[0][1:]} for each month",)


# ---- about a figure ----------------------------------------------------------------------------


def _bare(measures: tuple[P.Named, ...]) -> P.Expr:
    """The figure; of one that is told for now and before, the figure of any time."""
    first = measures[0]
    if first.name.endswith("_now") and isinstance(first.expr, P.Aggregate | P.Metric):
        return replace(first.expr, where=None)
    return first.expr


def _figure(measure: P.Expr, source: P.Source, view: View) -> tuple[str, Table] | None:
    """What a metric or a count is called in a question, and the table whose rows it is about."""
    tables = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}
    match measure:
        case P.Metric(name=name, where=None):
            metric = view.metrics_by_name.get(name)
            if metric is None or (metric.table or "") not in view.by_id:
                return None
            label = metric.label or words(name)
            if any(label.lower() in t.synonyms for t in view.tables):
                return None  # which would be counted instead
            home = metric.table if len(metric.relations) < 2 else source.table
            return f"{label[:1].lower()}{label[1:]}", view.table(home or "")
        case P.Aggregate(function="count", arg=None, where=None):
            table = view.by_id.get(tables.get(measure.of or source.alias, ""))
            return (f"number of {nouns(table)}", table) if table is not None else None
    return None


def _of_figure(
    name: str, table: Table, plan: P.Query, group: P.Group, view: View, today: dt.date | None
) -> Iterator[str]:
    """The same figure cut by a category, over time, for its top, and why it changed."""
    told = (*group.keys, *(s for s in plan.steps if isinstance(s, P.Filter)))
    grouped = {c.name for c in below(*told) if isinstance(c, P.Column)}
    spans = list(dict.fromkeys(s for n in below(plan) if (s := _span(n)) is not None))
    when = f" in {spans[0]}" if len(spans) == 1 and spans[0].length in _WHOLE else ""
    changed = _changed(group, spans, when, today)
    where = _narrowed(plan, view)
    if changed and where is not None and _holds_the_one_before(changed, plan, view):
        the = "the " if name.startswith("number") else ""
        yield f"Why did {the}{name} change in {changed}{where}?"
    behind = {
        c for n in below(group) if isinstance(n, P.Metric) for c in columns_behind(n.name, view)
    }
    cut = next(
        (c for c in _categories(table) if c.name not in grouped and c.id not in behind), None
    )
    title = f"{name[:1].upper()}{name[1:]}"
    if cut is not None:
        yield f"{title} for each {_said(cut, table)}{when}{where or ''}"
    if any(c.is_date for c in table.columns) and not _by_time(plan):
        yield f"{title} for each month{where or ''}"
    entity = next((t for t in _entities(table, view) if not grouped & set(t.display)), None)
    if entity is not None and not where and nouns(entity) not in name:
        yield f"Which 5 {nouns(entity)} have the highest {name}{when}?"
    if name == f"number of {nouns(table)}":
        yield from _averages(table)


def _changed(group: P.Group, spans: list[Span], when: str, today: dt.date | None) -> Span | None:
    """The period whose change can be asked about: the one that is told, or the last of a trend."""
    grains = [k.expr.grain for k in group.keys if isinstance(k.expr, P.DateTrunc)]
    if when and not grains:
        return spans[0]
    if len(spans) == 2 and not grains:  # now and before
        before, now = sorted(spans, key=lambda s: s.low)
        return now if now.length in _WHOLE and before == now.back(*now.length) else None
    if today is None or spans or grains not in (["month"], ["quarter"], ["year"]):
        return None
    low = move(floor(today, grains[0]), grains[0], -1)
    return Span(low, move(low, grains[0], 1))


def _holds_the_one_before(span: Span, plan: P.Query, view: View) -> bool:
    """Whether the data holds the period before: else the change is that data begins."""
    tables = {n.alias: n.table for n in below(plan) if isinstance(n, P.Source | P.Join)}
    lows = [
        view.column(f"{tables[n.alias]}.{n.name}").low for n in below(plan)
        if isinstance(n, P.Column) and n.alias in tables
        and view.column(f"{tables[n.alias]}.{n.name}").is_date
    ]  # fmt: skip
    first = span.back(*span.length).low.isoformat()
    return all(low is None or low[:10] <= first for low in lows)


def _span(node: object) -> Span | None:
    match node:
        case P.Between(low=P.Value(value=low), high=P.Value(value=high), open_end=True):
            if type(low) is dt.date and type(high) is dt.date:
                return Span(low, high)
    return None


def _narrowed(plan: P.Query, view: View) -> str | None:
    """The other conditions as words of a question; None where they can't be said so."""
    tables = {n.alias: n.table for n in below(plan) if isinstance(n, P.Source | P.Join)}
    filters = [s.where for s in plan.steps if isinstance(s, P.Filter)]
    tests = [t for w in filters for t in (w.items if isinstance(w, P.And) else (w,))]
    said: list[str] = []
    for test in tests:
        if _span(test) is not None:
            continue
        match test:
            case P.Compare(op="=", left=P.Column() as column, right=P.Value(value=str() as value)):
                table = view.table(tables[column.alias])
                if "'" in value:
                    return None
                noun = table.entity or singular(spoken(table.name, "", ()))
                name = words(column.name)
                said.append(f"{name if noun in name.split() else f'{noun} {name}'} is '{value}'")
                if _is_a_value(noun, view):
                    return None
            case _:
                return None
    return f" where {' and '.join(said)}" if said else ""


def _is_a_value(noun: str, view: View) -> bool:
    """Whether the data holds the noun as a value: a question would be read to mean that."""
    return any(
        str(value).lower() == noun for t in view.tables for c in t.columns
        if c.type == "text" and (c.distinct or 0) <= MOST_GROUPS
        for value, _ in view.values(c.id)
    )  # fmt: skip


def _entities(table: Table, view: View) -> Iterator[Table]:
    """What the table's rows refer to that has names of its own, none of a person."""
    for relation in view.relationships:
        other = view.by_id.get(relation.to_table)
        if relation.table != table.id or other is None or other.id == table.id:
            continue
        if _is_a_value(other.entity or "", view):
            continue  # `which stores`, where a channel is called store, asks for something else
        if other.display and not any(other.column(name).pii for name in other.display):
            yield other


# ---- about rows --------------------------------------------------------------------------------


def _of_rows(table: Table, plan: P.Query) -> Iterator[str]:
    """How many there are, by a category and over time, and their averages."""
    rows = nouns(table)
    grouped = {
        k.expr.name for s in plan.steps if isinstance(s, P.Group) for k in s.keys
        if isinstance(k.expr, P.Column)
    }  # fmt: skip
    cut = next((c for c in _categories(table) if c.name not in grouped), None)
    if cut is not None:
        yield f"How many {rows} are there for each {_said(cut, table)}?"
    if any(c.is_date for c in table.columns) and not _by_time(plan):
        yield f"How many {rows} were there each month?"
    yield from _averages(table)


def _averages(table: Table) -> Iterator[str]:
    number = next(iter(_measures(table)), None)
    if number is not None:
        yield f"What is the average {_said(number, table)} of {nouns(table)}?"
        if table.display:
            yield f"What are the top 5 {nouns(table)} by {_said(number, table)}?"


def nouns(table: Table) -> str:
    """What a table's rows are called."""
    return plural(table.entity or spoken(table.name, "", ()))


def _said(column: Column, table: Table) -> str:
    """The column's words, less those that the noun says already, and less its unit."""
    own = {*words(table.name).split(), *words(table.entity or "").split()}
    own |= {singular(word) for word in own}
    left = [w for w in words(column.name).split() if w not in own]
    if len(left) > 1 and left[-1] == column.unit:
        left.pop()
    return " ".join(left) or words(column.name)


def _categories(table: Table) -> list[Column]:
    """Columns that cut the rows into a few groups; a name for each row is no cut."""
    most = min(MOST_GROUPS, (table.rows or 2 * MOST_GROUPS) // 2)
    return [
        c for c in table.columns
        if c.type == "text" and c.pii is None and c.name not in table.display
        and c.distinct is not None and 2 <= c.distinct <= most
    ]  # fmt: skip


def _measures(table: Table) -> list[Column]:
    """Numbers to average: amounts with a unit first."""
    keys = {*table.primary_key, *(name for key in table.unique_keys for name in key)}
    found = [
        c for c in table.columns
        if c.type in NUMERIC and c.additivity != "none" and c.name not in keys
    ]  # fmt: skip
    return sorted(found, key=lambda c: c.unit is None)


def _by_time(plan: P.Query) -> bool:
    return any(
        isinstance(k.expr, P.DateTrunc | P.DatePart)
        for s in plan.steps if isinstance(s, P.Group) for k in s.keys
    )  # fmt: skip
